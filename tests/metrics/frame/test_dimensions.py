"""Figures by plan, region, tenure and pairs: what a customer was then, not what it is now; every breakdown adds up to the whole."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from tests.small_tables import Row, at, company, entity, figures, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.config import company as companies
from mandegar.errors import CompanyError
from mandegar.metrics.frame.dimensions import Dimension, by_cell, totals
from mandegar.metrics.run.measure import contract_marts, inactivity_marts

BEFORE = "2025-12-01"
DIMENSIONS = ["plan", "region", "tenure", "attributes.size", "plan x region"]
CUSTOMERS: list[Row] = [
    {"customer_id": "a", "name": "A", "signed_up_at": BEFORE, "region": "north", "attributes": '{"size": "big"}'},
    {"customer_id": "b", "name": "B", "signed_up_at": "2025-01-01", "region": "north", "attributes": '{"size": "small"}'},
    {"customer_id": "c", "name": "C", "signed_up_at": BEFORE, "region": "south", "attributes": "{}"},
    {"customer_id": "d", "name": "D", "signed_up_at": "2026-01-10", "region": None},
]
# January: a 100 basic; b 200 pro, leaves on 20 January; c 50 basic moves to pro at 80 on 15 January; d comes with pro at 60.
# February: a adds a second, larger subscription (pro, 150) on 10 February; nothing else moves.
SUBSCRIPTIONS = [
    version("a", BEFORE, None, 100, plan="basic"),
    version("a", "2026-02-10", None, 150, plan="pro", subscription_id="a-2"),
    version("b", BEFORE, "2026-01-20", 200, plan="pro"),
    version("c", BEFORE, "2026-01-15", 50, plan="basic"),
    version("c", "2026-01-15", None, 80, plan="pro"),
    version("d", "2026-01-10", None, 60, plan="pro"),
]
INVOICES = [invoice("1", "c", "2026-01-10", 50), invoice("2", "c", "2026-01-20", 30), invoice("3", "d", "2026-01-10", 60)]
Cell = tuple[str, str, str]


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def kpis(request: pytest.FixtureRequest) -> list[Row]:
    """kpi_period of January to March 2026, on both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    entities = {"customer": CUSTOMERS, "subscription": SUBSCRIPTIONS, "invoice": INVOICES}
    marts = contract_marts(night(engine, company(dimensions=DIMENSIONS), "2026-01-01", "2026-03-31", **entities))
    return rows(engine, marts["kpi_period"])


EXPECTED: dict[Cell, dict[str, float]] = {
    # what moved counts where the customer was at the start, what is there at the end where it is then: c begins January on basic,
    # pays 30 more, and ends it on pro: 80 go from basic to pro, and one period's end is the next one's opening
    ("2026-01-01", "plan", "basic"): {
        **{"customers_start": 2, "customers_end": 1, "customers_moved": -1},
        **{"mrr_start": 150, "expansion_mrr": 30, "mrr_moved": -80, "mrr_end": 100, "arpa": 100},
    },
    ("2026-01-01", "plan", "pro"): {
        **{"customers_start": 1, "customers_end": 2, "customers_churned": 1, "logo_churn_rate": 1, "customers_moved": 1},
        **{"mrr_start": 200, "churned_mrr": 200, "new_mrr": 60, "mrr_moved": 80, "mrr_end": 140, "arpa": 70},
    },
    ("2026-02-01", "plan", "pro"): {"customers_start": 2, "mrr_start": 140, "mrr_end": 390, "mrr_moved": 250},  # c and d, then a too
    ("2026-02-01", "plan", "basic"): {"customers_start": 1, "mrr_start": 100, "mrr_end": 0, "expansion_mrr": 150, "mrr_moved": -250},  # a
    ("2026-02-01", "all", "all"): {"customers_moved": 0, "mrr_moved": 0},
    ("2026-03-01", "plan", "pro"): {"customers_start": 3, "mrr_start": 390},  # a's larger subscription is pro now
    ("2026-01-01", "region", "north"): {"customers_start": 2, "customers_churned": 1, "logo_churn_rate": 0.5, "mrr_start": 300},
    ("2026-01-01", "region", "south"): {"customers_start": 1, "customers_churned": 0, "mrr_end": 80},
    ("2026-01-01", "region", "(none)"): {"customers_start": 0, "customers_new": 1, "mrr_end": 60},
    # on 31 December a and c are a month old, b a year less a day; d is three weeks old when it is first counted
    ("2026-01-01", "tenure", "under 3 months"): {"customers_start": 2, "customers_new": 1},
    ("2026-01-01", "tenure", "3 to 12 months"): {"customers_start": 1, "customers_churned": 1},
    # a and c turn 90 days old at the midnight that opens March; the boundary looks at what was so just before it
    ("2026-03-01", "tenure", "under 3 months"): {"customers_start": 3},
    ("2026-01-01", "attributes.size", "big"): {"mrr_start": 100},
    ("2026-01-01", "attributes.size", "(none)"): {"mrr_start": 50, "mrr_end": 140},
    ("2026-01-01", "plan x region", "pro x north"): {"customers_churned": 1, "mrr_start": 200},
    ("2026-01-01", "plan x region", "basic x south"): {"mrr_start": 50, "expansion_mrr": 30},
}


