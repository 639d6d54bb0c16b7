"""What the tests of sources share: a small company's files, and a look into the raw window a night took."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mandegar import company as companies
from mandegar.lake import Lake
from mandegar.sources.extract import extract

Take = Callable[..., list[dict]]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Extracts a source table on a night and gives the rows of its raw window in their order, without empty cells."""
    lake = Lake(tmp_path / "lake")

    def one(folder: Path, table: str = "files.customer", as_of: date = date(2025, 3, 31)) -> list[dict]:
        company = companies.load(folder)
        extract(company, lake, company.table(table), as_of)
        found = pa.concat_tables([pq.ParquetFile(file).read() for file in lake.files("raw", table, [as_of])], promote_options="default")
        rows = sorted(found.to_pylist(), key=lambda row: row["_row"])
        return [{name: value for name, value in row.items() if value is not None} for row in rows]

    return one
