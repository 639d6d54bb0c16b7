"""Receipts: which windows of a lake table are complete. One small JSON file each, put in its place whole.

Not in Delta tables, as data are: a commit costs twenty milliseconds and leaves a Parquet file behind, and a night signs some sixty receipts
and asks for them hundreds of times (decision 0029).
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from deltalake import DeltaTable
from pydantic import TypeAdapter

DELTA_LOG = "_delta_log"  # of releases that kept receipts in Delta tables


@dataclass(frozen=True)
class Receipt:
    """One window that is complete: what of the source it covers and how many rows it holds.

    covers: "all" (the whole source as read that night) or "window" (rows whose cursor lies in starts_at <= t < ends_at).
    refused: rows that came and were not usable. version: of a table in chunks, the version that the night left.
    made_of: a hash of what it was made from; notes: what the stage wants to remember, as JSON.
    """

    as_of: date
    covers: str
    starts_at: datetime | None
    ends_at: datetime
    rows: int
    refused: int = 0
    version: int | None = None
    made_of: str | None = None
    notes: str | None = None


AS_JSON = TypeAdapter(Receipt)


def signed(folder: Path) -> list[Receipt]:
    """All receipts of a table, oldest first. folder: where they lie; it need not be there."""
    _settle(folder)
    with suppress(FileNotFoundError):
        found = [(entry.name, entry.stat()) for entry in os.scandir(folder) if _is_receipt(entry.name)]
        return [_read(folder / name, told.st_mtime_ns, told.st_ino, told.st_size) for name, told in sorted(found)]
    return []


def sign(folder: Path, receipt: Receipt) -> None:
    """Writes a receipt, or replaces that of the same night."""
    _settle(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, receipt)


def withdraw(folder: Path, as_of: date) -> None:
    """Takes a night's receipt back, if there is one."""
    _settle(folder)
    (folder / f"{as_of}.json").unlink(missing_ok=True)


def _is_receipt(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".")


@lru_cache(maxsize=65_536)
def _read(file: Path, written: int, place: int, size: int) -> Receipt:
    return AS_JSON.validate_json(file.read_bytes())


def _write(folder: Path, receipt: Receipt) -> None:
    beside = folder / f".{receipt.as_of}.{os.getpid()}"
    beside.write_bytes(AS_JSON.dump_json(receipt))
    beside.replace(folder / f"{receipt.as_of}.json")


def _settle(folder: Path) -> None:
    """Makes files of the receipts that an earlier release kept in a Delta table; whoever comes meanwhile waits."""
    if not (folder / DELTA_LOG).is_dir():
        return
    with _alone(folder):
        if not (folder / DELTA_LOG).is_dir():
            return
        for row in DeltaTable(str(folder)).to_pyarrow_table().to_pylist():
            _write(folder, Receipt(**row))
        gone = (folder / DELTA_LOG).rename(folder / ".delta_log")
    for part in (gone, *folder.glob("as_of=*")):
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
