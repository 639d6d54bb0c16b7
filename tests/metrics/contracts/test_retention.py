"""Churn and retention of a book of ten customers, reckoned by hand; and the table of key figures they stand in."""

import pytest
from tests.small_tables import Row, company, figures, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.metrics.run.measure import contract_marts

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


# a paused in December and ended in February; b's interval past due was cured, and b cancels later in the same month; c's contract
# does not renew by itself and runs out; d's does, d asks to leave and it ends with its term; e's payment failed for good.
ENDINGS: list[Row] = [
    version("a", BEFORE, "2025-12-20"),
    version("a", "2025-12-20", "2026-02-10", status="paused"),
    version("a", "2026-02-10", status="ended", started_at=BEFORE, ended_at="2026-02-10", ended_reason="cancelled"),
    version("b", BEFORE, "2026-02-03"),
    version("b", "2026-02-03", "2026-02-09", status="past_due"),
    version("b", "2026-02-09", "2026-02-20"),
    version("c", BEFORE, None, auto_renew=False, renews_at="2026-02-15"),
    version("d", BEFORE, "2026-02-15", auto_renew=True, renews_at="2026-02-15", cancel_requested_at="2026-01-15"),
    version("d", "2026-02-15", status="ended", started_at=BEFORE, ended_at="2026-02-15", auto_renew=True, renews_at="2026-02-15"),
    version("e", BEFORE, "2026-01-20"),
    version("e", "2026-01-20", None, status="past_due"),
    version("f", BEFORE),
]


@pytest.fixture(scope="module")
def ended(duckdb: Engine) -> dict[str, float | None]:
    """The figures of February 2026."""
    marts = contract_marts(night(duckdb, company(), "2026-02-01", "2026-03-31", subscription=ENDINGS))
    return figures(rows(duckdb, marts["kpi_period"]), "2026-02-01")


@pytest.mark.parametrize(
    ("metric", "value"),
    {
        "customers_start": 5,  # b, c, d, e, f; a is paused
        "customers_churned": 5,  # a out of its pause, b, c, d, e
        "customers_churned_from_pause": 1,
        "logo_churn_rate": 5 / 6,  # a stands above and below the line
        "involuntary_churn_rate": 1 / 6,  # e, on 19 February; not b, whose payment came
        "customers_not_renewed": 1,  # c
        "customers_cancelled": 3,  # a, b, d
        "non_renewal_rate": 1 / 6,
        "cancellation_rate": 3 / 6,
        "churned_mrr": 400,  # a's MRR went when it was paused
    }.items(),
)
def test_how_customers_left(ended: dict[str, float | None], metric: str, value: float) -> None:
    assert ended[metric] == pytest.approx(value, abs=1e-12)


def test_reactivation_goes_by_what_customers_were_when_they_had_left(duckdb: Engine) -> None:
    """x and y left in December as new customers; both come back, x on 20 March, when it is older than 90 days.

    By tenure at the start of March (80 days) both stand in one cell, above and below the line: 2 of 2. By plan they are nobody's.
    """
    of = company(dimensions=["tenure", "plan"])
    people = [{"customer_id": name, "name": name, "signed_up_at": "2025-12-11"} for name in "xyz"]
    book = [
        *(version(name, "2025-12-11", "2025-12-20") for name in "xy"),
        *(version(name, "2026-03-20", None, plan="pro", subscription_id=f"{name}-2") for name in "xy"),
        version("z", "2025-12-11", None, plan="pro"),
    ]
    marts = contract_marts(night(duckdb, of, "2025-12-11", "2026-03-31", customer=people, subscription=book))
    kpis = rows(duckdb, marts["kpi_period"])
    cells = [("tenure", "under 3 months"), ("tenure", "3 to 12 months"), ("plan", "pro"), ("plan", "(none)"), ("all", "all")]
    rates = {
        (dimension, value): figures(kpis, "2026-03-01", dimension=dimension, value=value)["reactivation_rate"] for dimension, value in cells
    }
    assert rates == {
        ("tenure", "under 3 months"): 1.0,
        ("tenure", "3 to 12 months"): None,
        ("plan", "pro"): None,
        ("plan", "(none)"): 1.0,
        ("all", "all"): 1.0,
    }


def test_the_plan_of_an_account_with_two_currencies_is_that_of_its_larger_start(duckdb: Engine) -> None:
    """100 dollars for basic and 50 euros (60 dollars) for pro; from 10 February 500 euros for pro: February opens under basic."""
    book = [
        version("a", BEFORE, None, 100),
        version("a", BEFORE, "2026-02-10", 50, plan="pro", currency="EUR", subscription_id="a-2"),
        version("a", "2026-02-10", None, 500, plan="pro", currency="EUR", subscription_id="a-2"),
    ]
    rates = [{"day": "2025-12-01", "currency": "EUR", "rate": "1.2"}]
    people = [{"customer_id": "a", "name": "a", "signed_up_at": BEFORE}]
    given = night(duckdb, company(dimensions=["plan"]), "2026-02-01", "2026-02-28", customer=people, subscription=book, fx_rate=rates)
    kpis = rows(duckdb, contract_marts(given)["kpi_period"])
    starts = {plan: figures(kpis, "2026-02-01", dimension="plan", value=plan).get("mrr_start") for plan in ("basic", "pro")}
    assert starts == {"basic": 160, "pro": 0}  # pro has a cell because the account ends there
