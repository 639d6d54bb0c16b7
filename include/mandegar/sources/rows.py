"""What all readers share: where a row stood, and a value as the text that validation reads back."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

import orjson
import pyarrow as pa

BATCH_ROWS = 50_000
ROW = pa.field("_row", pa.int64())
UNREADABLE = pa.field("_unreadable", pa.string())


def as_text(value: object) -> str | None:
    """A value as the text that validation reads back: ISO times, true/false, JSON for what is nested."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return _nested(value)
        case bytes():
            return value.hex()
        case _:
            return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _nested(value: dict | list) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:  # deeper than Python's own writer goes
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def as_texts(values: tuple) -> pa.Array:
    """A column of values as text; what is text or plain numbers throughout takes no call for each."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return pa.array(values, pa.string())
    if kinds <= {int} or kinds <= {float}:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(list(map(as_text, values)), pa.string())


def numbered(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The rows with their places, from 1 on, where their source does not say them."""
    if ROW.name in schema.names:
        return schema, iter(batches)
    wider = schema.append(ROW)
    return wider, _numbered(wider, batches)


def _numbered(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    first = 1
    for batch in batches:
        places = pa.array(range(first, first + batch.num_rows), ROW.type)
        yield pa.RecordBatch.from_arrays([*batch.columns, places], schema=schema)
        first += batch.num_rows
