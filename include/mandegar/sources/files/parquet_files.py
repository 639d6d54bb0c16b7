"""Parquet: columns in their types, as far as the lake knows them; the others as text."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mandegar.errors import SourceError
from mandegar.sources import names
from mandegar.sources.rows import BATCH_ROWS, ROW, as_texts

PER_SECOND = {"s": 1_000_000, "ms": 1_000}  # microseconds in one unit of time
END = 2**63 - 1  # of time, in microseconds: DuckDB's infinity
LAST_DAY, FIRST_DAY = 2_932_897, -719_162  # 10000-01-01 and 0001-01-01, in days since 1970


def open_parquet(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of the file in types that the lake knows, and its rows in batches."""
    file = pq.ParquetFile(path)
    found = file.schema_arrow
    places = names.kept(path, found.names)
    schema = pa.schema([*(pa.field(found.field(place).name, _plain(found.field(place).type)) for place in places), ROW])
    return schema, _batches(path, file, places, schema)


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type in which the lake holds it: times in microseconds, dictionaries as their values, text for what it has no type for."""
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz and "UTC")
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_unsigned_integer(kind):
        return pa.int64()
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_decimal128(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return kind
    return pa.string()


def _batches(path: Path, file: pq.ParquetFile, places: list[int], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    first = 1
    for batch in file.iter_batches(BATCH_ROWS):
        numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
        columns = [_cast(path, field, batch.column(place)) for field, place in zip(schema, places, strict=False)]
        yield pa.RecordBatch.from_arrays([*columns, numbers], schema=schema)
        first += batch.num_rows


def _cast(path: Path, field: pa.Field, column: pa.Array) -> pa.Array:
    """The column in that type; what a time holds below a microsecond is cut off. Errors: SourceError if a value does not fit."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        if pa.types.is_timestamp(column.type):
            return _in_microseconds(column, field.type)
        if pa.types.is_date(field.type):
            return _told_apart(column.cast(pa.date32()))
        if field.type != pa.string() or pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            return column.cast(field.type)
        return as_texts(tuple(column.to_pylist()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError, OverflowError) as problem:
        said = " ".join(str(problem).split())[:200]
        raise SourceError(
            f"{path}: column {field.name!r} holds a value that does not fit {field.type} ({said}). Write it as text, or leave it out."
        ) from problem


def _in_microseconds(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Times in microseconds; one that lies beyond what these can tell is at the end of time, and waits in quarantine as that."""
    if column.type.unit not in PER_SECOND:
        return column.cast(kind, safe=False)
    factor = PER_SECOND[column.type.unit]
    told = column.cast(pa.int64())
    inside = pc.and_(pc.less(told, END // factor), pc.greater(told, -(END // factor)))
    ends = pc.if_else(pc.greater(told, 0), END, -END)
    return pc.if_else(inside, pc.multiply(pc.if_else(inside, told, 0), factor), ends).cast(pa.timestamp("us")).cast(kind, safe=False)


def _told_apart(days: pa.Array) -> pa.Array:
    """Days; one outside the years 1 to 9999 is put at their ends, where no rule lets it through."""
    told = days.cast(pa.int32())
    low, high = pa.scalar(FIRST_DAY, pa.int32()), pa.scalar(LAST_DAY, pa.int32())
    return pc.max_element_wise(pc.min_element_wise(told, high, skip_nulls=False), low, skip_nulls=False).cast(pa.date32())
