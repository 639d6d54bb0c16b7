"""Source tables taken in two at a time, each in a process of its own, come in as they do one after another."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil
import pytest

from mandegar.config import company as companies
from mandegar.pipeline.nightly import take_in
from mandegar.pipeline.stages import Night
from mandegar.storage.home import Home

SUBSCRIPTIONS = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"


TWO_TABLES = {
    "customer.csv": "customer_id,name,signed_up_at\na,Ada,2025-01-01\n",
    "subscription.csv": SUBSCRIPTIONS + "s,2025-01-01,a,basic,1,10,USD,month,1,active,2025-01-01\n",
}


def _helpers() -> dict[int, int]:
    """The processes in which tables are taken in, each with its parent: the fork server of this process."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = file.read_text().split(" ", 1)
        except OSError:  # it has ended meanwhile
            continue
        parents[int(number)] = int(rest.rsplit(")", 1)[1].split()[1])
    servers = {process for process, parent in parents.items() if parent == os.getpid() and _is_fork_server(process)}
    return {process: parent for process, parent in parents.items() if parent in servers}


def _is_fork_server(process: int) -> bool:
    """Other children of this process, such as the JVM of other tests, are left alone."""
    try:
        return b"multiprocessing.forkserver" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return False


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
    night = Night(companies.load(make_company(TWO_TABLES)), Home(tmp_path / "home"), date(2025, 3, 31))
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


def test_tables_come_in_or_are_named_when_the_process_that_makes_others_is_killed(
    make_company: Callable[..., Path], tmp_path: Path
) -> None:
    """The fork server is killed while the first of three tables is at work: that one is in, and the others have a new one."""
    night = Night(
        companies.load(make_company(TWO_TABLES | {"ticket.csv": "ticket_id,customer_id,opened_at\nt,a,2025-02-01\n"})),
        Home(tmp_path / "home"),
        date(2025, 3, 31),
    )
    killed: list[int] = []

    def kill(text: str) -> None:
        if not killed:
            killed.extend(set(_helpers().values()))
            for server in killed:
                os.kill(server, signal.SIGKILL)

    problems = take_in(night, kill, 2)
    assert len(killed) == 1
    lost = [table for table in ("customer", "subscription", "ticket") if night.lake.receipt("valid", f"files.{table}", night.as_of) is None]
    assert {problem.split(":")[0] for problem in problems} == {f"files.{table}" for table in lost}


def test_no_process_can_be_started_for_a_table(make_company: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(companies.load(make_company(TWO_TABLES)), Home(tmp_path / "home"), date(2025, 3, 31))

    def refuse(process: ForkServerProcess) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(ForkServerProcess, "start", refuse)
    problems = take_in(night, lambda text: None, 2)
    assert [problem.partition(":")[0] for problem in problems] == ["files.customer", "files.subscription"]
    assert all("no process could be started for it (ConnectionRefusedError). Run the night again" in problem for problem in problems)


def test_a_night_that_is_killed_leaves_processes_that_end_without_a_traceback(make_company: Callable[..., Path], tmp_path: Path) -> None:
    """Both are in the middle of extracting when nobody listens to them any more."""
    told = tmp_path / "told"
    words = ["night", "--company", str(make_company(TWO_TABLES)), "--home", str(tmp_path / "home"), "--as-of", "2025-03-31", "--jobs", "2"]
    with told.open("wb") as stream:
        night = subprocess.Popen([sys.executable, "-m", "mandegar.cli", *words], stdout=stream, stderr=stream, start_new_session=True)
    while b"extracting" not in told.read_bytes():
        time.sleep(0.001)
    night.kill()
    night.wait()
    end = time.monotonic() + 60
    while _session(night.pid):
        assert time.monotonic() < end, "they do not end"
        time.sleep(0.05)
    assert "Traceback" not in told.read_text()


def _session(leader: int) -> list[int]:
    """The processes of a session, but those that are dead."""
    return [one.pid for one in psutil.process_iter(["status"]) if _leads(leader, one.pid) and one.info["status"] != psutil.STATUS_ZOMBIE]


def _leads(leader: int, process: int) -> bool:
    try:
        return os.getsid(process) == leader
    except ProcessLookupError:
        return False
