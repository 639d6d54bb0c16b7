"""What conform notices about whole entities: keys that come twice, versions that overlap."""

from datetime import date
from pathlib import Path

from mandegar.compute import engine as engines
from mandegar.config import company as companies
from mandegar.conform.conform import conform
from mandegar.quality.validate import validate
from mandegar.sources.extract import extract
from mandegar.storage.lake import Lake

DAY = date(2025, 7, 1)
CUSTOMERS = "customer_id,name,signed_up_at\nc1,Ann,2025-01-01\nc1,Ann again,2025-01-01\nc2,Bob,2025-01-01\n"
SUBSCRIPTIONS = (
    "subscription_id,valid_from,valid_to,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
    "s1,2025-01-01,2025-06-01,c1,p,1,10,USD,month,1,active,2025-01-01\n"
    "s1,2025-03-01,2025-04-01,c1,p,1,20,USD,month,1,active,2025-01-01\n"
    "s2,2025-01-01,2025-03-01,c2,p,1,10,USD,month,1,active,2025-01-01\n"
    "s2,2025-03-01,,c2,p,1,10,USD,month,1,active,2025-01-01\n"
)


def test_repeated_keys_and_overlapping_versions_are_counted_as_warnings(make_company, tmp_path: Path) -> None:
    company = companies.load(make_company({"customer.csv": CUSTOMERS, "subscription.csv": SUBSCRIPTIONS}))
    lake = Lake(tmp_path / "lake")
    for table in company.tables():
        extract(company, lake, table, DAY)
        validate(company, lake, table, DAY)
    with engines.start() as engine:
        conform(company, lake, engine, DAY)
        found = {}
        for name in ("conform.customer.keys", "conform.subscription.keys", "conform.subscription.versions"):
            (row,) = engine.arrow(engine.read(lake, "quality", name, [DAY])).to_pylist()
            found[name] = (row["evaluated"], row["unexpected"], row["status"])
    assert found == {
        "conform.customer.keys": (3, 1, "warned"),
        "conform.subscription.keys": (4, 0, "passed"),
        "conform.subscription.versions": (4, 1, "warned"),
    }
