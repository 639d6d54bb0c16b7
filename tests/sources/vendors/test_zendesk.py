"""Zendesk end to end: the incremental export with its cursor, metrics beside tickets, comments where a metric is missing, ratings."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tests.sources.vendors.conftest import SUBSCRIPTION
from werkzeug import Request, Response

FIRST, SECOND, THIRD = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)
CUSTOMERS = "customer_id,name,signed_up_at\nacme,Acme,2026-01-01\nbeta,Beta,2026-01-01\n"
FILES = {"customer.csv": CUSTOMERS, "subscription.csv": SUBSCRIPTION.format(customer="acme")}


class FakeZendesk:
    """Tickets by the time of their last change, one a page; two people, one of them in an organization."""

    def __init__(self) -> None:
        self.tickets: list[dict] = []
        self.metrics: list[dict] = []
        self.ratings: list[dict] = []
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Response:
        self.asked.append(request.path)
        if request.authorization is None or request.authorization.username != "ana@acme.example/token":
            return self._answer({"error": "Couldn't authenticate you"}, 401)
        match request.path.removeprefix("/api/v2/").removesuffix(".json").split("/"):
            case ["incremental", "tickets", "cursor"]:
                return self._answer(self._page(request))
            case ["users", "show_many"]:
                known = {
                    7: {"id": 7, "external_id": None, "organization_id": 70},
                    8: {"id": 8, "external_id": "beta", "organization_id": None},
                }
                return self._answer({"users": [known[int(one)] for one in request.args["ids"].split(",")]})
            case ["organizations", "show_many"]:
                return self._answer({"organizations": [{"id": 70, "external_id": "acme"}]})
            case ["tickets", _, "comments"]:
                spoken = [(7, True, "09:00"), (5, False, "09:05"), (5, True, "09:20"), (5, True, "09:40")]
                comments = [{"author_id": who, "public": public, "created_at": f"2026-03-09T{at}:00Z"} for who, public, at in spoken]
                return self._answer({"comments": comments, "users": [{"id": 5, "role": "agent"}, {"id": 7, "role": "end-user"}]})
            case ["satisfaction_ratings"]:
                return self._answer({"satisfaction_ratings": self.ratings, "meta": {"has_more": False, "after_cursor": None}})
        return self._answer({"error": "RecordNotFound"}, 404)

    def _page(self, request: Request) -> dict:
        since = int(request.args.get("start_time") or 0)
        changed = [one for one in self.tickets if datetime.fromisoformat(one["updated_at"]).timestamp() >= since]
        place = int(request.args.get("cursor", "0:0").split(":")[1])
        if "cursor" in request.args:
            since = int(request.args["cursor"].split(":")[0])
            changed = [one for one in self.tickets if datetime.fromisoformat(one["updated_at"]).timestamp() >= since]
        some = changed[place : place + 1]
        return {
            "tickets": some,
            "metric_sets": [metric for metric in self.metrics if metric["ticket_id"] in [one["id"] for one in some]],
            "after_cursor": f"{since}:{place + 1}",
            "end_of_stream": place + 1 >= len(changed),
        }

    def _answer(self, given: dict, status: int = 200) -> Response:
        return Response(json.dumps(given), status, content_type="application/json")


def ticket(id_: int, requester: int, created: str, updated: str, **more) -> dict:
    firm = {7: 70, 8: None}[requester]
    given = {
        "id": id_,
        "requester_id": requester,
        "organization_id": firm,
        "created_at": f"2026-03-{created}Z",
        "updated_at": f"2026-03-{updated}Z",
    }
    return given | {"status": "open", "priority": "urgent", "subject": "Help", "via": {"channel": "email"}} | more


def metric(ticket_id: int, minutes: int | None, **more) -> dict:
    reply = {"calendar": minutes, "business": minutes and minutes // 2}
    return {"ticket_id": ticket_id, "reply_time_in_minutes": reply, "replies": 2, "reopens": 0, "solved_at": None} | more


@pytest.fixture
def zendesk(httpserver: HTTPServer) -> FakeZendesk:
    fake = FakeZendesk()
    httpserver.expect_request(re.compile("/api/v2/.*")).respond_with_handler(fake)
    return fake


def connect(vendor, httpserver: HTTPServer, more: str = "") -> Path:
    return vendor("zendesk", httpserver.url_for(""), login="ana@acme.example", password="token", files=FILES, more=more)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_three_nights_with_a_late_ticket_a_solution_and_a_rating(vendor, night, httpserver, zendesk):
    folder = connect(vendor, httpserver)
    zendesk.tickets = [ticket(1, 7, "09T09:00:00", "09T10:00:00")]
    zendesk.metrics = [metric(1, 20)]
    first = night(folder, FIRST)
    solved = {"solved_at": "2026-03-11T08:00:00Z", "first_resolution_time_in_minutes": {"calendar": 2820, "business": 900}}
    zendesk.tickets = [
        ticket(2, 8, "10T22:00:00", "10T22:00:00"),  # came in late
        ticket(1, 7, "09T09:00:00", "11T08:00:00", status="solved", satisfaction_rating={"score": "good"}),
    ]
    zendesk.metrics = [metric(1, 20, **solved), metric(2, None, replies=0)]
    second = night(folder, SECOND)
    rating = {
        "id": 4,
        "requester_id": 7,
        "score": "bad",
        "comment": "دیر",
        "created_at": "2026-03-11T09:00:00Z",
        "updated_at": "2026-03-12T09:00:00Z",
    }
    zendesk.ratings = [rating]
    zendesk.tickets[0] |= {"status": "deleted", "updated_at": "2026-03-12T10:00:00Z"}
    third = night(folder, THIRD)
    assert first["ticket"] == [
        {
            "ticket_id": "1",
            "customer_id": "acme",
            "channel": "email",
            "priority": "critical",
            "subject": "Help",
            "opened_at": moment("2026-03-09T09:00"),
            "first_response_at": moment("2026-03-09T09:20"),
            "reopened_count": 0,
            "replies": 2,
            "updated_at": moment("2026-03-09T10:00"),
        }
    ]
    assert [(row["ticket_id"], row["customer_id"], row.get("first_solved_at"), row.get("csat_score")) for row in second["ticket"]] == [
        ("1", "acme", moment("2026-03-11T08:00"), Decimal(5)),
        ("2", "beta", None, None),
    ]
    assert (first["survey"], second["survey"]) == ([], [])
    assert [(row["customer_id"], row["score"], row["comment"]) for row in third["survey"]] == [("acme", Decimal(1), "دیر")]
    assert [row["ticket_id"] for row in third["ticket"]] == ["1"]
    zendesk.tickets[0] |= {"status": "open", "updated_at": "2026-03-10T22:00:00Z"}
    assert night(folder, SECOND, again=True)["ticket"] == second["ticket"]


def test_pages_follow_the_cursor_until_the_end_of_the_stream(vendor, take, httpserver, zendesk):
    zendesk.tickets = [ticket(number, 7, f"0{number}T09:00:00", f"0{number}T10:00:00") for number in (1, 2, 3)]
    zendesk.metrics = [metric(number, 5) for number in (1, 2, 3)]
    assert [row["id"] for row in take(connect(vendor, httpserver), "zendesk.ticket", FIRST)] == ["1", "2", "3"]
    assert zendesk.asked.count("/api/v2/incremental/tickets/cursor.json") == 3
    assert zendesk.asked.count("/api/v2/users/show_many.json") == 1


@pytest.mark.parametrize(
    ("comments", "minutes", "expected"),
    [
        ("missing", None, "2026-03-09T09:20:00Z"),
        ("missing", 7, "2026-03-09 09:07:00+00:00"),
        ("always", 7, "2026-03-09T09:20:00Z"),
        ("never", None, None),
    ],
)
def test_the_first_public_answer_of_an_agent(vendor, take, httpserver, zendesk, comments, minutes, expected):
    zendesk.tickets, zendesk.metrics = [ticket(1, 7, "09T09:00:00", "09T10:00:00")], [metric(1, minutes)]
    folder = connect(vendor, httpserver, f"    options: {{comments: {comments}}}\n")
    assert take(folder, "zendesk.ticket", FIRST)[0].get("first_response_at") == expected
