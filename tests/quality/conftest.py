"""What the tests of quality share: a table validated on a night, with what came through and what waits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mandegar.config import company as companies
from mandegar.quality.validate import validate
from mandegar.sources.extract import extract
from mandegar.storage.lake import Lake

NIGHT = date(2025, 3, 31)


@dataclass(frozen=True)
class Validated:
    """Rows of the valid window, lines of the quarantine and results of the rules."""

    good: list[dict]
    waiting: list[dict]
    results: dict[str, dict]


Check = Callable[..., Validated]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Extracts and validates a source table on the night of 31 March 2025."""
    lake = Lake(tmp_path / "lake")

    def rows(stage: str, name: str, order: str) -> list[dict]:
        found = [row for file in lake.files(stage, name, [NIGHT]) for row in pq.ParquetFile(file).read().to_pylist()]
        return sorted(found, key=lambda row: row[order])

    def one(folder: Path, table: str) -> Validated:
        company = companies.load(folder)
        extract(company, lake, company.table(table), NIGHT)
        validate(company, lake, company.table(table), NIGHT)
        results = {row["rule"]: row for row in rows("quality", table, "rule")}
        return Validated(rows("valid", table, "_row"), rows("quarantine", table, "row"), results)

    return one
