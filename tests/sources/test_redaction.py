"""Secrets that the other side sends back: they stand in no message, log, traceback or row, however they are spelled."""

import json
import logging
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from pytest_httpserver import HTTPServer
from tests.sources.rest.rest_company import SECRET, SUBSCRIPTION, message

from mandegar.config import company as companies
from mandegar.errors import SourceError
from mandegar.quality.validate import validate
from mandegar.sources.connections import Connection
from mandegar.sources.extract import describe, extract
from mandegar.sources.redaction import Secrets
from mandegar.storage.lake import Lake

ODD = "p/w@1 +\"x'é<"  # each letter that some spelling changes
SPELLINGS = {
    "as it is": ODD,
    "quote": "p/w%401%20%2B%22x%27%C3%A9%3C",
    "quote, every sign": "p%2Fw%401%20%2B%22x%27%C3%A9%3C",
    "quote, small letters": "p%2fw%401%20%2b%22x%27%c3%a9%3c",
    "quote_plus": "p%2Fw%401+%2B%22x%27%C3%A9%3C",
    "quoted twice": "p%252Fw%25401%2520%252B%2522x%2527%25C3%25A9%253C",
    "quote, every letter": "%70%2F%77%40%31%20%2B%22%78%27%C3%A9%3C",
    "JSON": "p/w@1 +\\\"x'\\u00e9<",
    "JSON of PHP": "p\\/w@1 +\\\"x'\\u00E9<",
    "JSON in JSON": "p/w@1 +\\\\\\\"x'\\\\u00e9<",
    "repr": "p/w@1 +\"x\\'é<",
    "repr of bytes": "p/w@1 +\"x\\'\\xc3\\xa9<",
    "HTML": "p/w@1 +&quot;x&#x27;é&lt;",
    "HTML by numbers": "p/w@1 +&#34;x&#39;&#233;&#60;",
    "HTML by names": "p&sol;w&commat;1 &plus;&quot;x&apos;&eacute;&lt;",
    "HTML twice": "p/w@1 +&amp;quot;x&amp;#x27;é&amp;lt;",
    "broken": "p/w@1\n  +\"x'é<",
    "broken in a word": "p/\r\nw@1 +\"x'é<",
    "Base64": "cC93QDEgKyJ4J8OpPA==",
    "Base64 with a login of three": "YW5hOnAvd0AxICsieCfDqTw=",
    "Base64 with a login of four": "YW5uYTpwL3dAMSArIngnw6k8",
    "Base64 with a login of five": "YW5uYWE6cC93QDEgKyJ4J8OpPA==",
    "Base64 in Latin-1": "YW5hOnAvd0AxICsieCfpPA==",
    "Base64, percent-encoded": "cC93QDEgKyJ4J8OpPA%3D%3D",
    "Base64, broken": "cC93QDEg\nKyJ4J8OpPA==\n",
}


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
def test_a_secret_is_hidden_in_every_spelling(spelled: str):
    secrets = Secrets([ODD])
    for found in (secrets.told(f"<{spelled}>"), secrets.in_row(f"<{spelled}>"), secrets.in_column(pa.array([f"<{spelled}>"]))[0].as_py()):
        assert "***" in found
        assert len(found) <= len("<YW5uYTp***=>")  # what stands beside the secret in its Base64 may stay: the login


@pytest.mark.parametrize("spelled", ["Pj4+Pz8/Pz4+", "Pj4-Pz8_Pz4-", "Pj4%2BPz8%2FPz4%2b", "Pj4+Pz8\\/Pz4+"])
def test_base64_is_hidden_also_as_urls_and_json_write_it(spelled: str):
    assert Secrets([">>>???" + "?>>"]).told(f"key {spelled} is wrong") == "key *** is wrong"


@pytest.mark.parametrize(
    ("secret", "text", "told"),
    [
        ("e", "the key e is not there", "the key e is not there"),
        ("abc", "abc is refused", "abc is refused"),
        ("then", "in the night thenceforth", "in the night ***ceforth"),
        ("  \n", "a  b", "a b"),
        ("", "nothing", "nothing"),
        ("sk_live_1\n", "sk_live_1 is refused", "*** is refused"),
        ("line one\nline two", "line one line two", "***"),
        ("line one\nline two", "line+one%0Aline+two", "***"),
        ("line one\nline two", r"line one\nline two", "***"),
        ("ab.c", "abxc ab.c", "abxc ***"),
    ],
)
def test_what_is_hidden_of_short_and_odd_secrets(secret: str, text: str, told: str):
    assert Secrets([secret]).told(text) == told


def test_the_longer_of_two_secrets_is_hidden_whole():
    assert Secrets(["key1", "key1-of-ana"]).told("key1-of-ana and key1") == "*** and ***"


def test_a_secret_that_a_cut_goes_through_is_hidden():
    """299 letters fit before the end of what is shown, 9,995 before the end of what is looked at."""
    assert Secrets([SECRET]).told("x" * 295 + SECRET) == "x" * 295 + "***"
    assert "hidd" not in Secrets([SECRET]).told(SECRET * 5_000)


