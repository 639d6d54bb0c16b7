"""What a night stands on is keyed by the code that measures: figures of another code are computed anew, and their moves are told."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_environment import ROOT

pytestmark = pytest.mark.slow

CUSTOMER = "customer_id,name,signed_up_at\na,A,2026-01-02\n"
INVOICE = "invoice_id,customer_id,kind,issued_at,net_amount,currency\n1,a,one_off,2026-01-10,100,USD\n"
SUM = "rows.amount.sum()"


def night(include: Path, folder: Path, home: Path, as_of: str) -> None:
    command = [sys.executable, "-m", "mandegar.cli", "night", "--company", str(folder), "--home", str(home), "--as-of", as_of]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(include)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_changed_metric_moves_closed_periods_and_is_told(make_company: Callable[..., Path], tmp_path: Path) -> None:
    """The other version of the program takes revenue twice: January, long over, is 200 and not 100."""
    folder = make_company({"customer.csv": CUSTOMER, "invoice.csv": INVOICE}, time_zone="UTC", churn="{kind: inactivity}")
    home, other = tmp_path / "home", tmp_path / "include"
    shutil.copytree(ROOT / "include", other, ignore=shutil.ignore_patterns("__pycache__"))
    owner = other / "mandegar" / "metrics" / "purchases" / "purchases.py"
    assert owner.read_text().count(SUM) == 1
    night(ROOT / "include", folder, home, "2026-03-31")
    owner.write_text(owner.read_text().replace(SUM, f"{SUM} * 2"))
    night(other, folder, home, "2026-04-01")
    warehouse = sqlite3.connect(home / "warehouse.db")
    query = "SELECT {} FROM {} WHERE metric = 'revenue' AND period_kind = 'month' AND period_start = '2026-01-01' AND dimension = 'all'"
    assert warehouse.execute(query.format("value", "kpi_period")).fetchall() == [(200,)]
    told = warehouse.execute(query.format("value_before, value_after, because", "restatement")).fetchall()
    warehouse.close()
    assert told == [(100, 200, "another version of the program")]
