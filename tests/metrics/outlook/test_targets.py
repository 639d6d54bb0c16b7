"""Targets: against what was reached, the run rate of what still runs, and the trend towards a day."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests import small_tables
from tests.small_tables import Row, rows

from mandegar.compute.engine import Engine
from mandegar.config import company as companies
from mandegar.config.company import Company
from mandegar.errors import CompanyError
from mandegar.metrics.outlook import target_file
from mandegar.metrics.outlook.target_file import Targets
from mandegar.metrics.outlook.targets import retention_target, trend
from mandegar.time.calendar import period_of

COMPANY = small_tables.company(dimensions=["plan"], periods=["month", "quarter", "year"])
KPIS = pa.schema(
    [
        *((name, pa.string()) for name in ("calendar", "period_kind", "convention", "dimension", "dimension_value", "metric")),
        ("period_start", pa.date32()),
        ("period_end", pa.date32()),
        ("is_complete", pa.bool_()),
        ("numerator", pa.decimal128(38, 4)),
        ("denominator", pa.decimal128(38, 4)),
        ("value", pa.float64()),
    ]
)


def kpi(metric: str, start: str, numerator: Any, denominator: Any = None, kind: str = "month", **more: Any) -> Row:
    """A row of kpi_period of the whole company, closed unless it says otherwise."""
    period = period_of(date.fromisoformat(start), kind, more.get("calendar", "gregorian"))
    value = None if numerator is None or denominator == 0 else float(numerator) / float(denominator or 1)
    told: Row = {"calendar": "gregorian", "period_kind": kind, "convention": "default", "dimension": "all", "dimension_value": "all"}
    told |= {"metric": metric, "period_start": period.start, "period_end": period.end, "is_complete": True, "value": value}
    told |= {"numerator": numerator and Decimal(str(numerator)), "denominator": None if denominator is None else Decimal(str(denominator))}
    return told | more


def churn(start: str, churned: int, **more: Any) -> Row:
    """Churn of a thousand customers."""
    return kpi("logo_churn_rate", start, churned, 1000, **more)


def told(engine: Engine, target: Row, kpis: list[Row], as_of: str, company: Company = COMPANY) -> list[Row]:
    """What the mart says of one target."""
    plan = Targets.model_validate({"targets": {"it": target}})
    table = engine.table(pa.Table.from_pylist(kpis, schema=KPIS))
    return rows(engine, retention_target(company, engine, plan, table, date.fromisoformat(as_of)).order_by("period_start"))


def test_every_month_by_itself(engine: Engine) -> None:
    """May closed with 3 %; after 15 of June's 30 days it is 1 %: 1 - 0.99^2 = 1.99 % at its end."""
    kpis = [churn("2026-05-01", 30), churn("2026-06-01", 10, is_complete=False)]
    may, june = told(engine, {"metric": "logo_churn_rate", "target": 0.02, "every": "month"}, kpis, "2026-06-15")
    assert (may["actual"], may["variance"], may["projection"], may["on_track"]) == (0.03, pytest.approx(0.01), "actual", False)
    assert (june["actual"], june["variance"]) == (0.01, pytest.approx(-0.01))
    assert (june["projected"], june["projection"], june["on_track"]) == (pytest.approx(0.0199), "compounding", True)
    assert (june["goal"], june["is_complete"], june["period_end"]) == ("at_most", False, date(2026, 7, 1))


def test_every_month_from_a_day_on(engine: Engine) -> None:
    kpis = [churn("2026-04-01", 30), churn("2026-05-01", 30), churn("2026-06-01", 30)]
    target = {"metric": "logo_churn_rate", "target": 0.02, "every": "month", "since": "2026-05-20"}
    assert [str(row["period_start"]) for row in told(engine, target, kpis, "2026-06-30")] == ["2026-05-01", "2026-06-01"]


# metric, figure, numerator and denominator after 10 of the 30 days of June, projected, how
RUNNING = {
    "flow": ("customers_churned", "value", 7, None, 21, "flow"),
    "money": ("revenue", "value", "1000.50", None, 3001.5, "flow"),
    "kept": ("logo_retention_rate", "value", 950, 1000, 0.857375, "compounding"),  # 0.95^3
    "grown": ("net_revenue_retention", "value", 1100, 1000, 1.331, "compounding"),
    "lost": ("involuntary_churn_rate", "value", 100, 1000, 0.271, "compounding"),  # 1 - 0.9^3
    "sales of those who stay": ("sales_retention_rate", "numerator", 900, 1000, 729, "compounding"),
    "level": ("customers_end", "value", 70, None, 70, "as it stands"),
    "score": ("nps", "value", -100, 50, -2, "as it stands"),
    "all lost": ("logo_churn_rate", "value", 10, 10, 1, "compounding"),
    "more lost than there were": ("logo_churn_rate", "value", 20, 10, 2, "as it stands"),
}


