"""Cohorts: the shares published for CDNOW, and small books reckoned by hand."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.small_tables import Row, company, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.metrics.lifecycle.cohorts import cohort_retention

CDNOW = Path(__file__).parents[2] / "data" / "cdnow" / "january_1997.csv"
Cells = dict[tuple, Row]


def cells(engine: Engine, **told: Any) -> Cells:
    """The rows by (cohort_by, cohort_start, method, age_unit, age), of the whole company."""
    found = rows(engine, cohort_retention(night(engine, **told)))
    return {
        (row["cohort_by"], str(row["cohort_start"]), row["method"], row["age_unit"], row["age"]): row
        for row in found
        if row["dimension"] == "all"
    }


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def january(request: pytest.FixtureRequest) -> dict[tuple[str, int], Row]:
    """The months of those who first bought at CDNOW in January 1997, by method and age."""
    engine: Engine = request.getfixturevalue(request.param)
    with CDNOW.open() as file:
        bought = [invoice(f"{row['customer_id']} {row['day']}", row["customer_id"], row["day"], 1) for row in csv.DictReader(file)]
    of = company("inactivity", cohorts={"by": ["first_payment"]})
    found = cells(engine, of=of, first="1997-01-01", as_of="1997-04-30", invoice=bought)
    assert {start for _, start, *_ in found} == {"1997-01-01"}
    return {(method, age): row for (_, _, method, unit, age), row in found.items() if unit == "month"}


@pytest.mark.parametrize(("age", "share"), [(0, 1), (1, 0.1475), (2, 0.1229), (3, 0.1032)])
def test_the_published_shares(january: dict[tuple[str, int], Row], age: int, share: float) -> None:
    row = january["n_day", age]
    assert (row["customers"], row["reached"]) == (7846, 7846)
    assert row["retention_rate"] == pytest.approx(share, abs=5e-5)


def test_the_published_buyers_in_february_march_and_april(january: dict[tuple[str, int], Row]) -> None:
    assert [january["n_day", age]["retained"] for age in (1, 2, 3)] == [1157, 964, 810]  # 7846 x .1475, .1229, .1032


# Months until 31 May 2026, so that January has reached age 4 and April age 1. MRR at the ends of the months:
CONTRACTS: list[Row] = [
    version("a", "2026-01-10"),  # 100 100 100 100 100
    version("b", "2026-01-20", "2026-02-20", 300),  # 300 - - - -
    version("c", "2026-01-05", "2026-02-10", 200),  # 200 - - 50 50: back after a gap
    version("c", "2026-04-20", None, 50, subscription_id="c-2"),
    version("d", "2026-01-05", "2026-01-15", 70),  # - came and went within January
    version("e", "2026-04-30"),  # 100 100
    version("f", "2026-03-01", status="trialing"),
]
SIGNED_UP: list[Row] = [
    {"customer_id": customer, "name": customer, "signed_up_at": day}
    for customer, day in [
        ("a", "2026-01-01"),
        ("b", "2026-01-01"),
        ("c", "2025-12-30"),
        ("d", "2026-01-05"),
        ("e", "2026-03-15"),
        ("f", "2026-03-01"),
    ]
]


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def contracts(request: pytest.FixtureRequest) -> Cells:
    """The cohorts of the book."""
    engine: Engine = request.getfixturevalue(request.param)
    of = company(cohorts={"brackets": [[1, 2], [3, 4]]})
    return cells(engine, of=of, first="2025-12-01", as_of="2026-05-31", subscription=CONTRACTS, customer=SIGNED_UP)


JANUARY = ("first_payment", "2026-01-01")


@pytest.mark.parametrize(("age", "retained"), [(0, 3), (1, 1), (2, 1), (3, 2), (4, 2)])
def test_who_pays_at_the_end_of_the_month(contracts: Cells, age: int, retained: int) -> None:
    """Of four; a returner stays in its cohort."""
    row = contracts[*JANUARY, "n_day", "month", age]
    assert (row["customers"], row["reached"], row["retained"], row["retention_rate"]) == (4, 4, retained, retained / 4)


@pytest.mark.parametrize(("age", "retained"), [(0, 3), (1, 2), (2, 2), (3, 2), (4, 2)])
def test_who_pays_then_or_later(contracts: Cells, age: int, retained: int) -> None:
    assert contracts[*JANUARY, "unbounded", "month", age]["retained"] == retained


@pytest.mark.parametrize(("age", "until", "retained"), [(1, 2, 1), (3, 4, 2)])
def test_who_pays_at_any_month_of_a_bracket(contracts: Cells, age: int, until: int, retained: int) -> None:
    row = contracts[*JANUARY, "bracketed", "month", age]
    assert (row["age_to"], row["retained"]) == (until, retained)


@pytest.mark.parametrize(("age", "revenue"), [(0, 600), (1, 100), (2, 100), (3, 150), (4, 150)])
def test_revenue_of_the_base_month(contracts: Cells, age: int, revenue: int) -> None:
    """100 + 300 + 200 in January."""
    row = contracts[*JANUARY, "n_day", "month", age]
    assert (row["base_revenue"], row["revenue"], row["revenue_retention_rate"]) == (600, revenue, pytest.approx(revenue / 600))


def test_revenue_of_a_bracket_is_the_mean_of_its_months(contracts: Cells) -> None:
    """April 150, May 150; of months 1 and 2: 100 and 100."""
    assert contracts[*JANUARY, "bracketed", "month", 3]["revenue"] == 150
    assert contracts[*JANUARY, "bracketed", "month", 1]["revenue"] == 100
    assert contracts[*JANUARY, "unbounded", "month", 1]["revenue"] is None


def test_an_age_that_nobody_has_reached_is_empty(contracts: Cells) -> None:
    april = [contracts["first_payment", "2026-04-01", "n_day", "month", age] for age in (1, 2)]
    assert [(row["customers"], row["reached"], row["retained"], row["retention_rate"], row["revenue"]) for row in april] == [
        (1, 1, 1, 1, 100),
        (1, None, None, None, None),
    ]


def test_cohorts_by_signup_hold_those_who_never_paid(contracts: Cells) -> None:
    """Signed up in March: e, who pays from 30 April, and f, who never does."""
    march = [contracts["signup", "2026-03-01", "n_day", "month", age]["retained"] for age in (0, 1, 2)]
    assert (march, contracts["signup", "2026-03-01", "n_day", "month", 0]["reached"]) == ([0, 1, 1], 2)
    assert contracts["signup", "2025-12-01", "n_day", "month", 0]["customers"] == 1


@pytest.mark.parametrize(("age", "reached", "retained"), [(1, 4, 4), (7, 4, 4), (14, 4, 3), (30, 4, 3), (60, 4, 1), (90, 4, 1)])
def test_ages_in_days(contracts: Cells, age: int, reached: int, retained: int) -> None:
    """Paying at the end of day N: d until day 9, b until day 30 (31 days from 20 January), c until day 35."""
    row = contracts[*JANUARY, "n_day", "day", age]
    assert (row["reached"], row["retained"]) == (reached, retained)


def test_only_those_who_have_reached_the_day_count(engine: Engine) -> None:
    """On 31 March the one of 20 February has not yet lived through day 60; of day 30 it has. The one of 1 February is gone."""
    book = [version("a", "2026-02-01", "2026-02-25"), version("b", "2026-02-20"), version("c", "2026-01-20")]
    found = cells(engine, of=company(cohorts={"day_ages": [30, 40, 60]}), first="2026-01-01", as_of="2026-03-31", subscription=book)
    february = [found["first_payment", "2026-02-01", "n_day", "day", age] for age in (30, 40, 60)]
    assert [(row["reached"], row["retained"]) for row in february] == [(2, 1), (1, 0), (None, None)]


def test_a_bracket_counts_only_those_for_whom_it_is_over(engine: Engine) -> None:
    """On the night of 10 March day 7 is over for b, who came on the 3rd and did not come back; not for a, who came on the 4th and did."""
    bought = [invoice("1", "a", "2026-03-04", 5), invoice("2", "a", "2026-03-06", 5), invoice("3", "b", "2026-03-03", 5)]
    found = cells(engine, of=company("inactivity"), first="2026-03-01", as_of="2026-03-10", invoice=bought)
    row = found["first_payment", "2026-03-01", "bracketed", "day", 1]
    assert (row["customers"], row["reached"], row["retained"], row["base_revenue"], row["revenue"]) == (2, 1, 0, 5, 0)


BUYERS: list[Row] = [
    invoice("1", "a", "2026-01-10", 100),
    invoice("2", "a", "2026-02-05", 30),
    invoice("3", "a", "2026-02-20", 20),
    invoice("4", "a", "2026-03-10", 50, kind="credit"),
    invoice("5", "b", "2026-01-31", 100),
    invoice("6", "b", "2026-04-01", 60),
]


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def buyers(request: pytest.FixtureRequest) -> Cells:
    """Cohorts of two who buy without a contract, on 15 April."""
    engine: Engine = request.getfixturevalue(request.param)
    return cells(engine, of=company("inactivity"), first="2026-01-01", as_of="2026-04-15", invoice=BUYERS)


@pytest.mark.parametrize(("age", "retained", "revenue"), [(0, 2, 200), (1, 1, 50), (2, 0, -50), (3, None, None)])
def test_who_buys_within_the_month(buyers: Cells, age: int, retained: int | None, revenue: int | None) -> None:
    """A credit note lowers the revenue of its own month; April is not over."""
    row = buyers[*JANUARY, "n_day", "month", age]
    assert (row["retained"], row["revenue"]) == (retained, revenue)


def test_who_buys_then_or_later_counts_what_the_running_month_already_knows(buyers: Cells) -> None:
    assert [buyers[*JANUARY, "unbounded", "month", age]["retained"] for age in (0, 1, 2, 3)] == [2, 2, 1, None]


def test_who_buys_within_days_15_to_30(buyers: Cells) -> None:
    """a on day 26; b next on day 60."""
    assert buyers[*JANUARY, "bracketed", "day", 15]["retained"] == 1
    assert buyers[*JANUARY, "bracketed", "day", 31]["retained"] == 2  # a on day 41, b on day 60


def test_an_account_older_than_the_data_is_in_no_cohort(engine: Engine) -> None:
    book = [version("old", "2026-01-01", started_at="2025-06-01"), version("new", "2026-01-10")]
    signed = [{"customer_id": name, "name": name, "signed_up_at": "2026-01-01"} for name in ("old", "new")]
    found = cells(engine, of=company(), first="2026-01-01", as_of="2026-02-28", subscription=book, customer=signed)
    assert {key[0]: row["customers"] for key, row in found.items() if key[2:] == ("n_day", "month", 0)} == {"signup": 1, "first_payment": 1}


def test_cohorts_are_of_the_companys_calendar_and_midnight(engine: Engine) -> None:
    """21:00 UTC on 20 March 2026 is 0:30 on Farvardin 1, 1405, in Tehran."""
    of = company("inactivity", calendar="jalali", time_zone="Asia/Tehran")
    bought = [invoice("1", "a", "2026-03-20 21:00", 5), invoice("2", "b", "2026-03-20 20:00", 5), invoice("3", "b", "2026-03-20 21:00", 5)]
    found = cells(engine, of=of, first="2026-02-20", as_of="2026-05-21", invoice=bought)
    esfand, farvardin = (found["first_payment", day, "n_day", "month", 1] for day in ("2026-02-20", "2026-03-21"))
    assert (esfand["retained"], esfand["calendar"], esfand["customers"], farvardin["retained"]) == (1, "jalali", 1, 0)


def test_cohorts_by_the_plan_first_paid(engine: Engine) -> None:
    """a starts on basic and moves to gold: it stays a customer who came with basic."""
    book = [
        version("a", "2026-01-05", "2026-01-25"),
        version("a", "2026-01-25", None, plan="gold"),
        version("b", "2026-01-07", "2026-02-03", plan="gold"),
    ]
    found = rows(engine, cohort_retention(night(engine, company(dimensions=["plan"]), "2026-01-01", "2026-02-28", subscription=book)))
    told = {
        row["dimension_value"]: (row["customers"], row["retained"])
        for row in found
        if (row["method"], row["age_unit"], row["age"]) == ("n_day", "month", 1)
    }
    assert told == {"all": (2, 1), "basic": (1, 1), "gold": (1, 0)}


def test_euros_are_reckoned_at_the_nights_rate_at_every_age(duckdb: Engine) -> None:
    """A rate that rises from 1 to 2 is no revenue retained."""
    rates = [{"day": day, "currency": "EUR", "rate": rate} for day, rate in [("2026-01-01", 1), ("2026-02-15", 2)]]
    book = [version("a", "2026-01-05", currency="EUR")]
    found = cells(duckdb, of=company(), first="2026-01-01", as_of="2026-02-28", subscription=book, fx_rate=rates)
    row = found["first_payment", "2026-01-01", "n_day", "month", 1]
    assert (row["base_revenue"], row["revenue"], row["revenue_retention_rate"]) == (200, 200, 1)


def test_a_company_without_customers_has_no_cohorts(engine: Engine) -> None:
    assert cells(engine, of=company(), first="2026-01-01", as_of="2026-02-28") == {}


def test_a_bracket_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"found \[3, 1\]. Write the first and the last age"):
        company(cohorts={"brackets": [[3, 1]]})


@settings(
    deadline=None, derandomize=True, max_examples=20, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 150)), min_size=1, max_size=25))
def test_what_holds_of_every_cohort(duckdb: Engine, told: list[tuple[int, int]]) -> None:
    """Of buyers on random days: unbounded never grows with age and is at least n_day; nobody is retained who has not come."""
    bought = [
        invoice(str(number), f"c{customer}", str(date(2026, 1, 1) + timedelta(days=day)), 5) for number, (customer, day) in enumerate(told)
    ]
    found = cells(duckdb, of=company("inactivity"), first="2026-01-01", as_of="2026-06-30", invoice=bought)
    for (by, start, method, unit, age), row in found.items():
        if row["reached"] is None:
            continue
        assert 0 <= row["retained"] <= row["reached"] <= row["customers"]
        if method == "unbounded" and unit == "month":
            before = found.get((by, start, method, unit, age - 1))
            assert before is None or row["retained"] <= before["retained"]
            assert row["retained"] >= found[by, start, "n_day", unit, age]["retained"]
    firsts = sum(row["customers"] for (_, _, method, unit, age), row in found.items() if (method, unit, age) == ("n_day", "month", 0))
    assert firsts == len({customer for customer, _ in told})
    assert sum(
        row["revenue"] or Decimal(0) for (_, _, method, unit, _), row in found.items() if (method, unit) == ("n_day", "month")
    ) == 5 * len(told)
