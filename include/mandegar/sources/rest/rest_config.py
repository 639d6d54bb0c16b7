"""What company.yaml says of a REST source, with its placeholders filled: the night's window, the connection's values, the options.

    {connection.password}  a value of the Airflow connection: login, password, url, or a field of its extra; where it is the
                           whole text, `connection.password` without braces will do
    {options.region}       an option of the source
    {window.start:iso}     the window's first instant; also unix, unix_ms (seconds, milliseconds since 1970) and date
    {window.end:date}      its end, which it does not include; last_date is the last day in it
    {window.start:unix|0}  … and what stands there on the first night, which has no start

A parameter that is nothing but a placeholder without a value is left out.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mandegar.config.systems import TableId
from mandegar.errors import SourceError
from mandegar.sources.connections import Connection
from mandegar.sources.redaction import SENSITIVE, Secrets
from mandegar.sources.window import NEVER, Window

PLACEHOLDER = re.compile(r"\{(connection|options|window)\.(\w+)(?::(\w+))?(?:\|([^}]*))?\}")
BARE = re.compile(r"connection\.\w+")
LEFT_OUT = object()
FORMS: dict[str, Callable[[datetime, ZoneInfo], str | int]] = {
    "iso": lambda instant, _: instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "unix": lambda instant, _: int(instant.timestamp()),
    "unix_ms": lambda instant, _: int(instant.timestamp()) * 1000,
    "date": lambda instant, zone: instant.astimezone(zone).date().isoformat(),
    "last_date": lambda instant, zone: (instant - timedelta(microseconds=1)).astimezone(zone).date().isoformat(),
}


class Filler:
    """Fills placeholders, and remembers which secrets it gave away, so that no message shows them."""

    def __init__(self, table: TableId, window: Window, connection: Connection) -> None:
        self.table, self.window, self.connection = table, window, connection
        self.secrets = Secrets.of(connection)

    def filled(self, given: Any, formatted: bool = False) -> Any:
        """The same with values in place of placeholders; formatted: dlt will fill in placeholders of its own, braces in values are doubled.

        Errors: SourceError for a placeholder that nothing is known of.
        """
        if isinstance(given, dict):
            done = {key: self.filled(value, formatted) for key, value in given.items()}
            return {key: value for key, value in done.items() if value is not LEFT_OUT}
        if isinstance(given, list):
            return [value for value in (self.filled(one, formatted) for one in given) if value is not LEFT_OUT]
        if not isinstance(given, str):
            return given
        if BARE.fullmatch(given):
            given = "{" + given + "}"
        if whole := PLACEHOLDER.fullmatch(given):
            found = self._value(whole)
            return LEFT_OUT if found is None else _braced(found, formatted)
        return PLACEHOLDER.sub(lambda match: str(_braced(self._value(match) or "", formatted)), given)

    def _value(self, match: re.Match[str]) -> str | int | None:
        of, name, form, otherwise = match.groups()
        if of == "connection":
            found = self.connection.value(name, str(self.table))
            if name != "url":
                self.secrets.add(found, in_rows=bool(SENSITIVE.search(name)))
            return found
        if of == "options":
            if name not in self.table.source.options:
                raise SourceError(
                    f"{self.table}: there is no option {name!r}. Write it under `options:` of source {self.table.source_name}."
                )
            return self.table.source.options[name]
        known = ", ".join(FORMS)
        if name not in ("start", "end") or (form or "iso") not in FORMS:
            raise SourceError(
                f"{self.table}: {match[0]} is no placeholder. Write {{window.start:FORM}} or {{window.end:FORM}}, FORM one of {known}."
            )
        instant = self.window.starts_at if name == "start" else self.window.ends_at
        if instant is None or instant.year >= NEVER:
            return otherwise
        return FORMS[form or "iso"](instant, self.window.zone)


def _braced(value: str | int, formatted: bool) -> str | int:
    return value.replace("{", "{{").replace("}", "}}") if formatted and isinstance(value, str) else value
