"""Answers over HTTP that never end, or lead elsewhere: each ends in time, in bounded memory, with a message."""

import datetime
import gzip
import ipaddress
import json
import socket
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_httpserver import HTTPServer
from tests.sources.rest.rest_company import BY_CURSOR, ONE, message
from werkzeug import Request, Response

from mandegar.config import company as companies
from mandegar.errors import CompanyError, SourceError
from mandegar.sources.rest.rest_session import retry_after

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MB = 1 << 20
WHOLE = json.dumps(ONE).encode()


@contextmanager
def memory_below(megabytes: int) -> Iterator[None]:
    """What is done within takes no more memory of Python's than that."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * MB
    finally:
        tracemalloc.stop()


# pages


def test_cursors_that_alternate_are_found_as_soon_as_one_comes_again(crm, take, httpserver: HTTPServer):
    after = {None: "A", "A": "B", "B": "A"}
    httpserver.expect_request("/people").respond_with_handler(
        lambda asked: Response(json.dumps(ONE | {"next": after[asked.args.get("after")]}), content_type="application/json")
    )
    assert message(crm, take, httpserver.url_for(""), paginator=BY_CURSOR) == (
        "crm.customer: the pages of HOST/people go round in a circle: page 4 is page 2 again. Correct the resource's `paginator:`."
    )
    assert len(httpserver.log) == 4


@pytest.fixture
def endless(httpserver: HTTPServer) -> HTTPServer:
    """Pages without end, each with a new cursor, of 300 KB."""
    numbers = count(1)

    def page(_: Request) -> Response:
        return Response(json.dumps(ONE | {"next": next(numbers), "beside": "x" * 300_000}), content_type="application/json")

    httpserver.expect_request("/people").respond_with_handler(page)
    return httpserver


def test_cursors_without_end_are_given_up_after_so_many_requests(crm, take, endless: HTTPServer):
    assert message(crm, take, endless.url_for(""), paginator=BY_CURSOR, limits="requests: 5") == (
        "crm.customer: HOST/people goes on after 5 requests. If its pages have no end, correct the resource's `paginator:`; if they have, "
        "raise `limits: {requests: …}` of the source or the table in company.yaml."
    )
    assert len(endless.log) == 5


def test_a_table_has_limits_of_its_own(crm, take, endless: HTTPServer):
    own = {"limits": "requests: 5", "table": "limits: {requests: 3}"}
    assert "goes on after 3 requests." in message(crm, take, endless.url_for(""), paginator=BY_CURSOR, **own)


def test_cursors_without_end_are_given_up_after_so_many_megabytes(crm, take, endless: HTTPServer):
    assert "crm.customer: HOST/people goes on after 1 MB in 4 requests." in message(
        crm, take, endless.url_for(""), paginator=BY_CURSOR, limits="table_megabytes: 1"
    )


def test_cursors_without_end_are_given_up_after_so_long(crm, take, endless: HTTPServer):
    said = message(crm, take, endless.url_for(""), paginator=BY_CURSOR, limits="table_seconds: 0.2")
    assert "crm.customer: HOST/people has more to give after 0.2 seconds and " in said
    assert "raise `limits: {table_seconds: …}` of the source or the table in company.yaml." in said


@pytest.mark.parametrize("limit", ["requests: 0", "requests: 10_000_001", "answer_megabytes: 0", "table_seconds: 0", "pages: 5"])
def test_a_limit_that_cannot_be_is_refused(crm, limit: str):
    with pytest.raises(CompanyError, match=rf"limits\.{limit.partition(':')[0]}"):
        companies.load(crm("http://127.0.0.1:9", limits=limit))


# bodies and headers


def two_gigabytes(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: 2147483648\r\n\r\n")
    for _ in range(2048):
        connection.sendall(b" " * MB)


def without_end(connection: socket.socket) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"100000\r\n%s\r\n" % (b" " * MB))


def a_chunk_whose_size_has_no_end(connection: socket.socket) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"0" * MB)


def a_header_without_end(connection: socket.socket) -> None:
    connection.sendall(OK + b"X-Long: ")
    while True:
        connection.sendall(b"0" * MB)


def bomb(connection: socket.socket) -> None:
    packed = gzip.compress(b" " * 200 * MB, 1)
    connection.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(packed), packed))


@pytest.mark.parametrize("answer", [two_gigabytes, without_end, bomb])
def test_an_answer_that_is_too_large_ends_before_it_fills_the_memory(crm, take, raw_server, answer):
    url = raw_server([answer])
    take_nothing = crm(url, limits="answer_megabytes: 4", patience="answer_seconds: 60")
    with pytest.raises(SourceError, match="one answer of 127"), memory_below(40):
        take(take_nothing, "crm.customer")


def test_an_answer_that_is_too_large_is_told_with_its_limit(crm, take, raw_server):
    assert message(crm, take, raw_server([without_end]), limits="answer_megabytes: 1") == (
        "crm.customer: one answer of HOST/people has more than 1 MB. Ask for smaller pages in the resource's `params:`, or raise "
        "`limits: {answer_megabytes: …}` of the source or the table in company.yaml."
    )


def trickling(before: bytes) -> Callable[[socket.socket], None]:
    """A byte every twentieth of a second, for longer than an answer may take: never long enough without one for a read timeout."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(before)
        for _ in range(100):
            connection.sendall(b"a")
            time.sleep(0.05)

    return answer


