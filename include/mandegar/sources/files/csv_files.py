"""CSV: every cell as text; a line that cannot be taken apart is kept with its text, and loses nobody else's row."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from mandegar.errors import SourceError
from mandegar.sources import names
from mandegar.sources.rows import ROW, UNREADABLE

BLOCK_BYTES = 8 << 20  # a row is no longer than that
EMPTY = ("", "NULL", "null", "\\N")  # what databases write for nothing; NA is Namibia, and Null is a name


def open_csv(path: Path, delimiter: str, encoding: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of the header and the rows in batches."""
    encoding = "utf-8-sig" if encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig") else encoding
    header = _header(path, delimiter, encoding)
    places = names.kept(path, header)
    if not places:
        raise SourceError(f"{path}: its first line names no column. Export it again; a table without rows still has its header.")
    schema = pa.schema([*((header[place], pa.string()) for place in places), ROW, UNREADABLE])
    return schema, _batches(path, delimiter, encoding, len(header), places, schema)


def _header(path: Path, delimiter: str, encoding: str) -> list[str]:
    with path.open(encoding=encoding, newline="") as stream:
        first = stream.read(BLOCK_BYTES)
    if len(first) == BLOCK_BYTES and "\n" not in first and "\r" not in first:
        raise SourceError(
            f"{path}: its first line has more than {BLOCK_BYTES >> 20} MB. Export it again, with a header and a line for each row."
        )
    if "\0" in first:
        first = first.split("\n", 1)[0].replace("\0", "\\0")
    header = [name.strip() for name in next(csv.reader(io.StringIO(first, newline=""), delimiter=delimiter), [])]
    other = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
    if other:
        raise SourceError(f"{path}: its columns are separated by {other!r}. Write `delimiter: {other!r}` under its table in company.yaml.")
    return header


def _batches(path: Path, delimiter: str, encoding: str, width: int, places: list[int], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    wrong: list[tuple[int, str]] = []

    def remember(row: pa.csv.InvalidRow) -> str:
        wrong.append((row.number or 0, f"{row.text} (has {row.actual_columns} cells, the header {row.expected_columns})"))
        return "skip"

    columns = [str(place) for place in range(width)]  # the header's names may be anything
    reader = pa.csv.open_csv(
        path,
        read_options=pa.csv.ReadOptions(
            use_threads=False,
            block_size=BLOCK_BYTES,
            column_names=columns,
            skip_rows_after_names=1,
            encoding="utf-8" if encoding == "utf-8-sig" else encoding,
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=remember, ignore_empty_lines=False
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=True, null_values=EMPTY
        ),
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
        taken = [batch.column(place) for place in places]
        found = pa.RecordBatch.from_arrays([*taken, pa.array(numbers, pa.int64()), empty], schema=schema)
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
