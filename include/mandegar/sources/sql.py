"""Rows from SQL databases through SQLAlchemy, streamed; every value as text, because what it means is validation's work."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from mandegar.company import TableId
from mandegar.errors import SourceError
from mandegar.sources.files import ROW, as_text
from mandegar.sources.window import Window, bounds

BATCH_ROWS = 20_000


@dataclass(frozen=True)
class SqlTable:
    """One table or query of a database that answers."""

    engine: sa.Engine
    statement: sa.sql.expression.Select
    schema: pa.Schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows; the connection is closed after the last."""
        names = [field.name for field in self.schema if field.name != "_row"]
        first = 1
        try:
            with self.engine.connect().execution_options(stream_results=True) as connection:
                result = connection.execute(self.statement)
                while rows := result.fetchmany(BATCH_ROWS):
                    columns = [pa.array([as_text(row[place]) for row in rows], pa.string()) for place in range(len(names))]
                    numbers = pa.array(range(first, first + len(rows)), pa.int64())
                    yield pa.RecordBatch.from_arrays([*columns, numbers], schema=self.schema)
                    first += len(rows)
        finally:
            self.engine.dispose()


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
    if source.url.startswith("sqlite:///") and not source.url.startswith("sqlite:////"):
        file = folder / source.url.removeprefix("sqlite:///")
        if not file.is_file():
            raise SourceError(f"{table}: the database {file} is not there. Correct `url:` of source {table.source_name} in company.yaml.")
        return f"sqlite:///file:{file}?mode=ro&uri=true"
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", source.url)


def open_table(folder: Path, table: TableId, window: Window) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of a table or query and its rows within the window. Errors: SourceError if the database is down."""
    engine = sa.create_engine(url_of(folder, table), pool_pre_ping=True)
    try:
        statement = _statement(engine, table, window)
        with engine.connect() as connection:
            names = list(connection.execute(statement.limit(0)).keys())
    except sa.exc.NoSuchTableError as problem:
        engine.dispose()
        raise SourceError(f"{table}: the database has no table {table.table.table!r}. Correct `table:` in company.yaml.") from problem
    except sa.exc.SQLAlchemyError as problem:
        engine.dispose()
        said = " ".join(str(getattr(problem, "orig", None) or problem).split())[:300]
        raise SourceError(f"{table}: the database does not answer ({said}). Check that it runs and that its address is right.") from problem
    schema = pa.schema([*((name, pa.string()) for name in names), ROW])
    return schema, SqlTable(engine, statement, schema).batches()


def _statement(engine: sa.Engine, table: TableId, window: Window) -> sa.sql.expression.Select:
    if table.table.query:
        taken: sa.FromClause = sa.text(table.table.query).columns().subquery("taken")
        raw = sa.text(f"SELECT * FROM ({table.table.query}) AS taken")
        with engine.connect() as connection:
            names = list(connection.execute(sa.text(f"SELECT * FROM ({table.table.query}) AS taken LIMIT 0")).keys())
        taken = raw.columns(*(sa.column(name) for name in names)).subquery("windowed")
    else:
        assert table.table.table is not None
        schema, _, name = table.table.table.rpartition(".")
        taken = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=engine)
    statement = sa.select(*(sa.type_coerce(column, sa.types.NullType()).label(column.name) for column in taken.columns))
    if table.table.cursor:
        cursor = taken.columns[table.table.cursor]
        low, high = bounds(window, _kind(cursor.type))
        statement = statement.where(cursor < sa.bindparam("high", high, cursor.type))
        if low is not None:
            statement = statement.where(cursor >= sa.bindparam("low", low, cursor.type))
    return statement


def _kind(of: sa.types.TypeEngine) -> str:
    if isinstance(of, sa.types.DateTime):
        return "aware" if of.timezone else "naive"
    return "date" if isinstance(of, sa.types.Date) else "text"
