"""The lake: Delta tables whose parts are replaced whole, and receipts that say what of them counts.

Two kinds of parts. A *window* holds what one night wrote (`as_of`). A *chunk* holds a stretch of business time, such as the
invoices of a month, as the latest night knows it; a night's receipt names the version of the table that it left behind.

What has no receipt is not there: a night killed while it wrote leaves rows that nobody reads, and the next run replaces
them. A reader asks for the receipts up to its day, and then for exactly those windows, or that version.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs as pafs
from deltalake import DeltaTable, write_deltalake

from mandegar.errors import BrokenTable
from mandegar.storage import external_commit, receipts
from mandegar.storage.receipts import Receipt

AS_OF = pa.field("as_of", pa.date32())
CHUNK = "chunk"
REMADE = ("conformed", "marts")  # stages that follow from the ones before them
UNREAD_FOR = timedelta(days=8)  # versions of the last nights stay readable


@dataclass(frozen=True)
class Lake:
    """The Delta tables below one folder; a table is named by its stage and its name.

    past: a night before the latest, made again: what it remakes stands apart, and leaves the present alone.
    """

    root: Path
    past: date | None = None

    def path(self, stage: str, name: str) -> Path:
        """Where a table lies."""
        apart = self.past and stage.removeprefix("receipts/") in REMADE
        return self.root / "past" / str(self.past) / stage / name if apart else self.root / stage / name

    def of_night(self, as_of: date, marker: str) -> "Lake":
        """The lake as a night left it: apart, if the night was made again after a later one. marker: an entity it has."""
        apart = Lake(self.root, as_of)
        return apart if apart.receipt("conformed", marker, as_of) else Lake(self.root)

    def to_remake(self, as_of: date, marker: str) -> "Lake":
        """The lake as a night that begins to conform uses it: apart, if a later night stands there already."""
        later = any(receipt.as_of > as_of for receipt in Lake(self.root).receipts("conformed", marker))
        return Lake(self.root, as_of if later else None)

    def exists(self, stage: str, name: str) -> bool:
        """Whether the table has ever been written."""
        return (self.path(stage, name) / "_delta_log").is_dir()

    def replace(self, stage: str, name: str, as_of: date, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
        """Replaces the window `as_of` of a table in one commit; readers see the old window or the new one.

        Rows stream through; columns that the table does not have yet are added to it. Gives the number of rows written.
        The batches must not be made by reading the lake: delta-rs cannot be entered again while it writes. Where there is no row and
        was none, nothing is written.
        """
        full_ones = (batch for batch in batches if batch.num_rows)
        first = next(full_ones, None)
        if first is None and self._has_none(stage, name, as_of, schema):
            return 0
        counted = _Counter(full_ones if first is None else chain([first], full_ones), as_of)
        full = schema.append(AS_OF)
        self.widen(stage, name, schema)
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

    def _has_none(self, stage: str, name: str, as_of: date, schema: pa.Schema) -> bool:
        """Whether a table has all columns of a schema, and no row of a window."""
        return (
            self.exists(stage, name) and set(schema.names) <= set(self.schema(stage, name).names) and not self.files(stage, name, [as_of])
        )

    def replace_chunks(self, stage: str, name: str, chunks: Iterable[str], schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
        """Replaces the named chunks of a table in one commit; the rows say in their column `chunk` where they belong.

        A chunk that gets no row is gone. Gives the table's new version. As with `replace`, the batches must not be made by
        reading the lake through delta-rs.
        """
        counted = _Counter(batches, None)
        self.widen(stage, name, schema)
        path, new = self.path(stage, name), not self.exists(stage, name)
        named = ", ".join(f"'{chunk}'" for chunk in sorted(chunks))
        try:
            write_deltalake(
                str(path),
                pa.RecordBatchReader.from_batches(schema, counted.stamped(schema)),
                mode="append" if new else "overwrite",
                predicate=None if new else f"{CHUNK} IN ({named})",
                partition_by=[CHUNK],
                schema_mode=None if new else "merge",
            )
        except Exception:
            if counted.problem:
                raise counted.problem from None
            raise
        return self.version(stage, name)

    def widen(self, stage: str, name: str, schema: pa.Schema) -> None:
        """Writes a table again, in one commit, if an earlier release gave its decimals fewer digits than the schema asks for."""
        if not self.exists(stage, name):
            return
        table = _opened(self.path(stage, name))
        there = pa.schema(table.schema().to_arrow())
        wider = pa.schema([schema.field(field.name) if _is_narrower(field, schema) else field for field in there])
        if wider == there:
            return
        root = self.path(stage, name)
        beside_delta = pafs.SubTreeFileSystem(str(root), pafs.LocalFileSystem())  # delta-rs cannot be entered again while it writes
        rows = table.to_pyarrow_dataset(filesystem=beside_delta, schema=wider).scanner().to_reader()
        write_deltalake(
            str(root),
            pa.RecordBatchReader.from_batches(wider, (batch.cast(wider) for batch in rows)),
            mode="overwrite",
            schema_mode="overwrite",
            partition_by=table.metadata().partition_columns,
        )

    def held(self, stage: str, name: str, schema: pa.Schema) -> pa.Schema:
        """The columns of rows that are to be written, each in the type that the table has for it.

        Errors: BrokenTable if a decimal would lose or gain digits.
        """
        known = {field.name: field.type for field in self.schema(stage, name)} if self.exists(stage, name) else {}
        types = {field.name: known.get(field.name, field.type) for field in schema}
        for field in schema:
            if pa.types.is_decimal(field.type) and field.type != types[field.name]:
                raise BrokenTable(f"{stage}/{name}: {field.name} is {types[field.name]} in the lake and cannot become {field.type}.")
        return pa.schema(list(types.items()))

    def version(self, stage: str, name: str) -> int:
        """The present version of a table."""
        return _opened(self.path(stage, name)).version()

    def chunk_files(self, stage: str, name: str, version: int | None = None) -> dict[str, list[str]]:
        """The Parquet files of every chunk of a table, as of a version; none if the table is not there."""
        if not self.exists(stage, name):
            return {}
        path = self.path(stage, name)
        return {chunk: list(files) for chunk, files in _chunk_files(path, _state(path), version)}

    def holds(self, stage: str, name: str, version: int) -> bool:
        """Whether the files of a version of a table in chunks are still there; those of long ago are tidied away."""
        return all(Path(file).is_file() for files in self.chunk_files(stage, name, version).values() for file in files)

    def changed_chunks(self, stage: str, name: str, version: int, until: int | None = None) -> set[str]:
        """The chunks that were written between two versions of a table (the later one by default the present)."""
        before, after = self.chunk_files(stage, name, version), self.chunk_files(stage, name, until)
        return {chunk for chunk in before.keys() | after.keys() if before.get(chunk) != after.get(chunk)}

    def tidy(self, stage: str, name: str) -> None:
        """Removes the files that only versions older than some days refer to, and what killed writers left so long ago."""
        DeltaTable(str(self.path(stage, name))).vacuum(
            retention_hours=int(UNREAD_FOR.total_seconds() // 3600), dry_run=False, enforce_retention_duration=False, full=True
        )
        external_commit.sweep(self.path(stage, name), UNREAD_FOR)

    def files(self, stage: str, name: str, windows: Iterable[date]) -> list[str]:
        """The Parquet files of the named windows; none if the table or the windows are not there."""
        if not self.exists(stage, name):
            return []
        table = _opened(self.path(stage, name))
        wanted = ", ".join(f"'{day.isoformat()}'" for day in windows)
        found = table.file_uris(file_pruning_predicate=f"as_of IN ({wanted})") if wanted else []
        # delta-rs spells a table's folder as a URI; below it a window's file lies in as_of=…/
        return sorted(str(self.path(stage, name).joinpath(*uri.split("/")[-2:])) for uri in found)

    def schema(self, stage: str, name: str) -> pa.Schema:
        """The table's columns without `as_of`."""
        arrow = pa.schema(_opened(self.path(stage, name)).schema().to_arrow())
        return pa.schema([field for field in arrow if field.name != "as_of"])

    def windows(self, stage: str, name: str) -> list[date]:
        """The days that have a window, in order."""
        if not self.exists(stage, name):
            return []
        parts = _opened(self.path(stage, name)).partitions()
        return sorted(date.fromisoformat(str(part["as_of"])) for part in parts)

    def sign(self, stage: str, name: str, receipt: Receipt) -> None:
        """Writes the receipt that makes a window count; the last thing a stage does to a table."""
        receipts.sign(self.path(f"receipts/{stage}", name), receipt)

    def withdraw(self, stage: str, name: str, as_of: date) -> None:
        """Takes a window's receipt back, before the window is written again."""
        receipts.withdraw(self.path(f"receipts/{stage}", name), as_of)

    def receipts(self, stage: str, name: str) -> list[Receipt]:
        """All receipts of a table, oldest first."""
        return receipts.signed(self.path(f"receipts/{stage}", name))

    def latest(self, stage: str, name: str, before: date) -> Receipt | None:
        """The last receipt of a night before a day."""
        return next((receipt for receipt in reversed(self.receipts(stage, name)) if receipt.as_of < before), None)

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
        self.drop(stage, name, [day for day in self.windows(stage, name) if day < as_of][:-keep])

    def drop(self, stage: str, name: str, windows: list[date]) -> None:
        """Drops the named windows of a table."""
        if windows:
            table = DeltaTable(str(self.path(stage, name)))
            table.delete("as_of IN (" + ", ".join(f"'{day.isoformat()}'" for day in windows) + ")")


