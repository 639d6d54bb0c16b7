"""A whole night on a Spark cluster gives the marts of a night on DuckDB, to the last decimal."""

import os
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from tests.engines.standalone import Cluster

from mandegar.sample import write_sample

DAY = date(2026, 6, 30)
MARTS = ("kpi_period", "fct_mrr_movement", "fct_customer_period", "customer_risk", "customer_segment", "dim_customer", "campaign_member")


def run(folder: Path, engine: str, environment: dict[str, str]) -> Path:
    """`mandegar night` in a process of its own: a Spark session belongs to its process. The home is named from where it runs."""
    command = [sys.executable, "-m", "mandegar.cli", "night", "--company", "company", "--home", engine, "--as-of", DAY.isoformat()]
    done = subprocess.run([*command, "--engine", engine], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / engine / "warehouse.db"


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("engines")
    write_sample(folder / "company", 150, 6, 5, DAY, progress=lambda text: None)
    environments = {"duckdb": dict(os.environ), "spark": cluster.environment()}
    return {engine: run(folder, engine, environment) for engine, environment in environments.items()}


@pytest.mark.parametrize("mart", MARTS)
def test_the_mart_is_the_same(warehouses: dict[str, Path], mart: str) -> None:
    found = {}
    for engine, file in warehouses.items():
        connection = sqlite3.connect(file)
        found[engine] = sorted(connection.execute(f"SELECT * FROM {mart}").fetchall(), key=str)
        connection.close()
    assert len(found["duckdb"]) > 5
    assert found["spark"] == found["duckdb"]


def test_both_workers_did_tasks_of_the_night(warehouses: dict[str, Path], cluster: Cluster) -> None:
    done = cluster.tasks()
    assert len(done) == 2
    assert min(done.values()) > 100
