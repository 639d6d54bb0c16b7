"""Extract: one table of one source into its raw window, as the source gave it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from importlib.metadata import EntryPoint

import pyarrow as pa

from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.config.source_kinds import ENTRY_POINTS, SHIPPED, kinds
from mandegar.config.systems import Expression, TableId
from mandegar.errors import SourceError
from mandegar.sources import columns, deletions, names
from mandegar.sources.connections import connection
from mandegar.sources.names import lacks, where
from mandegar.sources.redaction import Secrets
from mandegar.sources.rows import numbered
from mandegar.sources.window import Window, next_window
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt
from mandegar.time import calendar

# What opens a table of a kind of source: its columns, and its rows within the window; `_row`, the place of a row, is counted where it is
# left out. Errors: SourceError, with the mend.
Opens = Callable[[Company, TableId, Window], tuple[pa.Schema, Iterable[pa.RecordBatch]]]


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


def window_of(company: Company, table: TableId, before: list[Receipt], as_of: date) -> Window:
    """Which span of its cursor a table is asked for on a day. before: the receipts of the windows that count, oldest first."""
    opens, closes = calendar.midnight(as_of, company.zone), calendar.day_end(as_of, company.zone)
    zone = type(company.zone)(table.table.time_zone or company.time_zone)
    if table.table.cursor is None:
        return Window(None, closes, zone)
    return next_window(before, opens, closes, table.table.look_back_days, zone)


def open_table(company: Company, table: TableId, window: Window) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns and rows of a source table within a window, as the source gives them, numbered. Errors: SourceError."""
    opens = _opens(table)
    if table.source.kind in SHIPPED:
        return numbered(*opens(company, table, window))
    try:
        schema, batches = opens(company, table, window)
    except Exception as problem:
        raise _broken(company, table, problem) from None
    return numbered(schema, _explained(company, table, batches))


def _opens(table: TableId) -> Opens:
    """What opens a table of that kind. Errors: SourceError if a package names something that is not there."""
    named = kinds()[table.source.kind].opens
    try:
        return EntryPoint(table.source.kind, named, ENTRY_POINTS).load()
    except (ImportError, AttributeError) as problem:
        raise SourceError(
            f"{table}: the package that brings the kind {table.source.kind!r} opens it by {named!r}, which cannot be imported ({problem}). "
            "Write module:function there."
        ) from problem


def _explained(company: Company, table: TableId, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except Exception as problem:
        raise _broken(company, table, problem) from None


def _broken(company: Company, table: TableId, problem: Exception) -> SourceError:
    """What a package of the company's own raises costs its table, not the night; a secret of its connection is not shown."""
    if isinstance(problem, SourceError):
        return problem
    secrets = Secrets.of(connection(table.source.connection, str(table))) if table.source.connection else Secrets()
    said = f"{type(problem).__name__}: {secrets.told(problem)[:200]}"
    return SourceError(
        f"{where(company, table)}: cannot be read ({said}). Mend the package that brings the kind {table.source.kind!r}, or what it reads."
    )


def _keys(company: Company, table: TableId) -> Iterator[pa.RecordBatch]:
    """All keys that the source has now."""
    column = deletions.key_column(table)
    assert isinstance(column, str)
    if table.source.kind == "sql":
        from mandegar.sources.sql import sql

        yield from sql.open_keys(company.folder, table, column, company.zone)
        return
    _, batches = open_table(company, table, _endless(company))
    for batch in batches:
        yield pa.RecordBatch.from_arrays([batch.column(column).cast(pa.string())], schema=deletions.SCHEMA)


def _columns_are_there(table: TableId, schema: pa.Schema) -> None:
    """Every column that the mapping names, or that the entity needs, stands in the source."""
    entity = ENTITIES[table.entity]
    shown = table.table.file or table.table.table or table.table.resource or str(table)
    for column in entity.columns:
        mapped = table.table.columns.get(column.name)
        if isinstance(mapped, Expression):
            continue
        if isinstance(mapped, str) and mapped not in schema.names:
            raise lacks(shown, mapped, schema, f"{table.entity}.{column.name}")
        if mapped is None and column.required and column.name not in schema.names:
            raise lacks(shown, column.name, schema, f"{table.entity}.{column.name}")


def describe(company: Company, table: TableId) -> str:
    """A line about a source table that can be read: where it is and which columns it has. Errors: SourceError if it cannot."""
    schema, _ = names.fitting(where(company, table), *open_table(company, table, _endless(company)))
    _columns_are_there(table, schema)
    return f"{where(company, table)} ({len([name for name in schema.names if not name.startswith('_')])} columns)"


def _endless(company: Company) -> Window:
    """The window that holds everything."""
    return Window(None, calendar.day_end(date.max.replace(year=9000), company.zone), company.zone)
