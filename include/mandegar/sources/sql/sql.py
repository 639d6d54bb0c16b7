"""Rows from SQL databases, streamed; every value as text, because what it means is validation's work.

SQLAlchemy says what is taken. PostgreSQL and SQLite give it through ADBC, any other database through its SQLAlchemy driver.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import adbc_driver_manager
import pyarrow as pa
import sqlalchemy as sa

from mandegar.config.company import Company
from mandegar.config.systems import TableId
from mandegar.errors import SourceError
from mandegar.sources.files import text_cursors
from mandegar.sources.names import kept
from mandegar.sources.redaction import Secrets
from mandegar.sources.rows import BATCH_ROWS, ROW, as_texts
from mandegar.sources.sql import sql_arrow
from mandegar.sources.sql.sql_url import unusable, url_of
from mandegar.sources.window import Window, bounds

OF_POSTGRESQL: dict[int, sa.types.TypeEngine] = {1082: sa.Date(), 1114: sa.DateTime(), 1184: sa.DateTime(timezone=True)}  # by OID
REFUSALS = (sa.exc.SQLAlchemyError, adbc_driver_manager.Error, OSError)  # what breaks off while batches stream is an OSError


@dataclass(frozen=True)
class SqlTable:
    """One table or query of a database that answers."""

    name: str
    url: sa.URL
    engine: sa.Engine
    statement: sa.sql.expression.Select
    schema: pa.Schema
    zone: str

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, numbered; the connection is closed after the last. Errors: SourceError if the database stops halfway."""
        first = 1
        by_arrow = self.url.get_backend_name() in sql_arrow.SPOKEN
        try:
            for columns in sql_arrow.batches(self.url, self.statement, self.zone) if by_arrow else self._by_row():
                numbers = pa.array(range(first, first + len(columns[0])), pa.int64())
                yield pa.RecordBatch.from_arrays([*columns, numbers], schema=self.schema)
                first += len(numbers)
        except REFUSALS as problem:
            raise SourceError(
                f"{self.name}: the database stopped while it gave its rows ({_said(problem, self.url)}). Run the night again; "
                "if it stays, mend what it names."
            ) from None

    def _by_row(self) -> Iterator[list[pa.Array]]:
        with self.engine.connect().execution_options(stream_results=True, max_row_buffer=BATCH_ROWS) as connection:
            result = connection.execute(self.statement)
            while rows := result.fetchmany(BATCH_ROWS):
                yield [as_texts(column) for column in zip(*rows, strict=True)]


def open_table(company: Company, table: TableId, window: Window) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of a table or query and its rows within the window.

    Errors: SourceError if the database is down, or has no such table, column or query.
    """
    url = url_of(company.folder, table)
    engine = _engine(url, table, window.zone.key)
    try:
        statement = _statement(engine, table, window)
        with engine.connect() as connection:
            names = list(connection.execute(statement.limit(0)).keys())
    except sa.exc.NoSuchTableError:
        raise SourceError(f"{table}: the database has no table {table.table.table!r}. Correct `table:` in company.yaml.") from None
    except sa.exc.SQLAlchemyError as problem:
        key = "query" if table.table.query else "table"
        raise SourceError(f"{table}: the database refuses the {key} ({_said(problem, url)}). Correct `{key}:` in company.yaml.") from None
    places = kept(table, names)
    if len(places) < len(names):
        columns = list(statement.selected_columns)
        statement, names = statement.with_only_columns(*(columns[place] for place in places)), [names[place] for place in places]
    schema = pa.schema([*((name, pa.string()) for name in names), ROW])
    return schema, SqlTable(str(table), url, engine, statement, schema, window.zone.key).batches()


def open_keys(folder: Path, table: TableId, column: str, zone: ZoneInfo) -> Iterator[pa.RecordBatch]:
    """All values of one column of a table or query, whatever its cursor. Errors: as of open_table."""
    url = url_of(folder, table)
    engine = _engine(url, table, zone.key)
    only = sa.select(_statement(engine, table, None).subquery("keyed").c[column])
    schema = pa.schema([("key", pa.string()), ROW])
    for batch in SqlTable(str(table), url, engine, only, schema, zone.key).batches():
        yield batch.select(["key"])


def _engine(url: sa.URL, table: TableId, zone: str) -> sa.Engine:
    """The database, which answers. Errors: SourceError if its URL says nothing, or nobody answers there."""
    if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith("file:"):
        url = url.set(database=f"file:{quote(url.database)}", query={"mode": "ro", "uri": "true"})
    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
    except (sa.exc.ArgumentError, ImportError) as problem:
        raise unusable(table, _said(problem, url)) from None
    if engine.dialect.name == "postgresql":
        sa.event.listen(engine, "connect", lambda connection, _: _in_zone(connection, zone))
    try:
        with engine.connect():
            return engine
    except sa.exc.SQLAlchemyError as problem:
        raise SourceError(
            f"{table}: the database does not answer ({_said(problem, url)}). Check that it runs and that its address is right."
        ) from None


def _in_zone(connection: Any, zone: str) -> None:
    """The session reads and writes times in the source's time zone, as the window's bounds are written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, false)", (zone,))
    connection.commit()


