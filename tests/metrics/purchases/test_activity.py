"""Churn without contracts: there is who bought within the last 30 days."""

from datetime import date

import pytest
from tests.small_tables import Row, company, figures, invoice, night, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.run.measure import inactivity_marts

# 30 days before 1 February is 2 January; before 1 March 30 January; before 1 April 2 March; before 1 May 1 April.
BOUGHT = [
    invoice("1", "a", "2026-01-01 23:59", 10),  # a minute too early to be there on 1 February
    invoice("2", "b", "2026-01-02 00:00", 10),  # just in time; gone by 1 March
    invoice("3", "c", "2026-01-31 23:59", 10),  # there on 1 February and 1 March
    invoice("4", "d", "2026-02-01 00:00", 10),  # this midnight belongs to February
    invoice("5", "e", "2026-01-10", 10),
    invoice("6", "e", "2026-04-10", 10),  # back after two months
    invoice("7", "gift", "2026-01-20", 0),
    invoice("8", "credited", "2026-01-20", -10, kind="credit"),
    invoice("9", "voided", "2026-01-20", 10, voided_at="2026-01-21"),
]
EXPECTED: dict[str, tuple[float | None, ...]] = {
    #                          Jan   Feb    Mar  Apr
    "customers_start":        (0,    3,     2,   0),
    "customers_end":          (3,    2,     0,   1),  # b c e / c d / - / e
    "customers_new":          (3,    1,     0,   0),  # a came and went within January
    "customers_churned":      (0,    2,     2,   0),  # - / b e / c d / -
    "customers_reactivated":  (0,    0,     0,   1),  # e
    "logo_churn_rate":        (None, 2 / 3, 1,   None),
    "logo_retention_rate":    (None, 1 / 3, 0,   None),
    "reactivation_rate":      (None, 0,     0,   1 / 5),  # of a / a b e / a b c d e
    "customers_buying":       (4,    1,     0,   1),
    "revenue":                (30,   10,    0,   10),  # 40 less 10 credited / 10 / 0 / 10
}  # fmt: skip


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def marts(request: pytest.FixtureRequest) -> dict[str, list[Row]]:
    """The marts of January to April 2026, on both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    of = company("inactivity", churn={"kind": "inactivity", "days": 30})
    found = inactivity_marts(night(engine, of, "2026-01-01", "2026-04-30", invoice=BOUGHT))
    return {name: rows(engine, table) for name, table in found.items()}


@pytest.mark.parametrize("metric", EXPECTED)
def test_month_by_month(marts: dict[str, list[Row]], metric: str) -> None:
    found = [figures(marts["kpi_period"], f"2026-0{month}-01")[metric] for month in (1, 2, 3, 4)]
    assert found == [None if value is None else pytest.approx(value, abs=1e-12) for value in EXPECTED[metric]]


def test_how_each_customer_stood_at_the_end_of_february(marts: dict[str, list[Row]]) -> None:
    february = [row for row in marts["fct_customer_period"] if row["period_start"] == date(2026, 2, 1)]
    assert {row["customer_id"]: row["status"] for row in february} == {"b": "churned", "c": "active", "d": "active", "e": "churned"}
