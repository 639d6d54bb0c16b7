"""kpi_period: which periods there are, which are complete, and what is empty where nothing can be divided."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from tests.small_tables import company, figures, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.config import company as companies
from mandegar.errors import BrokenTable
from mandegar.metrics.run.measure import contract_marts, inactivity_marts, open_night
from mandegar.storage.lake import Lake


def test_a_denominator_of_0_gives_nothing_rather_than_0(duckdb: Engine) -> None:
    """One customer, new on 12 February: nobody was there before."""
    marts = contract_marts(night(duckdb, company(), "2026-01-01", "2026-02-28", subscription=[version("a", "2026-02-12")]))
    kpis = rows(duckdb, marts["kpi_period"])
    january, february = figures(kpis, "2026-01-01"), figures(kpis, "2026-02-01")
    rates = ("logo_churn_rate", "logo_retention_rate", "gross_revenue_retention", "net_revenue_retention", "reactivation_rate")
    assert [february[name] for name in rates] == [None] * 5
    assert (january["arpa"], february["arpa"]) == (None, 100)
    assert (january["customers_end"], january["mrr_end"]) == (0, 0)


def test_the_running_month_is_not_complete_and_ends_with_the_night(duckdb: Engine) -> None:
    """Closed on 20 February: who comes on the 20th counts, who would come on the 21st does not."""
    versions = [version("a", "2026-01-05"), version("b", "2026-02-20 23:59"), version("c", "2026-02-21")]
    kpis = rows(duckdb, contract_marts(night(duckdb, company(), "2026-01-01", "2026-02-20", subscription=versions))["kpi_period"])
    assert {(str(row["period_start"]), row["is_complete"]) for row in kpis} == {("2026-01-01", True), ("2026-02-01", False)}
    assert figures(kpis, "2026-02-01")["customers_end"] == 2


def test_a_month_closed_on_its_last_day_is_complete(duckdb: Engine) -> None:
    kpis = rows(
        duckdb,
        contract_marts(night(duckdb, company(), "2026-02-01", "2026-02-28", subscription=[version("a", "2026-02-05")]))["kpi_period"],
    )
    assert {(row["period_start"], row["period_end"], row["is_complete"]) for row in kpis} == {(date(2026, 2, 1), date(2026, 3, 1), True)}


def test_months_quarters_and_years_each_look_at_their_own_ends(duckdb: Engine) -> None:
    """100 in January, 150 from 10 February on, 120 from 10 March on: the quarter sees one new customer of 120."""
    versions = [
        version("a", "2026-01-05", "2026-02-10", 100),
        version("a", "2026-02-10", "2026-03-10", 150),
        version("a", "2026-03-10", None, 120),
    ]
    of = company(periods=["month", "quarter", "year"])
    kpis = rows(duckdb, contract_marts(night(duckdb, of, "2026-01-01", "2026-03-31", subscription=versions))["kpi_period"])
    moved = ("new_mrr", "expansion_mrr", "contraction_mrr", "mrr_end")
    assert [figures(kpis, "2026-01-01")[name] for name in moved] == [100, 0, 0, 100]
    assert [figures(kpis, "2026-02-01")[name] for name in moved] == [0, 50, 0, 150]
    assert [figures(kpis, "2026-03-01")[name] for name in moved] == [0, 0, 30, 120]
    assert [figures(kpis, "2026-01-01", "quarter")[name] for name in moved] == [120, 0, 0, 120]
    complete = {row["period_kind"]: row["is_complete"] for row in kpis if row["period_start"] == date(2026, 1, 1)}
    assert complete == {"month": True, "quarter": True, "year": False}


def test_jalali_months_are_cut_at_midnight_in_tehran(duckdb: Engine) -> None:
    """Nowruz 1404 is 21 March 2025; its midnight is 20:30 UTC of the 20th. One comes a minute before, one at it."""
    of = company(calendar="jalali", time_zone="Asia/Tehran")
    versions = [version("a", "2025-03-20 20:29"), version("b", "2025-03-20 20:30")]
    kpis = rows(duckdb, contract_marts(night(duckdb, of, "2025-02-19", "2025-04-20", subscription=versions))["kpi_period"])
    assert figures(kpis, "2025-02-19", calendar="jalali")["customers_new"] == 1  # Esfand 1403, of 30 days
    assert figures(kpis, "2025-03-21", calendar="jalali")["customers_new"] == 1  # Farvardin 1404
    assert {row["is_complete"] for row in kpis} == {True}


def test_a_company_that_began_after_the_day_is_told_so(make_company: Callable[..., Path], duckdb: Engine, tmp_path: Path) -> None:
    loaded = companies.load(make_company({"subscription.csv": "subscription_id\n"}, more="data_from: 2026-03-01\n"))
    with pytest.raises(BrokenTable, match=r"The data begins on 2026-03-01, after 2026-02-28\. Choose a later --as-of\."):
        open_night(loaded, Lake(tmp_path / "lake"), duckdb, date(2026, 2, 28))


def test_a_company_without_a_fact_is_told_so(make_company: Callable[..., Path], duckdb: Engine, tmp_path: Path) -> None:
    loaded = companies.load(make_company({"subscription.csv": "subscription_id\n"}))
    with pytest.raises(BrokenTable, match="There is no subscription and no invoice on or before 2026-02-28"):
        open_night(loaded, Lake(tmp_path / "lake"), duckdb, date(2026, 2, 28))


def test_without_contracts_there_is_no_mrr(duckdb: Engine) -> None:
    marts = inactivity_marts(
        night(duckdb, company("inactivity"), "2026-01-01", "2026-01-31", invoice=[invoice("1", "a", "2026-01-05", 10)])
    )
    names = {row["metric"] for row in rows(duckdb, marts["kpi_period"])}
    assert {"customers_end", "revenue", "customers_buying"} <= names
    assert not {name for name in names if "mrr" in name}


def test_a_company_with_one_customer_who_pays_nothing_is_measured(duckdb: Engine) -> None:
    """Joins with a single row once pushed a filter into Arrow memory, which needed a package that is not there."""
    kpis = rows(
        duckdb,
        contract_marts(night(duckdb, company(), "2026-01-01", "2026-01-31", subscription=[version("a", "2025-12-12", None, 0)]))[
            "kpi_period"
        ],
    )
    assert figures(kpis, "2026-01-01")["customers_end"] == 0