def _said(problem: Exception, url: sa.URL) -> str:
    """What the driver says. It is not chained to our error either: drivers quote the address they were given, password and all."""
    return Secrets.of_url(url).told(getattr(problem, "orig", None) or problem)


def _statement(engine: sa.Engine, table: TableId, window: Window | None) -> sa.sql.expression.Select:
    if table.table.query:
        query = table.table.query.strip().rstrip(";")
        raw = sa.text(f"SELECT * FROM ({query}\n) AS taken")
        with engine.connect() as connection:
            found = connection.execute(sa.text(f"SELECT * FROM ({query}\n) AS taken LIMIT 0"))
            described = found.cursor.description if found.cursor else ()
        known = OF_POSTGRESQL if engine.dialect.name == "postgresql" else {}
        columns = (sa.column(name, known.get(int(str(kind))) if known else None) for name, kind, *_ in described)
        taken: sa.FromClause = raw.columns(*columns).subquery("windowed")
    else:
        assert table.table.table is not None
        schema, _, name = table.table.table.rpartition(".")
        taken = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=engine)
    statement = sa.select(*(sa.type_coerce(column, sa.types.NullType()).label(column.name) for column in taken.columns))
    if table.table.cursor and window:
        if table.table.cursor not in taken.columns:
            there = ", ".join(column.name for column in taken.columns)
            raise SourceError(f"{table}: has no column {table.table.cursor!r}, named as its cursor. It has: {there}. Correct `cursor:`.")
        cursor = taken.columns[table.table.cursor]
        # SQLite keeps times as text, and compares them as text
        kind: sa.types.TypeEngine = sa.String() if engine.dialect.name == "sqlite" else cursor.type
        low, high = bounds(window, _kind(kind))
        if _kind(kind) == "text":
            _compares(engine, table, cursor)
        if not table.table.cursor_moves:
            statement = statement.where(sa.type_coerce(cursor, kind) < sa.bindparam("high", high, kind))
        if low is not None:
            statement = statement.where(sa.type_coerce(cursor, kind) >= sa.bindparam("low", low, kind))
    return statement


def _compares(engine: sa.Engine, table: TableId, cursor: sa.ColumnElement) -> None:
    """A cursor that is no time to the database holds texts that compare as times. Errors: SourceError."""
    plain = sa.type_coerce(cursor, sa.types.NullType())
    with engine.connect() as connection:
        some = connection.execute(sa.select(plain).where(cursor.is_not(None)).limit(text_cursors.LOOKED_AT)).scalars().all()
    text_cursors.refuse_strange(str(table), cursor.name, some)


def _kind(of: sa.types.TypeEngine) -> str:
    if isinstance(of, sa.types.DateTime):
        return "aware" if of.timezone else "naive"
    return "date" if isinstance(of, sa.types.Date) else "text"
