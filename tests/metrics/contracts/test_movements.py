"""MRR movements, case by case; each case is one customer of one small book, measured once per engine from January to April 2026."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest
from tests.small_tables import Row, company, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.metrics.run.measure import contract_marts

Movement = tuple[int, str, str, str]  # month of 2026, movement, amount in the contract's currency, the same in dollars
BEFORE = "2025-12-01"


def dollars(*movements: tuple[int, str, str]) -> list[Movement]:
    """Movements in the company's own currency."""
    return [(month, name, amount, amount) for month, name, amount in movements]


CASES: dict[str, tuple[list[Row], list[Movement]]] = {
    "nothing moves": ([version("", BEFORE)], []),
    "new": ([version("", "2026-01-10")], dollars((1, "new", "100"))),
    "new in the last minute of January": ([version("", "2026-01-31 23:59")], dollars((1, "new", "100"))),  # mrr-playbook: February
    "new at midnight": ([version("", "2026-02-01")], dollars((2, "new", "100"))),
    "new after a trial": ([version("", BEFORE, "2026-01-20", status="trialing"), version("", "2026-01-20")], dollars((1, "new", "100"))),
    "gone at midnight": ([version("", BEFORE, "2026-02-01")], dollars((2, "churn", "-100"))),
    "gone and back": (
        [version("", "2026-01-05", "2026-02-10"), version("", "2026-03-20", subscription_id="second")],
        dollars((1, "new", "100"), (2, "churn", "-100"), (3, "reactivation", "100")),
    ),
    "paused and resumed": (
        [version("", BEFORE, "2026-01-15"), version("", "2026-01-15", "2026-03-03", status="paused"), version("", "2026-03-03")],
        dollars((1, "paused", "-100"), (3, "resumed", "100")),
    ),
    "paused, given up, back": (
        [
            version("", BEFORE, "2026-01-15"),
            version("", "2026-01-15", "2026-02-15", status="paused"),
            version("", "2026-04-10", subscription_id="second"),
        ],
        dollars((1, "paused", "-100"), (4, "reactivation", "100")),
    ),
    "more": ([version("", BEFORE, "2026-02-10", 100), version("", "2026-02-10", None, 150)], dollars((2, "expansion", "50"))),
    "less": ([version("", BEFORE, "2026-02-10", 150), version("", "2026-02-10", None, 100)], dollars((2, "contraction", "-50"))),
    "one of two is lost": (
        [version("", BEFORE, None, 100), version("", BEFORE, "2026-03-05", 60, subscription_id="second")],
        dollars((3, "contraction", "-60")),
    ),
    "both are lost, a month apart": (
        [version("", BEFORE, "2026-04-05", 100), version("", BEFORE, "2026-03-05", 60, subscription_id="second")],
        dollars((3, "contraction", "-60"), (4, "churn", "-100")),
    ),
    "one for another within a month": (
        [version("", BEFORE, "2026-02-10", 100), version("", "2026-02-20", None, 80, subscription_id="second")],
        dollars((2, "contraction", "-20")),
    ),
    # dbt_recurly's CASE calls the first contraction and the second expansion, dbt_stripe's the second
    "100 to 0 and back to 100": (
        [version("", BEFORE, "2026-02-10", 100), version("", "2026-02-10", "2026-03-10", 0), version("", "2026-03-10", None, 100)],
        dollars((2, "churn", "-100"), (3, "reactivation", "100")),
    ),
    "free, then 100": ([version("", BEFORE, "2026-02-10", 0), version("", "2026-02-10", None, 100)], dollars((2, "new", "100"))),
    # mrr-playbook hides such a customer altogether
    "in and out in January, back in March": (
        [version("", "2026-01-05", "2026-01-20"), version("", "2026-03-10", subscription_id="second")],
        dollars((3, "reactivation", "100")),
    ),
    "in, out and in within January": (
        [version("", "2026-01-05", "2026-01-10"), version("", "2026-01-20", subscription_id="second")],
        dollars((1, "new", "100")),
    ),
    "payment never came": (
        [version("", BEFORE, "2026-01-10"), version("", "2026-01-10", status="past_due")],  # counts until 9 February
        dollars((2, "churn", "-100")),
    ),
    "six hours without, over midnight": (
        [version("", BEFORE, "2026-01-31 20:00"), version("", "2026-02-01 02:00", subscription_id="second")],
        [],
    ),
    # a euro is 1.20 at the end of January and February, 1.15 at the end of March, 1.25 at the end of April
    "in euros": (
        [version("", "2026-01-10", "2026-04-10", 100, currency="EUR"), version("", "2026-04-10", None, 200, currency="EUR")],
        [(1, "new", "100", "120"), (3, "fx", "0", "-5"), (4, "expansion", "100", "125"), (4, "fx", "0", "10")],
    ),
    "from dollars to euros": (
        [version("", BEFORE, "2026-02-10"), version("", "2026-02-10", None, currency="EUR", subscription_id="second")],
        # 100 euros are 120 dollars on that day: 20 dollars more, 16.6667 euros; the 100 dollars went into 83.3333 euros
        [
            *[(2, "expansion", "16.6667", "20"), (2, "fx", "-100", "-100"), (2, "fx", "83.3333", "100")],
            *[(3, "fx", "0", "-5"), (4, "fx", "0", "10")],
        ],
    ),
    # on 20 March a euro is 1.20: 60 of the 100 dollars stay, 50 euros are 60 dollars more, 20 in all; 40 went into 33.3333 euros, and
    # the 16.6667 that are new are 19.1667 dollars at the end of March
    "from dollars partly to euros": (
        [
            *[version("", BEFORE, "2026-03-20"), version("", "2026-03-20", None, 60)],
            version("", "2026-03-20", None, 50, currency="EUR", subscription_id="second"),
        ],
        [
            *[(3, "expansion", "16.6667", "19.1667"), (3, "fx", "-40", "-40"), (3, "fx", "33.3333", "38.3333")],
            (4, "fx", "0", "5"),
        ],
    ),
    "a paid one is cancelled while another is paused": (
        [
            *[version("", BEFORE, "2025-12-20"), version("", "2025-12-20", None, status="paused")],
            version("", BEFORE, "2026-02-10", 70, subscription_id="second"),
        ],
        dollars((2, "churn", "-70")),
    ),
    "one is cancelled, the other paused in the same month": (
        [
            *[version("", BEFORE, "2026-02-20"), version("", "2026-02-20", None, status="paused")],
            version("", BEFORE, "2026-02-10", 70, subscription_id="second"),
        ],
        dollars((2, "churn", "-70"), (2, "paused", "-100")),
    ),
    # 30 rials are 0.0000375 dollars, which round to 0.0000
    "worth nothing in dollars": (
        [version("", "2026-01-10", "2026-02-10", 30, currency="IRR"), version("", "2026-02-10", "2026-03-10", 20, currency="IRR")],
        [(1, "new", "30", "0"), (2, "contraction", "-10", "0"), (3, "churn", "-20", "0")],
    ),
    "a term runs out unrenewed": (
        [version("", BEFORE, None, auto_renew=False, renews_at="2026-03-01")],
        dollars((3, "churn", "-100")),
    ),
    "a term is renewed five days late": (
        [
            version("", BEFORE, "2026-03-06", auto_renew=False, renews_at="2026-03-01"),
            version("", "2026-03-06", None, auto_renew=False, renews_at="2027-03-01"),
        ],
        [],
    ),
    "a term that is not over yet": ([version("", BEFORE, None, auto_renew=False, renews_at="2026-05-01 00:01")], []),
    # 500 million rials at 0.00000125 dollars each; MRR beyond ten digits once overflowed, so small a rate once was 0
    "in rials": (
        [version("", "2026-04-10", None, 500_000_000, quantity=30, currency="IRR")],
        [(4, "new", "15000000000", "18750")],
    ),
}  # fmt: skip
RATES = [
    {"day": day, "currency": currency, "rate": rate}
    for day, currency, rate in [
        ("2025-12-31", "EUR", "1.10"),
        ("2026-01-31", "EUR", "1.20"),
        ("2026-03-31", "EUR", "1.15"),
        ("2026-04-30", "EUR", "1.25"),
        ("2025-12-31", "IRR", "0.00000125"),
    ]
]


