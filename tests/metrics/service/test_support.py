"""Support, reckoned by hand: six tickets of a company in UTC that works Monday to Friday, 9 to 17; the night of 28 February 2026."""

from typing import Any

import pytest
from tests.small_tables import Row, company, figures, night, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.frame import kpi
from mandegar.metrics.service import support


def ticket(number: str, opened_at: str, **more: Any) -> Row:
    """A ticket of a customer called as itself, by email."""
    return {"ticket_id": number, "customer_id": number, "channel": "email", "opened_at": opened_at} | more


def solved(when: str) -> Row:
    """Solved once."""
    return {"first_solved_at": when, "solved_at": when, "reopened_count": 0}


TICKETS = [
    # Monday 5 January: answered after 10 minutes, solved after 120
    ticket("a", "2026-01-05 10:00", first_response_at="2026-01-05 10:10", replies=2, **solved("2026-01-05 12:00")),
    # Monday 16:50: answered Tuesday 09:05, after 975 minutes, 15 of them worked; first solved 09:50, after 1020 (60), then opened
    # again, solved for good on Thursday 10:50: 2 days and 18 hours, 3960 (10 + 480 + 480 + 110 = 1080)
    ticket(
        "b",
        "2026-01-05 16:50",
        first_response_at="2026-01-06 09:05",
        first_solved_at="2026-01-06 09:50",
        solved_at="2026-01-08 10:50",
        reopened_count=1,
        replies=3,
    ),
    # Friday 9 January 16:00: answered Monday 10:00, after 66 hours, 3960 (120); solved half an hour later, 3990 (150)
    ticket("c", "2026-01-09 16:00", first_response_at="2026-01-12 10:00", replies=1, channel="chat", **solved("2026-01-12 10:30")),
    # a Saturday; nobody ever answered
    ticket("d", "2026-01-10 10:00"),
    # solved after 30 minutes, without an answer
    ticket("e", "2026-01-20 09:00", replies=0, **solved("2026-01-20 09:30")),
    # ten minutes old when the night closes
    ticket("f", "2026-02-28 23:50"),
]
JANUARY = {
    "tickets_opened": 5,
    "tickets_solved": 4,
    "tickets_open": 1,  # d
    # 10: 4/5; e gives up waiting at 30; 975: 4/5 x 2/3 = 8/15; 3960: 8/15 x 1/2
    "first_response_minutes_median": 3960,
    "first_response_minutes_p90": None,  # d waits still: 4/15 do at the last answer
    "first_response_business_minutes_median": 120,  # 10: 4/5; 15: 3/5; e at 30; 120: 3/5 x 1/2
    "first_response_business_minutes_p90": None,
    "first_resolution_minutes_median": 1020,  # 30: 4/5; 120: 3/5; 1020: 2/5; 3990: 1/5
    "first_resolution_minutes_p90": None,
    "first_resolution_business_minutes_median": 120,  # 30, 60, 120, 150
    "resolution_minutes_median": 3960,  # 30, 120, 3960, 3990
    "resolution_minutes_p90": None,
    "resolution_business_minutes_median": 150,  # 30, 120, 150, 1080
    "share_answered_in_15_minutes": 1 / 5,
    "share_solved_in_4_hours": 2 / 5,  # a and e
    "reopened_rate": 1 / 4,
    "replies_per_ticket": 6 / 4,  # of d it is not known
}
FEBRUARY = {
    "tickets_opened": 1,
    "tickets_solved": 0,
    "tickets_open": 2,  # d and f
    "first_response_minutes_median": None,
    "resolution_business_minutes_median": None,
    "share_answered_in_15_minutes": None,  # f is younger than that
    "share_solved_in_4_hours": None,
    "reopened_rate": None,
    "replies_per_ticket": None,
}


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture(scope="module")
def marts(engine: Engine) -> tuple[list[Row], list[Row]]:
    """support_period and the key figures of the six tickets."""
    customers = [{"customer_id": name, "name": name, "country": "IR" if name in "ab" else "DE"} for name in "abcdef"]
    of = night(engine, company(dimensions=["country"]), "2026-01-01", "2026-02-28", ticket=TICKETS, customer=customers)
    wide = support.support(of)
    told = rows(engine, kpi.tall(support.figures(wide), support.SUPPORT, of.periods))
    return rows(engine, support.support_period(wide, of.periods)), told


def cell(mart: list[Row], start: str, dimension: str = "all", value: str = "all") -> Row:
    """One row of the mart."""
    (found,) = [r for r in mart if (str(r["period_start"]), r["dimension"], r["dimension_value"]) == (start, dimension, value)]
    return found


@pytest.mark.parametrize("metric", JANUARY)
def test_january(marts: tuple[list[Row], list[Row]], metric: str) -> None:
    whole = [row for row in marts[1] if row["dimension"] == "all"]
    assert figures(whole, "2026-01-01")[metric] == (None if JANUARY[metric] is None else pytest.approx(JANUARY[metric], abs=1e-12))


@pytest.mark.parametrize("metric", FEBRUARY)
def test_february(marts: tuple[list[Row], list[Row]], metric: str) -> None:
    whole = [row for row in marts[1] if row["dimension"] == "all"]
    assert figures(whole, "2026-02-01")[metric] == FEBRUARY[metric]


