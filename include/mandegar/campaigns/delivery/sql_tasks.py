"""Tasks into a table of the company's own: one row for each, known by its key."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.campaigns.delivery.settings import SqlTasks
from mandegar.errors import SourceError
from mandegar.sources.connections import connection
from mandegar.sources.redaction import Secrets
from mandegar.sources.sql.sql_url import read_url, url_of_connection

SHOWN = "delivery.yaml: task"
LONGEST_SAID = 150


class Sql:
    """A database that owners' tasks are written into.

    A row is written if none with its key is there, in one transaction. The column of the key has to be unique: of two senders at once, or
    one that comes back after a crash, the second finds the row and leaves it.
    """

    knows_keys = True

    def __init__(self, settings: SqlTasks, now: Callable[[], datetime]) -> None:
        self._settings, self._now = settings, now
        self._engine, self._secrets = _database(settings.connection)
        self._known: sa.Table | None = None

    def send(self, message: Outgoing, about_to: Callable[[], None]) -> str | None:
        """Writes a task. Errors: Refused where the table or a column is not there, or does not take the values; Failed where the database
        does not answer."""
        facts = {
            "id": message.message_id,
            "subject": message.subject,
            "text": message.text,
            "owner": self._settings.mapping.get(message.address, message.address),
            "customer_id": message.customer_id,
            "campaign_id": message.campaign_id,
            "due_at": message.due_at,
            "given_at": self._now().astimezone(UTC).replace(tzinfo=None),
        }
        about_to()
        try:
            table = self._table()
            columns = {fact: table.c[name] for fact, name in self._settings.columns.items()}
            row = {column.name: _fitting(column, facts[fact]) for fact, column in columns.items()}
            try:
                with self._engine.begin() as database:
                    if not _is_there(database, columns["id"], message.message_id):
                        database.execute(table.insert(), row)
            except sa.exc.IntegrityError:
                with self._engine.connect() as database:  # another sender wrote it meanwhile, or the row is refused for what it says
                    if not _is_there(database, columns["id"], message.message_id):
                        raise
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as problem:
            raise Failed(f"the database does not answer ({self._said(problem)})") from None
        except sa.exc.SQLAlchemyError as problem:
            raise Refused(f"{self._settings.table}: {self._said(problem)}") from None
        return message.message_id

    def _table(self) -> sa.Table:
        """The table as it is there, looked at once. Errors: Refused where it, or a column, is not there, or the key's is not unique."""
        if self._known is not None:
            return self._known
        shown, columns = self._settings.table, self._settings.columns
        schema, _, name = shown.rpartition(".")
        with self._engine.connect() as database:
            try:
                table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=database)
            except sa.exc.NoSuchTableError:
                raise Refused(f"there is no table {shown}. Write its name under `table:` of delivery.yaml.") from None
            missing = [column for column in columns.values() if column not in table.c]
            if missing:
                there = ", ".join(table.c.keys())
                raise Refused(f"{shown} has no column {missing[0]}; it has {there}. Map it under `columns:` of delivery.yaml.")
            if not _is_unique(sa.inspect(database), name, schema or None, columns["id"]):
                mend = f"Make it so: ALTER TABLE {shown} ADD UNIQUE ({columns['id']}), or map `id` to a column that is."
                raise Refused(f"{shown}.{columns['id']} is not unique, and a task could stand there twice. {mend}")
        self._known = table
        return table

    def _said(self, problem: sa.exc.SQLAlchemyError) -> str:
        return self._secrets.told(getattr(problem, "orig", None) or problem)[:LONGEST_SAID]


def _database(name: str) -> tuple[sa.Engine, Secrets]:
    """The database of a connection: its `url` in the extra, or the connection itself, as for a source. Errors: SourceError."""
    given = connection(name, SHOWN)
    try:
        url = read_url(given.values["url"]) if "url" in given.values else url_of_connection(name, SHOWN)
        secrets = Secrets.of_url(url)
        secrets.add(given.values.get("password"))
        return sa.create_engine(url, poolclass=sa.NullPool), secrets
    except (sa.exc.ArgumentError, ImportError):  # what was found may hold a password, and is not shown
        told = "Write dialect://user:password@host:port/database, of a database whose driver is installed"
        raise SourceError(f"{SHOWN}: the connection {name!r} names no database that can be used. {told}.") from None


def _is_there(database: sa.Connection, key: sa.Column, message_id: str) -> bool:
    return database.execute(sa.select(key).where(key == message_id)).first() is not None


def _is_unique(seen: sa.Inspector, table: str, schema: str | None, column: str) -> bool:
    """Whether no two rows may have the same value there: by a key, a constraint, or an index of all rows."""
    found: list[list[str | None]] = [[*seen.get_pk_constraint(table, schema)["constrained_columns"]]]
    found += [[*one["column_names"]] for one in seen.get_unique_constraints(table, schema)]
    for index in seen.get_indexes(table, schema):
        of_some_rows = any(name.endswith("_where") and value is not None for name, value in index.get("dialect_options", {}).items())
        found += [[*index["column_names"]]] if index["unique"] and not of_some_rows else []
    return [column] in found


def _fitting(column: sa.Column, value: Any) -> Any:
    """A time as its column takes it: as it is, as a day, or as text."""
    if not isinstance(value, datetime):
        return value
    try:
        kind = column.type.python_type
    except NotImplementedError:  # SQLAlchemy's, of a type that Python has none for: the database says whether it takes the value
        return value
    return value.isoformat(" ") if kind is str else value.date() if kind is date else value