def informing(connection: socket.socket) -> None:
    """One answer after the other that says that the answer is yet to come."""
    for _ in range(100):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


TRICKLES = {
    "status": trickling(b""),
    "header": trickling(OK + b"X-Long: "),
    "body": trickling(OK + b"Content-Length: 500\r\n\r\n"),
    "chunks": trickling(OK + b"Transfer-Encoding: chunked\r\n\r\n500\r\n"),
    "size of a chunk": trickling(OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    "100 Continue": informing,
}
LATE = "crm.customer: HOST/people did not answer in time (0.3 s without a byte, 0.6 s for all of it), also at attempt 1."


@pytest.mark.parametrize("answer", TRICKLES.values(), ids=TRICKLES)
def test_an_answer_that_trickles_is_interrupted(crm, take, raw_server, answer):
    assert message(crm, take, raw_server([answer]), waits="altogether_seconds: 0").startswith(LATE)


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The TLS of a server on this machine whose certificate is trusted."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - datetime.timedelta(1), now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "server.pem").write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "server.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    return context


@pytest.mark.parametrize("answer", TRICKLES.values(), ids=TRICKLES)
def test_an_answer_that_trickles_over_tls_is_interrupted(crm, take, raw_server, secure, answer):
    assert message(crm, take, raw_server([answer], secure), waits="altogether_seconds: 0").startswith(LATE)


def saying(more: bytes, body: bytes) -> Callable[[socket.socket], None]:
    """An answer with a header more."""
    return lambda connection: connection.sendall(OK + more + b"\r\n\r\n" + body)


def test_a_content_length_that_is_too_short_gives_no_half_a_page(crm, take, raw_server):
    assert "HOST/people answered with something other than JSON (application/json)" in message(
        crm, take, raw_server([saying(b"Content-Length: 20", WHOLE)])
    )


NOT_WHOLE = {
    "too long": saying(b"Content-Length: 5000", WHOLE),
    "two lengths": saying(b"Content-Length: 20\r\nContent-Length: 30", WHOLE),
    "a size of a chunk without end": a_chunk_whose_size_has_no_end,
    "a header without end": a_header_without_end,
}


@pytest.mark.parametrize("answer", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_an_answer_whose_length_is_wrong_is_no_whole_one(crm, take, raw_server, answer):
    assert message(crm, take, raw_server([answer] * 3)).startswith(
        "crm.customer: HOST/people cut the connection before its answer was complete, also at attempt 3."
    )


# elsewhere


def test_a_redirect_to_itself_is_asked_for_once(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_data("", status=302, headers={"Location": "/people"})
    assert "HOST/people sends on to /people (302)" in message(crm, take, httpserver.url_for(""))
    assert len(httpserver.log) == 1


@pytest.fixture
def elsewhere() -> Iterator[HTTPServer]:
    """Another server, which nobody should speak to."""
    with HTTPServer() as other:
        other.expect_request("/people").respond_with_json(ONE)
        yield other


def test_a_redirect_to_another_host_gets_no_credentials(crm, take, httpserver: HTTPServer, elsewhere: HTTPServer):
    httpserver.expect_request("/people").respond_with_data("", status=307, headers={"Location": elsewhere.url_for("/people")})
    assert f"sends on to {elsewhere.host}:{elsewhere.port}/people (307)" in message(crm, take, httpserver.url_for(""))
    assert elsewhere.log == []


def test_a_link_header_to_another_host_gets_no_credentials(crm, take, httpserver: HTTPServer, elsewhere: HTTPServer):
    link = {"Link": f'<{elsewhere.url_for("/people")}>; rel="next"'}
    httpserver.expect_request("/people").respond_with_json(ONE, headers=link)
    said = message(crm, take, httpserver.url_for(""), paginator="header_link", auth="{type: bearer, token: connection.password}")
    assert f"crm.customer: is asked to go on at {elsewhere.url_for('/people')}, and its connection is for http://HOST." in said
    assert elsewhere.log == []


def test_a_link_from_https_to_http_gets_no_credentials(crm, take, raw_server, secure):
    def leading(connection: ssl.SSLSocket) -> None:
        here = "http://{}:{}/people?page=2".format(*connection.getsockname())
        saying(f"Link: <{here}>; rel=next\r\nContent-Length: {len(WHOLE)}".encode(), WHOLE)(connection)

    said = message(crm, take, raw_server([leading], secure), paginator="header_link", waits="altogether_seconds: 0")
    assert "crm.customer: is asked to go on at http://HOST/people, and its connection is for https://HOST." in said


@pytest.mark.parametrize(
    "given",
    ["31536000000000000000000", "-31536000", "a year", "1e999", "Fri, 31 Dec 99999 23:59:59 GMT", "Mon, 01 Jan 2024 00:00:00 +9999999999"],
)
def test_a_retry_after_that_is_garbage_raises_nothing(given: str):
    assert retry_after(given, "Mon, 01 Jan 2024 00:00:00 GMT") in (None, 31536000000000000000000.0)


def test_a_retry_after_of_a_year_is_not_waited_for(crm, take, httpserver: HTTPServer):
    httpserver.expect_ordered_request("/people").respond_with_data("busy", status=503, headers={"Retry-After": "31536000"})
    httpserver.expect_ordered_request("/people").respond_with_json(ONE)
    assert [row["name"] for row in take(crm(httpserver.url_for("")), "crm.customer")] == ["Sara"]
