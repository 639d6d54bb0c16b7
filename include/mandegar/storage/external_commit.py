"""Parquet files that somebody else than delta-rs has written become parts of a Delta table, in one commit.

They are written into a staging folder of the table, which no reader looks into; taking them over renames them into their
places, where a reader does not know of them either, and then commits. Whoever dies on the way leaves the table as it was, and
files that `Lake.tidy` removes some days later.
"""

import json
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction, create_table_with_add_actions

from mandegar.errors import BrokenTable

STAGING = "_writing-"  # Delta overlooks folders that begin so


@contextmanager
def staging(table: Path) -> Iterator[Path]:
    """A new folder of a table for files that `take_over` shall commit; gone afterwards."""
    folder = table / f"{STAGING}{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(table: Path, age: timedelta) -> None:
    """Removes the staging folders of a table whose writers were killed so long ago."""
    for folder in table.glob(f"{STAGING}*"):
        if folder.stat().st_mtime < time.time() - age.total_seconds():
            shutil.rmtree(folder)


def take_over(table: Path, schema: pa.Schema, part: str, parts: Iterable[str], folder: Path, rows: int) -> None:
    """Replaces the named parts of a table, in one commit, by the staged files `folder`/`part`=…/*.parquet.

    A part that gets no row is gone; columns that the table does not have yet are added to it, and a table that is not there is
    made. schema: the columns of the files and `part`; rows: how many rows the files' maker wrote.
    Errors: BrokenTable if another number of rows is there, or rows of a part that is not named.
    """
    parts, counts = sorted(parts), {file: pq.read_metadata(file).num_rows for file in sorted(folder.glob(f"{part}=*/*.parquet"))}
    if sum(counts.values()) != rows:
        raise BrokenTable(
            f"{rows} rows were written for {table}, {sum(counts.values())} arrived in it. "
            "Every worker has to share the lake's file system with this machine, under the same path."
        )
    if strangers := {_part_of(file) for file, count in counts.items() if count} - set(parts):
        raise BrokenTable(f"{table} was to get rows of the {part} {parts} and got rows of {sorted(strangers)}.")
    added = [_added(_moved(file, table), table, part, count) for file, count in counts.items() if count]
    _commit(table, Schema.from_arrow(schema), part, parts, added)


def _commit(table: Path, schema: Schema, part: str, parts: list[str], added: list[AddAction]) -> None:
    if not (table / "_delta_log").is_dir():
        create_table_with_add_actions(str(table), schema, added, mode="error", partition_by=[part])
        return
    there = DeltaTable(str(table))
    known = there.schema().fields
    names = {field.name for field in known}
    grown = Schema([*known, *(field for field in schema.fields if field.name not in names)])
    there.create_write_transaction(added, "overwrite", grown, [part], [(part, "in", parts)])


def _moved(file: Path, table: Path) -> Path:
    """A staged file in its place."""
    folder = table / file.parent.name
    folder.mkdir(exist_ok=True)
    return file.rename(folder / file.name)


def _added(file: Path, table: Path, part: str, rows: int) -> AddAction:
    """What the table's log says of a new file."""
    told, stats = file.stat(), json.dumps({"numRecords": rows})
    return AddAction(str(file.relative_to(table)), told.st_size, {part: _part_of(file)}, int(told.st_mtime * 1000), True, stats)


def _part_of(file: Path) -> str:
    """The part that a file lies in, from its folder's name."""
    return unquote(file.parent.name.partition("=")[2])
