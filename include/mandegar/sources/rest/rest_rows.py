"""Records of a REST source as raw rows: every value as text, because what it means is validation's work."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from mandegar.config.entities import ENTITIES
from mandegar.config.systems import Expression, TableId
from mandegar.errors import SourceError
from mandegar.sources.files.files import ROW, UNREADABLE, as_text
from mandegar.sources.redaction import Secrets
from mandegar.sources.window import Window

BATCH_ROWS = 5_000
FIRST_ROWS = 1_000  # by which the columns are known
REST = pa.field("_rest", pa.string())
TAKEN = ("as_of",)  # names that the lake needs for itself, as all that begin with _
SHOWN = 500
PLAIN = re.compile(r"[^\s\x00-\x1f\x7f\ud800-\udfff,;{}()=]{1,500}")  # what a column of a Delta table may be called


def batches(table: TableId, records: Iterable[Mapping[str, Any]], secrets: Secrets) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of a resource and its rows.

    Columns: those of the first records, those that the mapping names (`a.b` is b within a), `_row`, and `_rest`: as JSON what
    a later record has beside them. A column that the entity needs has to be among the first records, if there are any; the
    others may be missing there, as many systems leave out what is empty. A record that no file can hold comes as a row with its
    text in `_unreadable`. A secret that the system sends back stands in no column and no name. Memory: one batch.
    """
    coming = iter(records)
    first = list(islice(coming, FIRST_ROWS))
    names = [name for name in _names(table, first) if secrets.in_row(name) == name]
    schema = pa.schema([*((name, pa.string()) for name in names), REST, ROW, UNREADABLE])
    return schema, _arrow(schema, names, chain(first, coming), secrets)


def _names(table: TableId, first: list[Mapping[str, Any]]) -> list[str]:
    seen: dict[str, str] = {}
    for record in first:
        for name in record:
            if PLAIN.fullmatch(name) and not name.startswith("_") and name not in TAKEN:
                seen.setdefault(name.lower(), name)  # Delta tables do not tell Id from id
    for name, needed in used(table).items():
        if not first or not needed or any(_within(record, name) is not None for record in first):
            seen.setdefault(name.lower(), name)
    return list(seen.values())


def used(table: TableId) -> dict[str, bool]:
    """The source's columns that the mapping speaks of, and whether the entity cannot be without."""
    found: dict[str, bool] = {table.table.cursor: False} if table.table.cursor else {}
    for column in ENTITIES[table.entity].columns:
        given = table.table.columns.get(column.name, column.name if column.required else None)
        if isinstance(given, str):
            found[given] = found.get(given, False) or column.required
    expressions = [given.sql for given in table.table.columns.values() if isinstance(given, Expression) and given.sql]
    conditions = [given for given in (table.table.where, table.table.deleted) if given]
    for name in _spoken_of(table, expressions + conditions):
        found.setdefault(name, False)
    return found


def _spoken_of(table: TableId, expressions: list[str]) -> Iterator[str]:
    """The names of columns in SQL expressions."""
    if not expressions:
        return
    import sqlglot
    from sqlglot import exp

    for expression in expressions:
        try:
            parsed = sqlglot.parse_one(expression, dialect="duckdb")
        except sqlglot.errors.SqlglotError as problem:
            said = " ".join(str(problem).split())[:200]
            raise SourceError(f"{table}: {expression!r} is no SQL expression ({said}). Correct it in company.yaml.") from problem
        bound = {one.name for function in parsed.find_all(exp.Lambda) for one in function.expressions}
        for column in parsed.find_all(exp.Column):
            if not column.table and column.name not in bound:
                yield column.name


def _arrow(schema: pa.Schema, names: list[str], records: Iterator[Mapping[str, Any]], secrets: Secrets) -> Iterator[pa.RecordBatch]:
    number = 1
    while some := list(islice(records, BATCH_ROWS)):
        try:
            columns = _columns(names, some)
            wrong: list[str | None] = [None] * len(some)
        except (UnicodeEncodeError, RecursionError, TypeError):
            wrong = [_wrong(record, secrets) for record in some]
            columns = _columns(names, [{} if told else record for record, told in zip(some, wrong, strict=True)])
        rows = pa.array(range(number, number + len(some)), pa.int64())
        columns = [secrets.in_column(column) for column in columns]
        yield pa.RecordBatch.from_arrays([*columns, rows, pa.array(wrong, pa.string())], schema=schema)
        number += len(some)


def _columns(names: list[str], some: list[Mapping[str, Any]]) -> list[pa.Array]:
    """The columns, and what stands beside them. Errors: some, if a record cannot be held."""
    known = set(names)
    columns = [pa.array([as_text(_within(record, name)) for record in some], pa.string()) for name in names]
    return [*columns, pa.array([_beside(record, known) for record in some], pa.string())]


def _wrong(record: Mapping[str, Any], secrets: Secrets) -> str | None:
    """What of a record cannot be held, and the beginning of the record; None if all can."""
    for name, value in record.items():
        wrong = "holds half a letter, such as \\ud800 alone"
        try:
            if _encodes(as_text({name: value}) or ""):
                continue
            shown = json.dumps(record, ensure_ascii=False, default=str)
        except (RecursionError, TypeError):
            wrong, shown = "is nested too deeply", ", ".join(record)
        told = secrets.in_row(f"{name} {wrong}: {shown}".encode(errors="backslashreplace").decode())
        return told[:SHOWN]
    return None


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _beside(record: Mapping[str, Any], known: set[str]) -> str | None:
    left = {name: value for name, value in record.items() if name not in known and value is not None}
    return as_text(left) if left else None


def _within(record: Mapping[str, Any], name: str) -> Any:
    """A value by its name; `a.b` looks into a, `a.0` takes the first of a list."""
    if name in record or "." not in name:
        return record.get(name)
    found: Any = record
    for part in name.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit():
            found = found[int(part)] if int(part) < len(found) else None
        else:
            return None
    return found


def within_window(table: TableId, records: Iterable[Mapping[str, Any]], window: Window) -> Iterator[Mapping[str, Any]]:
    """The records whose cursor lies in the window; those whose cursor cannot be read stay, validation looks at them.

    A cursor that moves with every change is only held to the window's start: what it said on the day is gone, and the row
    as it is now tells of the day better than no row.
    """
    cursor = table.table.cursor
    for record in records:
        at = instant(_within(record, cursor), window) if cursor else None
        if at is not None:
            if window.starts_at is not None and at < window.starts_at:
                continue
            if at >= window.ends_at and not table.table.cursor_moves:
                continue
        yield record


def instant(given: Any, window: Window) -> datetime | None:
    """A time as systems write it: ISO, or seconds or milliseconds since 1970; None where it is neither."""
    text = str(given)
    if re.fullmatch(r"\d{9,10}(\.\d+)?|\d{12,13}", text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, window.zone)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=window.zone)
