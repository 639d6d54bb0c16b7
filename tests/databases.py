"""Databases on the tests' PostgreSQL server."""

import sqlalchemy as sa


def empty_database(server: str, name: str) -> str:
    """Makes a database; gives its URL. server: the URL of the maintenance database."""
    _maintain(server, f"CREATE DATABASE {name}")
    return str(sa.make_url(server).set(database=name).render_as_string(hide_password=False))


def drop_database(server: str, name: str) -> None:
    """Drops a database, whoever is still connected to it."""
    _maintain(server, f"DROP DATABASE {name} WITH (FORCE)")


def _maintain(server: str, statement: str) -> None:
    engine = sa.create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()
