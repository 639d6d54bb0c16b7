"""Rows from files: CSV, JSON lines, Parquet and XLSX, streamed in batches.

Text formats are read as text: what a cell means is decided when it is validated, so that a wrong one loses only its row.
Every row carries `_row`, its place in the file (in CSV and XLSX the header is row 1); a line that cannot be taken apart
comes as a row with its text in `_unreadable`.
"""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from mandegar.errors import SourceError

BATCH_ROWS = 50_000
BLOCK_BYTES = 8 << 20
EMPTY = ("", "NULL", "null", "\\N")  # what databases write for nothing; NA is Namibia, and Null is a name
BOM = b"\xef\xbb\xbf"
ROW = pa.field("_row", pa.int64())
UNREADABLE = pa.field("_unreadable", pa.string())


def open_file(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of a file and its rows in batches. Errors: SourceError if it is missing, empty or unreadable."""
    if not path.is_file():
        raise missing(path)
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty, without even a header. Export it again; a table without rows still has its header.")
    readers = {".jsonl": _open_json_lines, ".parquet": _open_parquet, ".xlsx": _open_xlsx}
    if path.suffix not in (".csv", *readers):
        raise SourceError(f"{path}: files that end in {path.suffix!r} are not read. Known endings: .csv, {', '.join(readers)}.")
    try:
        schema, batches = _open_csv(path, delimiter, encoding) if path.suffix == ".csv" else readers[path.suffix](path)
        return schema, _explained(path, batches)
    except SourceError:
        raise
    except Exception as problem:
        raise _unreadable(path, problem) from problem


def missing(path: Path | str) -> SourceError:
    """The message for a file that is not there."""
    return SourceError(f"{path}: there is no such file. Put it there, or take its table out of company.yaml.")


def _explained(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except Exception as problem:
        raise _unreadable(path, problem) from problem


def _unreadable(path: Path, problem: Exception) -> SourceError:
    kind = path.suffix.lstrip(".").upper()
    said = " ".join(str(problem).split())[:300]
    return SourceError(f"{path}: cannot be read as {kind} ({said}). Export it again, or correct `encoding:` or `delimiter:` of its table.")


def _open_csv(path: Path, delimiter: str, encoding: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    encoding = "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding
    with path.open(encoding=encoding, newline="") as stream:
        header = [name.strip() for name in next(csv.reader(stream, delimiter=delimiter))]
    _named_once(path, header)
    schema = pa.schema([*((name, pa.string()) for name in header), ROW, UNREADABLE])
    return schema, _csv_batches(path, delimiter, encoding, header, schema)


def _named_once(path: Path, header: list[str]) -> None:
    other = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
    if other:
        raise SourceError(f"{path}: its columns are separated by {other!r}. Write `delimiter: {other!r}` under its table in company.yaml.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise SourceError(f"{path}: the header names {twice[0]!r} twice. Rename one of the two columns.")


def _csv_batches(path: Path, delimiter: str, encoding: str, header: list[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    wrong: list[tuple[int, str]] = []

    def remember(row: pa.csv.InvalidRow) -> str:
        wrong.append((row.number or 0, f"{row.text} (has {row.actual_columns} cells, the header {row.expected_columns})"))
        return "skip"

    reader = pa.csv.open_csv(
        path,
        read_options=pa.csv.ReadOptions(
            use_threads=False,
            block_size=BLOCK_BYTES,
            column_names=header,
            skip_rows=1,
            encoding="utf-8" if encoding == "utf-8-sig" else encoding,
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=remember, ignore_empty_lines=False
        ),
        convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=True, null_values=EMPTY),
    )
    row, told = 2, 0
    last: tuple[int, str] = (0, "")
    for batch in reader:
        left_out = {number for number, _ in wrong[told:]}
        numbers: list[int] = []
        while len(numbers) < batch.num_rows:
            if row not in left_out:
                numbers.append(row)
            row += 1
        told, row = len(wrong), max([row, *(number + 1 for number in left_out)])
        if numbers:
            last = numbers[-1], batch.column(batch.num_columns - 1)[-1].as_py() or ""
        empty = pa.nulls(batch.num_rows, pa.string())
        found = pa.RecordBatch.from_arrays([*batch.columns, pa.array(numbers, pa.int64()), empty], schema=schema)
        yield found.filter(_any_given(batch.columns))
    _quotes_are_closed(path, max([last, *wrong[-1:]]))
    if wrong:
        yield _unreadable_rows(schema, wrong)


def _any_given(columns: list[pa.Array]) -> pa.Array:
    """Which rows have a cell that is not empty; a blank line is counted by people, but is no row."""
    given = pc.is_valid(columns[0])
    for column in columns[1:]:
        given = pc.or_(given, pc.is_valid(column))
    return given


def _quotes_are_closed(path: Path, last: tuple[int, str]) -> None:
    """The last row does not hold the rest of the file because its quote was never closed. Errors: SourceError."""
    row, text = last
    if "\n" not in text:
        return
    with path.open("rb") as stream:
        quotes = sum(block.count(b'"') for block in iter(lambda: stream.read(BLOCK_BYTES), b""))
    if quotes % 2:
        raise SourceError(f"{path}: in row {row} a quote is opened and never closed, so that all lines after it run into one. Close it.")


def _unreadable_rows(schema: pa.Schema, wrong: list[tuple[int, str]]) -> pa.RecordBatch:
    columns = {
        "_row": pa.array([number for number, _ in wrong], pa.int64()),
        "_unreadable": pa.array([text for _, text in wrong], pa.string()),
    }
    arrays = [columns.get(field.name, pa.nulls(len(wrong), field.type)) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _open_json_lines(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    names: dict[str, None] = {}
    for _, _, record in _json_records(path):
        if record and not record.keys() <= names.keys():
            names.update(dict.fromkeys(record))
    schema = pa.schema([*((name, pa.string()) for name in names), ROW, UNREADABLE])
    return schema, _json_batches(path, list(names), schema)


def _json_records(path: Path) -> Iterator[tuple[int, bytes, dict | None]]:
    """Row number, line, and the object, None where the line is not one."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            line = line.removeprefix(BOM) if number == 1 else line
            if line.isspace() or not line:
                continue
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                record = _read_loosely(line)
            yield number, line, record if isinstance(record, dict) else None


def _read_loosely(line: bytes) -> object:
    """What orjson refuses and Python's own reader takes, such as NaN and numbers of more than 64 bits."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _json_batches(path: Path, names: list[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    rows: list[tuple[int, str | None, dict]] = []
    for number, line, record in _json_records(path):
        if record is None:
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            rows.append((number, f"{text[:500]} (not a JSON object)", {}))
        else:
            rows.append((number, None, record))
        if len(rows) == BATCH_ROWS:
            yield _json_batch(rows, names, schema)
            rows = []
    if rows:
        yield _json_batch(rows, names, schema)


def _json_batch(rows: list[tuple[int, str | None, dict]], names: list[str], schema: pa.Schema) -> pa.RecordBatch:
    columns = [as_texts(tuple(record.get(name) for _, _, record in rows)) for name in names]
    numbers = pa.array([number for number, _, _ in rows], pa.int64())
    unreadable = pa.array([text for _, text, _ in rows], pa.string())
    return pa.RecordBatch.from_arrays([*columns, numbers, unreadable], schema=schema)


def as_text(value: object) -> str | None:
    """A value as the text that validation reads back: ISO times, true/false, JSON for what is nested."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case bytes():
            return value.hex()
        case _:
            return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def as_texts(values: tuple) -> pa.Array:
    """A column of values as text; what is text or plain numbers throughout takes no call for each."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return pa.array(values, pa.string())
    if kinds <= {int} or kinds <= {float}:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(list(map(as_text, values)), pa.string())


def _open_parquet(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    file = pq.ParquetFile(path)
    taken = pa.schema([pa.field(field.name, _plain(field.type)) for field in file.schema_arrow])
    schema = pa.schema([*taken, ROW])
    return schema, _parquet_batches(file, schema)


def _plain(kind: pa.DataType) -> pa.DataType:
    """Types that Delta knows: times in microseconds, dictionaries as their values."""
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz and "UTC")
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_unsigned_integer(kind):
        return pa.int64()
    return kind


def _parquet_batches(file: pq.ParquetFile, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    first = 1
    for batch in file.iter_batches(BATCH_ROWS):
        numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
        columns = [_cast(column, field.type) for column, field in zip(batch.columns, schema, strict=False)]
        yield pa.RecordBatch.from_arrays([*columns, numbers], schema=schema)
        first += batch.num_rows


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """The column in that type; what a time holds below a microsecond is cut off."""
    return column.cast(kind, safe=not pa.types.is_timestamp(kind))


def _open_xlsx(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    from openpyxl import load_workbook

    sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    header = {place: str(name).strip() for place, name in enumerate(next(rows, ())) if name is not None}
    if not header:
        raise SourceError(f"{path}: the first row of the first sheet is empty; it has to hold the column names.")
    _named_once(path, list(header.values()))
    schema = pa.schema([*((name, pa.string()) for name in header.values()), ROW])
    return schema, _xlsx_batches(rows, header, schema)


def _xlsx_batches(rows: Iterator[tuple], header: dict[int, str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    batch: list[dict] = []
    for number, cells in enumerate(rows, start=2):
        if any(cell is not None for cell in cells):
            batch.append({name: as_text(cells[place]) for place, name in header.items() if place < len(cells)} | {"_row": number})
        if len(batch) == BATCH_ROWS:
            yield pa.RecordBatch.from_pylist(batch, schema=schema)
            batch = []
    if batch:
        yield pa.RecordBatch.from_pylist(batch, schema=schema)
