"""What answers over HTTP hold that is no data, or odd data: it costs its row or its table, with a message."""

import datetime
import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tests.sources.rest.rest_company import ONE, SUBSCRIPTION, message

from mandegar.config import company as companies
from mandegar.errors import SourceError
from mandegar.quality.validate import validate
from mandegar.sources.extract import extract
from mandegar.storage.lake import Lake

UNREADABLE = "the line cannot be taken apart"
NIGHT = datetime.date(2025, 3, 31)
WHOLE = json.dumps(ONE).encode()


def answered(httpserver: HTTPServer, body: str | bytes, kind: str = "application/json") -> str:
    """A server that answers so; gives its address."""
    httpserver.expect_request("/people").respond_with_data(body, content_type=kind)
    return httpserver.url_for("")


def people(**more: str) -> str:
    """An answer with Sara, of whom something more is told as JSON."""
    return WHOLE.decode().replace("}]}", "".join(f', "{name}": {value}' for name, value in more.items()) + "}]}")


# JSON


def validated(folder: Path, tmp_path: Path) -> tuple[list[str], list[tuple[int, str, str]]]:
    """Raw rows by their key, and what waits: row, reason, line."""
    import pyarrow.parquet as pq

    company, lake = companies.load(folder), Lake(tmp_path / "lake")
    table = company.table("crm.customer")
    extract(company, lake, table, NIGHT)
    validate(company, lake, table, NIGHT)

    def rows(stage: str) -> list[dict]:
        return [row for file in lake.files(stage, "crm.customer", [NIGHT]) for row in pq.ParquetFile(file).read().to_pylist()]

    return [row["customer_id"] for row in rows("valid")], [
        (row["row"], row["reason"], json.loads(row["record"])["line"]) for row in rows("quarantine")
    ]


def test_half_a_letter_costs_its_row_and_no_other(crm, httpserver: HTTPServer, tmp_path: Path):
    body = (
        r'{"data": [{"customer_id": "c1", "name": "Sara", "signed_up_at": "2025-01-01"},'
        r' {"customer_id": "c2", "name": "\ud800", "signed_up_at": "2025-01-01"},'
        r' {"customer_id": "c3", "name": "Ali", "signed_up_at": "2025-01-01", "x\udfff": 1},'
        r' {"customer_id": "c4", "name": "Mina", "signed_up_at": "2025-01-01"}]}'
    )
    good, waiting = validated(crm(answered(httpserver, body)), tmp_path)
    assert sorted(good) == ["c1", "c4"]
    assert sorted(waiting) == [
        (
            2,
            UNREADABLE,
            r'name holds half a letter, such as \ud800 alone: {"customer_id": "c2", "name": "\ud800", "signed_up_at": "2025-01-01"}',
        ),
        (
            3,
            UNREADABLE,
            r'x\udfff holds half a letter, such as \ud800 alone: {"customer_id": "c3", "name": "Ali", "signed_up_at": "2025-01-01", '
            r'"x\udfff": 1}',
        ),
    ]


def test_half_a_letter_or_an_escape_in_a_refusal_stands_in_no_message(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_data(r'{"error": "bad \ud800 \u0000 \u001b[31m key"}', status=400)
    assert "(400: bad [31m key)" in message(crm, take, httpserver.url_for(""))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("NaN", "nan"),
        ("-Infinity", "-inf"),
        ("1e400", "1e400"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1234567890123456789.10", "1234567890123456789.10"),
        ("9" * 5000, "9" * 5000),
        ("4.0", "4.0"),
        ("-0", "0"),
        ("[" * 200 + "]" * 200, "[" * 200 + "]" * 200),
        ('{"a": 1, "a": 2}', '{"a": 2}'),
        ('"\\u0627\\u0644\\u0641"', "الف"),
    ],
    ids=["NaN", "Infinity", "beyond doubles", "23 digits", "21 digits", "5000 digits", "float", "-0", "deep", "twice", "escaped"],
)
def test_a_value_that_json_libraries_differ_on_comes_as_it_was_written(crm, take, httpserver: HTTPServer, given: str, taken: str):
    [row] = take(crm(answered(httpserver, people(odd=given))), "crm.customer")
    assert row["odd"] == taken


