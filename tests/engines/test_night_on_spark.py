"""A whole night on Spark gives the marts of a night on DuckDB, to the last decimal."""

import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from mandegar.sample import write_sample

DAY = date(2026, 6, 30)
MARTS = ("kpi_period", "fct_mrr_movement", "fct_customer_period", "customer_risk", "dim_customer", "campaign_member")


def run(company: Path, home: Path, engine: str) -> Path:
    """`mandegar night` in a process of its own: a Spark session belongs to its process."""
    command = [sys.executable, "-m", "mandegar.cli", "night", "--company", company, "--home", home, "--as-of", DAY.isoformat()]
    done = subprocess.run([*command, "--engine", engine], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return home / "warehouse.db"


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("engines")
    company = write_sample(folder / "company", 150, 6, 5, DAY, progress=lambda text: None).out
    return {engine: run(company, folder / engine, engine) for engine in ("duckdb", "spark")}


@pytest.mark.parametrize("mart", MARTS)
def test_the_mart_is_the_same(warehouses: dict[str, Path], mart: str) -> None:
    found = {}
    for engine, file in warehouses.items():
        connection = sqlite3.connect(file)
        found[engine] = sorted(connection.execute(f"SELECT * FROM {mart}").fetchall(), key=str)
        connection.close()
    assert len(found["duckdb"]) > 5
    assert found["spark"] == found["duckdb"]
