"""What one point of churn is worth."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from tests.small_tables import Row, company, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.frame import kpi
from mandegar.metrics.value.worth import WORTH, worth, worth_of_points, worth_without_contracts
from mandegar.time.calendar import period_table

MONEY = pa.decimal128(38, 4)


def test_the_published_example() -> None:
    """1000 customers at $50 a month: a point is 10 customers a month, $6,000 a year (metrics.md)."""
    assert worth_of_points(Decimal(1000), Decimal(50)) == Decimal(6000)


def test_half_a_point_is_worth_half() -> None:
    assert worth_of_points(Decimal(1000), Decimal(50), Decimal("0.5")) == Decimal(3000)


def wide(**figures: Any) -> pa.Table:
    """A wide table of one cell, of the whole company in the first period that a night measures."""
    cell: Row = {"period": 0, "dimension": "all", "dimension_value": "all"}
    columns = {name: pa.array([value], MONEY if isinstance(value, Decimal) else None) for name, value in (cell | figures).items()}
    return pa.table(columns)


def test_of_a_company_with_contracts(engine: Engine) -> None:
    """1000 customers who pay 50,000 a month together."""
    (found,) = rows(engine, worth(engine.table(wide(customers_end=1000, mrr_end=Decimal(50_000)))))
    assert (found["churn_point_customers"], found["churn_point_worth"]) == (Decimal(10), Decimal(6000))


def test_cents_are_kept(engine: Engine) -> None:
    """3 customers at 33.3333: 0.03 customers, 99.9999 x 0.12 = 11.999988."""
    (found,) = rows(engine, worth(engine.table(wide(customers_end=3, mrr_end=Decimal("99.9999")))))
    assert (found["churn_point_customers"], found["churn_point_worth"]) == (Decimal("0.03"), Decimal("12.0000"))


def test_without_customers_a_point_is_nothing_that_could_be_told(engine: Engine) -> None:
    (found,) = rows(engine, worth(engine.table(wide(customers_end=0, mrr_end=Decimal(0)))))
    assert (found["churn_point_customers"], found["churn_point_worth"]) == (None, None)


@pytest.mark.parametrize(("kind", "expected"), [("month", 6000), ("quarter", 2000), ("year", 500)])
def test_without_contracts_revenue_stands_for_mrr(engine: Engine, kind: str, expected: int) -> None:
    """50,000 in a month are 600,000 a year, in a quarter 200,000, in a year 50,000; a point is a hundredth."""
    periods = engine.table(period_table(company(periods=[kind]), date(2026, 1, 1), date(2026, 12, 31)))
    (found,) = rows(engine, worth_without_contracts(engine.table(wide(customers_end=1000, revenue=Decimal(50_000))), periods))
    assert (found["churn_point_customers"], found["churn_point_worth"]) == (Decimal(10), Decimal(expected))


def test_revenue_of_a_running_month_says_nothing_yet(engine: Engine) -> None:
    periods = engine.table(period_table(company(), date(2026, 1, 1), date(2026, 1, 15)))
    assert rows(engine, worth_without_contracts(engine.table(wide(customers_end=10, revenue=Decimal(5))), periods)) == []


def test_as_key_figures(engine: Engine) -> None:
    periods = engine.table(period_table(company(), date(2026, 1, 1), date(2026, 1, 31)))
    found = rows(engine, kpi.tall(worth(engine.table(wide(customers_end=1000, mrr_end=Decimal(50_000)))), WORTH, periods))
    assert {row["metric"]: (row["value"], row["denominator"]) for row in found} == {
        "churn_point_customers": (10, None),
        "churn_point_worth": (6000, None),
    }
