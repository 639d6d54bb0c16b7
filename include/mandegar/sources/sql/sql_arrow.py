"""Rows of PostgreSQL and SQLite by ADBC: Arrow batches straight from the driver, no Python object for a cell.

The database writes every value as text itself, so that a column has one type whatever its rows hold.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mandegar.sources.rows import BATCH_ROWS

SPOKEN = ("postgresql", "sqlite")
DIALECTS: dict[str, sa.Dialect] = {
    "postgresql": postgresql.dialect(paramstyle="numeric_dollar"),
    "sqlite": sqlite.dialect(paramstyle="qmark"),
}


def batches(url: sa.URL, statement: sa.Select, zone: str) -> Iterator[list[pa.Array]]:
    """The rows of a statement, a bounded number at a time: one array of texts per column.

    zone: in which PostgreSQL writes times that have one. Errors: adbc_driver_manager.Error, of what the database says.
    """
    kind = url.get_backend_name()
    query, parameters = _compiled(_as_texts(statement, kind), kind)
    with closing(_connected(url)) as connection, closing(connection.cursor()) as cursor:
        if kind == "postgresql":
            cursor.execute("SELECT set_config('TimeZone', $1, false), set_config('DateStyle', 'ISO', false)", (zone,))
            cursor.fetchall()
        cursor.execute(query, parameters)
        with cursor.fetch_record_batch() as reader:
            first = kind == "sqlite"
            held: list[pa.RecordBatch] = []
            for batch in reader:
                held.append(batch.slice(1) if first else batch)
                first = False
                if sum(part.num_rows for part in held) >= BATCH_ROWS:
                    yield _joined(held)
                    held = []
            if any(part.num_rows for part in held):
                yield _joined(held)


def _joined(held: list[pa.RecordBatch]) -> list[pa.Array]:
    whole = pa.Table.from_batches(held).combine_chunks()
    return [column.combine_chunks().cast(pa.string()) for column in whole.columns]


def _connected(url: sa.URL) -> Any:
    if url.get_backend_name() == "sqlite":
        import adbc_driver_sqlite.dbapi

        assert url.database is not None
        file = url.database if url.database.startswith("file:") else f"file:{quote(url.database)}?mode=ro"
        return adbc_driver_sqlite.dbapi.connect(file, autocommit=True)
    import adbc_driver_postgresql.dbapi

    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return adbc_driver_postgresql.dbapi.connect(plain, autocommit=True)


def _as_texts(statement: sa.Select, kind: str) -> sa.sql.expression.SelectBase:
    """The statement with every column as text.

    In SQLite a column has the type of its first rows to ADBC, be they all empty: a first row of texts is put before them.
    """
    taken = statement.subquery("taken")
    if kind == "postgresql":
        return sa.select(*(sa.cast(column, sa.Text).label(column.name) for column in taken.columns))
    texts = [
        sa.case((sa.func.typeof(column) == sa.literal_column("'blob'"), sa.func.lower(sa.func.hex(column))), else_=sa.cast(column, sa.Text))
        for column in taken.columns
    ]
    heading: sa.Select = sa.select(*(sa.literal_column("''").label(column.name) for column in taken.columns))
    return sa.union_all(heading, sa.select(*(text.label(column.name) for text, column in zip(texts, taken.columns, strict=True))))


def _compiled(statement: sa.sql.expression.SelectBase, kind: str) -> tuple[str, list | None]:
    """The statement as the driver takes it, with its parameters in order."""
    compiled = statement.compile(dialect=DIALECTS[kind])
    assert isinstance(compiled, sa.sql.compiler.SQLCompiler)
    parameters = [compiled.params[name] for name in compiled.positiontup or []]
    return str(compiled), parameters or None
