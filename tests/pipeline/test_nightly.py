"""Source tables taken in two at a time, each in a process of its own, come in as they do one after another."""

import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mandegar.config import company as companies
from mandegar.pipeline.nightly import take_in
from mandegar.pipeline.stages import Night
from mandegar.storage.home import Home

SUBSCRIPTIONS = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"


def _helpers() -> list[int]:
    """The processes in which tables are taken in: children of the fork server of this process."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = file.read_text().split(" ", 1)
        except OSError:  # it has ended meanwhile
            continue
        parents[int(number)] = int(rest.rsplit(")", 1)[1].split()[1])
    servers = {process for process, parent in parents.items() if parent == os.getpid()}
    return [process for process, parent in parents.items() if parent in servers]


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


def test_a_process_that_is_killed_costs_its_table_and_is_named(make_company: Callable[..., Path], tmp_path: Path) -> None:
    """The first process that says anything is killed at once, as the kernel does when memory is short."""
    files = {
        "customer.csv": "customer_id,name,signed_up_at\na,Ada,2025-01-01\n",
        "subscription.csv": SUBSCRIPTIONS + "s,2025-01-01,a,basic,1,10,USD,month,1,active,2025-01-01\n",
    }
    night = Night(companies.load(make_company(files)), Home(tmp_path / "home"), date(2025, 3, 31))
    killed: list[int] = []

    def kill(text: str) -> None:
        if text == "validating files.customer" and not killed:
            for child in _helpers():
                killed.append(child)
                os.kill(child, signal.SIGKILL)

    problems = take_in(night, kill, 2)
    assert killed
    assert any("its process ended with signal SIGKILL before the table was in" in problem for problem in problems)
    assert len(problems) <= 2
