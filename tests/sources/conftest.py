"""What the tests of sources share: a small company's files, and a look into the raw window a night took."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from mandegar.config import company as companies
from mandegar.sources.extract import extract
from mandegar.storage.lake import Lake

Take = Callable[..., list[dict]]


@pytest.fixture(scope="session")
def s3() -> Iterator[tuple[str, Any]]:
    """Object storage with an empty bucket `exports`: the connection by which a company reaches it, and a client."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
    client.create_bucket(Bucket="exports")
    yield f"aws://k:s@?endpoint_url={quote(endpoint, safe='')}", client
    server.stop()


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Extracts a source table on a night and gives the rows of its raw window in their order, without empty cells.

    validated: whether its rows went on; those of a window that could not be validated are asked for again.
    """
    lake = Lake(tmp_path / "lake")

    def one(folder: Path, table: str = "files.customer", as_of: date = date(2025, 3, 31), validated: bool = True) -> list[dict]:
        company = companies.load(folder)
        receipt = extract(company, lake, company.table(table), as_of)
        if validated:
            lake.withdraw("valid", table, as_of)
            lake.sign("valid", table, receipt)
        found = pa.concat_tables([pq.ParquetFile(file).read() for file in lake.files("raw", table, [as_of])], promote_options="default")
        rows = sorted(found.to_pylist(), key=lambda row: row["_row"])
        return [{name: value for name, value in row.items() if value is not None} for row in rows]

    return one
