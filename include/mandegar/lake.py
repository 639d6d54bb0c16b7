"""The lake: Delta tables whose windows (one per `as_of`) are replaced whole, and receipts that say which windows count.

A window without its receipt is not there: a night killed while it wrote leaves rows that nobody reads, and the next
run replaces them. A reader asks for the receipts up to its day and then for exactly those windows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

AS_OF = pa.field("as_of", pa.date32())
RECEIPT_SCHEMA = pa.schema(
    [
        AS_OF,
        ("covers", pa.string()),
        ("starts_at", pa.timestamp("us", "UTC")),
        ("ends_at", pa.timestamp("us", "UTC")),
        ("rows", pa.int64()),
        ("refused", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Receipt:
    """One window that is complete: what of the source it covers and how many rows it holds.

    covers: "all" (the whole source as read that night) or "window" (rows whose cursor lies in starts_at <= t < ends_at).
    refused: rows that came and were not usable.
    """

    as_of: date
    covers: str
    starts_at: datetime | None
    ends_at: datetime
    rows: int
    refused: int = 0


@dataclass(frozen=True)
class Lake:
    """The Delta tables below one folder; a table is named by its stage and its name."""

    root: Path

    def path(self, stage: str, name: str) -> Path:
        """Where a table lies."""
        return self.root / stage / name

    def exists(self, stage: str, name: str) -> bool:
        """Whether the table has ever been written."""
        return (self.path(stage, name) / "_delta_log").is_dir()

    def replace(self, stage: str, name: str, as_of: date, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
        """Replaces the window `as_of` of a table in one commit; readers see the old window or the new one.

        Rows stream through; columns that the table does not have yet are added to it. Gives the number of rows written.
        The batches must not be made by reading the lake: delta-rs cannot be entered again while it writes.
        """
        counted = _Counter(batches, as_of)
        full = schema.append(AS_OF)
        path = self.path(stage, name)
        new = not self.exists(stage, name)
        try:
            write_deltalake(
                str(path),
                pa.RecordBatchReader.from_batches(full, counted.stamped(full)),
                mode="append" if new else "overwrite",
                predicate=None if new else f"as_of = '{as_of.isoformat()}'",
                partition_by=["as_of"],
                schema_mode=None if new else "merge",
            )
        except Exception:
            if counted.problem:  # what the rows' maker raised, not delta-rs' wrapping of it
                raise counted.problem from None
            raise
        return counted.rows

    def files(self, stage: str, name: str, windows: Iterable[date]) -> list[str]:
        """The Parquet files of the named windows; none if the table or the windows are not there."""
        if not self.exists(stage, name):
            return []
        table = DeltaTable(str(self.path(stage, name)))
        wanted = ", ".join(f"'{day.isoformat()}'" for day in windows)
        return sorted(table.file_uris(file_pruning_predicate=f"as_of IN ({wanted})")) if wanted else []

    def schema(self, stage: str, name: str) -> pa.Schema:
        """The table's columns without `as_of`."""
        arrow = pa.schema(DeltaTable(str(self.path(stage, name))).schema().to_arrow())
        return pa.schema([field for field in arrow if field.name != "as_of"])

    def windows(self, stage: str, name: str) -> list[date]:
        """The days that have a window, in order."""
        if not self.exists(stage, name):
            return []
        parts = DeltaTable(str(self.path(stage, name))).partitions()
        return sorted(date.fromisoformat(str(part["as_of"])) for part in parts)

    def sign(self, stage: str, name: str, receipt: Receipt) -> None:
        """Writes the receipt that makes a window count; the last thing a stage does to a table."""
        row = {key: [value] for key, value in asdict(receipt).items()}
        batch = pa.RecordBatch.from_pydict(row, schema=RECEIPT_SCHEMA)
        without = pa.schema([field for field in RECEIPT_SCHEMA if field.name != "as_of"])
        self.replace(f"receipts/{stage}", name, receipt.as_of, without, [batch.select(without.names)])

    def withdraw(self, stage: str, name: str, as_of: date) -> None:
        """Takes a window's receipt back, before the window is written again."""
        if as_of in self.windows(f"receipts/{stage}", name):
            DeltaTable(str(self.path(f"receipts/{stage}", name))).delete(f"as_of = '{as_of.isoformat()}'")

    def receipts(self, stage: str, name: str) -> list[Receipt]:
        """All receipts of a table, oldest first."""
        if not self.exists(f"receipts/{stage}", name):
            return []
        rows = DeltaTable(str(self.path(f"receipts/{stage}", name))).to_pyarrow_table().to_pylist()
        return sorted((Receipt(**row) for row in rows), key=lambda receipt: receipt.as_of)

    def receipt(self, stage: str, name: str, as_of: date) -> Receipt | None:
        """The receipt of one window, if it is complete."""
        return next((receipt for receipt in self.receipts(stage, name) if receipt.as_of == as_of), None)

    def current(self, stage: str, name: str, as_of: date) -> list[Receipt]:
        """The windows that together say what the source held on a day: the last whole one and all after it."""
        known = [receipt for receipt in self.receipts(stage, name) if receipt.as_of <= as_of]
        whole = [place for place, receipt in enumerate(known) if receipt.covers == "all"]
        return known[whole[-1] :] if whole else []

    def forget(self, stage: str, name: str, keep: int, as_of: date) -> None:
        """Drops all but the last `keep` windows before `as_of`, of a stage that can be made again from the one before it."""
        old = [day for day in self.windows(stage, name) if day < as_of][:-keep]
        if old:
            table = DeltaTable(str(self.path(stage, name)))
            table.delete("as_of IN (" + ", ".join(f"'{day.isoformat()}'" for day in old) + ")")


class _Counter:
    """Stamps batches with their window and counts the rows."""

    def __init__(self, batches: Iterable[pa.RecordBatch], as_of: date) -> None:
        self._batches = batches
        self._as_of = as_of
        self.rows = 0
        self.problem: Exception | None = None

    def stamped(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                self.rows += batch.num_rows
                stamp = pa.repeat(pa.scalar(self._as_of, pa.date32()), batch.num_rows)
                yield pa.RecordBatch.from_arrays([*batch.columns, stamp], names=[*batch.schema.names, "as_of"]).cast(schema)
        except Exception as problem:
            self.problem = problem
            raise
