"""Files made elsewhere become parts of a table all at once, or not at all."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mandegar.errors import BrokenTable
from mandegar.storage import external_commit
from mandegar.storage.lake import CHUNK, Lake

SCHEMA = pa.schema([("customer_id", pa.string()), (CHUNK, pa.string())])
LONG_AGO = time.time() - timedelta(days=9).total_seconds()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table with customer a in chunk x."""
    take(tmp_path / "lake" / "marts" / "t", {"x": ["a"]})
    return tmp_path / "lake" / "marts" / "t"


def take(table: Path, chunks: dict[str, list[str]], rows: int | None = None) -> None:
    """Stages a file for every chunk and takes them over."""
    with external_commit.staging(table) as folder:
        for chunk, names in chunks.items():
            (folder / f"{CHUNK}={chunk}").mkdir()
            pq.write_table(
                pa.table({"customer_id": pa.array(names, pa.string())}), folder / f"{CHUNK}={chunk}" / f"{''.join(names)}.parquet"
            )
        count = sum(map(len, chunks.values()))
        external_commit.take_over(table, SCHEMA, CHUNK, list(chunks), folder, count if rows is None else rows)


def held(table: Path) -> dict[str, list[str]]:
    return {chunk: [Path(file).stem for file in files] for chunk, files in Lake(table.parents[1]).chunk_files("marts", "t").items()}


def test_staged_files_replace_their_chunks_and_the_staging_folder_goes(table):
    take(table, {"x": ["b"], "y": ["c", "d"]})
    assert held(table) == {"x": ["b"], "y": ["cd"]}
    assert sorted(path.name for path in table.iterdir()) == ["_delta_log", "chunk=x", "chunk=y"]


def test_files_that_did_not_all_arrive_are_refused(table):
    with pytest.raises(
        BrokenTable, match=r"3 rows were written for .*, 1 arrived in it\. Every worker has to share the lake's file system"
    ):
        take(table, {"x": ["b"]}, rows=3)
    assert held(table) == {"x": ["a"]}


def test_naming_no_part_replaces_none(table):
    take(table, {})
    assert held(table) == {"x": ["a"]}


def test_tidying_removes_what_killed_writers_left_days_ago_and_only_that(table):
    abandoned, at_work, lost, fresh = (
        table / "_writing-old",
        table / "_writing-new",
        table / "chunk=x/lost.parquet",
        table / "chunk=x/new.parquet",
    )
    for folder in (abandoned, at_work):
        folder.mkdir()
    for file in (lost, fresh):
        file.write_bytes(b"")
    for path in (abandoned, lost):
        os.utime(path, (LONG_AGO, LONG_AGO))
    Lake(table.parents[1]).tidy("marts", "t")
    assert [path.exists() for path in (abandoned, at_work, lost, fresh)] == [False, True, False, True]
    assert held(table) == {"x": ["a"]}