DOLLARS = tuple(name for name, (given, _) in CASES.items() if all(row["currency"] == "USD" for row in given))


def book(cases: Iterable[str]) -> list[Row]:
    """Cases as one table of versions; a customer is called as its case, ids are its own."""
    return [row | {"customer_id": name, "subscription_id": f"{name} {row['subscription_id']}"} for name in cases for row in CASES[name][0]]


def movements(engine: Engine, cases: Iterable[str]) -> dict[str, list[Movement]]:
    """The movements of cases that are measured together."""
    marts = contract_marts(night(engine, company(), "2026-01-01", "2026-04-30", subscription=book(cases), fx_rate=RATES))
    found: dict[str, list[Movement]] = {name: [] for name in cases}
    for row in rows(engine, marts["fct_mrr_movement"]):
        assert row["period_start"] == date(2026, row["period_start"].month, 1)
        found[row["customer_id"]].append((row["period_start"].month, row["movement"], row["amount"], row["amount_reporting"]))
    return found


def by_hand(case: str) -> list[Movement]:
    """What a case says of itself."""
    return [(month, name, Decimal(amount), Decimal(reporting)) for month, name, amount, reporting in CASES[case][1]]


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def moved(request: pytest.FixtureRequest) -> dict[str, list[Movement]]:
    """The movements of every case, in several currencies, on both engines."""
    return movements(request.getfixturevalue(request.param), CASES)


@pytest.mark.parametrize("case", CASES)
def test_what_became_of_a_customers_mrr(moved: dict[str, list[Movement]], case: str) -> None:
    assert sorted(moved[case]) == by_hand(case)


def test_a_company_of_one_currency_moves_alike(engine: Engine) -> None:
    assert {name: sorted(found) for name, found in movements(engine, DOLLARS).items()} == {name: by_hand(name) for name in DOLLARS}
    assert len(DOLLARS) == 25
