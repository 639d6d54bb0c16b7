"""The forecast of churn: by hand where a hand can, by the binomial table, and by how often it is right about made-up companies."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.metrics.outlook.test_targets import KPIS
from tests.small_tables import Row, company, rows

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.metrics.outlook.forecast import churn_forecast
from mandegar.metrics.outlook.forecast_model import Model, Series, beta_binomial
from mandegar.time.calendar import Period, periods


def model(lost: list[float], base: list[float]) -> Model:
    """Customers lost of those there."""
    return Model(Series(np.array(lost, dtype=float), np.array(base, dtype=float), np.array(base, dtype=float)))


def test_the_level_of_steady_churn() -> None:
    """10 of 100, six times: weights 1 + 0.9 + … + 0.9^5 = 4.68559; (0.5 + 46.8559) / (1 + 468.559) = 0.100852."""
    assert model([10] * 6, [100] * 6).forecast(100, 1).expected == pytest.approx(0.100852, abs=1e-6)


def test_who_never_lost_anybody_may_still() -> None:
    """0.5 / 469.559 = 0.00106 of ten: with 99 % nobody, so that the bound of whole customers is nobody, widened to what is expected."""
    found = model([0] * 6, [100] * 6).forecast(10, 1)
    assert found.expected == pytest.approx(0.5 / 469.559, abs=1e-8)
    assert found.bounds == ((0, found.expected), (0, found.expected))


@pytest.mark.parametrize(("count", "a", "b"), [(0, 2.0, 3.0), (1, 0.3, 5.0), (50, 2.5, 80.0), (1_000, 40.0, 1_000.0), (7, 0.001, 0.01)])
def test_the_beta_binomial_distribution_is_that_of_scipy(count: int, a: float, b: float) -> None:
    found = beta_binomial(count, a, b)
    assert found == pytest.approx(stats.betabinom.pmf(np.arange(count + 1), count, a, b), rel=1e-12)
    assert found.sum() == pytest.approx(1)


def test_of_a_share_well_known_chance_alone_is_left() -> None:
    """10 of 100 in sixty months. The binomial distribution of 100 and 0.1: P(X <= 5) = 0.0576, P(X <= 6) = 0.1172, P(X <= 13) =
    0.8761, P(X <= 14) = 0.9274."""
    low, high = model([10] * 60, [100] * 60).forecast(100, 1).bounds[0]
    assert (low, high) == (0.06, 0.14)


def test_many_customers_and_few_are_told_alike() -> None:
    """Above a thousand the bounds are those of a continuous distribution: hardly other ones."""
    few, many = (model([100] * 24, [1000] * 24).forecast(members, 1).bounds for members in (1000, 1001))
    assert np.abs(np.array(few) - np.array(many)).max() < 0.001


def test_further_off_is_less_sure() -> None:
    """With churn that goes up and down in long waves."""
    lost = [30, 32, 40, 55, 70, 80, 90, 95, 80, 60, 50, 45, 40, 50, 70, 90]
    reach = [np.ptp(model(lost, [1000] * 16).forecast(1000, horizon).bounds[1]) for horizon in (1, 2, 3)]
    assert reach[0] < reach[1] < reach[2]


@pytest.mark.parametrize(("horizon", "expected"), [(1, 3), (2, 2), (3, 1)])
def test_a_backtest_knows_six_months_before_each_forecast(horizon: int, expected: int) -> None:
    """Of nine months the seventh, eighth and ninth can be told one ahead."""
    amount, share = model([10] * 9, [100] * 9).backtest(horizon)
    assert (amount.forecasts, amount.coverage, amount.error_naive) == (expected, (1.0, 1.0), 0)
    assert share.forecasts == expected


def test_a_backtest_counts_what_it_missed() -> None:
    """Ten months of 10 and then 60 of 100: of five forecasts the last is wrong at both levels; the last value is wrong by 50."""
    amount, share = model([10] * 10 + [60], [100] * 11).backtest(1)
    assert (amount.forecasts, amount.coverage) == (5, (0.8, 0.8))
    assert (amount.error_naive, share.error_naive) == (pytest.approx(50 / 5), pytest.approx(0.5 / 5))
    assert amount.error == pytest.approx(10, abs=0.1)  # 49.9 of the last, and 0.1 of each before


@pytest.mark.parametrize("customers", [30, 400, 20_000])
@pytest.mark.parametrize("varying", [False, True])
def test_the_bounds_hold_the_truth_as_often_as_they_say(customers: int, varying: bool) -> None:
    """150 companies of two years with 5 % churn, constant or a beta variable of 5 and 95. Whole customers make bounds wider, never
    narrower; two standard errors of 150 x 18 forecasts are about 0.02."""
    chance = np.random.default_rng(7)
    held: list[tuple[float | None, ...]] = []
    for _ in range(150):
        share = chance.beta(5, 95, 24) if varying else np.full(24, 0.05)
        lost = chance.binomial(customers, share)
        held.append(model(lost.tolist(), [customers] * 24).backtest(1)[1].coverage)
    coverage = np.array(held, dtype=float).mean(axis=0)
    assert 0.78 <= coverage[0] <= 0.96
    assert 0.92 <= coverage[1] <= 0.995


def test_it_is_nearer_than_the_last_value() -> None:
    """A hundred companies of 200 customers with a constant churn of 3 %."""
    chance = np.random.default_rng(8)
    tests = [model(chance.binomial(200, 0.03, 24).tolist(), [200] * 24).backtest(1)[0] for _ in range(100)]
    assert np.mean([test.error for test in tests]) < 0.85 * np.mean([test.error_naive for test in tests])  # type: ignore[type-var]


histories = st.lists(st.tuples(st.integers(1, 400), st.floats(0, 1)), min_size=6, max_size=20)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(history=histories, members=st.integers(1, 2000), horizon=st.integers(1, 3), lumpy=st.booleans())
def test_bounds_are_nested_hold_the_forecast_and_are_shares(
    history: list[tuple[int, float]], members: int, horizon: int, lumpy: bool
) -> None:
    base = np.array([there for there, _ in history], dtype=float)
    lost = np.array([int(there * share) for there, share in history], dtype=float)
    found = Model(Series(lost, base, base, lumpy)).forecast(members, horizon)
    (low_80, high_80), (low_95, high_95) = found.bounds
    assert 0 <= low_95 <= low_80 <= found.expected <= high_80 <= high_95 <= 1


MONTHS = company(periods=["month"])


def book(months: list[Period], churned: list[int], money: bool = True, **more: Any) -> list[Row]:
    """kpi_period of 100 customers at 50 each, of whom some leave and as many come."""
    told = []
    for month, lost in zip(months, churned, strict=True):
        figures = {"customers_start": 100, "customers_end": 100, "customers_churned": lost}
        figures |= {"mrr_start": 5000, "mrr_end": 5000, "churned_mrr": 50 * lost} if money else {}
        for metric, value in figures.items():
            row: Row = {"calendar": month.calendar, "period_kind": "month", "convention": "default", "dimension": "all"}
            row |= {"dimension_value": "all", "metric": metric, "period_start": month.start, "period_end": month.end}
            row |= {"is_complete": True, "numerator": Decimal(value), "denominator": None, "value": float(value)}
            told.append(row | more)
    return told


def told(engine: Engine, kpis: list[Row], of: Company = MONTHS) -> list[Row]:
    """The mart."""
    mart = churn_forecast(of, engine, engine.table(pa.Table.from_pylist(kpis, schema=KPIS)))
    return rows(engine, mart.order_by("calendar", "dimension", "metric", "horizon"))


YEAR = periods(date(2025, 1, 1), date(2025, 12, 31), "month", "gregorian")
TEN = [10] * 12


def test_the_three_months_to_come(engine: Engine) -> None:
    """Twelve times 10 of 100: weights (1 - 0.9^12) / 0.1 = 7.175705; (0.5 + 71.75705) / (1 + 717.5705) = 0.1005567."""
    found = told(engine, book(YEAR, TEN))
    assert [row["metric"] for row in found] == [
        name for name in ("churned_mrr", "customers_churned", "logo_churn_rate", "revenue_churn_rate") for _ in range(3)
    ]
    assert [str(row["period_start"]) for row in found[:3]] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    first = {row["metric"]: row for row in found if row["horizon"] == 1}
    expected = {"churned_mrr": 502.783, "customers_churned": 10.0557, "logo_churn_rate": 0.100557, "revenue_churn_rate": 0.100557}
    assert {name: row["forecast"] for name, row in first.items()} == {name: pytest.approx(v, abs=1e-3) for name, v in expected.items()}
    count = first["customers_churned"]
    assert (count["periods_used"], count["backtests"], count["coverage_80"], count["mae_naive"]) == (12, 6, 1, 0)
    assert (count["period_end"], count["low_80"], count["high_80"]) == (date(2026, 2, 1), 6, 14)


def test_six_closed_months_are_enough_and_five_are_not(duckdb: Engine) -> None:
    assert {row["backtests"] for row in told(duckdb, book(YEAR[:6], TEN[:6]))} == {0}
    assert told(duckdb, book(YEAR[:5], TEN[:5])) == []


def test_without_a_backtest_nothing_is_said_of_it(duckdb: Engine) -> None:
    found = told(duckdb, book(YEAR[:6], TEN[:6]))[0]
    assert [found[name] for name in ("coverage_80", "coverage_95", "mae", "mae_naive")] == [None] * 4


def test_the_running_month_is_foretold_not_used(duckdb: Engine) -> None:
    kpis = book(YEAR[:7], TEN[:7]) + book(YEAR[7:8], [3], is_complete=False)
    found = told(duckdb, kpis)
    assert (str(found[0]["period_start"]), found[0]["periods_used"]) == ("2025-08-01", 7)


def test_only_months_that_follow_each_other_count(duckdb: Engine) -> None:
    """February is missing: March to December are ten."""
    assert {row["periods_used"] for row in told(duckdb, book(YEAR[:1] + YEAR[2:], TEN[:11]))} == {10}


def test_a_segment_that_is_gone_is_not_foretold(duckdb: Engine) -> None:
    gone = book(YEAR[:9], TEN[:9], dimension="plan", dimension_value="old")
    kept = book(YEAR, TEN, dimension="plan", dimension_value="pro")
    assert {row["dimension_value"] for row in told(duckdb, gone + kept)} == {"pro"}


def test_without_contracts_there_is_no_mrr_to_lose(duckdb: Engine) -> None:
    assert {row["metric"] for row in told(duckdb, book(YEAR, TEN, money=False))} == {"customers_churned", "logo_churn_rate"}


def test_jalali_months(duckdb: Engine) -> None:
    """After Bahman 1404: Esfand, Farvardin and Ordibehesht."""
    months = periods(date(2025, 3, 21), date(2026, 2, 19), "month", "jalali")
    found = told(duckdb, book(months, [10] * 11), company(calendar="jalali"))
    assert [str(row["period_start"]) for row in found[:3]] == ["2026-02-20", "2026-03-21", "2026-04-21"]


def test_without_figures_there_are_no_rows(engine: Engine) -> None:
    assert told(engine, []) == []
