"""The files a chunk is appended to: SQLite, CSV, JSON lines, Parquet. The same rows give the same bytes."""

import csv
import json
import sqlite3
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mandegar.sample.people import Table

MONEY = frozenset({"price", "discount", "net", "tax", "cost", "amount"})
WHOLE = frozenset({"seats", "interval_count", "auto_renew", "mail_ok", "sms_ok", "call_ok", "blocked", "pref_hour"})
PAGE_SIZE = 8192


class Database:
    """A fresh SQLite file; its tables come into being with their first rows."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for setting in (f"page_size = {PAGE_SIZE}", "journal_mode = OFF", "synchronous = OFF", "cache_size = -65536", "temp_store = FILE"):
            self.connection.execute(f"PRAGMA {setting}")
        self.counts: dict[str, int] = {}

    def append(self, table: str, rows: Table) -> None:
        """Appends rows in one transaction."""
        if table not in self.counts:
            columns = ", ".join(f"{name} {'NUMERIC' if name in MONEY else 'INTEGER' if name in WHOLE else 'TEXT'}" for name in rows)
            self.connection.execute(f"CREATE TABLE {table} ({columns})")
            self.counts[table] = 0
        places = ", ".join("?" * len(rows))
        self.connection.execute("BEGIN")
        self.connection.executemany(
            f"INSERT INTO {table} VALUES ({places})", zip(*(values.tolist() for values in rows.values()), strict=True)
        )
        self.connection.execute("COMMIT")
        self.counts[table] += len(next(iter(rows.values())))

    def index(self, table: str, column: str) -> None:
        """An index on a column, once all rows are there."""
        if table in self.counts:
            self.connection.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")

    def close(self) -> None:
        """Ends the file."""
        self.connection.close()


class Csv:
    """A CSV file in UTF-8; its header comes with the first rows."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w", encoding="utf-8", newline="")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.count: int | None = None

    def append(self, rows: Table) -> None:
        """Appends rows; None is an empty cell."""
        if self.count is None:
            self.writer.writerow(rows)
            self.count = 0
        self.writer.writerows(zip(*(values.tolist() for values in rows.values()), strict=True))
        self.count += len(next(iter(rows.values())))

    def close(self) -> None:
        """Ends the file."""
        self.file.close()


class JsonLines:
    """A file of one JSON object a line, in UTF-8."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w", encoding="utf-8", newline="")
        self.encode = json.JSONEncoder(ensure_ascii=False).encode
        self.count = 0

    def append(self, rows: Table) -> None:
        """Appends rows; None is null."""
        names = list(rows)
        columns = zip(*(values.tolist() for values in rows.values()), strict=True)
        self.file.writelines(self.encode(dict(zip(names, row, strict=True))) + "\n" for row in columns)
        self.count += len(next(iter(rows.values())))

    def close(self) -> None:
        """Ends the file."""
        self.file.close()


class Parquet:
    """A Parquet file; each chunk is a row group."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer: pq.ParquetWriter | None = None
        self.count = 0

    def append(self, rows: pa.Table) -> None:
        """Appends a row group."""
        if self.writer is None:
            self.writer = pq.ParquetWriter(self.path, rows.schema, compression="zstd")
        self.writer.write_table(rows)
        self.count += rows.num_rows

    def close(self) -> None:
        """Ends the file."""
        if self.writer is not None:
            self.writer.close()


class Files:
    """All files of a company, open together and closed together."""

    def __init__(self, folder: Path) -> None:
        (folder / "truth").mkdir(parents=True)
        self.crm, self.billing = Database(folder / "crm.db"), Database(folder / "billing.db")
        self.tickets = JsonLines(folder / "tickets.jsonl")
        self.surveys, self.interactions = Csv(folder / "surveys.csv"), Csv(folder / "interactions.csv")
        self.usage = Parquet(folder / "usage.parquet")
        self.customers = Parquet(folder / "truth" / "customer.parquet")
        self.dirt = Csv(folder / "truth" / "dirt.csv")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self.crm, self.billing, self.tickets, self.surveys, self.interactions, self.usage, self.customers, self.dirt):
            file.close()

    def index(self) -> None:
        """The indexes of the databases."""
        self.crm.index("accounts", "account_no")
        for table in ("subscription_versions", "invoices", "payments"):
            self.billing.index(table, "changed")

    def counts(self) -> dict[str, int]:
        """Rows by file or table."""
        return {
            **self.crm.counts,
            **self.billing.counts,
            "tickets": self.tickets.count,
            "surveys": self.surveys.count or 0,
            "usage": self.usage.count,
            "interactions": self.interactions.count or 0,
            "dirt": self.dirt.count or 0,
        }


def text_column(values: np.ndarray) -> pa.Array:
    """Text for a Parquet file."""
    return pa.array(values, type=pa.string())
