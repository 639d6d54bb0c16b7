"""CAC and CLV:CAC by channel and cohort."""

from decimal import Decimal

import ibis.expr.types as ir
import pyarrow as pa
import pytest
from tests.small_tables import Row, company, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.metrics.frame.kpi import tall
from mandegar.metrics.frame.periods import named
from mandegar.metrics.value.acquisition import ACQUISITION, acquisition, acquisition_period


def spent(day: str, channel: str, amount: object, **more: object) -> Row:
    """Money spent on a channel."""
    return {"day": day, "channel": channel, "amount": amount, "currency": "USD"} | more


CUSTOMERS: list[Row] = [
    {"customer_id": name, "name": name, "signed_up_at": "2026-01-01", "acquisition_channel": channel}
    for name, channel in [("a", "ads"), ("b", "ads"), ("c", "fair"), ("d", None), ("e", "ads")]
]
# January wins a, b and d; February c; e is on trial
BOOK = [
    version("a", "2026-01-10"),
    version("b", "2026-01-20"),
    version("d", "2026-01-30"),
    version("c", "2026-02-10"),
    version("e", "2026-01-10", status="trialing"),
]
SPEND = [
    spent("2026-01-01", "ads", 300),
    spent("2026-01-31", "ads", 100),
    spent("2026-01-15", "fair", 500),  # wins nobody in January
    spent("2026-01-15", "loyalty", 9999),  # keeps customers
    spent("2026-02-01", "ads", 40),
    spent("2026-02-15", "fair", 200),
]
WORTH = {"a": 1000, "b": 200, "c": 100, "d": 50, "e": 7}


def worth(engine: Engine) -> ir.Table:
    """The lifetime values."""
    return engine.table(
        pa.table({"customer_id": list(WORTH), "lifetime_value": pa.array(map(Decimal, WORTH.values()), pa.decimal128(38, 4))})
    )


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def found(request: pytest.FixtureRequest) -> tuple[dict[tuple[str, str], Row], dict[tuple[str, str, str], float | None]]:
    """acquisition_period by month and channel, and the key figures."""
    engine: Engine = request.getfixturevalue(request.param)
    of = company(acquisition={"retention_channels": ["loyalty"]})
    told = night(engine, of, "2026-01-01", "2026-02-28", customer=CUSTOMERS, subscription=BOOK, spend=SPEND)
    wide = engine.keep(acquisition(told, worth(engine)))
    mart = {(str(row["period_start"])[:7], row["channel"]): row for row in rows(engine, acquisition_period(wide, told.periods))}
    kpis = rows(engine, tall(wide, ACQUISITION, told.periods))
    return mart, {(str(row["period_start"])[:7], row["dimension_value"], row["metric"]): row["value"] for row in kpis}


JANUARY = {
    # spend, customers, their CLV, CAC, CLV:CAC, below 1
    "ads": (400, 2, 1200, 200, 3, False),
    "fair": (500, 0, 0, None, 0, True),
    "(none)": (0, 1, 50, 0, None, None),
    "all": (900, 3, 1250, 300, 1250 / 900, False),
}
NAMES = ("acquisition_spend", "customers_acquired", "clv_acquired", "cac", "clv_to_cac", "below_1")


@pytest.mark.parametrize("channel", JANUARY)
def test_january(found: tuple, channel: str) -> None:
    assert tuple(found[0]["2026-01", channel][name] for name in NAMES) == pytest.approx(JANUARY[channel])


def test_february_is_a_cohort_of_its_own(found: tuple) -> None:
    assert tuple(found[0]["2026-02", "fair"][name] for name in NAMES) == (200, 1, 100, 200, 0.5, True)
    assert found[0]["2026-02", "ads"]["cac"] is None


def test_spend_that_keeps_customers_is_left_out(found: tuple) -> None:
    assert "loyalty" not in {channel for _, channel in found[0]}


def test_the_key_figures(found: tuple) -> None:
    assert (found[1]["2026-01", "ads", "cac"], found[1]["2026-01", "ads", "clv_to_cac"]) == (200, 3)
    assert (found[1]["2026-01", "all", "customers_acquired"], found[1]["2026-01", "(none)", "clv_to_cac"]) == (3, None)


def test_spend_in_euros_counts_at_the_rate_of_its_day(engine: Engine) -> None:
    """100 EUR on the 10th at 1.1, on the 20th at 1.5: 260; the days are Tehran's, whose February begins on 31 January at 20:30 UTC."""
    rates = [{"day": day, "currency": "EUR", "rate": rate} for day, rate in [("2026-01-01", "1.1"), ("2026-01-20", "1.5")]]
    spend = [
        spent("2026-01-10", "ads", 100, currency="EUR"),
        spent("2026-01-20", "ads", 100, currency="EUR"),
        spent("2026-02-01", "ads", 7),
    ]
    told = night(engine, company(time_zone="Asia/Tehran"), "2026-01-01", "2026-02-28", spend=spend, fx_rate=rates)
    wide = rows(engine, named(acquisition(told, worth(engine)), told.periods))
    assert {(str(row["period_start"])[:7], row["dimension"]): row["acquisition_spend"] for row in wide} == {
        ("2026-01", "all"): 260,
        ("2026-01", "acquisition_channel"): 260,
        ("2026-02", "all"): 7,
        ("2026-02", "acquisition_channel"): 7,
    }


def test_buyers_are_won_by_their_first_purchase_and_an_older_account_not_at_all(duckdb: Engine) -> None:
    bought = [
        invoice("1", "a", "2026-01-10", 5),
        invoice("2", "a", "2026-02-10", 5),
        invoice("3", "b", "2025-12-10", 5),
        invoice("4", "b", "2026-01-10", 5),
    ]
    of = company("inactivity", data_from="2026-01-01")
    told = night(duckdb, of, "2026-01-01", "2026-02-28", invoice=bought, customer=CUSTOMERS)
    wide = rows(duckdb, named(acquisition(told, worth(duckdb)), told.periods))
    assert [(str(row["period_start"])[:7], row["customers_acquired"]) for row in wide if row["dimension"] == "all"] == [("2026-01", 1)]
