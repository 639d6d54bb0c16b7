"""Salesforce end to end: a bulk job at first, queryAll afterwards, deleted accounts, and CurrencyIsoCode only where it exists."""

import csv
import io
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

FIRST, SECOND, THIRD = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)
STANDARD = {
    "Account": "Name Phone BillingCountry BillingState BillingCity Industry Type AccountSource OwnerId CreatedDate",
    "Task": "AccountId TaskSubtype CallType IsClosed CompletedDateTime ActivityDate CreatedDate",
    "Opportunity": "AccountId IsWon CloseDate Amount",
}


class FakeSalesforce:
    """Objects with their fields; answers SELECT … FROM … [WHERE SystemModstamp >= …], two rows a page, and the same as a bulk job."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict]] = {"Account": {}, "Task": {}, "Opportunity": {}}
        self.fields = {name: {*fields.split(), "Id", "IsDeleted", "SystemModstamp"} for name, fields in STANDARD.items()}
        self.queries: list[str] = []
        self.jobs: list[str] = []
        self.polls = 0

    def put(self, object_: str, id_: str, changed: str, deleted: bool = False, **fields: object) -> None:
        stamp = f"2026-03-{changed}:00.000+0000"
        self.rows[object_][id_] = {
            "Id": id_,
            "IsDeleted": deleted,
            "SystemModstamp": stamp,
            "CreatedDate": "2026-01-05T00:00:00.000+0000",
        } | fields

    def __call__(self, request: Request) -> Response:
        if request.path == "/services/oauth2/token":
            if request.form["client_secret"] != "consumer-secret":
                return self._answer({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
            return self._answer({"access_token": "session-1", "instance_url": "https://elsewhere.example"})
        if request.headers.get("Authorization") != "Bearer session-1":
            return self._answer([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], 401)
        match request.path.removeprefix("/services/data/v61.0/").split("/"):
            case ["sobjects", name, "describe"]:
                return self._answer({"fields": [{"name": field} for field in sorted(self.fields[name])]})
            case ["queryAll"]:
                return self._page(request.args["q"], 0)
            case ["query", locator]:
                number, first = locator.split("-")
                return self._page(self.queries[int(number)], int(first))
            case ["jobs", "query"]:
                self.jobs.append(request.get_json()["query"])
                assert request.get_json()["operation"] == "queryAll"
                return self._answer({"id": str(len(self.jobs) - 1), "state": "UploadComplete"})
            case ["jobs", "query", _]:
                self.polls += 1
                return self._answer({"state": "InProgress" if self.polls % 2 else "JobComplete"})
            case ["jobs", "query", job, "results"]:
                return self._csv(self.jobs[int(job)], int(request.args.get("locator", 0)))
        return self._answer([{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}], 404)

    def _found(self, query: str) -> tuple[list[str], list[dict]]:
        told = re.fullmatch(r"SELECT (.+) FROM (\w+)(?: WHERE SystemModstamp >= (\S+Z))?", query)
        assert told is not None, query
        fields = told[1].split(", ")
        since = datetime.fromisoformat(told[3] or "2000-01-01T00:00:00Z")
        some = [row for row in self.rows[told[2]].values() if datetime.fromisoformat(str(row["SystemModstamp"])) >= since]
        return fields, [{field: row.get(field) for field in fields} for row in some]

    def _page(self, query: str, first: int) -> Response:
        self.queries.append(query)
        _, some = self._found(query)
        rows = [{"attributes": {"type": "x"}} | row for row in some[first : first + 2]]
        done = first + 2 >= len(some)
        following = {} if done else {"nextRecordsUrl": f"/services/data/v61.0/query/{len(self.queries) - 1}-{first + 2}"}
        return self._answer({"done": done, "totalSize": len(some), "records": rows} | following)

    def _csv(self, query: str, first: int) -> Response:
        fields, some = self._found(query)
        text = io.StringIO()
        writer = csv.DictWriter(text, fields)
        writer.writeheader()
        for row in some[first : first + 2]:
            writer.writerow({field: str(value).lower() if isinstance(value, bool) else value for field, value in row.items()})
        locator = str(first + 2) if first + 2 < len(some) else "null"
        return Response(text.getvalue(), headers={"Sforce-Locator": locator, "Content-Type": "text/csv"})

    def _answer(self, given: object, status: int = 200) -> Response:
        return Response(json.dumps(given), status, content_type="application/json")


@pytest.fixture
def salesforce(httpserver: HTTPServer) -> FakeSalesforce:
    fake = FakeSalesforce()
    httpserver.expect_request(re.compile("/services/.*")).respond_with_handler(fake)
    return fake


def connect(vendor, httpserver: HTTPServer, more: str = "", secret: str = "consumer-secret") -> Path:
    files = {"subscription.csv": SUBSCRIPTION.format(customer="001A")}
    return vendor("salesforce", httpserver.url_for(""), login="key", password=secret, files=files, more=more)


def test_three_nights_with_a_late_account_a_deleted_one_and_a_call(vendor, night, httpserver, salesforce):
    folder = connect(vendor, httpserver)
    for id_, name in (("001A", 'Acme, "the first"'), ("001B", "شرکت"), ("001C", "Gone")):
        salesforce.put("Account", id_, "01T10:00", Name=name)
    first = night(folder, FIRST)
    salesforce.put("Account", "001D", "10T23:00", Name="Late")
    salesforce.put("Account", "001C", "11T10:00", deleted=True, Name="Gone")
    call = {"AccountId": "001A", "TaskSubtype": "Call", "CallType": "Inbound", "IsClosed": True, "ActivityDate": "2026-03-11"}
    salesforce.put("Task", "00T1", "11T11:00", **call)
    second = night(folder, SECOND)
    salesforce.put("Account", "001A", "12T10:00", Name="Acme Ltd")
    salesforce.put("Task", "00T1", "12T11:00", deleted=True, **call)
    third = night(folder, THIRD)
    assert [row["name"] for row in first["customer"]] == ['Acme, "the first"', "شرکت", "Gone"]
    assert {row["customer_id"]: row.get("deleted_at") for row in second["customer"]} == {
        "001A": None,
        "001B": None,
        "001C": datetime(2026, 3, 11, 10, tzinfo=UTC),
        "001D": None,
    }
    assert [(row["channel"], row["direction"], row["occurred_at"]) for row in second["interaction"]] == [
        ("call", "in", datetime(2026, 3, 11, tzinfo=UTC))
    ]
    assert next(row["name"] for row in third["customer"] if row["customer_id"] == "001A") == "Acme Ltd"
    assert third["interaction"] == []
    salesforce.put("Task", "00T1", "11T11:00", **call)
    again = night(folder, SECOND, again=True)
    assert [row["customer_id"] for row in again["customer"]] == ["001A", "001B", "001C", "001D"]
    assert again["interaction"] == second["interaction"]


def test_the_first_night_is_one_bulk_job_and_the_next_one_query_in_pages(vendor, take, httpserver, salesforce):
    for number in range(5):
        salesforce.put("Account", f"00{number}", "09T10:00", Name="x")
    folder = connect(vendor, httpserver)
    assert [row["Id"] for row in take(folder, "salesforce.customer", FIRST)] == ["000", "001", "002", "003", "004"]
    assert (len(salesforce.jobs), salesforce.polls, salesforce.queries) == (1, 2, [])
    assert [row["Id"] for row in take(folder, "salesforce.customer", SECOND)] == ["000", "001", "002", "003", "004"]
    assert salesforce.queries[0].endswith("WHERE SystemModstamp >= 2026-03-08T00:00:00Z") and len(salesforce.queries) == 3


@pytest.mark.parametrize(("several", "options", "currency"), [(True, "", "USD"), (False, "    options: {currency: USD}\n", "USD")])
def test_the_currency_is_asked_for_only_where_there_are_several(vendor, valid, httpserver, salesforce, several, options, currency):
    if several:
        salesforce.fields["Opportunity"].add("CurrencyIsoCode")
    won = {"AccountId": "001A", "IsWon": True, "CloseDate": "2026-03-02", "Amount": 99.5, "CurrencyIsoCode": "USD" if several else "EUR"}
    salesforce.put("Opportunity", "006A", "02T10:00", **won)
    folder = connect(vendor, httpserver, f"    tables: {{opportunity: true, task: false}}\n{options}")
    found = valid(folder, "salesforce.opportunity", FIRST)
    assert [(row["net_amount"], row["currency"]) for row in found] == [(Decimal("99.5"), currency)]
    assert ("CurrencyIsoCode" in salesforce.jobs[-1]) == several


def test_a_field_that_the_user_may_not_see_is_named(vendor, take, httpserver, salesforce):
    folder = connect(vendor, httpserver, "    tables: {customer: {columns: {segment: Tier__c}}}\n")
    with pytest.raises(SourceError, match=r"salesforce.customer: Account has no field 'Tier__c', or the user may not see it\."):
        take(folder, "salesforce.customer", FIRST)


def test_a_wrong_consumer_secret_is_told_without_it(vendor, take, httpserver, salesforce):
    with pytest.raises(SourceError, match=r"oauth2/token refuses the credentials \(400: invalid client credentials\)") as caught:
        take(connect(vendor, httpserver, secret="wrong-secret"), "salesforce.customer", FIRST)
    assert "wrong-secret" not in str(caught.value)