@pytest.mark.parametrize("case", RUNNING)
def test_the_run_rate(duckdb: Engine, case: str) -> None:
    metric, figure, numerator, denominator, projected, how = RUNNING[case]
    kpis = [kpi(metric, "2026-06-01", numerator, denominator, is_complete=False)]
    (found,) = told(duckdb, {"metric": metric, "figure": figure, "target": 0.5, "every": "month"}, kpis, "2026-06-10")
    assert (found["projected"], found["projection"]) == (pytest.approx(projected), how)


def test_the_sales_of_a_year_by_its_name(engine: Engine) -> None:
    """300,000 in 90 of 365 days: 1,216,666.67 in all."""
    kpis = [kpi("revenue", "2026-01-01", 300_000, kind="year", is_complete=False), kpi("revenue", "2025-01-01", 900_000, kind="year")]
    (found,) = told(engine, {"metric": "revenue", "target": 1_200_000, "period": 2026}, kpis, "2026-03-31")
    assert (found["projected"], found["on_track"], found["goal"]) == (pytest.approx(1_216_666.67, abs=0.01), True, "at_least")
    assert (found["actual"], found["variance"], found["actual_start"]) == (300_000, -900_000, date(2026, 1, 1))


def test_by_a_day_the_trend_tells(engine: Engine) -> None:
    """5, 4 and 3 % in January to March: two months on, in May, 1 %; the running April does not count."""
    kpis = [churn("2026-01-01", 50), churn("2026-02-01", 40), churn("2026-03-01", 30), churn("2026-04-01", 1, is_complete=False)]
    target = {"metric": "logo_churn_rate", "target": 0.015, "by": "2026-05-31"}
    (found,) = told(engine, target, kpis, "2026-04-02")
    assert (found["period_start"], found["actual_start"]) == (date(2026, 5, 1), date(2026, 3, 1))
    assert (found["actual"], found["variance"]) == (0.03, pytest.approx(0.015))
    assert (found["projected"], found["projection"], found["on_track"]) == (pytest.approx(0.01), "trend", True)


@pytest.mark.parametrize(
    ("kpis", "projected", "how"),
    [
        ([churn("2026-02-01", 40), churn("2026-03-01", 30)], 0.03, "as it stands"),  # two points are no trend
        ([churn("2026-01-01", 50), churn("2026-02-01", 30), churn("2026-03-01", 10)], 0, "trend"),  # -0.02 a month: not below 0
        # the last six: 60, 50, 40, 30, 20, 10; what was before does not bend the line
        (
            [churn(f"2025-{month:02}-01", churned) for month, churned in zip(range(6, 13), (0, 60, 50, 40, 30, 20, 10), strict=True)],
            0,
            "trend",
        ),
        ([], None, None),
    ],
)
def test_what_the_trend_cannot_tell(duckdb: Engine, kpis: list[Row], projected: float | None, how: str | None) -> None:
    (found,) = told(duckdb, {"metric": "logo_churn_rate", "target": 0.015, "by": "2026-12-31"}, kpis, "2026-04-02")
    assert (found["projected"], found["projection"]) == (projected, how)
    assert found["on_track"] is (None if projected is None else projected <= 0.015)


def test_by_a_day_in_the_month_that_runs_the_run_rate_tells(duckdb: Engine) -> None:
    """1 % after 10 of 30 days: 1 - 0.99^3 = 2.97 %."""
    kpis = [churn("2026-05-01", 50), churn("2026-06-01", 10, is_complete=False)]
    (found,) = told(duckdb, {"metric": "logo_churn_rate", "target": 0.02, "by": "2026-06-30"}, kpis, "2026-06-10")
    assert (found["actual"], found["projected"], found["projection"]) == (0.01, pytest.approx(0.029701), "compounding")


def test_a_day_that_has_passed(duckdb: Engine) -> None:
    kpis = [churn("2026-05-01", 10), churn("2026-06-01", 50)]
    (found,) = told(duckdb, {"metric": "logo_churn_rate", "target": 0.02, "by": "2026-05-31"}, kpis, "2026-06-30")
    assert (found["actual"], found["projection"], found["on_track"], found["is_complete"]) == (0.01, "actual", True, True)


def test_a_segment(duckdb: Engine) -> None:
    kpis = [churn("2026-05-01", 10), churn("2026-05-01", 50, dimension="plan", dimension_value="pro")]
    target = {"metric": "logo_churn_rate", "target": 0.02, "every": "month", "dimension": "plan", "dimension_value": "pro"}
    (found,) = told(duckdb, target, kpis, "2026-05-31")
    assert (found["actual"], found["dimension_value"]) == (0.05, "pro")


