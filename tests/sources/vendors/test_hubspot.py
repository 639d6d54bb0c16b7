"""HubSpot end to end: lists, a search that gives up after so many results, archived companies, engagements with their company."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tests.sources.vendors.conftest import SUBSCRIPTION
from werkzeug import Request, Response

from mandegar.errors import SourceError
from mandegar.sources.vendors import hubspot as reading

FIRST, SECOND, THIRD = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)


class FakeHubSpot:
    """Objects by kind; pages of as many as asked for; a search refuses to go beyond its limit."""

    def __init__(self, search_ends: int = 10_000) -> None:
        self.objects: dict[str, list[dict]] = {}
        self.companies: dict[str, str] = {}
        self.search_ends = search_ends
        self.searches = 0

    def add(self, kind: str, id_: str, changed: str, archived: str | None = None, created: str = "2026-01-05", **properties: str) -> None:
        """An object; one of the same id is replaced."""
        self.objects[kind] = [one for one in self.objects.get(kind, []) if one["id"] != id_]
        given = {"id": id_, "createdAt": f"{created}T00:00:00.000Z", "updatedAt": f"2026-03-{changed}Z", "properties": properties}
        self.objects[kind].append(given | {"archived": bool(archived)} | ({"archivedAt": f"2026-03-{archived}Z"} if archived else {}))

    def __call__(self, request: Request) -> Response:
        if request.headers.get("Authorization") != "Bearer pat-secret":
            return self._answer({"status": "error", "message": "The OAuth token used to make this call expired"}, 401)
        match request.path.strip("/").split("/"):
            case ["crm", "v3", "objects", kind, "search"]:
                return self._search(kind, request.get_json())
            case ["crm", "v3", "objects", kind]:
                archived = request.args["archived"] == "true"
                some = [one for one in self.objects.get(kind, []) if one["archived"] == archived]
                return self._page(
                    some, int(request.args.get("after", 0)), request.args["properties"].split(","), int(request.args["limit"])
                )
        inputs = [one["id"] for one in request.get_json()["inputs"]]
        found = [{"from": {"id": one}, "to": [{"toObjectId": self.companies[one]}]} for one in inputs if one in self.companies]
        return self._answer({"results": found})

    def _search(self, kind: str, asked: dict) -> Response:
        self.searches += 1
        some = [one for one in self.objects.get(kind, []) if not one["archived"]]
        for given in asked["filterGroups"][0]["filters"]:
            limit, operator = int(given["value"]), given["operator"]
            value = _number if given["propertyName"] == "hs_object_id" else _changed
            holds = {"GTE": int.__ge__, "LT": int.__lt__, "GT": int.__gt__}[operator]
            some = [one for one in some if holds(value(one), limit)]
        sort = asked["sorts"][0]
        some.sort(key=_number if sort["propertyName"] == "hs_object_id" else _changed, reverse=sort["direction"] == "DESCENDING")
        first = int(asked.get("after", 0))
        if first + asked["limit"] > self.search_ends:
            return self._answer({"status": "error", "message": "paging limit exceeded"}, 400)
        return self._page(some, first, asked["properties"], asked["limit"])

    def _page(self, some: list[dict], first: int, properties: list[str], limit: int) -> Response:
        limit = min(limit, 2)
        shown = [one | {"properties": {name: one["properties"].get(name) for name in properties}} for one in some[first : first + limit]]
        following = {"paging": {"next": {"after": str(first + limit)}}} if len(some) > first + limit else {}
        return self._answer({"total": len(some), "results": shown} | following)

    def _answer(self, given: dict, status: int = 200) -> Response:
        return Response(json.dumps(given), status, content_type="application/json")


def _changed(one: dict) -> int:
    return int(datetime.fromisoformat(one["updatedAt"]).timestamp() * 1000)


def _number(one: dict) -> int:
    return int(one["id"])


@pytest.fixture
def hubspot(httpserver: HTTPServer) -> FakeHubSpot:
    fake = FakeHubSpot()
    httpserver.expect_request(re.compile("/crm/.*")).respond_with_handler(fake)
    return fake


def connect(vendor, httpserver: HTTPServer, more: str = "    tables: {email: false, meeting: false}\n", token: str = "pat-secret") -> Path:
    files = {"subscription.csv": SUBSCRIPTION.format(customer="1")}
    return vendor("hubspot", httpserver.url_for(""), password=token, files=files, more=more)


def test_three_nights_with_a_late_company_a_deleted_one_and_a_call(vendor, night, httpserver, hubspot):
    folder = connect(vendor, httpserver)
    hubspot.add("companies", "1", "01T10:00:00.000", name="Acme", industry="RETAIL", country="")
    hubspot.add("companies", "2", "02T10:00:00.000", domain="beta.example")
    hubspot.add("companies", "3", "03T10:00:00.000", name="Gone")
    first = night(folder, FIRST)
    hubspot.add("companies", "4", "10T23:00:00.000", created="2026-03-10", name="Late")
    hubspot.add("companies", "3", "11T10:00:00.000", archived="11T10:00:00.000", name="Gone")
    hubspot.add("calls", "9", "11T11:00:00.000", hs_timestamp="2026-03-11T11:00:00Z", hs_call_direction="INBOUND")
    hubspot.add("calls", "8", "11T12:00:00.000", hs_timestamp="2026-03-11T12:00:00Z")
    hubspot.companies["9"] = "1"
    second = night(folder, SECOND)
    hubspot.add("companies", "1", "12T10:00:00.000", name="Acme Ltd")
    hubspot.add("calls", "9", "12T11:00:00.000", archived="12T11:00:00.000")
    third = night(folder, THIRD)
    assert [(row["customer_id"], row["name"], row.get("industry"), row.get("country")) for row in first["customer"]] == [
        ("1", "Acme", "RETAIL", None),
        ("2", "beta.example", None, None),
        ("3", "Gone", None, None),
    ]
    assert {row["customer_id"]: row.get("deleted_at") for row in second["customer"]} == {
        "1": None,
        "2": None,
        "3": datetime(2026, 3, 11, 10, tzinfo=UTC),
        "4": None,
    }
    assert [(row["interaction_id"], row["customer_id"], row["direction"]) for row in second["interaction"]] == [("call 9", "1", "in")]
    assert next(row["name"] for row in third["customer"] if row["customer_id"] == "1") == "Acme Ltd"
    assert third["interaction"] == []
    again = {row["customer_id"]: row.get("deleted_at") for row in night(folder, SECOND, again=True)["customer"]}
    assert again == {row["customer_id"]: row.get("deleted_at") for row in second["customer"]}


def test_a_search_with_too_many_results_is_split_by_time_and_then_by_id(vendor, take, httpserver, hubspot, monkeypatch):
    monkeypatch.setattr(reading, "SEARCH_ENDS", 6)
    monkeypatch.setattr(reading, "PAGE", 2)
    folder = connect(vendor, httpserver)
    hubspot.search_ends = 6
    hubspot.add("companies", "1", "01T10:00:00.000", name="first")
    take(folder, "hubspot.customer", FIRST)
    for number in range(10, 18):  # changed in one millisecond, as an import does it
        hubspot.add("companies", str(number), "11T08:00:00.000", name="imported")
    for number in range(20, 30):
        hubspot.add("companies", str(number), f"11T{number - 10}:00:00.000", name="one by one")
    found = sorted(int(row["id"]) for row in take(folder, "hubspot.customer", SECOND))
    assert found == [10, 11, 12, 13, 14, 15, 16, 17, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29]


def test_a_property_of_your_own_is_asked_for_because_a_column_names_it(vendor, take, httpserver, hubspot):
    hubspot.add("companies", "1", "01T10:00:00.000", name="Acme", tier="gold")
    folder = connect(vendor, httpserver, "    tables: {customer: {columns: {segment: properties.tier}}}\n")
    assert take(folder, "hubspot.customer", FIRST)[0]["properties.tier"] == "gold"


def test_won_deals_are_invoices_where_they_are_wanted(vendor, valid, httpserver, hubspot):
    won = {"hs_is_closed_won": "true", "amount": "1200.50", "closedate": "2026-03-02T00:00:00Z", "deal_currency_code": "USD"}
    hubspot.add("deals", "5", "02T10:00:00.000", **won)
    hubspot.add("deals", "6", "02T10:00:00.000", hs_is_closed_won="false", amount="7")
    hubspot.companies |= {"5": "1", "6": "1"}
    folder = connect(vendor, httpserver, "    tables: {deal: true, call: false, email: false, meeting: false}\n")
    found = valid(folder, "hubspot.deal", FIRST)
    assert [(row["invoice_id"], row["customer_id"], row["net_amount"]) for row in found] == [("5", "1", Decimal("1200.5"))]


def test_an_expired_token_is_told(vendor, take, httpserver, hubspot):
    with pytest.raises(SourceError, match=r"refuses the credentials \(401: The OAuth token used to make this call expired\)"):
        take(connect(vendor, httpserver, token="pat-old"), "hubspot.customer", FIRST)
