"""`days: estimated`: a customer counts as lost after the company's own repurchase cycle, in figures and in risk alike."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from mandegar.config import company as companies
from mandegar.errors import CompanyError
from mandegar.pipeline.nightly import run_night
from mandegar.pipeline.stages import Night
from mandegar.storage.home import Home

pytestmark = pytest.mark.slow

DAY = date(2026, 1, 31)
# Ada buys every ten days until the 21st, Bob too until the 11th, Cyd once on the 25th: three gaps of ten days.
INVOICES = "invoice_id,customer_id,kind,issued_at,net_amount,currency\n" + "".join(
    f"{number},{customer},one_off,2026-01-{day:02d},10,USD\n"
    for number, (customer, day) in enumerate([("a", 1), ("a", 11), ("a", 21), ("b", 1), ("b", 11), ("c", 25)])
)


def told(folder: Path, query: str) -> list[tuple]:
    night = Night(companies.load(folder), Home(folder.parent / "home"), DAY)
    night.home.root.mkdir()
    assert run_night(night, lambda line: None) == []
    engine = sa.create_engine(night.home.warehouse_url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text(query))]
    engine.dispose()
    return found


def test_who_is_there_is_who_bought_within_the_cycle(make_company: Callable[..., Path]) -> None:
    """Ten days before 1 February is 22 January: only Cyd bought since. The risk speaks of the same customer."""
    files = {"invoice.csv": INVOICES}
    folder = make_company(files, more="repurchase: {minimum_gaps: 3}\n", time_zone="UTC", churn="{kind: inactivity, days: estimated}")
    query = (
        "SELECT (SELECT value FROM kpi_period WHERE metric = 'customers_end' AND period_kind = 'month'), "
        "(SELECT cycle_days FROM repurchase_cycle WHERE category = 'all'), (SELECT group_concat(customer_id) FROM customer_risk)"
    )
    assert told(folder, query) == [(1, 10, "c")]


def test_too_few_gaps_leave_it_at_90_days(make_company: Callable[..., Path]) -> None:
    folder = make_company({"invoice.csv": INVOICES}, time_zone="UTC", churn="{kind: inactivity, days: estimated}")
    assert told(folder, "SELECT value FROM kpi_period WHERE metric = 'customers_end' AND period_kind = 'month'") == [(3,)]


def test_contracts_have_no_days_to_estimate(make_company: Callable[..., Path]) -> None:
    folder = make_company({"subscription.csv": "subscription_id\n"}, churn="{kind: contract, days: estimated}")
    with pytest.raises(CompanyError, match="Only inactivity is estimated; write a number, or leave it out"):
        companies.load(folder)