def test_the_mart_says_what_the_key_figures_say(marts: tuple[list[Row], list[Row]]) -> None:
    found = cell(marts[0], "2026-01-01")
    assert {name: found[name] for name in JANUARY} == {name: None if v is None else pytest.approx(v) for name, v in JANUARY.items()}


def test_a_customers_country_takes_its_tickets(marts: tuple[list[Row], list[Row]]) -> None:
    """a and b: answered after 10 and 975 minutes."""
    found = cell(marts[0], "2026-01-01", "country", "IR")
    assert (found["tickets_opened"], found["first_response_minutes_median"], found["first_response_minutes_p90"]) == (2, 10, 975)


def test_the_mart_knows_the_tickets_channel(marts: tuple[list[Row], list[Row]]) -> None:
    found = cell(marts[0], "2026-01-01", "channel", "chat")
    assert (found["tickets_opened"], found["first_response_business_minutes_median"]) == (1, 120)


def test_what_is_not_said_of_a_ticket_stands_under_none(marts: tuple[list[Row], list[Row]]) -> None:
    assert cell(marts[0], "2026-01-01", "priority", "(none)")["tickets_opened"] == 5


def test_key_figures_are_broken_down_by_the_companys_dimensions_only(marts: tuple[list[Row], list[Row]]) -> None:
    assert {row["dimension"] for row in marts[1]} == {"all", "country"}
    assert {row["dimension"] for row in marts[0]} == {"all", "country", "channel", "priority", "topic"}


def counted(engine: Engine, tickets: list[Row], first: str = "2026-01-01", as_of: str = "2026-01-31", **more: Any) -> list[Row]:
    """The whole company's rows of the mart, in order."""
    of = night(engine, company(**more), first, as_of, ticket=tickets)
    mart = rows(engine, support.support_period(support.support(of), of.periods))
    return sorted((row for row in mart if row["dimension"] == "all"), key=lambda row: (row["calendar"], row["period_start"]))


def test_without_tickets_every_period_says_none(engine: Engine) -> None:
    (found,) = counted(engine, [])
    assert (found["tickets_opened"], found["tickets_open"], found["first_response_minutes_median"]) == (0, 0, None)


def test_an_unanswered_ticket_alone_has_no_median(engine: Engine) -> None:
    (found,) = counted(engine, [ticket("a", "2026-01-05")])
    assert (found["tickets_opened"], found["first_response_minutes_median"], found["share_answered_in_15_minutes"]) == (1, None, 0)


def test_a_ticket_at_midnight_in_tehran_opens_the_new_month(engine: Engine) -> None:
    """20:30 UTC on 31 January is 00:00 on 1 February there; a minute before is January."""
    tickets = [ticket("a", "2026-01-31 20:30"), ticket("b", "2026-01-31 20:29")]
    found = counted(engine, tickets, as_of="2026-02-28", time_zone="Asia/Tehran")
    assert [row["tickets_opened"] for row in found] == [1, 1]
    assert [row["tickets_open"] for row in found] == [1, 2]


def test_jalali_months(engine: Engine) -> None:
    """Esfand 29, 1404 is 20 March 2026, Farvardin 1 the day after."""
    tickets = [ticket("a", "2026-03-20 12:00"), ticket("b", "2026-03-21 12:00"), ticket("c", "2026-03-22 12:00")]
    found = counted(engine, tickets, "2026-03-20", "2026-03-25", calendar="jalali", time_zone="Asia/Tehran")
    assert [(str(row["period_start"]), row["tickets_opened"]) for row in found] == [("2026-02-20", 1), ("2026-03-21", 2)]


def test_an_answer_before_the_opening_took_no_time(engine: Engine) -> None:
    (found,) = counted(engine, [ticket("a", "2026-01-05 10:00", first_response_at="2026-01-05 09:00")])
    assert (found["first_response_minutes_median"], found["first_response_business_minutes_median"]) == (0, 0)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ({"first_solved_at": "2026-01-05 11:00"}, 60, 60),  # never reopened: the first time was the last
        ({"solved_at": "2026-01-05 12:00", "reopened_count": 0}, 120, 120),
        ({"first_solved_at": "2026-01-05 11:00", "reopened_count": 1}, 60, None),  # reopened, and not solved since
    ],
)
def test_when_only_one_solution_is_said(engine: Engine, said: Row, first: float | None, last: float | None) -> None:
    (found,) = counted(engine, [ticket("a", "2026-01-05 10:00", **said)])
    assert (found["first_resolution_minutes_median"], found["resolution_minutes_median"]) == (first, last)
    assert found["tickets_open"] == (1 if last is None else 0)


def test_exactly_at_the_limit_is_in_time(engine: Engine) -> None:
    """15 minutes, and a second more."""
    tickets = [
        ticket("a", "2026-01-05 10:00", first_response_at="2026-01-05 10:15"),
        ticket("b", "2026-01-05 10:00", first_response_at="2026-01-05 10:15:01"),
    ]
    (found,) = counted(engine, tickets)
    assert (found["answered_in_15_minutes"], found["answered_or_older"]) == (1, 2)


def test_an_unanswered_ticket_counts_once_it_is_older_than_the_limit(engine: Engine) -> None:
    """The night closes at 24:00: 16 minutes old and 15 minutes old."""
    (found,) = counted(engine, [ticket("a", "2026-01-31 23:44"), ticket("b", "2026-01-31 23:45")])
    assert (found["answered_in_15_minutes"], found["answered_or_older"], found["solved_or_older"]) == (0, 1, 0)