@pytest.mark.parametrize("cell", EXPECTED, ids=" ".join)
def test_a_cell(kpis: list[Row], cell: Cell) -> None:
    start, dimension, value = cell
    found = figures(kpis, start, dimension=dimension, value=value)
    assert {name: found[name] for name in EXPECTED[cell]} == EXPECTED[cell]


def test_revenue_belongs_to_what_the_customer_was_on_the_day_of_the_invoice(kpis: list[Row]) -> None:
    """c is billed 50 on basic and 30 on pro, d 60 on pro; c buys in January as what it was at its first purchase."""
    basic, pro = (figures(kpis, "2026-01-01", dimension="plan", value=plan) for plan in ("basic", "pro"))
    assert (basic["revenue"], pro["revenue"]) == (50, 90)
    assert (basic["customers_buying"], pro["customers_buying"]) == (1, 1)


ADDITIVE = ("customers_start", "customers_end", "customers_churned", "customers_new", "mrr_start", "mrr_end", "expansion_mrr", "revenue")


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("metric", [*ADDITIVE, "customers_buying"])
def test_every_breakdown_adds_up_to_the_whole(kpis: list[Row], dimension: str, metric: str) -> None:
    of = [row for row in kpis if row["metric"] == metric]
    sums: dict[str, Decimal] = {}
    for row in of:
        if row["dimension"] == dimension:
            sums[str(row["period_start"])] = sums.get(str(row["period_start"]), Decimal(0)) + row["numerator"]
    assert len(sums) == 3
    assert sums == {str(row["period_start"]): row["numerator"] for row in of if row["dimension"] == "all"}


def test_a_customer_history_is_looked_at_as_of_the_day(duckdb: Engine) -> None:
    """a moved from the north to the south on 1 February: January counts it in the north, February in the south."""
    given = night(
        duckdb, company(dimensions=["region"]), "2026-01-01", "2026-02-28", customer=CUSTOMERS[:1], subscription=SUBSCRIPTIONS[:1]
    )
    known = duckdb.table(entity("customer", [CUSTOMERS[0], CUSTOMERS[0] | {"region": "south"}]))
    spans = [("north", "2000-01-01", "2026-01-31 12:00"), ("south", "2026-01-31 12:00", "9999-01-01")]
    history = known.mutate(
        from_at=ibis.cases(*((known.region == region, ibis.literal(at(since))) for region, since, _ in spans)),
        until_at=ibis.cases(*((known.region == region, ibis.literal(at(until))) for region, _, until in spans)),
    )
    found = rows(duckdb, contract_marts(replace(given, customer_history=history))["kpi_period"])
    by_month = {
        (month, region): figures(found, month, dimension="region", value=region).get("mrr_start")
        for month in ("2026-01-01", "2026-02-01")
        for region in ("north", "south")
    }
    assert by_month == {
        ("2026-01-01", "north"): 100,
        ("2026-01-01", "south"): 0,  # it is there at the end
        ("2026-02-01", "north"): None,
        ("2026-02-01", "south"): 100,
    }


def test_without_contracts_customers_are_counted_where_they_were(duckdb: Engine) -> None:
    bought = [invoice("1", "a", "2026-01-10", 10), invoice("2", "c", "2026-01-20", 30), invoice("3", "c", "2026-02-20", 5)]
    of = company("inactivity", churn={"kind": "inactivity", "days": 30}, dimensions=["region"])
    found = rows(duckdb, inactivity_marts(night(duckdb, of, "2026-01-01", "2026-02-28", customer=CUSTOMERS, invoice=bought))["kpi_period"])
    north, south = (figures(found, "2026-02-01", dimension="region", value=value) for value in ("north", "south"))
    assert (north["customers_start"], north["customers_churned"], north["logo_churn_rate"]) == (1, 1, 1)
    assert (south["customers_start"], south["customers_churned"], south["revenue"]) == (1, 0, 5)


@pytest.mark.parametrize(
    ("dimension", "told"),
    [
        ("planet", "'planet' is nothing that figures can be broken down by. Write one of plan, tenure"),
        ("plan x plan", "Write one of them, or a pair of two different ones"),
        ("plan x region x tenure", "or a pair of two different ones"),
        ("attributes.", "After `attributes.` stands a key of at most 100 letters"),
    ],
)
def test_a_dimension_that_there_is_not(make_company: Callable[..., Path], dimension: str, told: str) -> None:
    with pytest.raises(CompanyError, match=told):
        companies.load(make_company({"subscription.csv": "subscription_id\n"}, more=f"dimensions: [{dimension}]\n"))


