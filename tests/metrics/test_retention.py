"""Churn and retention of a book of ten customers, reckoned by hand; and the table of key figures they stand in."""

import pytest
from tests.small_tables import Row, company, figures, night, rows, version

from mandegar.engine import Engine
from mandegar.metrics.measure import contract_marts

BEFORE = "2025-12-01"
# On 1 February a to e and j pay 100 each: 6 customers, 600. On 1 March a 150, b 60, f 200, g 80, j 100: 5 customers, 590.
BOOK: list[Row] = [
    version("a", BEFORE, "2026-02-10", 100),
    version("a", "2026-02-10", None, 150),
    version("b", BEFORE, "2026-02-10", 100),
    version("b", "2026-02-10", None, 60),
    version("c", BEFORE, "2026-02-15"),
    version("c", "2026-02-15", status="ended", started_at=BEFORE, ended_at="2026-02-15", ended_reason="cancelled"),
    version("d", BEFORE, "2026-01-10"),
    version("d", "2026-01-10", "2026-02-09", status="past_due"),
    version("d", "2026-02-09", status="ended", started_at=BEFORE, ended_at="2026-02-09", ended_reason="payment_failed"),
    version("e", BEFORE, "2026-02-20"),
    version("e", "2026-02-20", "2026-03-05", status="paused"),
    version("e", "2026-03-05"),
    version("f", "2026-02-12", None, 200),
    version("g", BEFORE, "2025-12-20"),
    version("g", "2026-02-25", None, 80, subscription_id="g-2"),
    version("h", "2026-02-03", "2026-02-08"),  # came and went within February
    version("i", BEFORE, "2025-12-22"),
    version("j", BEFORE),
]
FEBRUARY = {
    "customers_start": 6,
    "customers_end": 5,  # 6 + 1 new + 1 back - 2 churned - 1 paused
    "customers_churned": 2,  # c and d; e is paused, h was not there at the start
    "customers_new": 1,  # f
    "customers_reactivated": 1,  # g
    "customers_paused": 1,  # e
    "customers_resumed": 0,
    "logo_churn_rate": 2 / 6,
    "logo_retention_rate": 4 / 6,
    "voluntary_churn_rate": 1 / 6,  # c cancelled
    "involuntary_churn_rate": 1 / 6,  # d's payment failed
    "reactivation_rate": 1 / 2,  # g, of g and i
    "mrr_start": 600,
    "mrr_end": 590,  # 600 + 200 + 80 + 50 - 40 - 200 - 100
    "new_mrr": 200,
    "reactivation_mrr": 80,
    "resumed_mrr": 0,
    "expansion_mrr": 50,
    "contraction_mrr": 40,
    "churned_mrr": 200,
    "paused_mrr": 100,
    "fx_mrr": 0,
    "gross_revenue_retention": 260 / 600,  # a 100 (not 150), b 60, j 100
    "net_revenue_retention": 310 / 600,  # a 150, b 60, j 100
    "arpa": 118,  # 590 / 5
    "quick_ratio": 1.375,  # (200 + 50 + 80) / (40 + 200)
    "revenue": 0,
    "customers_buying": 0,
}
MARCH = {
    "customers_start": 5,
    "customers_end": 6,  # e resumes
    "customers_churned": 0,
    "customers_resumed": 1,
    "logo_churn_rate": 0,
    "logo_retention_rate": 1,
    "reactivation_rate": 0,  # none of c, d, h and i; e is paused, not lost
    "mrr_start": 590,
    "mrr_end": 690,
    "resumed_mrr": 100,
    "gross_revenue_retention": 1,
    "net_revenue_retention": 1,  # e was not there at the start
    "arpa": 115,  # 690 / 6
    "quick_ratio": None,  # nothing was lost: 0 / 0
}
# Those of design.md that a company with contracts and invoices has by now.
PROMISED = """
customers_start customers_end customers_churned logo_churn_rate logo_retention_rate mrr_start mrr_end new_mrr expansion_mrr
contraction_mrr churned_mrr reactivation_mrr gross_revenue_retention net_revenue_retention voluntary_churn_rate
involuntary_churn_rate arpa quick_ratio revenue reactivation_rate
"""


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def kpis(request: pytest.FixtureRequest) -> list[Row]:
    """kpi_period of the book for February and March 2026, closed on 31 March, on both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    marts = contract_marts(night(engine, company(), "2026-02-01", "2026-03-31", subscription=BOOK))
    return rows(engine, marts["kpi_period"])


@pytest.mark.parametrize("metric", FEBRUARY)
def test_february(kpis: list[Row], metric: str) -> None:
    assert figures(kpis, "2026-02-01")[metric] == pytest.approx(FEBRUARY[metric], abs=1e-12)


@pytest.mark.parametrize("metric", MARCH)
def test_march(kpis: list[Row], metric: str) -> None:
    assert figures(kpis, "2026-03-01")[metric] == (None if MARCH[metric] is None else pytest.approx(MARCH[metric], abs=1e-12))


def test_every_promised_metric_is_there_for_both_months(kpis: list[Row]) -> None:
    found = {(str(row["period_start"]), row["metric"]) for row in kpis}
    assert {(month, metric) for month in ("2026-02-01", "2026-03-01") for metric in PROMISED.split()} - found == set()


def test_the_parts_of_a_figure_stand_beside_it(kpis: list[Row]) -> None:
    """Of the whole company: numerator, denominator, value."""
    found = {row["metric"]: row for row in kpis if str(row["period_start"]) == "2026-02-01"}
    parts = {name: (float(found[name]["numerator"]), found[name]["denominator"] and float(found[name]["denominator"])) for name in found}
    assert parts["logo_retention_rate"] == (4, 6)
    assert parts["gross_revenue_retention"] == (260, 600)
    assert parts["quick_ratio"] == (330, 240)
    assert parts["mrr_end"] == (590, None)
    assert {(row["dimension"], row["dimension_value"], row["convention"]) for row in kpis} == {("all", "all", "default")}
