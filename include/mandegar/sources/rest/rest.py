"""Rows from systems that answer over HTTP: dlt asks for page after page, as the source's YAML tells it, and keeps no state."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import requests

from mandegar.config.systems import Rest, TableId
from mandegar.errors import SourceError
from mandegar.sources.connections import connection
from mandegar.sources.rest import rest_rows
from mandegar.sources.rest.rest_config import Filler
from mandegar.sources.rest.rest_faults import Speaker
from mandegar.sources.rest.rest_session import PatientSession
from mandegar.sources.window import Window

Record = Mapping[str, Any]
# dlt tells its makers nothing, and does not look for each of its settings among Airflow's variables: that costs a request each, and
# where there is no database it fills the log with errors
DLT_ALONE = {"RUNTIME__DLTHUB_TELEMETRY": "false", "PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false"}


@dataclass(frozen=True)
class Reach:
    """A system within reach: what to ask it, in which window, with which credentials. zone: the company's, in which days are cut."""

    table: TableId
    window: Window
    zone: ZoneInfo
    filler: Filler
    session: PatientSession
    client: dict[str, Any] = field(repr=False)  # holds credentials

    def records(self, resource: str) -> Iterator[Record]:
        """The records of a resource of the YAML, page after page. Errors: SourceError."""
        from dlt.sources.rest_api import rest_api_resources

        known = [one["name"] for one in _rest(self.table).resources]
        if resource not in known:
            raise SourceError(f"{self.table}: there is no resource {resource!r} under `rest:`. It has: {', '.join(known)}.")
        try:
            found = {one.name: one for one in rest_api_resources(self._config(resource))}  # type: ignore[arg-type]
        except Exception as problem:
            raise SourceError(
                f"{self.table}: `rest:` of source {self.table.source_name} cannot be used "
                f"({self.session.speaker.told(problem)}). docs/sources/rest.md shows one that works."
            ) from None
        yield from self._explained(iter(found[resource]))

    def ask(self, path: str, method: str = "GET", answers: tuple[int, ...] = (), **more: Any) -> requests.Response:
        """One answer, asked for by hand. Errors: SourceError.

        answers: further statuses that are an answer; more: params, json, data, headers, stream.
        """
        from dlt.sources.helpers.rest_client import RESTClient
        from dlt.sources.rest_api.config_setup import create_auth

        self.session.may_repeat = True
        self.session.answers = frozenset(answers)
        client = RESTClient(self.client["base_url"], self.client.get("headers"), create_auth(self.client.get("auth")), session=self.session)
        return client.request(path, method=method, **more)  # type: ignore[arg-type]

    @property
    def options(self) -> dict[str, str | int]:
        """The source's options."""
        return self.table.source.options

    def _config(self, name: str) -> dict[str, Any]:
        rest = _rest(self.table)
        wanted = _with_parents(rest.resources, name)
        self.session.may_repeat = len(wanted) > 1  # two parents may have the same child
        self.session.answers = frozenset()
        resources = [_held_to_selector(self.filler.filled(resource, formatted=True), self) for resource in wanted]
        return {
            "client": {**self.client, "session": self.session},
            "resource_defaults": self.filler.filled(rest.resource_defaults, formatted=True),
            "resources": resources,
        }

    def _explained(self, records: Iterator[Record]) -> Iterator[Record]:
        try:
            for record in records:
                if not isinstance(record, Mapping):
                    told = type(record).__name__
                    raise SourceError(f"{self.table}: its records are {told}, not objects. Correct the resource's `data_selector:`.")
                yield record
        except SourceError:
            raise
        except Exception as problem:
            raise _ours(problem) or SourceError(
                f"{self.table}: the answer cannot be taken apart ({self.session.speaker.told(_innermost(problem))}). "
                "Correct `paginator:` or `data_selector:` of the resource."
            ) from None


