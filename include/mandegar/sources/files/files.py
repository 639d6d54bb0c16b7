"""Rows from files: CSV, JSON lines, Parquet and XLSX, streamed in batches.

Text formats are read as text: what a cell means is decided when it is validated, so that a wrong one loses only its row.
Every row carries `_row`, its place in the file (in CSV and XLSX the header is row 1); a line that cannot be taken apart
comes as a row with its text in `_unreadable`.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from mandegar.errors import SourceError
from mandegar.sources.files import encodings
from mandegar.sources.files.csv_files import open_csv
from mandegar.sources.files.json_lines import open_json_lines
from mandegar.sources.files.parquet_files import open_parquet
from mandegar.sources.files.spreadsheets import open_xlsx
from mandegar.sources.rows import BATCH_ROWS, ROW, UNREADABLE, as_text, as_texts

__all__ = ["BATCH_ROWS", "ROW", "UNREADABLE", "as_text", "as_texts", "is_there", "missing", "open_file"]

TEXTS = (".csv", ".jsonl")


def open_file(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of a file and its rows in batches. Errors: SourceError if it is missing, empty or unreadable."""
    if not is_there(path):
        raise missing(path)
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty, without even a header. Export it again; a table without rows still has its header.")
    readers = {".jsonl": open_json_lines, ".parquet": open_parquet, ".xlsx": open_xlsx}
    if path.suffix not in (".csv", *readers):
        raise SourceError(f"{path}: files that end in {path.suffix!r} are not read. Known endings: .csv, {', '.join(readers)}.")
    _is_in(path, encoding)
    try:
        schema, batches = open_csv(path, delimiter, encoding) if path.suffix == ".csv" else readers[path.suffix](path)
        return schema, _explained(path, batches, encoding)
    except SourceError:
        raise
    except Exception as problem:
        raise _unreadable(path, problem, encoding) from problem


def is_there(path: Path) -> bool:
    """Whether there is a file of that name. Errors: SourceError if no file can be called so, or its folder may not be read."""
    try:
        return path.is_file()
    except OSError as problem:
        raise SourceError(f"{str(path)[:200]}: cannot be looked for ({problem.strerror}). Correct its name in company.yaml.") from problem


def missing(path: Path | str) -> SourceError:
    """The message for a file that is not there."""
    return SourceError(f"{path}: there is no such file. Put it there, or take its table out of company.yaml.")


def _is_in(path: Path, encoding: str) -> None:
    """A text file does not say itself that it is in another encoding. Errors: SourceError."""
    if path.suffix not in TEXTS or (
        path.suffix == ".csv" and encoding.lower().startswith(("utf-16", "utf_16", "utf16", "utf-32", "utf32"))
    ):
        return
    if marked := encodings.marked(path):
        mend = f"Write `encoding: {marked}` under its table in company.yaml, or save" if path.suffix == ".csv" else "Save"
        raise SourceError(f"{path}: seems to be in {marked}, not in {encoding}. {mend} it as UTF-8.")


def _explained(path: Path, batches: Iterator[pa.RecordBatch], encoding: str) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except SourceError:
        raise
    except Exception as problem:
        raise _unreadable(path, problem, encoding) from problem


def _unreadable(path: Path, problem: Exception, encoding: str) -> SourceError:
    kind = path.suffix.lstrip(".").upper()
    said = " ".join(str(problem).split())[:300] or type(problem).__name__
    if path.suffix == ".csv":
        if mend := _other_encoding(path, problem, encoding):
            return SourceError(f"{path}: cannot be read as CSV ({said}). {mend}")
        return SourceError(f"{path}: cannot be read as CSV ({said}). Export it again, or correct `encoding:` or `delimiter:` of its table.")
    return SourceError(f"{path}: cannot be read as {kind} ({said}). Export it again.")


def _other_encoding(path: Path, problem: Exception, encoding: str) -> str | None:
    """What to write where the letters of a file are not in the encoding that its table names."""
    if not isinstance(problem, UnicodeError) and "UTF8" not in str(problem):
        return None
    if not encoding.lower().replace("-", "").replace("_", "").startswith("utf8"):
        return f"Its letters are not in {encoding}. Correct `encoding:` of its table in company.yaml, or save it as UTF-8."
    likely, line = encodings.guessed(path)
    if likely is None:
        return f"Line {line} is not in UTF-8. Save it as UTF-8, or write its `encoding:` under its table in company.yaml."
    mend = f"Write `encoding: {likely}` under its table in company.yaml, or save it as UTF-8."
    return f"Line {line} is not in UTF-8; the file seems to be in {likely}. {mend}"
