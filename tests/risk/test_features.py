"""The signals that risk is judged by, on the evening of 10 March 2026; each case is one customer with hand numbers."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.small_tables import Row, company, entity, invoice, rows, version

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.risk.evening import Evening
from mandegar.risk.features.wide import features
from mandegar.time.calendar import day_end

AS_OF = date(2026, 3, 10)
Given = dict[str, list[Row]]


def evening(engine: Engine, of: Company, as_of: date, given: Given) -> Evening:
    """The entities of an evening from rows."""
    return Evening(of, as_of, day_end(as_of, of.zone), {name: engine.table(entity(name, given.get(name, []))) for name in ENTITIES})


def pay(attempted_at: str, status: str, **more: Any) -> Row:
    """An attempt to pay 100 dollars."""
    return {"payment_id": attempted_at, "attempted_at": attempted_at, "amount": 100, "currency": "USD", "status": status} | more


GOOD = pay("2026-02-01", "succeeded")


def ask(opened_at: str, first_response_at: str | None = None) -> Row:
    """A ticket."""
    return {"ticket_id": opened_at, "opened_at": opened_at, "first_response_at": first_response_at}


def nps(answered_at: str, score: int) -> Row:
    """An answer to how likely one is to recommend."""
    return {"response_id": answered_at, "kind": "nps", "score": score, "answered_at": answered_at}


def use(*days: tuple[str, int]) -> list[Row]:
    """Events of one feature by day."""
    return [{"day": day, "feature": "reports", "events": events} for day, events in days]


def touch(occurred_at: str, kind: str, campaign_id: str) -> Row:
    """A touch by mail or on the web."""
    told = {"interaction_id": f"{occurred_at} {kind}", "channel": "email", "kind": kind}
    return told | {"campaign_id": campaign_id, "occurred_at": occurred_at}


CASES: dict[str, tuple[Given, dict[str, float | None]]] = {
    "nothing but a contract": (
        {},
        {"annual_value": 1200, "cancel_requested": 0, "price_rise_percent": 0, "failed_payments": None, "usage_percent_of_before": None},
    ),
    "failed twice since the last success": (
        {"payment": [pay("2026-01-15", "failed"), GOOD, pay("2026-02-20", "failed"), pay("2026-03-05", "failed")]},
        {"failed_payments": 2},
    ),
    "failed, then paid": ({"payment": [pay("2026-03-01", "failed"), pay("2026-03-02", "succeeded")]}, {"failed_payments": 0}),
    # sixty days before the evening's end is midnight of 10 January
    "failed long ago": ({"payment": [pay("2026-01-09 23:59", "failed"), pay("2026-01-10", "failed")]}, {"failed_payments": 1}),
    "card expired": (
        {"payment": [GOOD | {"card_expires_on": "2025-01-31"}, pay("2026-03-01", "succeeded", card_expires_on="2026-03-01")]},
        {"card_days_expired": 9},
    ),
    "card valid": ({"payment": [pay("2026-03-01", "succeeded", card_expires_on="2026-12-31")]}, {"card_days_expired": 0}),
    # before: 30 on the 111th day and 90, in 84 days: 40 per 28 days; the last 28 days begin on 11 February
    "half as much as before": (
        {"usage": use(("2025-11-19", 30), ("2026-01-15", 90), ("2026-02-11", 15), ("2026-03-05", 5))},
        {"usage_percent_of_before": 50, "days_since_usage": 5},
    ),
    # 56 days of use: 28 before, with 10 events, and 28 since, with none
    "stopped after eight weeks": (
        {"usage": use(("2026-01-13", 4), ("2026-02-10", 6))},
        {"usage_percent_of_before": 0, "days_since_usage": 28},
    ),
    "too new to compare": ({"usage": use(("2026-01-14", 10), ("2026-03-10", 1))}, {"usage_percent_of_before": None, "days_since_usage": 0}),
    "waits since the day before yesterday's midnight": (
        {"ticket": [ask("2026-03-01", "2026-03-05 04:00"), ask("2026-03-08", "2026-03-08 05:00"), ask("2026-03-09")]},
        {"response_hours": 48},
    ),
    "slow once in the last two": (
        {"ticket": [ask("2026-03-01", "2026-03-01 07:30"), ask("2026-03-08", "2026-03-08 01:00")]},
        {"response_hours": 7.5},
    ),
    "last asked in March": ({"survey": [nps("2026-02-01", 9), nps("2026-03-01", 6)]}, {"nps_last": 6}),
    "last asked 181 days ago": ({"survey": [nps("2025-09-10", 2)]}, {"nps_last": None}),
    "dearer": (
        {"subscription": [version("", "2025-06-01", "2026-02-01", 100), version("", "2026-02-01", None, 120)]},
        {"price_rise_percent": 20},
    ),
    "dearer since last summer": (
        {"subscription": [version("", "2025-01-01", "2025-07-01", 100), version("", "2025-07-01", None, 120)]},
        {"price_rise_percent": 0},
    ),
    "dearer by another plan": (
        {"subscription": [version("", "2025-06-01", "2026-02-01", 100), version("", "2026-02-01", None, 120, plan="pro")]},
        {"price_rise_percent": 0, "annual_value": 1440},
    ),
    "dearer by another currency": (
        {"subscription": [version("", "2025-06-01", "2026-02-01", 100), version("", "2026-02-01", None, 120_000, currency="EUR")]},
        {"price_rise_percent": 0},
    ),
    "term ends in 21 days": (
        {"subscription": [version("", "2025-06-01", renews_at="2026-03-31", auto_renew=False)]},
        {"days_to_open_renewal": 21},
    ),
    "term renews by itself": (
        {"subscription": [version("", "2025-06-01", renews_at="2026-03-31", auto_renew=True)]},
        {"days_to_open_renewal": None},
    ),
    "asked to cancel": ({"subscription": [version("", "2025-06-01", cancel_requested_at="2026-03-09")]}, {"cancel_requested": 1}),
    "the price rose last autumn": (
        {"subscription": [version("", "2025-06-01", "2025-10-01", 100), version("", "2025-10-01", None, 110)]},
        # from the evening of 10 March back to midnight of 1 October: 31 + 30 + 31 + 31 + 28 + 9 days
        {"price_rise_percent": 0, "last_rise_percent": 10, "days_since_rise": 160, "mrr": 110},
    ),
    "six seats became four": (
        {"subscription": [version("", "2025-06-01", "2026-02-01", quantity=6), version("", "2026-02-01", quantity=4)]},
        {"seats": 4, "seats_percent_of_before": pytest.approx(66.6667, abs=1e-3), "mrr": 400, "subscriptions": 1},
    ),
    "past due since Sunday": (
        {"subscription": [version("", "2025-06-01", "2026-03-08"), version("", "2026-03-08", status="past_due")]},
        {"days_past_due": 2},
    ),
    "a fifth off until the end of March": (
        {"subscription": [version("", "2025-06-01", discount=20, discount_ends_at="2026-03-31")]},
        {"discount_percent": 20, "days_to_discount_end": 21, "mrr": 80},
    ),
    "by the year, renewed by itself in June": (
        {"subscription": [version("", "2025-06-01", interval_unit="year", renews_at="2026-06-01", auto_renew=True)]},
        {"interval_months": 12, "days_to_renewal": 83, "days_to_open_renewal": None, "auto_renew": 1, "tenure_days": 282},
    ),
    "two plans, the dearer first": (
        {
            "subscription": [
                version("", "2025-06-01", plan="small", price=10),
                version("", "2025-06-01", plan="large", price=50) | {"subscription_id": "second"},
            ]
        },
        {"plan": "large", "subscriptions": 2, "mrr": 60},
    ),
    "paused last summer": (
        {
            "subscription": [
                version("", "2025-04-01", "2025-07-01"),
                version("", "2025-07-01", "2025-09-01", status="paused"),
                version("", "2025-09-01"),
            ]
        },
        {"pauses": 1},
    ),
    "card to expire": ({"payment": [pay("2026-03-01", "succeeded", card_expires_on="2026-03-31")]}, {"card_days_left": 21}),
    "given back later went through": (
        {"payment": [pay("2026-03-01", "failed"), pay("2026-03-02", "refunded")]},
        {"failed_payments": 0, "failed_in_year": 1, "days_since_failure": 9},
    ),
    "a bill of January is not paid": (
        {"invoice": [invoice("i", "", "2026-01-15", 100, due_at="2026-01-31"), invoice("j", "", "2026-03-05", 100, due_at="2026-04-05")]},
        {"bills_overdue": 1, "days_overdue": 38},
    ),
    # reports three times a week for long, export once: reports is the key feature, last used on 8 February
    "key feature unused": (
        {
            "usage": [
                *use(("2026-01-01", 30), ("2026-02-08", 30)),
                {"day": "2026-03-09", "feature": "export", "events": 1},
            ]
        },
        {"days_since_key_feature": 30, "days_since_usage": 1, "features_used": 1, "days_of_use": 1, "events_a_week": 0.25},
    ),
    "asked thrice, one is open and critical": (
        {
            "ticket": [
                ask("2026-03-01", "2026-03-01 02:00") | {"first_solved_at": "2026-03-02", "solved_at": "2026-03-05", "csat_score": 2},
                ask("2025-12-01", "2025-12-01 06:00") | {"first_solved_at": "2025-12-02", "solved_at": "2025-12-02", "csat_score": 5},
                ask("2026-03-09 23:00") | {"priority": "critical"},
            ]
        },
        # an hour less than two days' wait for the open one: until midnight after 10 March
        {
            "tickets": 2,
            "tickets_before": 1,
            "tickets_open": 1,
            "critical_open": 1,
            "reopened": 1,
            "ticket_csat": 3.5,
            "response_hours": 25,
            "response_unanswered": 1,
            "response_hours_before": 11,
            "days_since_ticket": 1,
        },
    ),
    "from nine to six": (
        {"survey": [nps("2026-01-01", 9), nps("2026-03-01", 6)]},
        {"nps_last": 6, "nps_change": -3, "days_since_survey": 9},
    ),
    "opened one mail of two, looked at prices": (
        {
            "interaction": [
                touch("2026-02-01", "sent", "feb"),
                touch("2026-03-01", "sent", "mar"),
                touch("2026-03-01 12:00", "opened", "mar"),
                touch("2026-03-05", "visited", "Pricing page"),
                touch("2026-03-06", "visited", "blog"),
                touch("2026-01-06", "visited", "pricing"),
            ]
        },
        {"mails_opened_percent": 50, "days_since_open": 9, "visits": 2, "price_visits": 1},
    ),
    "in euros": ({"subscription": [version("", "2025-06-01", currency="EUR")]}, {"annual_value": 1440}),
}  # fmt: skip


def book() -> Given:
    """All cases as one set of entities; who is told no subscription has one of 100 a month."""
    found: Given = {name: [] for name in ENTITIES}
    for name, (given, _) in CASES.items():
        for kind, table in ({"subscription": [version("", "2025-06-01")]} | given).items():
            key = {
                "payment": "payment_id",
                "ticket": "ticket_id",
                "survey": "response_id",
                "subscription": "subscription_id",
                "invoice": "invoice_id",
                "interaction": "interaction_id",
            }.get(kind)
            found[kind] += [row | {"customer_id": name} | ({key: f"{name} {row[key]}"} if key else {}) for row in table]
    found["subscription"].append(version("gone", "2025-06-01", "2026-03-01"))
    found["subscription"].append(version("on trial", "2026-03-01", status="trialing"))
    found["fx_rate"] = [{"day": "2026-03-01", "currency": "EUR", "rate": "1.2"}]
    return found


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def known(request: pytest.FixtureRequest) -> dict[str, Row]:
    """The signals of every case, on both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    tonight = evening(engine, company(), AS_OF, book())
    return {row["customer_id"]: row for row in rows(engine, features(tonight, engine))}


