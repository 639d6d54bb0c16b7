"""A wholesaler's night in rials, and at a thousand times that: no amount, product or sum is too large for an ordinary company."""

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.conftest import MakeCompany

from mandegar.config import company as companies
from mandegar.pipeline.nightly import run_night
from mandegar.pipeline.stages import Night
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse

pytestmark = pytest.mark.slow

CUSTOMERS = "customer_id,name,signed_up_at\nc1,پخش باران,2025-01-15\nc2,پخش برف,2025-01-15\n"
VERSIONS = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
RATES = "day,currency,rate\n2025-01-01,USD,1170000.5\n"
# one year of 120,000,000,000,000,000 and 12 seats at 10,000,000,000,000,000 a month; 1,000,000,000 dollars a month
BIG = VERSIONS + (
    "s1,2025-01-15,c1,basic,1,120000000000000000,IRR,year,1,active,2025-01-15\n"
    "s2,2025-01-15,c2,basic,12,10000000000000000,IRR,month,1,active,2025-01-15\n"
    "s3,2025-01-15,c2,basic,1,1000000000,USD,month,1,active,2025-01-15\n"
)
# 120,000,000,000,000,000.25 three times in February, cost 100,000,000,000,000,000
SALES = "invoice_id,customer_id,kind,issued_at,net_amount,cost_amount,currency\n" + "".join(
    f"i{number},c{1 + number % 2},one_off,2025-02-1{number},120000000000000000.25,100000000000000000,IRR\n" for number in range(3)
)


def figures(folder: Path, home: Home) -> dict[str, float]:
    """The exact figures (numerators) of February after the night of 31 March."""
    assert run_night(Night(companies.load(folder), home, date(2025, 3, 31)), lambda text: None) == []
    query = sa.text(
        "SELECT metric, numerator FROM kpi_period WHERE calendar = 'gregorian' AND period_kind = 'month' "
        "AND period_start = '2025-02-01' AND dimension = 'all' AND convention = 'default'"
    )
    with warehouse(home.warehouse_url) as target, target.connect() as connection:
        return {row.metric: row.numerator for row in connection.execute(query)}


def test_contracts(make_company: MakeCompany, tmp_path: Path):
    files = {"customer.csv": CUSTOMERS, "subscription.csv": BIG, "invoice.csv": SALES, "fx_rate.csv": RATES}
    found = figures(make_company(files, currency="IRR"), Home(tmp_path / "home"))
    # 10,000,000,000,000,000 + 120,000,000,000,000,000 + 1,000,000,000 x 1,170,000.5 = 131,170,000,500,000,000
    assert (found["mrr_start"], found["revenue"]) == (131_170_000_500_000_000, pytest.approx(360_000_000_000_000_000.75))


def test_purchases_to_the_last_decimal_on_postgresql(make_company: MakeCompany, tmp_path: Path, postgres_url: str):
    folder = make_company({"customer.csv": CUSTOMERS, "invoice.csv": SALES}, currency="IRR", churn="{kind: inactivity, days: 90}")
    found = figures(folder, Home(tmp_path / "home", postgres_url))
    assert str(found["revenue"]) == "360000000000000000.7500"
