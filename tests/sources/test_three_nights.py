"""Every kind of source over three nights: a late row, a deleted row, a changed row, and a night made again after them."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from tests.left_out import leave_out
from tests.sources.servers import MARIADB, running_mariadb

from mandegar.compute import engine as engines
from mandegar.config import company as companies
from mandegar.conform.conform import conformed
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, validate_stage
from mandegar.storage.home import Home

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)
Row = tuple[str, str, str, int, str]  # number, customer, issued, amount, changed
COLUMNS = ("invoice_id", "customer_id", "issued_at", "net_amount", "changed")
ONE: Row = ("1", "a", "2026-03-01 10:00:00", 10, "2026-03-01 10:00:00")
TWO: Row = ("2", "a", "2026-03-10 09:00:00", 20, "2026-03-10 09:00:00")
LATE: Row = ("3", "a", "2026-03-05 12:00:00", 30, "2026-03-09 23:00:00")  # written by day two, dated before the first night's end
ONE_CHANGED: Row = ("1", "a", "2026-03-01 10:00:00", 11, "2026-03-12 08:00:00")
MAPPING = (
    "columns: {{kind: {{value: one_off}}, currency: {{value: USD}}, updated_at: changed}}\n        cursor: changed\n        deletions: keys"
)
MORE = """sources:
  people: {{kind: files, tables: {{customer: {{file: customer.csv}}}}}}
  shop:
    kind: {kind}
    {reach}
    tables:
      invoice:
        {taken}
        {mapping}
"""


class Database:
    """A table of a database."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        with self._engine.begin() as connection:
            connection.execute(sa.text("DROP TABLE IF EXISTS invoices"))
            connection.execute(
                sa.text(
                    "CREATE TABLE invoices (invoice_id VARCHAR(9), customer_id VARCHAR(9), issued_at TIMESTAMP NULL, "
                    "net_amount NUMERIC(12, 2), changed TIMESTAMP NULL)"
                )
            )

    def holds(self, *rows: Row) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM invoices"))
            connection.execute(
                sa.text("INSERT INTO invoices VALUES (:invoice_id, :customer_id, :issued_at, :net_amount, :changed)"),
                [dict(zip(COLUMNS, row, strict=True)) for row in rows],
            )


class File:
    """A file, wherever `put` lays it."""

    def __init__(self, name: str, put: Callable[[bytes], None]) -> None:
        self._name, self._put = name, put

    def holds(self, *rows: Row) -> None:
        if self._name.endswith(".parquet"):
            sink = io.BytesIO()
            pq.write_table(pa.table({name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}), sink)
            return self._put(sink.getvalue())
        text = io.StringIO()
        csv.writer(text).writerows([COLUMNS, *rows])
        data = text.getvalue().encode()
        self._put(gzip.compress(data) if self._name.endswith(".gz") else data)


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if MARIADB is None:
        leave_out("there is no MariaDB", "apt-get install mariadb-server-core mariadb-client-core")
    with running_mariadb(tmp_path_factory.mktemp("db")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "orders.csv", "s3:orders.csv.gz"])
def shop(
    request: pytest.FixtureRequest, make_company: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Database | File]:
    """A company whose invoices come from a source of that kind by a cursor, and the source."""
    kind, place = request.param, tmp_path / "company"
    reach, taken, source = "connection: shop", "table: invoices", "sql"
    if kind == "sqlite":
        place.mkdir()
        reach, made = "url: sqlite:///shop.db", Database(f"sqlite:///{place / 'shop.db'}")
    elif kind in ("postgresql", "mariadb"):
        url = request.getfixturevalue("postgres_url" if kind == "postgresql" else "mariadb")
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", url)
        made = Database(url.replace("postgresql://", "postgresql+psycopg://").replace("mysql://", "mysql+pymysql://"))
    else:
        source, name = "files", kind.removeprefix("s3:")
        if kind.startswith("s3:"):
            endpoint, client = request.getfixturevalue("s3")
            monkeypatch.setenv("AIRFLOW_CONN_SHOP", endpoint)
            made = File(name, lambda data: client.put_object(Bucket="exports", Key=f"daily/{name}", Body=data) and None)
            taken = f"file: s3://exports/daily/{name}"
        else:
            made = File(name, lambda data: (place / name).write_bytes(data) and None)
            reach, taken = "url: null", f"file: {name}"
    more = MORE.format(kind=source, reach=reach, taken=taken, mapping=MAPPING.format())
    customers = "customer_id,name,signed_up_at\na,Ada,2026-01-01\n"
    folder = make_company({"customer.csv": customers}, more=more, time_zone="UTC", churn="{kind: inactivity, days: 90}")
    return folder, made


def night(folder: Path, as_of: date) -> list[tuple[str, float]]:
    """One night up to the entities; gives number and amount of the invoices it knows."""
    this = Night(companies.load(folder), Home(folder.parent / "home"), as_of)
    this.home.root.mkdir(exist_ok=True)
    for table in map(str, this.company.tables()):
        extract_stage(this, table)
        validate_stage(this, table)
    conform_stage(this)
    this = Night(this.company, this.home, as_of)
    with engines.start() as engine:
        rows = engine.arrow(conformed(this.lake, engine, "invoice", as_of)).to_pylist()
    return sorted((row["invoice_id"], float(row["net_amount"])) for row in rows)


def test_three_nights_and_one_of_them_made_again(shop: tuple[Path, Database | File]) -> None:
    folder, source = shop
    source.holds(ONE, TWO)
    assert night(folder, FIRST) == [("1", 10), ("2", 20)]
    source.holds(ONE, LATE)
    assert night(folder, SECOND) == [("1", 10), ("3", 30)]
    source.holds(ONE_CHANGED, TWO, LATE)
    assert night(folder, THIRD) == [("1", 11), ("2", 20), ("3", 30)]
    assert night(folder, SECOND) == [("1", 10), ("3", 30)]
    assert night(folder, FIRST) == [("1", 10), ("2", 20)]


@pytest.mark.parametrize("shop", ["sqlite", "orders.csv"], indirect=True)
def test_a_night_of_long_ago_has_the_rows_that_changed_since(shop: tuple[Path, Database | File]) -> None:
    folder, source = shop
    described = (folder / "company.yaml").read_text(encoding="utf-8")
    (folder / "company.yaml").write_text(
        described.replace("cursor: changed", "cursor: changed\n        cursor_moves: true"), encoding="utf-8"
    )
    source.holds(ONE_CHANGED, TWO, ("4", "a", "2026-03-12 09:00:00", 40, "2026-03-12 09:00:00"))
    assert night(folder, FIRST) == [("1", 11), ("2", 20)]