def test_a_long_text_is_looked_through_quickly_enough_to_be_told():
    """Signs that begin many spellings, a million of each; without a bound this takes minutes."""
    assert Secrets([SECRET]).told("\\" * 1_000_000 + "&amp;" * 1_000_000) == "\\" * 300


def test_what_is_secret_of_a_connection():
    values = {"login": "ana@acme", "password": "pass-1-word", "api_key": "key-1-key", "region_name": "eu-west-1"}
    secrets = Secrets.of(Connection("crm", None, values))
    assert secrets.told("ana@acme pass-1-word key-1-key eu-west-1") == "*** *** *** eu-west-1"
    assert secrets.in_row("ana@acme pass-1-word key-1-key eu-west-1") == "ana@acme *** *** eu-west-1"


def test_what_is_secret_of_a_databases_url():
    secrets = Secrets.of_url(sa.make_url("postgresql://reader:p%40ss-word@db/shop?sslpassword=of-the-key&sslmode=require"))
    assert secrets.told("reader p@ss-word p%40ss-word of-the-key require") == "reader *** *** *** require"


def test_a_short_password_takes_nothing_out_of_rows():
    assert Secrets(["2025"]).in_column(pa.array(["2025-01-01", None])).to_pylist() == ["2025-01-01", None]


# over HTTP

BASIC = "{type: http_basic, username: connection.login, password: connection.password}"
BEARER = "{type: bearer, token: connection.password}"
OF_ANA = "YW5hOmhpZGRlbi1rZXk="  # ana:hidden-key
ECHOED = {
    "raw": SECRET,
    "Basic": f"Basic {OF_ANA}",
    "percent": "hidden%2Dkey",
    "newline": "hidden-\\nkey",
    "query": f"/people?key={SECRET}&a=1",
}


@pytest.mark.parametrize("echoed", ECHOED.values(), ids=ECHOED)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 503])
def test_a_refusal_does_not_show_the_key(crm, take, httpserver: HTTPServer, status: int, echoed: str):
    httpserver.expect_request("/people").respond_with_data(f'{{"message": "not with {echoed}!"}}', status=status)
    said = message(crm, take, httpserver.url_for(""), auth=BASIC, connection={"login": "ana"})
    assert "not with " in said
    assert "***" in said
    assert OF_ANA not in said
    assert "hidden" not in said


def test_a_login_page_does_not_show_the_key(crm, take, httpserver: HTTPServer):
    page = f"<title>{'x' * 90} {SECRET}</title>"
    httpserver.expect_request("/people").respond_with_data(page, content_type=f"text/{SECRET}")
    said = message(crm, take, httpserver.url_for(""))
    assert "(text/***, titled 'xxx" in said
    assert "hidd" not in said


