"""Sales and profit retention: what was kept, weighted by what it was worth in the period before."""

from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from tests.small_tables import Row, company, invoice, night, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.frame.dimensions import Dimension
from mandegar.metrics.frame.grain import PERIOD
from mandegar.metrics.frame.kpi import tall
from mandegar.metrics.frame.periods import named
from mandegar.metrics.value.worth_keeping import WORTH_KEEPING, base_values, worth_keeping

# January: a 1000 less 400 of goods, b 500 less 100 and 20 minutes of support, c 100 less 150, d nothing, e 300. A minute costs 2.
INVOICES: list[Row] = [
    invoice("1", "a", "2026-01-10", 900, cost_amount=400),
    invoice("2", "a", "2026-01-31 23:00", 100),
    invoice("3", "a", "2026-02-01", 7000),  # February's own
    invoice("4", "b", "2026-01-05", 600, cost_amount=150),
    invoice("5", "b", "2026-01-20", 100, cost_amount=50, kind="credit"),
    invoice("6", "c", "2026-01-20", 100, cost_amount=150),
    invoice("7", "e", "2026-01-20", 300),
    invoice("8", "e", "2026-01-20", 999, voided_at="2026-01-21", cost_amount=500),
]
TICKETS: list[Row] = [
    {"ticket_id": "1", "customer_id": "b", "opened_at": "2026-01-15", "agent_minutes": 20},
    {"ticket_id": "2", "customer_id": "b", "opened_at": "2026-02-15", "agent_minutes": 500},
    {"ticket_id": "3", "customer_id": "d", "opened_at": "2026-01-15"},
]
# a stays, b leaves, c pauses, d stays, e comes in February
PRESENCE = {
    "a": (True, True, False),
    "b": (True, False, False),
    "c": (True, False, True),
    "d": (True, True, False),
    "e": (False, True, False),
}
REGION = {"a": "north", "b": "south", "c": "north", "d": "south", "e": "south"}


def presence(engine: Engine, periods: ir.Table, of: dict[str, tuple[bool, bool, bool]]) -> ir.Table:
    """Who was there at the ends of February."""
    table = {
        "customer_id": list(of),
        **{name: [told[place] for told in of.values()] for place, name in enumerate(("before", "after", "is_paused"))},
        "of region": [REGION[customer] for customer in of],
    }
    february = periods.filter(periods.period_start == ibis.date(2026, 2, 1)).select(*PERIOD)
    return engine.table(pa.table(table)).cross_join(february)


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def february(request: pytest.FixtureRequest) -> tuple[dict[str, Row], dict[str, Row], dict[tuple[str, str], float | None]]:
    """The worth of each customer in January, February's sums by region, and the figures."""
    engine: Engine = request.getfixturevalue(request.param)
    of = company(value={"cost_per_agent_minute": "2"})
    told = night(engine, of, "2026-02-01", "2026-02-28", invoice=INVOICES, ticket=TICKETS)
    values = engine.keep(base_values(told))
    wide = engine.keep(worth_keeping(presence(engine, told.periods, PRESENCE), values, [Dimension("region")]))
    figures = {(row["dimension_value"], row["metric"]): row["value"] for row in rows(engine, tall(wide, WORTH_KEEPING, told.periods))}
    return (
        {row["customer_id"]: row for row in rows(engine, values)},
        {row["dimension_value"]: row for row in rows(engine, wide)},
        figures,
    )


@pytest.mark.parametrize(("customer", "revenue", "profit"), [("a", 1000, 600), ("b", 500, 360), ("c", 100, -50), ("e", 300, 300)])
def test_the_worth_of_january(february: tuple, customer: str, revenue: int, profit: int) -> None:
    """b: 600 - 100 credited; goods 150 - 50 that came back; 20 minutes at 2."""
    row = february[0][customer]
    assert (row["revenue"], row["profit"]) == (revenue, profit)


def test_sales_kept(february: tuple) -> None:
    """Of a, b, c and d: 1000 + 500 + 100; kept a, d, and c, who pauses: 1100."""
    row = february[1]["all"]
    assert (row["sales_base"], row["sales_kept"], february[2]["all", "sales_retention_rate"]) == (1600, 1100, 1100 / 1600)


def test_profit_kept(february: tuple) -> None:
    """600 + 360 - 50; kept 600 - 50."""
    row = february[1]["all"]
    assert (row["profit_base"], row["profit_kept"]) == (910, 550)
    assert february[2]["all", "profit_retention_rate"] == pytest.approx(550 / 910)


def test_by_region(february: tuple) -> None:
    """North keeps a and c; of the south's b and d only b was worth anything, and left."""
    assert [february[2][region, "sales_retention_rate"] for region in ("north", "south")] == [1, 0]
    assert sum(february[1][region]["sales_base"] for region in ("north", "south")) == Decimal(1600)


def test_of_a_loss_there_is_no_rate(engine: Engine) -> None:
    """c alone: sales 100, a loss of 50."""
    told = night(engine, company(), "2026-02-01", "2026-02-28", invoice=INVOICES)
    only = presence(engine, told.periods, {"c": PRESENCE["c"]})
    figures = {
        row["metric"]: row["value"] for row in rows(engine, tall(worth_keeping(only, base_values(told)), WORTH_KEEPING, told.periods))
    }
    assert figures == {"sales_retention_rate": 1, "profit_retention_rate": None}


def test_the_period_before_nowruz_is_esfand(duckdb: Engine) -> None:
    """Farvardin 1405 begins on 21 March 2026 in Tehran, where 20:00 UTC on the 20th is still Esfand, 20 February to 20 March."""
    of = company(calendar="jalali", time_zone="Asia/Tehran")
    bought = [
        invoice("1", "a", "2026-02-19 20:00", 1),
        invoice("2", "a", "2026-02-19 21:00", 10),
        invoice("3", "a", "2026-03-20 20:00", 100),
    ]
    told = night(duckdb, of, "2026-03-21", "2026-04-10", invoice=bought)
    found = rows(duckdb, named(base_values(told), told.periods))
    assert [(str(row["period_start"]), row["revenue"]) for row in found] == [("2026-03-21", 110)]
