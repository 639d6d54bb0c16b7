"""Source tables taken in two at a time, each in a process of its own, come in as they do one after another."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mandegar import company as companies
from mandegar.home import Home
from mandegar.nightly import take_in
from mandegar.stages import Night

SUBSCRIPTIONS = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_rows_the_problems_and_what_is_said(make_company: Callable[..., Path], tmp_path: Path, jobs: int) -> None:
    """Two customers, one of them without a name; one subscription; and tickets in a file without even a header."""
    files = {
        "customer.csv": "customer_id,name,signed_up_at\na,Ada,2025-01-01\nb,,2025-01-01\n",
        "subscription.csv": SUBSCRIPTIONS + "s,2025-01-01,a,basic,1,10,USD,month,1,active,2025-01-01\n",
        "ticket.csv": "",
    }
    night = Night(companies.load(make_company(files)), Home(tmp_path / "home"), date(2025, 3, 31))
    said: list[str] = []
    [problem] = take_in(night, said.append, jobs)
    assert "ticket.csv: the file is empty" in problem
    receipts = {table: night.lake.receipt("valid", f"files.{table}", night.as_of) for table in ("customer", "subscription", "ticket")}
    assert {table: receipt and (receipt.rows, receipt.refused) for table, receipt in receipts.items()} == {
        "customer": (1, 1),
        "subscription": (1, 0),
        "ticket": None,
    }
    begun = [line for line in said if not line.startswith("  ")]
    assert sorted(begun) == [
        "extracting files.customer",
        "extracting files.subscription",
        "extracting files.ticket",
        "validating files.customer",
        "validating files.subscription",
    ]