def test_of_a_key_that_stands_twice_the_last_value_counts(crm, take, httpserver: HTTPServer):
    [row] = take(crm(answered(httpserver, people(name='"Mina"'))), "crm.customer")
    assert row["name"] == "Mina"


def test_a_row_that_is_nested_too_deeply_to_be_kept_waits_alone(crm, httpserver: HTTPServer, tmp_path: Path):
    deep = '{"customer_id": "c2", "name": "Ali", "signed_up_at": "2025-01-01", "deep": %s}' % ("[" * 990 + "]" * 990)
    good, waiting = validated(crm(answered(httpserver, people()[:-2] + f", {deep}]}}")), tmp_path)
    assert good == ["c1"]
    assert waiting == [(2, UNREADABLE, "deep is nested too deeply: customer_id, name, signed_up_at, deep")]


def test_an_answer_that_is_nested_too_deeply_is_told(crm, take, httpserver: HTTPServer):
    assert "crm.customer: HOST/people answered with JSON that is nested too deeply to be read." in message(
        crm, take, answered(httpserver, people(deep="[" * 100_000 + "]" * 100_000))
    )


def test_a_refusal_that_is_nested_deeply_is_told_without_its_words(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_data('{"error": ' * 900 + "1" + "}" * 900, status=400)
    assert "HOST/people refuses the request (400)." in message(crm, take, httpserver.url_for(""))


@pytest.mark.parametrize("kind", ["application/json", "text/html", "text/plain; charset=latin-1"])
def test_utf_8_is_read_whatever_the_type_says(crm, take, httpserver: HTTPServer, kind: str):
    [row] = take(crm(answered(httpserver, people(city='"یزد"').encode(), kind)), "crm.customer")
    assert row["city"] == "یزد"


def test_another_encoding_is_read_where_the_answer_names_it(crm, take, httpserver: HTTPServer):
    [row] = take(crm(answered(httpserver, people(city='"Orléans"').encode("latin-1"), "application/json; charset=latin-1")), "crm.customer")
    assert row["city"] == "Orléans"


def test_another_encoding_without_a_name_is_told(crm, take, httpserver: HTTPServer):
    assert "answered with JSON that is in another encoding than UTF-8, and does not say in which." in message(
        crm, take, answered(httpserver, people(city='"Orléans"').encode("latin-1"))
    )


@pytest.mark.parametrize("status", [200, 204])
def test_nothing_is_not_an_empty_list(crm, take, httpserver: HTTPServer, status: int):
    httpserver.expect_request("/people").respond_with_data("", status=status)
    assert f"crm.customer: HOST/people answered with nothing ({status})." in message(crm, take, httpserver.url_for(""))


def test_204_is_an_empty_list_where_the_source_says_so(crm, httpserver: HTTPServer, tmp_path: Path):
    httpserver.expect_request("/people").respond_with_data("", status=204)
    company = companies.load(crm(httpserver.url_for(""), endpoint="response_actions: [{status_code: 204, action: ignore}]"))
    assert extract(company, Lake(tmp_path / "lake"), company.table("crm.customer"), NIGHT).rows == 0


DESK = """sources:
  files: {kind: files, tables: {customer: {file: customer.csv}, subscription: {file: subscription.csv}}}
  desk: {kind: zendesk, connection: desk}
"""


def test_what_a_vendor_does_not_send_any_more_is_told(make_company, take, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch):
    httpserver.expect_request("/api/v2/incremental/tickets/cursor.json").respond_with_json({"issues": []})
    host = httpserver.url_for("")
    monkeypatch.setenv("AIRFLOW_CONN_DESK", json.dumps({"host": host, "login": "ana@acme.example/token", "password": "hidden-key"}))
    folder = make_company(
        SUBSCRIPTION,
        more=DESK,
    )
    with pytest.raises(
        SourceError, match=r"desk\.ticket: the answer cannot be taken apart \('tickets'\)\. Ask its support what has changed"
    ):
        take(folder, "desk.ticket")
