"""Files elsewhere than beside company.yaml: compressed, and in object storage."""

import bz2
import gzip
import io
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pytest_httpserver import HTTPServer

from mandegar.errors import SourceError

MakeCompany = Callable[..., Path]
Take = Callable[..., list[dict]]
CUSTOMERS = "customer_id,name,signed_up_at\n1,Sara,2025-01-01\n2,علی,2025-01-02\n"
SUBSCRIPTIONS = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
MORE = """sources:
  exports:
    kind: files
    {reach}
    tables:
      customer: {{file: {file}{options}}}
      subscription: {{file: subscription.csv}}
"""


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is fetched lies in a folder that is empty again after each test, whatever became of the file."""
    fetched = tmp_path / "fetched"
    fetched.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(fetched))
    yield
    assert list(fetched.iterdir()) == []


@pytest.fixture
def company(make_company: MakeCompany) -> Callable[..., Path]:
    """A company whose customers stand in a file of that name."""

    def make(file: str, reach: str = "connection: null", options: str = "") -> Path:
        return make_company({"subscription.csv": SUBSCRIPTIONS}, more=MORE.format(file=file, reach=reach, options=options))

    return make


def names(rows: list[dict]) -> list[tuple[int, str]]:
    return [(row["_row"], row["name"]) for row in rows]


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_a_compressed_file_is_read_as_what_it_holds(company: Callable[..., Path], take: Take, ending: str, pack: Callable) -> None:
    folder = company(f"people.csv{ending}")
    (folder / f"people.csv{ending}").write_bytes(pack(CUSTOMERS.encode()))
    assert names(take(folder, "exports.customer")) == [(2, "Sara"), (3, "علی")]


def test_compressed_json_lines(company: Callable[..., Path], take: Take) -> None:
    folder = company("people.jsonl.gz")
    first, long = '{"customer_id": 1, "name": "Sara", "signed_up_at": "2025-01-01"}', '{"customer_id": 12345678901234567890, "name": "علی"}'
    lines = f"{first}\n\nnot json\n{long}\n"
    (folder / "people.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    assert take(folder, "exports.customer") == [
        {"customer_id": "1", "name": "Sara", "signed_up_at": "2025-01-01", "_row": 1},
        {"_row": 3, "_unreadable": "not json (not a JSON object)"},
        {"customer_id": "12345678901234567890", "name": "علی", "_row": 4},
    ]


def test_an_export_in_windows_1256_with_semicolons_and_persian_digits(company: Callable[..., Path], take: Take) -> None:
    folder = company("people.csv.gz", options=', encoding: windows-1256, delimiter: ";"')
    text = "customer_id;name;signed_up_at\n1;سارا;2025-01-01\n"
    (folder / "people.csv.gz").write_bytes(gzip.compress(text.encode("cp1256", "replace")))
    assert names(take(folder, "exports.customer")) == [(2, "سارا".encode("cp1256", "replace").decode("cp1256"))]


def test_parquet_in_object_storage(company: Callable[..., Path], take: Take, s3: tuple[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"customer_id": [1, 2], "name": ["Sara", "علی"], "signed_up_at": ["2025-01-01"] * 2}), sink)
    s3[1].put_object(Bucket="exports", Key="a/people.parquet", Body=sink.getvalue())
    monkeypatch.setenv("AIRFLOW_CONN_STORE", s3[0])
    assert names(take(company("s3://exports/a/people.parquet", "connection: store"), "exports.customer")) == [(1, "Sara"), (2, "علی")]


@pytest.mark.parametrize("place", ["s3://exports/none.csv", "s3://elsewhere/people.csv"])
def test_what_is_not_in_the_storage_is_named(
    company: Callable[..., Path], take: Take, s3: tuple[str, Any], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_STORE", s3[0])
    with pytest.raises(SourceError, match=f"{place}: there is no such file"):
        take(company(place, "connection: store"), "exports.customer")


def test_a_storage_that_refuses_the_key_is_named_without_its_secret(
    company: Callable[..., Path], take: Take, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    httpserver.expect_request(re.compile(".*")).respond_with_data(denied, status=403, content_type="application/xml")
    monkeypatch.setenv("AIRFLOW_CONN_STORE", f"aws://k:hush@?endpoint_url={quote(httpserver.url_for(''), safe='')}")
    with pytest.raises(
        SourceError, match=r"s3://exports/people\.csv: may not be read .*Name a connection whose key may read it"
    ) as problem:
        take(company("s3://exports/people.csv", "connection: store"), "exports.customer")
    assert "hush" not in str(problem.value)


def test_an_error_in_a_fetched_file_names_where_it_was(
    company: Callable[..., Path], take: Take, s3: tuple[str, Any], monkeypatch: Any
) -> None:
    s3[1].put_object(Bucket="exports", Key="twice.csv", Body=b"name,name\n1,2\n")
    monkeypatch.setenv("AIRFLOW_CONN_STORE", s3[0])
    with pytest.raises(SourceError, match=r"^s3://exports/twice\.csv: the header names 'name' twice"):
        take(company("s3://exports/twice.csv", "connection: store"), "exports.customer")