def test_only_the_default_convention_counts(duckdb: Engine) -> None:
    kpis = [churn("2026-05-01", 10), churn("2026-05-01", 50, convention="stripe")]
    found = told(duckdb, {"metric": "logo_churn_rate", "target": 0.02, "every": "month"}, kpis, "2026-05-31")
    assert [row["actual"] for row in found] == [0.01]


def test_a_figure_that_is_empty_is_not_known(duckdb: Engine) -> None:
    (found,) = told(
        duckdb,
        {"metric": "logo_churn_rate", "target": 0.02, "period": "2026-05"},
        [kpi("logo_churn_rate", "2026-05-01", 0, 0)],
        "2026-05-31",
    )
    assert (found["period_start"], found["actual"], found["projected"], found["on_track"]) == (date(2026, 5, 1), None, None, None)


def test_what_is_better_small_or_great_can_be_said(duckdb: Engine) -> None:
    (found,) = told(
        duckdb,
        {"metric": "customers_new", "target": 5, "every": "month", "goal": "at_most"},
        [kpi("customers_new", "2026-05-01", 6)],
        "2026-05-31",
    )
    assert (found["goal"], found["on_track"]) == ("at_most", False)


@pytest.mark.parametrize(
    ("name", "start", "end", "settings"),
    [
        ("2026", "2026-01-01", "2027-01-01", {}),
        ("2026-Q2", "2026-04-01", "2026-07-01", {}),
        ("2026-03", "2026-03-01", "2026-04-01", {}),
        ("2026", "2026-04-01", "2027-04-01", {"fiscal_year_start": 4}),
        ("2026-Q4", "2027-01-01", "2027-04-01", {"fiscal_year_start": 4}),
        ("2026-03", "2026-03-01", "2026-04-01", {"fiscal_year_start": 4}),
        ("1405", "2026-03-21", "2027-03-21", {"calendar": "jalali"}),
        ("1405-Q1", "2026-03-21", "2026-06-22", {"calendar": "jalali"}),
        ("1404-12", "2026-02-20", "2026-03-21", {"calendar": "jalali"}),
    ],
)
def test_named_periods(name: str, start: str, end: str, settings: Row) -> None:
    target = Targets.model_validate({"targets": {"it": {"metric": "nps", "target": 1, "period": name}}}).targets["it"]
    found = target.only_period(small_tables.company(**settings))
    assert found is not None
    assert (str(found.start), str(found.end)) == (start, end)


def test_without_targets_the_mart_is_empty(engine: Engine) -> None:
    table = engine.table(pa.Table.from_pylist([churn("2026-05-01", 10)], schema=KPIS))
    assert rows(engine, retention_target(COMPANY, engine, Targets(), table, date(2026, 5, 31))) == []


def test_a_line_through_points_on_a_line() -> None:
    assert trend([1, 3, 5, 7], 2) == 11


def test_the_default_file_has_no_targets(make_company: Callable[..., Path]) -> None:
    assert target_file.load(companies.load(make_company({"subscription.csv": "subscription_id\n"}))).targets == {}


WRONG = {
    "{metric: logo_churn_rate, target: 0.02}": "write exactly one of `every:`",
    "{metric: logo_churn_rate, target: 2, every: month}": "logo_churn_rate is a fraction of 1: 2 % is 0.02",
    "{metric: logo_chrun_rate, target: 0.02, every: month}": "targets.it.metric: found 'logo_chrun_rate'. Did you mean `logo_churn_rate`?",
    "{metric: nps, target: 20, period: 2026-Q5}": "found '2026-Q5'. Write a year, quarter or month",
    "{metric: nps, target: 20, every: week}": "Add week to `periods` in company.yaml",
    "{metric: nps, target: 20, period: 1405}": "Add jalali to `calendars` in company.yaml",
    "{metric: nps, target: 20, every: month, dimension: plan}": "write both `dimension:` and `dimension_value:`",
    "{metric: nps, target: 20, every: month, dimension: plan, dimension_value: pro}": "Add it to `dimensions` in company.yaml",
    "{metric: nps, taget: 20, every: month}": "targets.it.taget: there is no such key. Did you mean `target`?",
}


@pytest.mark.parametrize("target", WRONG)
def test_what_cannot_be_is_refused_with_the_mend(make_company: Callable[..., Path], target: str) -> None:
    folder = make_company({"subscription.csv": "subscription_id\n", "targets.yaml": f"targets:\n  it: {target}\n"})
    with pytest.raises(CompanyError) as problem:
        target_file.load(companies.load(folder), ("logo_churn_rate", "nps"))
    assert WRONG[target] in str(problem.value)
