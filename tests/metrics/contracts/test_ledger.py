"""The MRR ledger, case by case; each case is one customer of one small table, computed once per engine."""

from decimal import Decimal

import pytest
from tests.small_tables import Row, at, entity, rows, version

from mandegar.compute.engine import Engine
from mandegar.metrics.contracts.ledger import first_paid, ledger
from mandegar.metrics.contracts.policies import Policies

OPEN = None
CLOSES = at("2026-12-31")
Stretch = tuple[str, str | None, str, str]  # from, until, MRR, standing


def one(name: str, price: object, **more: object) -> list[Row]:
    """A single version from New Year on."""
    return [version(name, "2026-01-01", OPEN, price, **more)]


def worth(mrr: str, standing: str = "active") -> list[Stretch]:
    """A single interval from New Year on."""
    return [("2026-01-01", OPEN, mrr, standing)]


def two(name: str, *spans: tuple[str, str | None]) -> list[Row]:
    """Subscriptions of one customer, 100 a month each: 1, 2, 3 …"""
    return [version(name, since, until, subscription_id=f"{name}-{number}") for number, (since, until) in enumerate(spans, start=1)]


CASES: dict[str, tuple[list[Row], list[Stretch]]] = {
    "monthly": (one("monthly", 100), worth("100.0000")),
    "every 3 months": (one("every 3 months", 300, interval_count=3), worth("100.0000")),
    "yearly": (one("yearly", 1200, interval_unit="year"), worth("100.0000")),
    "yearly, rounded": (one("yearly, rounded", 100, interval_unit="year"), worth("8.3333")),
    "every 2 years": (one("every 2 years", 2400, interval_unit="year", interval_count=2), worth("100.0000")),
    "weekly": (one("weekly", 12, interval_unit="week"), worth("52.0000")),
    "every 2 weeks": (one("every 2 weeks", 12, interval_unit="week", interval_count=2), worth("26.0000")),
    "daily": (one("daily", 1, interval_unit="day"), worth("30.4167")),
    "in rials": (one("in rials", "120000000000", interval_unit="year", currency="IRR"), worth("10000000000.0000")),
    # 120,000,000,000,000,000.06 / 12 = 10,000,000,000,000,000.005; 999,999,999,999,999.9999 x 52 / 12 = 4,333,333,333,333,333.3329
    "in rials, a thousand times": (
        one("in rials, a thousand times", "120000000000000000.06", interval_unit="year", currency="IRR"),
        worth("10000000000000000.0050"),
    ),
    "in rials, weekly": (
        one("in rials, weekly", "999999999999999.9999", interval_unit="week", currency="IRR"),
        worth("4333333333333333.3329"),
    ),
    # 7 x 12,345,678,901,234,567.89 = 86,419,752,308,641,975.23; x 365 = 31,543,209,592,654,320,958.95; / (12 x 366)
    "in rials, 7 seats every 366 days": (
        one("in rials, 7 seats every 366 days", "12345678901234567.89", quantity=7, interval_unit="day", interval_count=366),
        worth("7181969397234590.3823"),
    ),
    "discount": (one("discount", 100, discount="30.5"), worth("69.5000")),
    "discount above the price": (one("discount above the price", 100, discount=130), worth("0.0000")),
    "quantity": (one("quantity", "19.99", quantity=3), worth("59.9700")),
    # (7 x 99.50 - 10) / 12 = 686.50 / 12 = 57.208333…
    "quantity, discount, year": (
        one("quantity, discount, year", "99.5", quantity=7, discount=10, interval_unit="year"),
        worth("57.2083"),
    ),
    "an exact half": (one("an exact half", "0.0006", interval_unit="year"), worth("0.0001")),  # 0.00005, half up
    "99.99 in 2 years": (one("99.99 in 2 years", "99.99", interval_unit="year", interval_count=2), worth("4.1663")),  # 4.16625
    "trial": (one("trial", 100, status="trialing"), worth("0.0000", "trial")),
    "paused": (one("paused", 100, status="paused"), worth("0.0000", "paused")),
    "ended": (
        [
            version("ended", "2026-01-01", "2026-02-01"),
            version("ended", "2026-02-01", OPEN, status="ended", ended_at="2026-02-01", started_at="2026-01-01"),
        ],
        [("2026-01-01", "2026-02-01", "100.0000", "active")],
    ),
    "past due for 30 days": (
        [version("past due for 30 days", "2026-01-01", "2026-01-10"), version("past due for 30 days", "2026-01-10", status="past_due")],
        [("2026-01-01", "2026-01-10", "100.0000", "active"), ("2026-01-10", "2026-02-09", "100.0000", "past_due")],
    ),
    # the 30 days run from the first of the three, whatever changes in between
    "past due, three versions": (
        [
            version("past due, three versions", "2026-01-10", "2026-01-20", 100, status="past_due"),
            version("past due, three versions", "2026-01-20", "2026-02-20", 110, status="past_due"),
            version("past due, three versions", "2026-02-20", OPEN, 120, status="past_due"),
        ],
        [("2026-01-10", "2026-01-20", "100.0000", "past_due"), ("2026-01-20", "2026-02-09", "110.0000", "past_due")],
    ),
    "past due, paid, past due again": (
        [
            version("past due, paid, past due again", "2026-01-10", "2026-01-15", status="past_due"),
            version("past due, paid, past due again", "2026-01-15", "2026-02-01"),
            version("past due, paid, past due again", "2026-02-01", OPEN, status="past_due"),
        ],
        [
            ("2026-01-10", "2026-01-15", "100.0000", "past_due"),
            ("2026-01-15", "2026-02-01", "100.0000", "active"),
            ("2026-02-01", "2026-03-03", "100.0000", "past_due"),
        ],
    ),
    "gap of six hours": (
        two("gap of six hours", ("2026-01-01", "2026-01-31 18:00"), ("2026-02-01 00:00", OPEN)),
        [("2026-01-01", "2026-02-01", "100.0000", "active"), ("2026-02-01", OPEN, "100.0000", "active")],
    ),
    "gap of a day": (
        two("gap of a day", ("2026-01-01", "2026-01-31"), ("2026-02-01", OPEN)),
        [("2026-01-01", "2026-01-31", "100.0000", "active"), ("2026-02-01", OPEN, "100.0000", "active")],
    ),
    "gap of two days": (
        two("gap of two days", ("2026-01-01", "2026-01-30"), ("2026-02-01", OPEN)),
        [("2026-01-01", "2026-01-30", "100.0000", "active"), ("2026-02-01", OPEN, "100.0000", "active")],
    ),
    "overlap": (
        two("overlap", ("2026-01-01", "2026-02-01"), ("2026-01-20", OPEN)),
        [("2026-01-01", "2026-02-01", "100.0000", "active"), ("2026-01-20", OPEN, "100.0000", "active")],
    ),
    # the second lies within the first: what ended last before the gap is the first
    "gap after a nested one": (
        two("gap after a nested one", ("2026-01-01", "2026-01-31 18:00"), ("2026-01-05", "2026-01-10"), ("2026-02-01", OPEN)),
        [
            ("2026-01-01", "2026-02-01", "100.0000", "active"),
            ("2026-01-05", "2026-01-10", "100.0000", "active"),
            ("2026-02-01", OPEN, "100.0000", "active"),
        ],
    ),
    "gap after two at once": (
        two("gap after two at once", ("2026-01-01", "2026-01-31 18:00"), ("2026-01-05", "2026-01-31 18:00"), ("2026-02-01", OPEN)),
        [
            ("2026-01-01", "2026-02-01", "100.0000", "active"),
            ("2026-01-05", "2026-02-01", "100.0000", "active"),
            ("2026-02-01", OPEN, "100.0000", "active"),
        ],
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def computed(request: pytest.FixtureRequest) -> dict[str, list[Stretch]]:
    """The intervals of every case, on both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    versions = entity("subscription", [row for given, _ in CASES.values() for row in given])
    found: dict[str, list[Stretch]] = {}
    for row in rows(engine, ledger(engine.table(versions), Policies(), engine, CLOSES)):
        interval = (row["from_at"], row["until_at"], row["mrr"], row["standing"])
        found.setdefault(row["customer_id"], []).append(interval)
    return found


@pytest.mark.parametrize("case", CASES)
def test_what_a_subscription_is_worth_a_month(computed: dict[str, list[Stretch]], case: str) -> None:
    expected = [(at(since), until and at(until), Decimal(mrr), standing) for since, until, mrr, standing in CASES[case][1]]
    assert sorted(computed[case]) == expected


def test_first_paid_is_the_end_of_the_trial(duckdb: Engine) -> None:
    versions = entity(
        "subscription",
        [
            version("acme", "2026-01-01", "2026-01-15", status="trialing"),
            version("acme", "2026-01-15", OPEN),
            version("never", "2026-01-01", status="trialing"),
        ],
    )
    intervals = ledger(duckdb.table(versions), Policies(), duckdb, CLOSES)
    assert rows(duckdb, first_paid(intervals)) == [{"customer_id": "acme", "first_paid_at": at("2026-01-15")}]


@pytest.mark.parametrize(("days", "until"), [(0, None), (14, "2026-01-24"), (45, "2026-02-24")])
def test_dunning_lasts_as_long_as_the_company_says(duckdb: Engine, days: int, until: str | None) -> None:
    versions = entity("subscription", [version("acme", "2026-01-10", status="past_due")])
    found = rows(duckdb, ledger(duckdb.table(versions), Policies(dunning_days=days), duckdb, CLOSES))
    assert [row["until_at"] for row in found] == ([at(until)] if until else [])


@pytest.mark.parametrize(("days", "until"), [(0, "2026-01-28"), (3, "2026-01-28"), (5, "2026-02-01")])
def test_gaps_are_bridged_up_to_what_the_company_says(duckdb: Engine, days: int, until: str) -> None:
    """From 28 January to 1 February are four days."""
    versions = entity("subscription", two("acme", ("2026-01-01", "2026-01-28"), ("2026-02-01", OPEN)))
    found = rows(duckdb, ledger(duckdb.table(versions), Policies(gap_days=days), duckdb, CLOSES))
    assert min(row["until_at"] for row in found if row["until_at"]) == at(until)


def test_credit_notes_together_take_no_more_than_a_subscription_is_worth(engine: Engine) -> None:
    """100 a month; notes over 100 on 5 January and over 100 on 20 January, each for 30 days: 0 from the 5th to 19 February, never -100.

    A note over 30 on 1 March takes 30 off until the 31st; from the 10th another over 50 takes it to 20 until the 31st, then 50.
    """
    notes = [
        {"invoice_id": str(number), "customer_id": "a", "subscription_id": "a", "kind": "credit", "issued_at": day, "net_amount": net}
        | {"currency": "USD"}
        for number, (day, net) in enumerate([("2026-01-05", 100), ("2026-01-20", 100), ("2026-03-01", 30), ("2026-03-10", 50)])
    ]
    versions = engine.table(entity("subscription", [version("a", "2026-01-01", OPEN)]))
    found = ledger(versions, Policies(credits="reduce_mrr"), engine, CLOSES, engine.table(entity("invoice", notes)))
    credited = sorted(
        (str(row["from_at"].date()), str(row["until_at"].date()), row["mrr"])
        for row in rows(engine, found)
        if row["standing"] == "credited"
    )
    steps = [("2026-01-05", "2026-01-20", -100), ("2026-01-20", "2026-02-04", -100), ("2026-02-04", "2026-02-19", -100)]
    later = [("2026-03-01", "2026-03-10", -30), ("2026-03-10", "2026-03-31", -80), ("2026-03-31", "2026-04-09", -50)]
    assert credited == [(since, until, Decimal(mrr)) for since, until, mrr in steps + later]
