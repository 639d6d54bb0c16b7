"""Salesforce: one query an object, by a bulk job on the first night and page by page afterwards, the deleted among the rows."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

from mandegar.errors import SourceError
from mandegar.sources.rest.rest import Reach, Record
from mandegar.sources.rest.rest_config import NEVER
from mandegar.sources.rest.rest_rows import used

ALWAYS = ("Id", "IsDeleted", "SystemModstamp")
ONLY_WHERE_THERE = ("CurrencyIsoCode",)  # an organization with one currency has no such field
OURS = ("org_currency",)
ROWS_AT_ONCE = 50_000
LONGEST_POLL = 30.0


def objects(name: str) -> Callable[[Reach], Iterator[Record]]:
    """A reader of one object: the fields that the mapping speaks of, of rows that changed since the window's start, deleted ones too."""

    def read(reach: Reach) -> Iterator[Record]:
        starts = reach.window.starts_at
        query = f"SELECT {', '.join(_fields(reach, name))} FROM {name}"  # noqa: S608 - names that describe has confirmed
        if starts is None and reach.window.ends_at.year >= NEVER:  # only to see whether anybody answers
            found = _paged(reach, query)
        elif starts is None:
            found = _bulk(reach, query)
        else:
            found = _paged(reach, f"{query} WHERE SystemModstamp >= {starts:%Y-%m-%dT%H:%M:%S%z}".replace("+0000", "Z"))
        for row in found:
            yield {**row, "org_currency": reach.options["currency"] or None}

    return read


def _fields(reach: Reach, name: str) -> list[str]:
    described = reach.ask(f"{_base(reach)}/sobjects/{name}/describe").json()
    there = {field["name"] for field in described["fields"]}
    needed = used(reach.table)
    wanted = {field for field in {*needed, *ALWAYS} if field not in OURS}
    absent = sorted(field for field in wanted if "." not in field and field not in there and field not in ONLY_WHERE_THERE)
    if absent:
        raise SourceError(
            f"{reach.table}: {name} has no field {absent[0]!r}, or the user may not see it. Give the user the right to read it, "
            f"or map its column otherwise in company.yaml, under tables of source {reach.table.source_name}."
        )
    return sorted(field for field in wanted if "." in field or field in there)


def _paged(reach: Reach, query: str) -> Iterator[Record]:
    page = reach.ask(f"{_base(reach)}/queryAll", page=True, params={"q": query}).json()
    while True:
        for row in page["records"]:
            yield {field: value for field, value in row.items() if field != "attributes"}
        if page["done"]:
            return
        page = reach.ask(page["nextRecordsUrl"].lstrip("/"), page=True).json()


def _bulk(reach: Reach, query: str) -> Iterator[Record]:
    jobs = f"{_base(reach)}/jobs/query"
    job = reach.ask(jobs, "POST", json={"operation": "queryAll", "query": query}).json()
    _wait_for(reach, f"{jobs}/{job['id']}")
    locator = ""
    while True:
        asked = {"maxRecords": str(ROWS_AT_ONCE)} | ({"locator": locator} if locator else {})
        answer = reach.ask(f"{jobs}/{job['id']}/results", page=True, params=asked, headers={"Accept": "text/csv"}, stream=True)
        with answer.raw as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                yield {field: value or None for field, value in row.items()}
        locator = answer.headers.get("Sforce-Locator") or "null"
        if locator == "null":
            return


def _wait_for(reach: Reach, job: str) -> None:
    """Until the job is done. Errors: SourceError if it fails, or takes longer than all waits of the source together."""
    waits, waited = reach.table.source.waits, 0.0
    pause = waits.shortest_seconds
    while True:
        told: dict[str, Any] = reach.ask(job).json()
        if told["state"] == "JobComplete":
            return
        if told["state"] in ("Failed", "Aborted"):
            said = reach.session.speaker.told(told.get("errorMessage") or told["state"])
            raise SourceError(f"{reach.table}: Salesforce's bulk job failed ({said}). Correct what it names, and run the night again.")
        if waited >= waits.altogether_seconds:
            raise SourceError(
                f"{reach.table}: Salesforce's bulk job is not done after {waited:.0f} seconds. Run the night again later, "
                "or raise `waits: {altogether_seconds: …}` of the source."
            )
        time.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, LONGEST_POLL)


def _base(reach: Reach) -> str:
    return f"services/data/{reach.options['version']}"


READERS = {name: objects(name) for name in ("Account", "Contact", "Opportunity", "Contract", "Task")}
