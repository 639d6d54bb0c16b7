"""Rows from SQL databases through SQLAlchemy, streamed; every value as text, because what it means is validation's work."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from mandegar.errors import SourceError
from mandegar.sources.files import ROW, as_texts
from mandegar.sources.window import Window, bounds
from mandegar.systems import TableId

BATCH_ROWS = 20_000


@dataclass(frozen=True)
class SqlTable:
    """One table or query of a database that answers."""

    name: str
    engine: sa.Engine
    statement: sa.sql.expression.Select
    schema: pa.Schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows; the connection is closed after the last. Errors: SourceError if the database stops halfway."""
        first = 1
        try:
            with self.engine.connect().execution_options(stream_results=True) as connection:
                result = connection.execute(self.statement)
                while rows := result.fetchmany(BATCH_ROWS):
                    columns = [as_texts(column) for column in zip(*rows, strict=True)]
                    numbers = pa.array(range(first, first + len(rows)), pa.int64())
                    yield pa.RecordBatch.from_arrays([*columns, numbers], schema=self.schema)
                    first += len(rows)
        except sa.exc.SQLAlchemyError as problem:
            raise SourceError(
                f"{self.name}: the database stopped while it gave its rows ({_said(problem)}). Run the night again; "
                "if it stays, mend what it names."
            ) from problem


def url_of(folder: Path, table: TableId) -> str:
    """The database's URL: from company.yaml, or of the Airflow connection it names (AIRFLOW_CONN_<NAME>)."""
    source = table.source
    if source.connection:
        variable = f"AIRFLOW_CONN_{source.connection.upper()}"
        if variable not in os.environ:
            raise SourceError(
                f"{table}: the connection {source.connection!r} is not known. Make it in Airflow under Admin > Connections, "
                f"or set {variable} to its URL."
            )
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", os.environ[variable])
    assert source.url is not None
    if source.url.startswith("sqlite:///"):
        file = folder / source.url.removeprefix("sqlite:///")
        if not file.is_file():
            raise SourceError(f"{table}: the database {file} is not there. Correct `url:` of source {table.source_name} in company.yaml.")
        return f"sqlite:///file:{file}?mode=ro&uri=true"
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", source.url)


def open_table(folder: Path, table: TableId, window: Window) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of a table or query and its rows within the window.

    Errors: SourceError if the database is down, or has no such table, column or query.
    """
    engine = _engine(folder, table, window)
    try:
        statement = _statement(engine, table, window)
        with engine.connect() as connection:
            names = list(connection.execute(statement.limit(0)).keys())
    except sa.exc.NoSuchTableError as problem:
        raise SourceError(f"{table}: the database has no table {table.table.table!r}. Correct `table:` in company.yaml.") from problem
    except sa.exc.SQLAlchemyError as problem:
        key = "query" if table.table.query else "table"
        raise SourceError(f"{table}: the database refuses the {key} ({_said(problem)}). Correct `{key}:` in company.yaml.") from problem
    schema = pa.schema([*((name, pa.string()) for name in names), ROW])
    return schema, SqlTable(str(table), engine, statement, schema).batches()


def _engine(folder: Path, table: TableId, window: Window) -> sa.Engine:
    """The database, which answers. Errors: SourceError if its URL says nothing, or nobody answers there."""
    mend = f"Correct the URL of source {table.source_name}: dialect://user@host:port/database, or sqlite:///file.db."
    try:
        engine = sa.create_engine(url_of(folder, table), poolclass=sa.NullPool)
    except (sa.exc.ArgumentError, ImportError) as problem:
        raise SourceError(f"{table}: the database's URL cannot be used ({_said(problem)}). {mend}") from problem
    if engine.dialect.name == "postgresql":
        sa.event.listen(engine, "connect", lambda connection, _: _in_zone(connection, window.zone.key))
    try:
        with engine.connect():
            return engine
    except sa.exc.SQLAlchemyError as problem:
        raise SourceError(
            f"{table}: the database does not answer ({_said(problem)}). Check that it runs and that its address is right."
        ) from problem


def _in_zone(connection: Any, zone: str) -> None:
    """The session reads and writes times in the source's time zone, as the window's bounds are written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, false)", (zone,))
    connection.commit()


def _said(problem: Exception) -> str:
    return " ".join(str(getattr(problem, "orig", None) or problem).split())[:300]


def _statement(engine: sa.Engine, table: TableId, window: Window) -> sa.sql.expression.Select:
    if table.table.query:
        query = table.table.query.strip().rstrip(";")
        raw = sa.text(f"SELECT * FROM ({query}\n) AS taken")
        with engine.connect() as connection:
            names = list(connection.execute(sa.text(f"SELECT * FROM ({query}\n) AS taken LIMIT 0")).keys())
        taken: sa.FromClause = raw.columns(*(sa.column(name) for name in names)).subquery("windowed")
    else:
        assert table.table.table is not None
        schema, _, name = table.table.table.rpartition(".")
        taken = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=engine)
    statement = sa.select(*(sa.type_coerce(column, sa.types.NullType()).label(column.name) for column in taken.columns))
    if table.table.cursor:
        if table.table.cursor not in taken.columns:
            there = ", ".join(column.name for column in taken.columns)
            raise SourceError(f"{table}: has no column {table.table.cursor!r}, named as its cursor. It has: {there}. Correct `cursor:`.")
        cursor = taken.columns[table.table.cursor]
        # SQLite keeps times as text, and compares them as text
        kind: sa.types.TypeEngine = sa.String() if engine.dialect.name == "sqlite" else cursor.type
        low, high = bounds(window, _kind(kind))
        statement = statement.where(sa.type_coerce(cursor, kind) < sa.bindparam("high", high, kind))
        if low is not None:
            statement = statement.where(sa.type_coerce(cursor, kind) >= sa.bindparam("low", low, kind))
    return statement


def _kind(of: sa.types.TypeEngine) -> str:
    if isinstance(of, sa.types.DateTime):
        return "aware" if of.timezone else "naive"
    return "date" if isinstance(of, sa.types.Date) else "text"