def _state(path: Path) -> tuple[str, int, int, int]:
    """What changes with every commit to a table, by whomever: the last file of its log, its size, when it was written, and its place."""
    with os.scandir(path / "_delta_log") as log:
        last = max((entry.name for entry in log if entry.name.endswith(".json")), default="")
    told = (path / "_delta_log" / last).stat()
    return last, told.st_size, told.st_mtime_ns, told.st_ino


def _opened(path: Path) -> DeltaTable:
    """The present version of a table, to be read only: opened once for each version, since it costs milliseconds and a night asks a
    thousand times."""
    return _at(path, _state(path))


@lru_cache(maxsize=256)
def _at(path: Path, state: tuple[str, int, int, int]) -> DeltaTable:
    return DeltaTable(str(path))


@lru_cache(maxsize=256)
def _chunk_files(path: Path, state: tuple[str, int, int, int], version: int | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The files of every chunk of a table as of a version, None for its present state."""
    table = _at(path, state) if version is None else DeltaTable(str(path), version=version)
    found: dict[str, list[str]] = {}
    for action in pa.table(table.get_add_actions(flatten=True)).select(["path", f"partition.{CHUNK}"]).to_pylist():
        found.setdefault(action[f"partition.{CHUNK}"], []).append(str(path / unquote(action["path"])))
    return tuple((chunk, tuple(sorted(found[chunk]))) for chunk in sorted(found))


def _is_narrower(field: pa.Field, schema: pa.Schema) -> bool:
    """Whether a column of a table has fewer digits than the same column of a schema, and as many places."""
    if not pa.types.is_decimal(field.type) or field.name not in schema.names:
        return False
    asked = schema.field(field.name).type
    return pa.types.is_decimal(asked) and asked.scale == field.type.scale and asked.precision > field.type.precision


class _Counter:
    """Stamps batches with their window, if they are of one, and counts the rows."""

    def __init__(self, batches: Iterable[pa.RecordBatch], as_of: date | None) -> None:
        self._batches = batches
        self._as_of = as_of
        self.rows = 0
        self.problem: Exception | None = None

    def stamped(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                self.rows += batch.num_rows
                if self._as_of is None:
                    yield batch.select(schema.names).cast(schema)
                    continue
                stamp = pa.repeat(pa.scalar(self._as_of, pa.date32()), batch.num_rows)
                yield pa.RecordBatch.from_arrays([*batch.columns, stamp], names=[*batch.schema.names, "as_of"]).cast(schema)
        except Exception as problem:
            self.problem = problem
            raise
