"""Secrets of sources: from the Airflow connection that company.yaml names, which stands in the environment as AIRFLOW_CONN_<NAME>.

Its value is what Airflow itself reads there: a URI (`https://login:password@host/path?field=value`) or a JSON object with
`host`, `login`, `password`, `port`, `schema` and `extra`.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from mandegar.errors import SourceError

HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Connection:
    """One Airflow connection; its secrets do not show when it is printed.

    url: the address without credentials, None where the connection names no host. values: login, password and the extra fields.
    """

    name: str
    url: str | None
    values: Mapping[str, str] = field(repr=False)

    def value(self, name: str, shown: str) -> str:
        """One of its values. Errors: SourceError if it has none of that name; shown: how the message names the source table."""
        if name == "url" and self.url:
            return self.url
        if name not in self.values:
            place = "Set it" if name in ("login", "password", "url") else f'Add "{name}" to its extra'
            raise SourceError(f"{shown}: the connection {self.name!r} has no {name!r}. {place} in Airflow under Admin > Connections.")
        return self.values[name]


def variable(name: str) -> str:
    """The environment variable that holds a connection."""
    return f"AIRFLOW_CONN_{name.upper()}"


def connection(name: str, shown: str) -> Connection:
    """The connection of that name. Errors: SourceError if nobody has made it, or it says nothing that can be read."""
    given = os.environ.get(variable(name), "").strip()
    if not given:
        raise SourceError(
            f"{shown}: the connection {name!r} is not known. Make it in Airflow under Admin > Connections, or set {variable(name)}."
        )
    try:
        return _of_json(name, json.loads(given)) if given.startswith("{") else _of_uri(name, given)
    except (ValueError, TypeError, AttributeError):  # what was found is a secret, and is not shown
        raise SourceError(
            f"{shown}: the connection {name!r} cannot be read. Write {variable(name)} as a URI "
            "(https://login:password@host, special signs as %xx) or as JSON with host, login, password and extra."
        ) from None


def _of_json(name: str, given: Mapping[str, Any]) -> Connection:
    extra = given.get("extra") or {}
    if isinstance(extra, str):
        extra = json.loads(extra)
    values = {key: str(value) for key, value in extra.items()}
    values |= {key: str(given[key]) for key in ("login", "password") if given.get(key)}
    return Connection(name, _url(given.get("host"), given.get("schema"), given.get("port")), values)


def _of_uri(name: str, given: str) -> Connection:
    # a host that has a scheme of its own stands behind that of the connection's type: http://https://login:password@host
    parts = urlsplit(re.sub(r"^[\w.+-]+://(?=https?://)", "", given))
    extra: dict[str, Any] = dict(parse_qsl(parts.query))
    nested = json.loads(extra.pop("__extra__", "{}"))
    values = {key: str(value) for key, value in {**extra, **nested}.items()}
    values |= {key: unquote(value) for key, value in (("login", parts.username), ("password", parts.password)) if value}
    host, _, below = unquote(parts.hostname or "").partition("/")
    url = _url(host, parts.scheme if parts.scheme == "https" else None, parts.port)
    path = "/".join(part.strip("/") for part in (below, parts.path) if part.strip("/"))
    return Connection(name, f"{url}/{path}" if url and path else url, values)


def _url(host: str | None, scheme: str | None, port: object) -> str | None:
    """https unless the connection says otherwise, or the host is this machine: a secret does not travel in the open by default."""
    if not host:
        return None
    if "://" not in host:
        scheme = scheme if scheme in ("http", "https") else "http" if host.split(":")[0] in HERE else "https"
        host = f"{scheme}://{host}"
    ends_with_port = urlsplit(host).port is not None
    return host.rstrip("/") + (f":{port}" if port and not ends_with_port else "")
