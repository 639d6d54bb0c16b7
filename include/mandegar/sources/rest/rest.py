"""Rows from systems that answer over HTTP: dlt asks for page after page, as the source's YAML tells it, and keeps no state."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import requests

from mandegar.config.company import Company
from mandegar.config.systems import Rest, TableId
from mandegar.errors import SourceError
from mandegar.sources.connections import connection
from mandegar.sources.rest import rest_rows
from mandegar.sources.rest.rest_config import Filler
from mandegar.sources.rest.rest_faults import Speaker
from mandegar.sources.rest.rest_limits import Pages
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
    pages: Pages

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
        yield from self.explained(iter(found[resource]), "Correct `paginator:` or `data_selector:` of the resource.")

    def ask(self, path: str, method: str = "GET", answers: tuple[int, ...] = (), page: bool = False, **more: Any) -> requests.Response:
        """One answer, asked for by hand. Errors: SourceError.

        answers: further statuses that are an answer; page: it is one of pages that follow one another, of which none may come
        twice; more: params, json, data, headers, stream.
        """
        from dlt.sources.helpers.rest_client import RESTClient
        from dlt.sources.rest_api.config_setup import create_auth

        self.session.answers = frozenset(answers)
        client = RESTClient(self.client["base_url"], self.client.get("headers"), create_auth(self.client.get("auth")), session=self.session)
        answer = client.request(path, method=method, **more)  # type: ignore[arg-type]
        if page:
            self.pages.follow(answer.request)
        return answer

    @property
    def options(self) -> dict[str, str | int]:
        """The source's options."""
        return self.table.source.options

    def _config(self, name: str) -> dict[str, Any]:
        rest = _rest(self.table)
        wanted = _with_parents(rest.resources, name)
        self.session.answers = frozenset()
        resources = [_watched(self.filler.filled(resource, formatted=True), self) for resource in wanted]
        return {
            "client": {**self.client, "session": self.session},
            "resource_defaults": self.filler.filled(rest.resource_defaults, formatted=True),
            "resources": resources,
        }

    def explained(self, records: Iterable[Record], mend: str) -> Iterator[Record]:
        """The same records; what goes wrong on their way is told as a SourceError, with what to do about it."""
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
                f"{self.table}: the answer cannot be taken apart ({_innermost(problem, self.session.speaker)}). {mend}"
            ) from None


def open_table(company: Company, table: TableId, window: Window) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of a resource and its rows within the window. The first page is asked for at once, the others as they are read.

    Errors: SourceError if the system is down, refuses, answers nonsense, or its connection is not there.
    """
    from mandegar.sources.vendors import reader

    assert table.table.resource is not None
    reach = reached(table, window, company.zone)
    own = reader(table.source.kind, table.table.resource)
    try:
        records = own(reach) if own else rest_rows.within_window(table, reach.records(table.table.resource), window)
        known = reach.explained(records, "Ask its support what has changed, and leave the table out until it is mended.")
        schema, batches = rest_rows.batches(table, known, reach.session.speaker.secrets)
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
    speaker = Speaker(str(table), link.name, rest.needs.get(table.table.resource or ""), filler.secrets)
    session = PatientSession(speaker, [url for url in asked if url], table.source.waits, table.limits)
    if isinstance(client.get("auth"), dict) and client["auth"].get("type") == "oauth2_client_credentials":
        client["auth"]["session"] = session
    return Reach(table, window, zone, filler, session, client, Pages(speaker))


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


def _has_parent(resource: dict[str, Any]) -> bool:
    return "{resources." in str(resource) or "'type': 'resolve'" in str(resource)


def _watched(resource: dict[str, Any], reach: Reach) -> dict[str, Any]:
    """The resource with checks of each answer.

    It has what data_selector names, whose absence dlt would take for an empty page; and it is none that came before. (Not so the pages
    of a resource that is asked for each record of another: two of these may name the same one. They are only counted.)
    """
    endpoint = resource.get("endpoint")
    endpoint = {"path": endpoint} if isinstance(endpoint, str) else endpoint or {}
    defaults = _rest(reach.table).resource_defaults.get("endpoint") or {}
    selector = endpoint.get("data_selector", defaults.get("data_selector"))
    actions = endpoint.get("response_actions", defaults.get("response_actions", []))
    pages = None if _has_parent(resource) else Pages(reach.session.speaker)

    def follows(response: requests.Response, *_: Any, **__: Any) -> None:
        if pages:
            pages.follow(response.request)

    def holds(response: requests.Response, *_: Any, **__: Any) -> None:
        from dlt.common import jsonpath

        if selector and response.ok and not jsonpath.find_values(selector, response.json()):
            found = response.json()
            has = ", ".join(found) if isinstance(found, dict) else type(found).__name__
            raise SourceError(
                f"{reach.table}: the answer of {reach.session.speaker.place(response.url)} has no {selector!r}. It has: "
                f"{reach.session.speaker.told(has)}. Correct `data_selector:` of the resource."
            )

    return {**resource, "endpoint": {**endpoint, "response_actions": [follows, *actions, holds]}}


def _ours(problem: BaseException) -> SourceError | None:
    """Our own error within those that dlt wraps around it."""
    found: BaseException | None = problem
    while found is not None and not isinstance(found, SourceError):
        found = found.__cause__ or found.__context__
    return found


def _innermost(problem: BaseException, speaker: Speaker) -> str:
    """What the first of several problems said, without the answer that some quote in it."""
    while inner := problem.__cause__:
        problem = inner
    return speaker.told(problem).partition("{")[0].strip() or type(problem).__name__
