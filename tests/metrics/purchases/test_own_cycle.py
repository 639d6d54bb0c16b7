"""Churn by the customer's own repurchase cycle; the night of 15 May 2026, hand-worked."""

from datetime import date, timedelta

import pytest
from tests.small_tables import company, figures, invoice, night, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.frame import kpi
from mandegar.metrics.purchases.own_cycle import OWN_CYCLE, cycles, own_cycle

# weekly: every seven days until 22 February; its cycle is 7 days: until 28 February it is within it, from 1 March on overdue
# slow: gaps of 30, 31 and 30 days until 2 April; its cycle is 31 days: overdue from 3 May on
# monthly: always in time, once its cycle of 31 days can be told, on 1 February
# two gaps: its cycle cannot be told
# twice a day: gaps of 1, 1, 1 and 27 days; within 27 days of the last until 26 April
BOUGHT = {
    "weekly": ["2026-02-01", "2026-02-08", "2026-02-15", "2026-02-22"],
    "slow": ["2026-01-01", "2026-01-31", "2026-03-03", "2026-04-02"],
    "monthly": ["2025-11-01", "2025-12-01", *(f"2026-0{month}-01" for month in range(1, 6))],
    "two gaps": ["2026-01-05", "2026-01-10", "2026-01-15"],
    "twice a day": ["2026-03-01 09:00", "2026-03-01 18:00", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-31"],
}
INVOICES = [invoice(f"{who} {number}", who, day, 10) for who, days in BOUGHT.items() for number, day in enumerate(days)]
FIRST = 20_454  # 2026-01-01 in days since 1970-01-01


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    return engine


def test_who_is_overdue(engine: Engine) -> None:
    """Of two customers within their cycle at the start of March (weekly, monthly), April (twice a day, monthly) and May (slow, monthly)
    one is overdue at the end, or on 15 May; at the start of February nobody's can be told."""
    of = night(engine, company("inactivity"), "2025-11-01", "2026-05-15", invoice=INVOICES)
    kpis = rows(engine, kpi.tall(own_cycle(of), OWN_CYCLE, of.periods))
    assert figures(kpis, "2026-02-01") == {}
    for month in ("2026-03-01", "2026-04-01", "2026-05-01"):
        assert figures(kpis, month) == {"customers_in_own_cycle": 2, "own_cycle_churn_rate": 0.5}


def test_the_cycle_is_the_longest_of_the_last_ten_gaps(engine: Engine) -> None:
    """A gap of 30 days, then ten of 2: the tenth makes the cycle 2 days; until then a purchase follows within the 30."""
    days = [0, 30, *range(32, 52, 2)]
    bought = [invoice(str(day), "a", str(date(2026, 1, 1) + timedelta(days=day)), 10) for day in days]
    of = night(engine, company("inactivity"), "2026-01-01", "2026-05-15", invoice=bought)
    found = sorted((row["from_day"] - FIRST, row["until_day"] - FIRST) for row in rows(engine, cycles(of)))
    assert found == [(day, day + 2) for day in range(34, 52, 2)]
    shorter = night(engine, company("inactivity"), "2026-01-01", "2026-05-15", invoice=bought[:-1])
    assert max((row["from_day"] - FIRST, row["until_day"] - FIRST) for row in rows(engine, cycles(shorter))) == (48, 78)
