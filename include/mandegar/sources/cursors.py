"""The rows of a window, of a source that gives all it has: held against the cursor row by row."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from mandegar.config.company import Company
from mandegar.config.systems import TableId
from mandegar.sources.files import text_cursors
from mandegar.sources.names import lacks, where
from mandegar.sources.window import NEVER, Window, bounds


def within(
    company: Company, table: TableId, window: Window, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> tuple[pa.Schema, Iterable[pa.RecordBatch]]:
    """The rows whose cursor lies in the window, and those whose cursor says nothing; all of them where the table has no cursor.

    Errors: SourceError if there is no such column, it is neither a time, a day nor text, or most of it says nothing that compares.
    """
    if table.table.cursor is None:
        return schema, batches
    shown = where(company, table)
    if table.table.cursor not in schema.names:
        raise lacks(shown, table.table.cursor, schema, "the cursor")
    kind = schema.field(table.table.cursor).type
    if not text_cursors.is_comparable(kind):
        raise text_cursors.unusable(shown, table.table.cursor, f"numbers ({kind})")
    if window.starts_at is None and window.ends_at.year >= NEVER:
        return schema, batches
    return schema, _within(batches, table, shown, kind, window)


def _within(batches: Iterable[pa.RecordBatch], table: TableId, shown: str, kind: pa.DataType, window: Window) -> Iterator[pa.RecordBatch]:
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
