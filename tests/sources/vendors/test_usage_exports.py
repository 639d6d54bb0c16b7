"""Mixpanel and Amplitude end to end: events late by days, sent twice, cut into the company's days, counted per customer and feature."""

import gzip
import io
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tests.sources.vendors.conftest import SUBSCRIPTION
from werkzeug import Request, Response

from mandegar.errors import SourceError

FIRST, SECOND, THIRD = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)
FILES = {
    "customer.csv": "customer_id,name,signed_up_at\nacme,Acme,2026-01-01\nbeta,Beta,2026-01-01\n",
    "subscription.csv": SUBSCRIPTION.format(customer="acme"),
}
PATHS = {"mixpanel": "/api/2.0/export", "amplitude": "/api/2/export"}
Event = tuple[str, str | None, str, str, str]  # id, customer, feature, when it happened, when it was uploaded; both in March 2026


class FakeExport:
    """The events that were sent, as either vendor exports them."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.events: list[Event] = []
        self.asked: list[dict] = []

    def __call__(self, request: Request) -> Response:
        if request.authorization is None or request.authorization.password != "secret":
            return Response('{"error": "Invalid service account credentials"}', 401, content_type="application/json")
        self.asked.append(dict(request.args))
        return self._mixpanel(request) if self.kind == "mixpanel" else self._amplitude(request)

    def _mixpanel(self, request: Request) -> Response:
        lines = []
        for id_, customer, feature, at, _ in self.events:
            if request.args["from_date"] <= f"2026-03-{at[:2]}" <= request.args["to_date"]:
                seconds = int(_moment(at).timestamp())
                properties = {"time": seconds, "distinct_id": customer or "", "$insert_id": id_}
                lines.append(json.dumps({"event": feature, "properties": properties}))
        return Response(gzip.compress("\n".join(lines).encode()), headers={"Content-Encoding": "gzip"}, content_type="text/plain")

    def _amplitude(self, request: Request) -> Response:
        first, last = (datetime.strptime(request.args[end], "%Y%m%dT%H").replace(tzinfo=UTC) for end in ("start", "end"))
        hours: dict[str, list[str]] = {}
        for id_, customer, feature, at, uploaded in self.events:
            hour = _moment(uploaded).replace(minute=0)
            if first <= hour <= last:
                told = {
                    "user_id": customer,
                    "event_type": feature,
                    "event_time": f"{_moment(at):%Y-%m-%d %H:%M:%S}.000000",
                    "$insert_id": id_,
                }
                hours.setdefault(f"{hour:%Y-%m-%d_%H}", []).append(json.dumps(told))
        if not hours:
            return Response("", 404)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for hour, lines in hours.items():
                archive.writestr(f"187520/187520_{hour}#0.json.gz", gzip.compress("\n".join(lines).encode()))
        return Response(packed.getvalue(), content_type="application/zip")


def _moment(text: str) -> datetime:
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)


@pytest.fixture(params=["mixpanel", "amplitude"])
def export(request: pytest.FixtureRequest, httpserver: HTTPServer) -> FakeExport:
    """Both vendors, one after the other."""
    fake = FakeExport(request.param)
    httpserver.expect_request(PATHS[request.param]).respond_with_handler(fake)
    return fake


def connect(vendor, httpserver: HTTPServer, export: FakeExport, more: str = "", password: str = "secret") -> Path:
    options = more or "    options: {history_days: 8}\n"
    return vendor(export.kind, httpserver.url_for(""), login="key", password=password, files=FILES, more=options)


def in_tehran(folder: Path) -> Path:
    """The company's days begin at 20:30 UTC."""
    file = folder / "company.yaml"
    file.write_text(file.read_text().replace("time_zone: UTC", "time_zone: Asia/Tehran"))
    return folder


def counts(found: dict) -> dict[tuple, int]:
    return {(row["customer_id"], row["day"].day, row["feature"]): row["events"] for row in found["usage"]}


