"""A connection lent to somebody who may look at what its transaction has written, and neither end it nor close it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool


class Lent:
    """A driver's connection whose transaction stays its owner's."""

    def __init__(self, connection: Any) -> None:
        object.__setattr__(self, "_connection", connection)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._connection, name, value)

    def commit(self) -> None:
        """The owner commits."""

    def rollback(self) -> None:
        """The owner rolls back."""

    def close(self) -> None:
        """The owner closes."""


def engine_settings(connection: sa.Connection) -> dict[str, Any]:
    """What makes `create_engine` work on this very connection, inside its transaction.

    Great Expectations chooses SQLite's pool by itself; psycopg's dialect asks for types of a connection that is its own class.
    """
    driver = connection.connection.driver_connection
    settings: dict[str, Any] = {"creator": lambda: Lent(driver)}
    if connection.dialect.name == "postgresql":
        settings |= {"poolclass": StaticPool, "use_native_hstore": False}
    return settings