def test_an_address_that_holds_the_key_does_not_show_it(crm, take, httpserver: HTTPServer):
    """In the path of the resource, as bots of messengers have it, and in where the answer sends on to."""
    to = {"Location": f"/of/{SECRET}/login?key={SECRET}"}
    httpserver.expect_request(f"/bot{SECRET}/people").respond_with_data("", status=302, headers=to)
    folder = crm(httpserver.url_for(""), endpoint="params: {x: 1}")
    file = folder / "company.yaml"
    file.write_text(file.read_text().replace("path: people", "path: 'bot{connection.password}/people'"))
    with pytest.raises(SourceError) as caught:
        take(folder, "crm.customer")
    assert f"localhost:{httpserver.port}/bot***/people sends on to /of/***/login (302)" in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_field_that_is_called_like_the_key_does_not_show_it(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_json({SECRET: [], "total": 0})
    assert "has no 'data'. It has: ***, total." in message(crm, take, httpserver.url_for(""))


def test_a_key_that_no_header_can_hold_is_not_shown(crm, take, httpserver: HTTPServer):
    """The library quotes the header that it refuses."""
    said = message(crm, take, httpserver.url_for(""), auth=BEARER, connection={"password": "hidden-key\nsecond"})
    assert "header" in said
    assert "second" not in said


def test_a_token_that_was_asked_for_is_hidden_too(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/token").respond_with_json({"access_token": "fresh-token-1", "expires_in": 3600})
    httpserver.expect_request("/people").respond_with_json({"error": "fresh-token-1 of hidden-key has no scope"}, status=403)
    given = "client_id: connection.login, client_secret: connection.password"
    url = httpserver.url_for("")
    auth = f"{{type: oauth2_client_credentials, access_token_url: '{url}token', {given}}}"
    assert "(403: *** of *** has no scope)" in message(crm, take, url, auth=auth, connection={"login": "ana"})


def test_a_row_that_holds_the_key_is_kept_without_it(crm, take, httpserver: HTTPServer):
    row = {
        "customer_id": "c1",
        "name": "Sara",
        "signed_up_at": "2025-01-01",
        "self": f"/people/1?key={SECRET}",
        "asked": {"headers": {"Authorization": f"Basic {OF_ANA}"}},
        SECRET: 1,
    }
    httpserver.expect_request("/people").respond_with_json({"data": [row]})
    folder = crm(httpserver.url_for(""), auth=BASIC, connection={"login": "ana"})
    assert take(folder, "crm.customer") == [
        {
            "customer_id": "c1",
            "name": "Sara",
            "signed_up_at": "2025-01-01",
            "self": "/people/1?key=***",
            "asked": '{"headers": {"Authorization": "Basic ***"}}',
            "_rest": '{"***": 1}',
            "_row": 1,
        }
    ]


def test_a_row_that_waits_holds_no_key(crm, httpserver: HTTPServer, tmp_path: Path):
    import pyarrow.parquet as pq

    body = (
        '{"data": [{"customer_id": "c1", "name": "\\ud800 hidden-key", "signed_up_at": "2025-01-01"},'
        ' {"customer_id": "c2", "name": "Ali", "signed_up_at": "hidden-key"},'
        ' {"customer_id": "c3", "name": "Mina", "signed_up_at": "2025-01-01"}]}'
    )
    httpserver.expect_request("/people").respond_with_data(body, content_type="application/json")
    company, lake, night = companies.load(crm(httpserver.url_for(""))), Lake(tmp_path / "lake"), date(2025, 3, 31)
    extract(company, lake, company.table("crm.customer"), night)
    validate(company, lake, company.table("crm.customer"), night)
    held = [row for file in lake.files("quarantine", "crm.customer", [night]) for row in pq.ParquetFile(file).read().to_pylist()]
    assert sorted((row["row"], row["value"], json.loads(row["record"]).get("line")) for row in held) == [
        (
            1,
            None,
            'name holds half a letter, such as \\ud800 alone: {"customer_id": "c1", "name": "\\ud800 ***", "signed_up_at": "2025-01-01"}',
        ),
        (2, "***", None),
    ]


def test_the_library_that_warns_of_odd_headers_does_not_log_the_key(crm, take, raw_server, caplog: pytest.LogCaptureFixture):
    def odd(connection: socket.socket) -> None:
        body = b'{"data": [{"customer_id": "c1", "name": "Sara", "signed_up_at": "2025-01-01"}]}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nhidden-key no header\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    caplog.set_level(logging.DEBUG, "urllib3")
    take(crm(raw_server([odd])), "crm.customer")
    assert "Failed to parse headers (url=http://127.0.0.1:" in caplog.text
    assert "GET /people?key=*** HTTP/1.1" in caplog.text
    assert SECRET not in caplog.text


# databases and object storage


@pytest.fixture
def postgres_that_echoes() -> Iterator[str]:
    """A PostgreSQL that asks for the password in the open and refuses it, naming it; gives host and port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def packet(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    def work() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                while len(asked := connection.recv(4096)) == 8:  # whether it speaks TLS or GSS
                    connection.sendall(b"N")
                if asked:
                    connection.sendall(packet(b"R", struct.pack("!i", 3)))
                    given = connection.recv(4096)[5:].rstrip(b"\0")
                    connection.sendall(packet(b"E", b"SFATAL\0C28P01\0Mno user has the password %s\0\0" % given))
                    time.sleep(0.01)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield f"127.0.0.1:{listening.getsockname()[1]}"
    listening.close()


def test_a_database_that_names_the_password_does_not_show_it(make_company, monkeypatch: pytest.MonkeyPatch, postgres_that_echoes: str):
    monkeypatch.setenv("AIRFLOW_CONN_BILLING", f"postgresql://reader:hidden%2Fkey@{postgres_that_echoes}/shop")
    source = "  billing: {kind: sql, connection: billing, tables: {customer: {table: customer}, subscription: {table: subscription}}}\n"
    company = companies.load(make_company({}, more="sources:\n" + source))
    with pytest.raises(SourceError, match=r"does not answer \(.*no user has the password \*\*\*") as caught:
        describe(company, company.table("billing.customer"))
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


def test_object_storage_that_names_the_key_does_not_show_it(
    make_company: Callable, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
):
    refusal = "<Error><Code>AccessDenied</Code><Message>not with AKIAHIDDEN7 and hidden-key</Message></Error>"
    httpserver.expect_request("/exports/customer.csv").respond_with_data(refusal, status=403, content_type="application/xml")
    httpserver.expect_request("/exports").respond_with_data(refusal, status=403, content_type="application/xml")
    given = {"login": "AKIAHIDDEN7", "password": SECRET, "extra": {"endpoint_url": httpserver.url_for(""), "region_name": "us-east-1"}}
    monkeypatch.setenv("AIRFLOW_CONN_EXPORTS", json.dumps(given))
    tables = "{customer: {file: 's3://exports/customer.csv'}, subscription: {file: subscription.csv}}"
    company = companies.load(make_company(SUBSCRIPTION, more=f"sources:\n  shop: {{kind: files, connection: exports, tables: {tables}}}\n"))
    with pytest.raises(SourceError) as caught:
        describe(company, company.table("shop.customer"))
    told = "".join(traceback.format_exception(caught.value))
    assert "s3://exports/customer.csv" in told
    assert SECRET not in told
    assert "AKIAHIDDEN7" not in told