SOLD = pa.table(
    {
        "month": ["may", "may", "may", "june"],
        "who": ["a", "b", "a", "c"],
        "of plan": ["pro", "pro", "basic", "(none)"],
        "of region": ["north", "south", "north", "south"],
        "amount": pa.array([Decimal("1.10"), Decimal("2.20"), None, Decimal("-0.30")], pa.decimal128(24, 4)),
    }
)
SOLD_BY = (Dimension("plan"), Dimension("region"), Dimension("plan x region"))


def test_sums_and_counts_by_cell(engine: Engine) -> None:
    """What is empty adds nothing; a cell of nothing but empty amounts is empty, and its rows count."""
    found = totals(engine.table(SOLD), SOLD_BY, lambda some: {"rows": some.count(), "amount": some.amount.sum()}, ["month"])
    assert {(row["month"], row["dimension"], row["dimension_value"]): (row["rows"], row["amount"]) for row in rows(engine, found)} == {
        ("may", "all", "all"): (3, Decimal("3.30")),
        ("june", "all", "all"): (1, Decimal("-0.30")),
        ("may", "plan", "pro"): (2, Decimal("3.30")),
        ("may", "plan", "basic"): (1, None),
        ("june", "plan", "(none)"): (1, Decimal("-0.30")),
        ("may", "region", "north"): (2, Decimal("1.10")),
        ("may", "region", "south"): (1, Decimal("2.20")),
        ("june", "region", "south"): (1, Decimal("-0.30")),
        ("may", "plan x region", "pro x north"): (1, Decimal("1.10")),
        ("may", "plan x region", "pro x south"): (1, Decimal("2.20")),
        ("may", "plan x region", "basic x north"): (1, None),
        ("june", "plan x region", "(none) x south"): (1, Decimal("-0.30")),
    }


ADD_UP: dict[str, tuple[Callable[[ibis.Table], ibis.Value], Decimal]] = {
    "a multiple": (lambda rows: rows.amount.sum() * 2, Decimal("6.60")),
    "twice as many": (lambda rows: 2 * rows.count(), Decimal(6)),
    "in a wider type": (lambda rows: rows.amount.sum().cast("decimal(38, 6)"), Decimal("3.30")),
    "whole numbers as decimals": (lambda rows: rows.count().cast("decimal(38, 4)"), Decimal(3)),
}


@pytest.mark.parametrize("figure", ADD_UP)
def test_multiples_of_sums_add_up(duckdb: Engine, figure: str) -> None:
    made, of_may = ADD_UP[figure]
    found = rows(duckdb, totals(duckdb.table(SOLD), SOLD_BY, lambda some: {"figure": made(some)}, ["month"]))
    assert [row["figure"] for row in found if (row["month"], row["dimension"]) == ("may", "all")] == [of_may]


DO_NOT: dict[str, Callable[[ibis.Table], ibis.Value]] = {
    "different ones": lambda rows: rows.who.nunique(),
    "a mean": lambda rows: rows.amount.mean(),
    "the largest": lambda rows: rows.amount.max(),
    "one more": lambda rows: rows.amount.sum() + 1,
    "a difference": lambda rows: rows.amount.sum() - rows.count(),  # of basic nothing less one: empty, and the one is lost
    "a size": lambda rows: rows.amount.sum().abs(),
    "a product": lambda rows: rows.amount.sum() * rows.count(),
    "rounded": lambda rows: rows.amount.sum().cast("int64"),
    "to a place": lambda rows: rows.amount.sum().cast("decimal(38, 1)"),
}


@pytest.mark.parametrize("figure", DO_NOT)
def test_what_does_not_add_up_is_refused(duckdb: Engine, figure: str) -> None:
    with pytest.raises(TypeError, match="many: no sum or count that adds up over cells"):
        totals(duckdb.table(SOLD), SOLD_BY, lambda some: {"many": DO_NOT[figure](some)}, ["month"])


def test_what_does_not_add_up_is_grouped_by_cell(duckdb: Engine) -> None:
    """a is one customer of May, with two plans."""
    cells = by_cell(duckdb.table(SOLD), SOLD_BY)
    counted = cells.group_by("month", "dimension", "dimension_value").agg(people=cells.who.nunique())
    people = {(row["month"], row["dimension_value"]): row["people"] for row in rows(duckdb, counted)}
    assert (people["may", "all"], people["may", "pro"], people["may", "basic"], people["june", "all"]) == (2, 2, 1, 1)
