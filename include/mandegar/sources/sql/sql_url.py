"""The URL of a SQL source: from company.yaml, or of the Airflow connection it names."""

import json
import os
from pathlib import Path

import sqlalchemy as sa

from mandegar.config.systems import TableId
from mandegar.errors import SourceError
from mandegar.sources.connections import variable
from mandegar.sources.files.files import is_there

DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}


def url_of(folder: Path, table: TableId) -> sa.URL:
    """The database's URL, with its password. Errors: SourceError if nobody knows the connection, or it says nothing that can be read."""
    source = table.source
    try:
        if source.connection:
            url = url_of_connection(source.connection, str(table))
        else:
            assert source.url is not None
            url = read_url(source.url)
    except sa.exc.ArgumentError:  # what was found may hold a password, and is not shown
        raise unusable(table, "it is no URL") from None
    if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith("file:"):
        file = folder / url.database
        if not is_there(file):
            raise SourceError(f"{table}: the database {file} is not there. Correct `url:` of source {table.source_name} in company.yaml.")
        url = url.set(database=str(file.resolve()))
    return url


def url_of_connection(name: str, shown: str) -> sa.URL:
    """The database of an Airflow connection. Errors: as url_of; sa.exc.ArgumentError if it holds a text that is no URL.

    shown: how a message names what needs it.
    """
    given = os.environ.get(variable(name), "").strip()
    if not given:
        raise SourceError(
            f"{shown}: the connection {name!r} is not known. Make it in Airflow under Admin > Connections, "
            f"or set {variable(name)} to its URL."
        )
    if not given.startswith("{"):
        return read_url(given)
    try:
        told = json.loads(given)
        extra = told.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        return sa.URL.create(
            DRIVERS.get(told["conn_type"], told["conn_type"]),
            told.get("login"),
            told.get("password"),
            told.get("host"),
            told.get("port"),
            told.get("schema"),
            {key: str(value) for key, value in extra.items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError):  # what was found is a secret, and is not shown
        raise SourceError(
            f"{shown}: the connection {name!r} cannot be read. Write {variable(name)} as a URL such as "
            "postgresql://user:password@host/database, or as JSON with conn_type, host, login, password and schema."
        ) from None


def read_url(text: str) -> sa.URL:
    """A URL, with the driver that is installed for its database. Errors: sa.exc.ArgumentError if it is none; quotes what was found."""
    url = sa.make_url(text)
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


def unusable(table: TableId, said: str) -> SourceError:
    """The message for a URL that leads nowhere."""
    return SourceError(
        f"{table}: the database's URL cannot be used ({said}). "
        f"Correct the URL of source {table.source_name}: dialect://user@host:port/database, or sqlite:///file.db."
    )