def open_table(table: TableId, window: Window, zone: ZoneInfo) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of a resource and its rows within the window. The first page is asked for at once, the others as they are read.

    Errors: SourceError if the system is down, refuses, answers nonsense, or its connection is not there.
    """
    from mandegar.sources.vendors import reader

    assert table.table.resource is not None
    reach = reached(table, window, zone)
    own = reader(table.source.kind, table.table.resource)
    try:
        records = own(reach) if own else rest_rows.within_window(table, reach.records(table.table.resource), window)
        schema, batches = rest_rows.batches(table, records)
    except BaseException:
        reach.session.close()
        raise
    return schema, _to_the_end(batches, reach.session)


def reached(table: TableId, window: Window, zone: ZoneInfo) -> Reach:
    """The system of a table, before anything is asked of it. Errors: SourceError if its connection is not there or lacks something."""
    os.environ.update(DLT_ALONE)
    assert table.source.connection is not None
    link = connection(table.source.connection, str(table))
    rest = _rest(table)
    filler = Filler(table, window, link)
    client = filler.filled(rest.client)
    base = link.url or client.get("base_url")
    if not base or "://" not in base:
        raise SourceError(f"{table}: nothing says where the system is. Set the host of the connection {link.name!r} to its address.")
    client["base_url"] = base
    asked = [base, (client.get("auth") or {}).get("access_token_url")] if isinstance(client.get("auth"), dict) else [base]
    hosts = frozenset(urlsplit(url).netloc.rpartition("@")[2] for url in asked if url)
    speaker = Speaker(str(table), link.name, rest.needs.get(table.table.resource or ""), frozenset(filler.secrets))
    session = PatientSession(speaker, hosts, table.source.waits)
    if isinstance(client.get("auth"), dict) and client["auth"].get("type") == "oauth2_client_credentials":
        client["auth"]["session"] = session
    return Reach(table, window, zone, filler, session, client)


def _rest(table: TableId) -> Rest:
    assert table.source.rest is not None
    return table.source.rest


def _to_the_end(batches: Iterator[pa.RecordBatch], session: PatientSession) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    finally:
        session.close()


def _with_parents(resources: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """A resource and those whose records it needs."""
    one = next(resource for resource in resources if resource["name"] == name)
    parents = {
        other["name"] for other in resources if f"resources.{other['name']}." in str(one) or f"'resource': '{other['name']}'" in str(one)
    }
    return [one, *(found for parent in sorted(parents - {name}) for found in _with_parents(resources, parent))]


def _held_to_selector(resource: dict[str, Any], reach: Reach) -> dict[str, Any]:
    """The resource with a check that its answers have what data_selector names: dlt would take its absence for an empty page."""
    endpoint = resource.get("endpoint")
    defaults = _rest(reach.table).resource_defaults.get("endpoint") or {}
    if not isinstance(endpoint, dict) or not (selector := endpoint.get("data_selector", defaults.get("data_selector"))):
        return resource

    def holds(response: requests.Response, *_: Any, **__: Any) -> None:
        from dlt.common import jsonpath

        if response.ok and not jsonpath.find_values(selector, response.json()):
            found = response.json()
            has = ", ".join(found) if isinstance(found, dict) else type(found).__name__
            raise SourceError(
                f"{reach.table}: the answer of {reach.session.speaker.place(response.url)} has no {selector!r}. It has: "
                f"{reach.session.speaker.told(has)}. Correct `data_selector:` of the resource."
            )

    return {**resource, "endpoint": {**endpoint, "response_actions": [*endpoint.get("response_actions", []), holds]}}


def _ours(problem: BaseException) -> SourceError | None:
    """Our own error within those that dlt wraps around it."""
    found: BaseException | None = problem
    while found is not None and not isinstance(found, SourceError):
        found = found.__cause__ or found.__context__
    return found


def _innermost(problem: BaseException) -> str:
    """What the first of several problems said, without the answer that some quote in it."""
    while inner := problem.__cause__:
        problem = inner
    return str(problem).partition("{")[0]