@pytest.mark.parametrize("case", CASES)
def test_what_is_known_of_a_customer(known: dict[str, Row], case: str) -> None:
    expected = CASES[case][1]
    found = {name: float(value) if isinstance(value := known[case][name], Decimal) else value for name in expected}
    assert found == pytest.approx(expected, nan_ok=False)


def test_only_who_pays_can_leave(known: dict[str, Row]) -> None:
    assert sorted(known) == sorted(CASES)


def without_contract(engine: Engine, days: int, bought: list[Row], as_of: date = AS_OF, **more: Any) -> dict[str, Row]:
    """The signals of a company without contracts."""
    tonight = evening(engine, company("inactivity", churn={"kind": "inactivity", "days": days}, **more), as_of, {"invoice": bought})
    return {row["customer_id"]: row for row in rows(engine, features(tonight, engine))}


def test_a_customers_own_cycle(duckdb: Engine) -> None:
    """Every ten days, and now none for 49: 490 %; two purchases make no cycle; 400 days ago is more than a year."""
    bought = [
        *(invoice(day, "a", day, 10) for day in ("2026-01-01", "2026-01-11", "2026-01-21")),
        *(invoice(f"b{day}", "b", day, 10) for day in ("2025-02-03", "2026-02-09")),
    ]
    found = without_contract(duckdb, 90, bought)
    assert (found["a"]["days_since_purchase"], found["a"]["percent_of_own_cycle"], found["a"]["annual_value"]) == (49, 490, 30)
    assert (found["b"]["days_since_purchase"], found["b"]["percent_of_own_cycle"], found["b"]["annual_value"]) == (30, None, 10)


