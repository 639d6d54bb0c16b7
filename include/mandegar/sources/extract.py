"""Extract: one table of one source into its raw window, as the source gave it."""

import difflib
from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.config.systems import Expression, TableId
from mandegar.errors import SourceError
from mandegar.sources import columns, deletions, names
from mandegar.sources.files import places, text_cursors
from mandegar.sources.rest import rest
from mandegar.sources.sql import sql
from mandegar.sources.window import Window, bounds, next_window
from mandegar.storage.lake import Lake, Receipt
from mandegar.time import calendar


def extract(company: Company, lake: Lake, table: TableId, as_of: date, again: bool = False) -> Receipt:
    """Takes what one source table says on the night that closes `as_of` into lake/raw/<source>.<table>.

    Without a cursor the whole table is taken; with one, the rows since the last night and the look-back (the first
    night takes all). The window replaces an earlier one of the same night in one commit. A night before the last one keeps the
    window it has, because a source that overwrites its rows cannot tell any more what it said then; again: asks it all the same.
    Errors: SourceError when the source is down, unreadable, lacks a column that its entity needs or gives one that is used in
    another type, or suddenly has no rows.
    """
    name = str(table)
    receipts = lake.receipts("raw", name)
    known = next((receipt for receipt in receipts if receipt.as_of == as_of), None)
    if known is not None and receipts[-1].as_of > as_of and not again:
        _columns_are_there(table, lake.schema("raw", name))
        return known
    before = [receipt for receipt in receipts if receipt.as_of < as_of]
    window = window_of(company, table, _that_count(lake, name, before), as_of)
    schema, batches = names.fitting(where(company, table), *open_table(company, table, window))
    _columns_are_there(table, schema)
    came_with = columns.noted(schema)
    schema, batches = columns.as_held(lake, table, where(company, table), schema, batches)
    lake.withdraw("raw", name, as_of)
    rows = lake.replace("raw", name, as_of, schema, batches)
    whole = window.starts_at is None
    if rows == 0 and whole and before and before[-1].rows > 0:
        raise SourceError(
            f"{where(company, table)}: came without a single row; the night of {before[-1].as_of} had {before[-1].rows:,}. "
            f"Export it again. If it is right that the table is empty now, remove it from company.yaml."
        )
    if deletions.applies_to(table):
        deletions.note(company, lake, table, as_of, _keys(company, table) if table.table.deletions else None)
    receipt = Receipt(as_of, "all" if whole else "window", window.starts_at, window.ends_at, rows, notes=came_with)
    lake.sign("raw", name, receipt)
    return receipt


def _that_count(lake: Lake, name: str, before: list[Receipt]) -> list[Receipt]:
    """The windows of earlier nights whose rows went on; what came in and could not be validated is asked for again."""
    validated = {receipt.as_of for receipt in lake.receipts("valid", name)}
    return [receipt for receipt in before if receipt.as_of in validated]


def where(company: Company, table: TableId) -> str:
    """How messages name a source table: the file, or the table of the database."""
    if table.table.file:
        return table.table.file if "://" in table.table.file else str(company.folder / table.table.file)
    return f"{table.source_name}: {table.table.table or table.table.resource or 'query'}"


def window_of(company: Company, table: TableId, before: list[Receipt], as_of: date) -> Window:
    """Which span of its cursor a table is asked for on a day. before: the receipts of the windows that count, oldest first."""
    opens, closes = calendar.midnight(as_of, company.zone), calendar.day_end(as_of, company.zone)
    zone = type(company.zone)(table.table.time_zone or company.time_zone)
    if table.table.cursor is None:
        return Window(None, closes, zone)
    return next_window(before, opens, closes, table.table.look_back_days, zone)


