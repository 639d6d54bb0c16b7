"""The columns that a source gives, night after night: what the lake holds of them cannot change its type."""

import json
import re
from collections.abc import Iterator

import pyarrow as pa

from mandegar.config.entities import ENTITIES
from mandegar.config.systems import Expression, TableId
from mandegar.errors import SourceError
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt


def noted(schema: pa.Schema) -> str:
    """What the receipt of a raw window remembers of the source's columns: names and types."""
    return json.dumps({"columns": {field.name: str(field.type) for field in schema if not field.name.startswith("_")}}, ensure_ascii=False)


def columns_of(receipt: Receipt | None) -> dict[str, str]:
    """The columns that a raw window came with, and their types; none if its receipt does not say."""
    return json.loads(receipt.notes).get("columns", {}) if receipt and receipt.notes else {}


def as_held(
    lake: Lake, table: TableId, shown: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The rows without the columns whose type is another than that of the table's earlier windows and cannot become it.

    shown: how messages name the source. Errors: SourceError, if the table's mapping uses such a column.
    """
    held = lake.schema("raw", str(table)) if lake.exists("raw", str(table)) else pa.schema([])
    retyped = [field.name for field in schema if field.name in held.names and not _becomes(field.type, held.field(field.name).type)]
    for name in retyped:
        if _is_used(table, name):
            raise SourceError(
                f"{shown}: column {name!r} is {schema.field(name).type} now and was {held.field(name).type} before. Give it the type it "
                f"had. If it stays so, let the table begin anew under another name in company.yaml: `{table.table_name}_2: "
                f"{{entity: {table.entity}, …}}`."
            )
    if not retyped:
        return schema, batches
    kept = [name for name in schema.names if name not in retyped]
    return pa.schema([schema.field(name) for name in kept]), _only(batches, kept)


def _only(batches: Iterator[pa.RecordBatch], kept: list[str]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch.select(kept)


def _becomes(now: pa.DataType, before: pa.DataType) -> bool:
    """Whether every value of a type can be held in the type that was there before, and read as what it was."""
    if now == before or pa.types.is_null(now) or pa.types.is_string(before) or pa.types.is_large_string(before):
        return True
    if pa.types.is_timestamp(now) and pa.types.is_timestamp(before):
        return (now.tz is None) == (before.tz is None)
    if pa.types.is_integer(now) and pa.types.is_integer(before):
        return now.bit_width <= before.bit_width
    if pa.types.is_decimal(now) and pa.types.is_decimal(before):
        return now.scale <= before.scale and now.precision - now.scale <= before.precision - before.scale
    number = pa.types.is_integer(now) or pa.types.is_floating(now)
    return number and pa.types.is_floating(before)


def _is_used(table: TableId, name: str) -> bool:
    """Whether the mapping takes anything from a column."""
    of, entity = table.table, ENTITIES[table.entity]
    expressions = [given.sql for given in of.columns.values() if isinstance(given, Expression) and given.sql] + [of.where or ""]
    named = {given for given in of.columns.values() if isinstance(given, str)} | {of.cursor}
    named |= {column for column in entity.names if column not in of.columns}
    return name in named or any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", expression) for expression in expressions)
