"""JSON lines: an object a line, as text; a line that is none is kept apart, and loses nobody else's row."""

import json
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import orjson
import pyarrow as pa

from mandegar.errors import SourceError
from mandegar.sources import names
from mandegar.sources.rows import BATCH_ROWS, ROW, UNREADABLE, as_texts

BOM = b"\xef\xbb\xbf"
LINE_BYTES = 16 << 20  # a longer line is not taken apart
DIGITS = bytes(48 if byte in b"0123456789." else 32 for byte in range(256))  # every digit becomes a 0, everything else a blank
LONG = b"0" * 18  # more digits than a double keeps
SHOWN = 500
NO_OBJECT = "not a JSON object"


class _Exact(float):
    """A number as a double, which as text has the digits it was written with."""

    written: str

    def __str__(self) -> str:
        return self.written


def holds_long_number(text: bytes) -> bool:
    """Whether there are more digits in a row than a double keeps. By two looks over all bytes: a pattern takes ten times as long."""
    return LONG in text.translate(DIGITS)


def exact(text: str) -> float:
    """A number that loses no digit on its way to a text."""
    number = _Exact(text)
    number.written = text
    return number


def open_json_lines(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The keys of all lines as columns, and the rows in batches."""
    found: dict[str, None] = {}
    for _, _, record, _ in _records(path, digits=False):
        if record and not record.keys() <= found.keys():
            found.update(dict.fromkeys(record))
            if len(found) > names.MOST_COLUMNS:
                break
    if not found:
        _is_no_array(path)
    every = list(found)
    keys = [every[place] for place in names.kept(path, every)]
    schema = pa.schema([*((key, pa.string()) for key in keys), ROW, UNREADABLE])
    return schema, _batches(path, keys, schema)


def _records(path: Path, digits: bool = True) -> Iterator[tuple[int, bytes, dict | None, str]]:
    """Row number, line, the object (None where the line is not one), and what is wrong then. digits: see _read."""
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(LINE_BYTES):
            number += 1
            if len(line) == LINE_BYTES and not line.endswith(b"\n"):
                while (rest := stream.readline(LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                yield number, line[:SHOWN], None, f"longer than {LINE_BYTES >> 20} MB"
                continue
            line = line.removeprefix(BOM) if number == 1 else line
            if line.isspace() or not line:
                continue
            record, wrong = _read(line, digits)
            yield number, line, record, wrong


def _read(line: bytes, digits: bool = True) -> tuple[dict | None, str]:
    """The object of a line, and what is wrong where it is none; digits: numbers with all those that they are written with."""
    if digits and holds_long_number(line):
        return _read_loosely(line)
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _read_loosely(line)
    return (found, "") if isinstance(found, dict) else (None, NO_OBJECT)


def _read_loosely(line: bytes) -> tuple[dict | None, str]:
    """What orjson refuses or shortens and Python's own reader takes, such as NaN; not half a letter, which no file can hold."""
    try:
        found = json.loads(line, parse_float=exact)
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return None, "holds half a letter, such as \\ud800 alone"
    except RecursionError:
        return None, "nested too deeply"
    except ValueError as problem:
        return None, NO_OBJECT if "digits" not in str(problem) else "holds a number of thousands of digits"
    return (found, "") if isinstance(found, dict) else (None, NO_OBJECT)


def _batches(path: Path, keys: list[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    rows: list[tuple] = []
    for number, line, record, wrong in _records(path):
        if record is None:
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            rows.append((*repeat(None, len(keys)), number, f"{text[:SHOWN]} ({wrong})"))
        else:
            rows.append((*map(record.get, keys), number, None))
        if len(rows) == BATCH_ROWS:
            yield _batch(rows, schema)
            rows = []
    if rows:
        yield _batch(rows, schema)


def _batch(rows: list[tuple], schema: pa.Schema) -> pa.RecordBatch:
    """Rows of values by key, their number, and the text of a line that is no object."""
    *columns, numbers, unreadable = zip(*rows, strict=True)
    arrays = [*map(as_texts, columns), pa.array(numbers, pa.int64()), pa.array(unreadable, pa.string())]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _is_no_array(path: Path) -> None:
    """A file without a single object is not one JSON array. Errors: SourceError."""
    with path.open("rb") as stream:
        if stream.read(64).removeprefix(BOM).lstrip().startswith(b"["):
            raise SourceError(f"{path}: holds one JSON array, not an object a line. Export it as JSON lines, or turn it by `jq -c '.[]'`.")
