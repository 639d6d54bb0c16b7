"""Tasks into a table of the company's own: one row for each, known by its key."""

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.campaigns.delivery.settings import SqlTasks
from mandegar.sources.connections import connection
from mandegar.sources.redaction import Secrets


class Sql:
    """A database that owners' tasks are written into.

    A row is written if none with its key is there, in one transaction: after a crash it is asked for first, and a task stands there once.
    """

    knows_keys = True

    def __init__(self, settings: SqlTasks) -> None:
        shown = "delivery.yaml: task"
        self._settings, given = settings, connection(settings.connection, shown)
        self._secrets = Secrets.of(given)
        url = given.values.get("url") or given.value("url", shown)
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)

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
            "given_at": datetime.now(UTC).replace(tzinfo=None),
        }
        columns = self._settings.columns
        about_to()
        try:
            with self._engine.begin() as database:
                table = self._table(database)
                row = {columns[fact]: value for fact, value in facts.items() if fact in columns}
                known = table.c[columns["id"]]
                if database.execute(sa.select(known).where(known == message.message_id)).first() is None:
                    database.execute(table.insert(), row)
        except sa.exc.OperationalError as problem:
            raise Failed(f"the database does not answer ({self._said(problem)})") from None
        except sa.exc.SQLAlchemyError as problem:
            raise Refused(f"{self._settings.table}: {self._said(problem)}") from None
        return message.message_id

    def _table(self, database: sa.Connection) -> sa.Table:
        schema, _, name = self._settings.table.rpartition(".")
        try:
            table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=database)
        except sa.exc.NoSuchTableError:
            raise Refused(f"there is no table {self._settings.table}. Write its name under `table:` of delivery.yaml.") from None
        missing = [column for column in self._settings.columns.values() if column not in table.c]
        if missing:
            there = ", ".join(table.c.keys())
            raise Refused(f"{self._settings.table} has no column {missing[0]}; it has {there}. Map it under `columns:` of delivery.yaml.")
        return table

    def _said(self, problem: sa.exc.SQLAlchemyError) -> str:
        return self._secrets.told(Exception(" ".join(str(getattr(problem, "orig", problem)).split())[:150]))