def test_who_bought_on_the_first_of_the_last_30_days_is_there(duckdb: Engine) -> None:
    """The last 30 days that end with 10 March begin at midnight of 9 February."""
    bought = [invoice("1", "in time", "2026-02-09", 10), invoice("2", "too early", "2026-02-08 23:59", 10)]
    assert list(without_contract(duckdb, 30, bought)) == ["in time"]


def test_an_hour_of_summer_time_lets_nobody_in(duckdb: Engine) -> None:
    """90 days before the end of 30 April in London is midnight of 31 January, not 23:00 of the 30th."""
    bought = [invoice("1", "too early", "2010-01-30 23:30", 10), invoice("2", "in time", "2010-01-31 00:00", 10)]
    assert list(without_contract(duckdb, 90, bought, date(2010, 4, 30), time_zone="Europe/London")) == ["in time"]


def test_who_bought_within_so_many_days_is_there_even_if_they_are_more_than_a_year(duckdb: Engine) -> None:
    found = without_contract(duckdb, 400, [invoice("1", "a", "2025-02-20", 10)])
    assert found["a"]["annual_value"] == 0


def test_attributes_are_features_but_for_protected_ones(duckdb: Engine) -> None:
    """Of a customer with three attributes, one of which company.yaml protects; and the segment is protected, too."""
    customers = [
        {"customer_id": "a", "name": "A", "signed_up_at": "2025-01-01", "segment": "small", "country": "IR"}
        | {"attributes": '{"Team size": "12", "religion": "x", "tier": "gold"}'}
    ]
    of = company(protected_traits=("religion", "segment"))
    tonight = evening(duckdb, of, AS_OF, {"customer": customers, "subscription": [version("a", "2025-06-01")]})
    (row,) = rows(duckdb, features(tonight, duckdb))
    assert (row["attribute_team_size"], row["attribute_tier"], row["country"]) == ("12", "gold", "IR")
    assert {"attribute_religion", "segment"} & row.keys() == set()
