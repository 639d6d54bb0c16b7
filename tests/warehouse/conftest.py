"""What the tests of the warehouse share: three nights of a company of three customers in a lake, and warehouses to publish to."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.databases import empty_database

from mandegar.config import company as companies
from mandegar.config.company import Company
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, measure_stage, score_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.publish import publish
from mandegar.warehouse.tables import metadata

FIRST, SECOND = date(2025, 3, 30), date(2025, 3, 31)
FILES = {
    "company.yaml": "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nlocale: en\nchurn: {kind: contract}\n",
    "customer.csv": "customer_id,name,signed_up_at,email,country\nc1,Sara,2025-01-15,sara@example.com,IR\n"
    "c2,علی,2025-02-10,ali@example.com,NA\nc3,Late,2025-03-31,late@example.com,IR\n",
    "subscription.csv": "subscription_id,valid_from,valid_to,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,"
    "status,started_at\n"
    "s1,2025-01-15,,c1,basic,1,10.10,USD,month,1,active,2025-01-15\n"
    "s2,2025-02-10,,c2,basic,2,10.10,USD,month,1,active,2025-02-10\n"
    "s3,2025-03-31,,c3,basic,1,0.03,USD,month,1,active,2025-03-31\n"
    "s4,2025-02-10,,c2,basic,one,10,USD,month,1,active,2025-02-10\n",
}

Rows = Callable[..., list[tuple]]


@dataclass(frozen=True)
class Nights:
    """A company and the lake that holds its nights of 30 and 31 March 2025, computed and not published."""

    company: Company
    lake: Lake


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    folder = tmp_path_factory.mktemp("nights")
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    company = companies.load(folder)
    for as_of in (FIRST, SECOND):
        night = Night(company, Home(folder / "home"), as_of)
        for table in map(str, company.tables()):
            extract_stage(night, table)
            validate_stage(night, table)
        for stage in (conform_stage, measure_stage, score_stage):
            stage(night)
    return Nights(company, Lake(folder / "home" / "lake"))


@pytest.fixture
def own_lake(nights: Nights, tmp_path: Path) -> Lake:
    """A copy of the lake that a test may spoil."""
    shutil.copytree(nights.lake.root, tmp_path / "lake")
    return Lake(tmp_path / "lake")


@pytest.fixture
def target(warehouse_url: str) -> Iterator[sa.Engine]:
    """An empty warehouse, in SQLite and in PostgreSQL."""
    with warehouse(warehouse_url) as engine:
        yield engine


@pytest.fixture
def published(nights: Nights, target: sa.Engine) -> sa.Engine:
    """A warehouse with the night of 31 March."""
    publish(nights.company, nights.lake, target, SECOND)
    return target


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def public(request: pytest.FixtureRequest, nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """One warehouse of each kind with the night of 31 March, for all tests that leave it as it is."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('public') / 'warehouse.db'}"
    else:
        url = empty_database(request.getfixturevalue("postgres"), "public")
    with warehouse(url) as engine:
        publish(nights.company, nights.lake, engine, SECOND)
        yield engine


@pytest.fixture
def undone(public: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to it within a transaction: what a test changes, and what it then finds, is undone after it."""
    with public.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def rows() -> Rows:
    """The rows of a query, or of a whole table in the order of its key."""

    def read(engine: sa.Engine, query: sa.Table | str) -> list[tuple]:
        found = sa.text(query) if isinstance(query, str) else sa.select(query).order_by(*query.primary_key)
        with engine.begin() as connection:
            return [tuple(row) for row in connection.execute(found)]

    return read


@pytest.fixture
def everything(rows: Rows) -> Callable[[sa.Engine], dict[str, list[tuple]]]:
    """All rows of all tables."""
    return lambda engine: {table.name: rows(engine, table) for table in metadata.sorted_tables}