EARLY: list[Event] = [
    ("a", "acme", "export", "09T10:00", "09T10:00"),
    ("a", "acme", "export", "09T10:00", "09T10:01"),  # sent twice
    ("b", "acme", "export", "09T11:00", "09T11:00"),
    ("c", "beta", "report", "09T21:00", "09T21:00"),
    ("d", None, "report", "09T12:00", "09T12:00"),
]


BOTH = """    options: {history_days: 8}
  amplitude:
    kind: amplitude
    connection: vendor
    options: {history_days: 8}
"""


def test_three_nights_with_late_events_of_both_vendors(vendor, night, httpserver):
    exports = {kind: FakeExport(kind) for kind in PATHS}
    for kind, export in exports.items():
        httpserver.expect_request(PATHS[kind]).respond_with_handler(export)
    folder = in_tehran(connect(vendor, httpserver, exports["mixpanel"], BOTH))

    def happened(*events: Event) -> None:
        for kind, export in exports.items():
            export.events += [(id_, customer, f"{kind} {feature}", at, sent) for id_, customer, feature, at, sent in events]

    happened(*EARLY)
    first = counts(night(folder, FIRST))
    happened(("e", "acme", "export", "09T12:00", "11T08:00"), ("f", "beta", "export", "11T09:00", "11T09:00"))
    second = counts(night(folder, SECOND))
    happened(("g", "beta", "export", "12T09:00", "12T09:00"))
    third = counts(night(folder, THIRD))
    assert first == {
        ("acme", 9, "mixpanel export"): 2,
        ("beta", 10, "mixpanel report"): 1,
        ("acme", 9, "amplitude export"): 2,
        ("beta", 10, "amplitude report"): 1,
    }
    late = {(customer, day, f"{kind} export"): number for kind in PATHS for customer, day, number in (("acme", 9, 3), ("beta", 11, 1))}
    assert second == first | late
    assert third == second | {("beta", 12, "mixpanel export"): 1, ("beta", 12, "amplitude export"): 1}
    assert counts(night(folder, SECOND, again=True)) == second


def test_a_night_asks_for_whole_days_as_far_back_as_it_looks(vendor, take, httpserver, export):
    folder = connect(vendor, httpserver, export)
    export.events = list(EARLY)
    take(folder, f"{export.kind}.usage", FIRST)
    export.asked.clear()
    take(folder, f"{export.kind}.usage", SECOND)
    expected = {
        "mixpanel": {"from_date": "2026-03-06", "to_date": "2026-03-11"},
        "amplitude": {"start": "20260306T00", "end": "20260311T23"},
    }
    assert export.asked == [expected[export.kind]]


def test_the_first_night_asks_piece_by_piece(vendor, take, httpserver, export):
    folder = connect(vendor, httpserver, export, "    options: {history_days: 5, days_at_once: 2}\n")
    export.events = list(EARLY)
    assert {row["events"] for row in take(folder, f"{export.kind}.usage", FIRST)} == {"1", "2"}
    assert len(export.asked) == 3


def test_wrong_keys_are_told(vendor, take, httpserver, export):
    with pytest.raises(SourceError, match=r"refuses the credentials \(401: Invalid service account credentials\)"):
        take(connect(vendor, httpserver, export, password="wrong"), f"{export.kind}.usage", FIRST)


def test_an_older_mixpanel_project_counts_in_its_own_time_zone(vendor, take, httpserver):
    export = FakeExport("mixpanel")
    httpserver.expect_request("/api/2.0/export").respond_with_handler(export)
    export.events = [("a", "acme", "export", "10T01:00", "10T01:00")]  # one in the morning by the clock of Tehran: 21:30 of the 9th in UTC
    folder = connect(vendor, httpserver, export, "    options: {history_days: 8, project_time_zone: Asia/Tehran}\n")
    assert take(folder, "mixpanel.usage", FIRST)[0]["day"] == "2026-03-09"
