"""What the tests of vendors share: a company whose rows come from one vendor, and nights of it up to the entities."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mandegar.compute import engine as engines
from mandegar.config import company as companies
from mandegar.conform.conform import conformed
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, validate_stage
from mandegar.storage.home import Home

SUBSCRIPTION = (
    "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
    "s1,2026-01-01,{customer},basic,1,10,USD,month,1,active,2026-01-01\n"
)
WAITS = "{attempts: 2, shortest_seconds: 0.01, longest_seconds: 0.02, silence_seconds: 5}"
Rows = list[dict]


@pytest.fixture
def vendor(make_company, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A company with one vendor at an address; files: further entities from files beside it."""

    def make(kind: str, url: str, *, more: str = "", files: dict[str, str] | None = None, **connection: object) -> Path:
        monkeypatch.setenv("AIRFLOW_CONN_VENDOR", json.dumps({"host": url, **connection}))
        beside = "".join(f"      {name.removesuffix('.csv')}: {{file: {name}}}\n" for name in files or {})
        described = f"sources:\n  {kind}:\n    kind: {kind}\n    connection: vendor\n    waits: {WAITS}\n{more}"
        if beside:
            described += f"  files:\n    kind: files\n    tables:\n{beside}"
        return make_company(files or {}, more=described, time_zone="UTC")

    return make


@pytest.fixture
def night() -> Callable[..., dict[str, Rows]]:
    """Extracts, validates and conforms a night; gives the entities' rows without empty cells.

    again: a night behind the last one asks its vendor once more, as if the lake had nothing of it; the files beside it do not change.
    """

    def run(folder: Path, as_of: date, again: bool = False) -> dict[str, Rows]:
        work = _at(folder, as_of, again)
        for table in map(str, work.company.tables()):
            if not (again and table.startswith("files.")):
                _checked(work, table)
        conform_stage(work)
        with engines.start() as engine:
            return {
                name: sorted(
                    (
                        {column: value for column, value in row.items() if value is not None}
                        for row in engine.arrow(conformed(work.lake, engine, name, as_of)).to_pylist()
                    ),
                    key=str,
                )
                for name in {table.entity for table in work.company.tables()}
            }

    return run


@pytest.fixture
def valid() -> Callable[..., Rows]:
    """Extracts and validates one table on a night; gives its rows, as the entity has them, without empty cells."""

    def run(folder: Path, table: str, as_of: date) -> Rows:
        work = _at(folder, as_of)
        _checked(work, table)
        found = pa.concat_tables([pq.ParquetFile(file).read() for file in work.lake.files("valid", table, [as_of])])
        return [{column: value for column, value in row.items() if value is not None} for row in found.to_pylist()]

    return run


def _at(folder: Path, as_of: date, again: bool = False) -> Night:
    work = Night(companies.load(folder), Home(folder.parent / "home"), as_of, ask_again=again)
    work.home.root.mkdir(exist_ok=True)
    return work


def _checked(work: Night, table: str) -> None:
    extract_stage(work, table)
    refused = validate_stage(work, table)["quarantined"]
    assert refused == 0, f"{table}: {refused} rows refused"
