"""What the tests of sources share: a small company's files, and a look into the raw window a night took."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.sources.rest.rest_company import IN_QUERY, MORE, PATIENCE, SECRET, SUBSCRIPTION, Company

from mandegar.config import company as companies
from mandegar.sources.extract import extract
from mandegar.storage.lake import Lake

Take = Callable[..., list[dict]]


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


@pytest.fixture
def crm(make_company: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Company:
    """A company whose customers come from the REST API at that address, read with little patience."""

    def make(url: str, *, auth: str = IN_QUERY, paginator: str = "single_page", connection: dict | None = None, **more: str) -> Path:
        monkeypatch.setenv("AIRFLOW_CONN_CRM_API", json.dumps({"host": url, "password": SECRET} | (connection or {})))
        given = {"patience": PATIENCE, "waits": "", "limits": "", "endpoint": "", "table": "", "auth": auth, "paginator": paginator} | more
        return make_company(SUBSCRIPTION, more=MORE.format(**given))

    return make


@pytest.fixture
def raw_server() -> Iterator[Callable[..., str]]:
    """A TCP server that answers one connection after the other as told; gives its address. secure: its TLS, if it speaks that."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(answers: list[Callable[[socket.socket], None]], secure: ssl.SSLContext | None = None) -> str:
        def work() -> None:
            for answer in answers:
                try:
                    connection, _ = listening.accept()
                except OSError:  # the client has given up, and the test is over
                    return
                with suppress(OSError), secure.wrap_socket(connection, server_side=True) if secure else connection as spoken:
                    spoken.recv(65536)
                    answer(spoken)

        threads.append(threading.Thread(target=work, daemon=True))
        threads[-1].start()
        return f"{'https' if secure else 'http'}://127.0.0.1:{listening.getsockname()[1]}"

    yield serve
    listening.close()
    for thread in threads:
        thread.join(timeout=5)
