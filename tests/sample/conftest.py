"""A small company, written once for all tests of the sample."""

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from mandegar.sample import write_sample

ARGUMENTS = {"customers": 2000, "months": 24, "seed": 7, "until": date(2026, 10, 31)}


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company of 2,000 customers and 24 months."""
    return write_sample(tmp_path_factory.mktemp("sample") / "company", **ARGUMENTS).out


@pytest.fixture(scope="session")
def billing(sample: Path) -> sqlite3.Connection:
    """Its billing database, with views that leave the rows out which truth/dirt.csv calls dirty."""
    connection = sqlite3.connect(sample / "billing.db")
    connection.execute("CREATE TEMP VIEW clean AS SELECT * FROM subscription_versions WHERE subscription_id NOT LIKE 'SX-%'")
    return connection
