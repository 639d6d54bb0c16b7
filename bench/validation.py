"""Validates payments, a million and five million rows: the time it takes, and that its memory does not grow with the rows.

    python bench/validation.py [--rows 5000000] [--broken 0.01]

A share of the rows is broken (no number where an amount is needed) and waits in quarantine. Prints a line per size.
"""

import argparse
import tempfile
from datetime import date
from pathlib import Path

from measured import alone

NIGHT = date(2026, 10, 31)
COMPANY = "name: Bench\ntime_zone: UTC\ncurrency: USD\nchurn: {kind: contract}\n"


def make(folder: Path, rows: int, broken: float) -> None:
    """A company with that many payments, as text, a share of them with an amount that cannot be read."""
    import duckdb

    (folder / "company.yaml").write_text(COMPANY)
    (folder / "subscription.csv").write_text("subscription_id\n")
    query = f"""COPY (SELECT 'p' || i AS payment_id, 'c' || i % 100000 AS customer_id, 'i' || i AS invoice_id,
        CAST(TIMESTAMP '2024-01-01' + INTERVAL (i % 40000000) SECOND AS VARCHAR) AS attempted_at,
        CASE WHEN i % {round(1 / broken)} = 0 THEN 'ten' ELSE CAST(10 + i % 90 AS VARCHAR) END AS amount,
        'USD' AS currency, CASE WHEN i % 20 = 0 THEN 'failed' ELSE 'succeeded' END AS status, 'card' AS method
        FROM range({rows}) AS of_all(i)) TO '{folder / "payment.parquet"}'"""  # noqa: S608  # numbers and a folder of its own
    with duckdb.connect() as connection:
        connection.execute(query)


def take(folder: str) -> int:
    """Extracts the payments."""
    from mandegar.config import company as companies
    from mandegar.sources.extract import extract
    from mandegar.storage.lake import Lake

    company = companies.load(Path(folder))
    return extract(company, Lake(Path(folder) / "lake"), company.table("files.payment"), NIGHT).rows


def check(folder: str) -> tuple[int, int]:
    """Validates them; gives how many go on and how many wait."""
    from mandegar.config import company as companies
    from mandegar.quality.validate import validate
    from mandegar.storage.lake import Lake

    company = companies.load(Path(folder))
    receipt = validate(company, Lake(Path(folder) / "lake"), company.table("files.payment"), NIGHT)
    return receipt.rows, receipt.refused


def main() -> None:
    """A fifth of the rows, then all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--broken", type=float, default=0.01, help="share of rows that cannot be used")
    given = parser.parse_args()
    for rows in (given.rows // 5, given.rows):
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), rows, given.broken)
            alone(take, folder)
            done = alone(check, folder)
            good, refused = done.result
            print(
                f"{rows:>11,} rows: {done.seconds:6.1f} s ({done.processor:.1f} s of the processor), {done.peak_mb:,.0f} MB; "
                f"{good:,} go on, {refused:,} wait; load {done.load:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