def open_table(company: Company, table: TableId, window: Window) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns and rows of a source table within a window, as the source gives them."""
    if table.source.kind == "sql":
        return sql.open_table(company.folder, table, window)
    if table.source.over_http:
        return rest.open_table(table, window, company.zone)
    assert table.table.file is not None
    schema, batches = places.open_table(company.folder, table)
    if table.table.cursor:
        if table.table.cursor not in schema.names:
            raise _lacks(where(company, table), table.table.cursor, schema, "the cursor")
        kind = schema.field(table.table.cursor).type
        if not text_cursors.is_comparable(kind):
            raise text_cursors.unusable(where(company, table), table.table.cursor, f"numbers ({kind})")
        batches = _within(batches, table, where(company, table), kind, window)
    return schema, batches


def _keys(company: Company, table: TableId) -> Iterator[pa.RecordBatch]:
    """All keys that the source has now."""
    column = deletions.key_column(table)
    assert isinstance(column, str)
    if table.source.kind == "sql":
        yield from sql.open_keys(company.folder, table, column, company.zone)
        return
    _, batches = places.open_table(company.folder, table)
    for batch in batches:
        yield pa.RecordBatch.from_arrays([batch.column(column).cast(pa.string())], schema=deletions.SCHEMA)


def _within(batches: Iterator[pa.RecordBatch], table: TableId, shown: str, kind: pa.DataType, window: Window) -> Iterator[pa.RecordBatch]:
    """The rows of a window, and those whose cursor says nothing. Errors: SourceError if most cursors say nothing that compares."""
    form = "date" if pa.types.is_date(kind) else "text"
    if pa.types.is_timestamp(kind):
        form = "aware" if kind.tz else "naive"
    low, high = bounds(window, form)
    assert table.table.cursor is not None
    given, unknown, example = 0, 0, ""
    for batch in batches:
        values = batch.column(table.table.cursor)
        strange = pa.repeat(False, batch.num_rows)
        given += batch.num_rows - values.null_count
        if form == "text":
            values = pc.replace_substring(values, "T", " ")
            strange = text_cursors.strange(values)
            unknown += strange.true_count
            example = example or next(iter(values.filter(strange).to_pylist()), "")
        keep = pa.repeat(True, batch.num_rows) if table.table.cursor_moves else pc.less(values, pa.scalar(high, kind))
        if low is not None:
            keep = pc.and_(keep, pc.greater_equal(values, pa.scalar(low, kind)))
        yield batch.filter(pc.or_(pc.fill_null(keep, True), strange))
    if 2 * unknown > given:
        raise text_cursors.unusable(shown, table.table.cursor, example)


def _columns_are_there(table: TableId, schema: pa.Schema) -> None:
    """Every column that the mapping names, or that the entity needs, stands in the source."""
    entity = ENTITIES[table.entity]
    shown = table.table.file or table.table.table or table.table.resource or str(table)
    for column in entity.columns:
        mapped = table.table.columns.get(column.name)
        if isinstance(mapped, Expression):
            continue
        if isinstance(mapped, str) and mapped not in schema.names:
            raise _lacks(shown, mapped, schema, f"{table.entity}.{column.name}")
        if mapped is None and column.required and column.name not in schema.names:
            raise _lacks(shown, column.name, schema, f"{table.entity}.{column.name}")


def _lacks(shown: object, column: str, schema: pa.Schema, wanted_for: str) -> SourceError:
    if names.is_reserved(column):
        return SourceError(
            f"{shown}: column {column!r}, needed for {wanted_for}, has a name that the lake keeps for itself. Give it another there, "
            f"in a database by `query: SELECT {column} AS stated_{column.strip('_')}, …`."
        )
    there = [name for name in schema.names if not name.startswith("_")]
    close = difflib.get_close_matches(column, there, n=1, cutoff=0.5)
    guess = close[0] if close else "its name there"
    entity, _, name = wanted_for.partition(".")
    mend = f"If it is called otherwise there, map it in company.yaml, under columns of {entity}: `{name or column}: {guess}`."
    return SourceError(f"{shown}: has no column {column!r}, needed for {wanted_for}. It has: {', '.join(there)}. {mend}")


def describe(company: Company, table: TableId) -> str:
    """A line about a source table that can be read: where it is and which columns it has. Errors: SourceError if it cannot."""
    window = Window(None, calendar.day_end(date.max.replace(year=9000), company.zone), company.zone)
    schema, _ = names.fitting(where(company, table), *open_table(company, table, window))
    _columns_are_there(table, schema)
    return f"{where(company, table)} ({len([name for name in schema.names if not name.startswith('_')])} columns)"
