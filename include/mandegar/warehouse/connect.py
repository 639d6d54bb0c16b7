"""Connections to the warehouse: SQLite in a file, PostgreSQL in earnest; both bring their tables up to date first."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from mandegar.errors import CompanyError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 60
BUSY_TRIES = 600
CACHE_KIB = 128 * 1024  # of a SQLite warehouse: what a night adds to its indexes stays in memory
MIGRATION_LOCK = 6_265_284  # any number that nobody else locks by


def open_warehouse(url: str) -> sa.Engine:
    """An engine for a warehouse whose tables are those of this version. The file of a SQLite warehouse is made if need be."""
    parsed = sa.make_url(_with_driver(url))
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise CompanyError(
            f"The warehouse cannot be {parsed.get_backend_name()}. Write MANDEGAR_WAREHOUSE as sqlite:///file.db or postgresql://…."
        )
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).resolve().parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
        sa.event.listen(engine, "connect", _sqlite_settings)
        sa.event.listen(engine, "begin", _sqlite_begin)
    else:
        engine = sa.create_engine(parsed, pool_pre_ping=True)
    migrate(engine)
    return engine


@contextmanager
def warehouse(url: str) -> Iterator[sa.Engine]:
    """An engine for the length of a `with` block."""
    engine = open_warehouse(url)
    try:
        yield engine
    finally:
        engine.dispose()


def migrate(engine: sa.Engine) -> None:
    """Brings the tables up to date, one process at a time; nothing happens when they are."""
    with engine.begin() as connection:
        if MigrationContext.configure(connection).get_current_revision() == _newest():
            return
    config = _migrations()
    with writing(engine).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_migrations()).get_current_head()


@contextmanager
def alone_in(engine: sa.Engine, what: str) -> Iterator[None]:
    """Nobody else does the same in this warehouse meanwhile, from any machine; in SQLite the locks of the home see to it."""
    if engine.dialect.name != "postgresql":
        yield
        return
    key = sa.func.hashtext(f"mandegar {what}")
    with engine.connect() as connection:  # the lock ends with the connection, however the process ends
        connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK, key)))
        connection.commit()
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(MIGRATION_LOCK, key)))
            connection.commit()


def _with_driver(url: str) -> str:
    """PostgreSQL is spoken to by psycopg."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def writing(engine: sa.Engine) -> sa.Engine:
    """The engine for a transaction that writes: in SQLite it takes the lock at once instead of failing halfway."""
    return engine.execution_options(writes=True)


def _sqlite_begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _sqlite_settings(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # transactions are begun by the engine's `begin` event
    cursor = connection.cursor()  # type: ignore[attr-defined]
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Switches the file to write-ahead logging; while another process does so, SQLite says «locked» without waiting."""
    for _ in range(BUSY_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem):
                raise
            time.sleep(BUSY_SECONDS / BUSY_TRIES)
    cursor.execute("PRAGMA journal_mode = WAL")
