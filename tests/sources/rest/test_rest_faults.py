"""What a system over HTTP can do wrong, each met with a message that says what happened, to what, and what to do."""

import json
import socket
import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from pytest_httpserver import HTTPServer
from tests.sources.rest.rest_company import ONE, message
from werkzeug import Request, Response

from mandegar.errors import SourceError
from mandegar.sources.rest.rest_session import retry_after


def test_401_says_that_the_credentials_are_refused_and_where_they_are(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_json({"error": {"message": "key hidden-key is revoked"}}, status=401)
    assert message(crm, take, httpserver.url_for("")) == (
        "crm.customer: HOST/people refuses the credentials (401: key *** is revoked). They are wrong, revoked or expired: "
        "put new ones in the Airflow connection 'crm_api'."
    )


def test_403_names_the_scope_that_is_needed(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_json({"message": "forbidden"}, status=403)
    assert message(crm, take, httpserver.url_for("")) == (
        "crm.customer: HOST/people does not let these credentials read it (403: forbidden). It needs the scope crm.people.read. "
        "Grant that to the credentials of the Airflow connection 'crm_api', or use others."
    )


def test_404_says_to_correct_path_or_host(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_data("<html>not found</html>", status=404, content_type="text/html")
    assert message(crm, take, httpserver.url_for("")) == (
        "crm.customer: HOST/people is not there (404). Correct the path of the resource, or the host of the Airflow connection 'crm_api'."
    )


def test_a_redirect_is_not_followed_with_credentials(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_data("", status=302, headers={"Location": "https://login.example/sso?x=1"})
    assert "HOST/people sends on to login.example/sso (302)" in message(crm, take, httpserver.url_for(""))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_pass_is_tried_again(crm, take, httpserver: HTTPServer, status: int):
    httpserver.expect_ordered_request("/people").respond_with_data("busy", status=status)
    httpserver.expect_ordered_request("/people").respond_with_data("busy", status=status, headers={"Retry-After": "0"})
    httpserver.expect_ordered_request("/people").respond_with_json(ONE)
    assert [row["name"] for row in take(crm(httpserver.url_for("")), "crm.customer")] == ["Sara"]


def test_429_for_ever_is_given_up_after_the_attempts(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_json({"error": "slow down"}, status=429, headers={"Retry-After": "86400"})
    assert "HOST/people allows no more requests for now (429: slow down), also after 3 attempts." in message(
        crm, take, httpserver.url_for("")
    )
    assert len(httpserver.log) == 3


def test_503_for_ever_is_given_up_after_the_attempts(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_data("down", status=503)
    assert "HOST/people fails on its own side (503), also at attempt 3." in message(crm, take, httpserver.url_for(""))


def test_waiting_ends_when_all_waits_together_are_too_long(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_data("down", status=503)
    assert "also at attempt 1." in message(crm, take, httpserver.url_for(""), waits="altogether_seconds: 0")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7), ("0.5", 0.5), ("-3", None), ("0", None), ("soon", None), ("", None), (None, None), ("inf", None), ("nan", None)],
)
def test_retry_after_in_seconds(given: str | None, seconds: float | None):
    assert retry_after(given, None) == seconds


def test_a_retry_after_date_is_held_against_the_answers_own_date():
    answered, until = (format_datetime(datetime(2020, 1, 1, 0, 0, second, tzinfo=UTC), usegmt=True) for second in (10, 50))
    assert retry_after(until, answered) == 40
    assert retry_after(answered, until) is None
    assert retry_after(until, None) is None


def whole(connection: socket.socket) -> None:
    """An answer as it should be."""
    body = json.dumps(ONE).encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def cut(connection: socket.socket) -> None:
    """Half an answer."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"data": [{"customer_id"')


def cut_chunked(connection: socket.socket) -> None:
    """Half an answer in chunks."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"data": \r\n')


def silent(connection: socket.socket) -> None:
    """Nothing, for longer than the source waits."""
    time.sleep(0.5)


def dripping(connection: socket.socket) -> None:
    """A byte now and then, for longer than one answer may take."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    try:
        for _ in range(12):
            connection.sendall(b" ")
            time.sleep(0.1)
    except OSError:  # the other side has given up, as it should
        pass


@pytest.mark.parametrize("fault", [cut, cut_chunked, silent, dripping])
def test_an_answer_that_does_not_come_whole_is_asked_for_again(crm, take, raw_server, fault):
    assert [row["name"] for row in take(crm(raw_server([fault, whole])), "crm.customer")] == ["Sara"]


def test_a_connection_that_is_always_cut_is_given_up(crm, take, raw_server):
    assert message(crm, take, raw_server([cut, cut, cut])).startswith(
        "crm.customer: HOST/people cut the connection before its answer was complete, also at attempt 3."
    )


def test_a_server_that_stays_silent_is_given_up(crm, take, raw_server):
    assert message(crm, take, raw_server([silent, silent, silent])).startswith(
        "crm.customer: HOST/people did not answer in time (0.3 s without a byte, 0.6 s for all of it), also at attempt 3."
    )


def test_an_address_where_nobody_listens_is_named(crm, take):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert message(crm, take, f"http://127.0.0.1:{port}").startswith("crm.customer: nobody answers at HOST/people, also at attempt 3.")


def test_a_login_page_that_says_200_is_no_data(crm, take, httpserver: HTTPServer):
    page = "<html><head><title>Sign in</title></head></html>"
    httpserver.expect_request("/people").respond_with_data(page, content_type="text/html")
    assert "HOST/people answered with something other than JSON (text/html, titled 'Sign in')" in message(crm, take, httpserver.url_for(""))


def test_an_answer_that_stops_in_the_middle_of_its_json_is_no_data(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_data('{"data": [{"customer_id"', content_type="application/json")
    assert "answered with something other than JSON (application/json)" in message(crm, take, httpserver.url_for(""))


def test_an_answer_without_the_list_it_should_hold_is_not_an_empty_one(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_json({"results": ONE["data"], "total": 1})
    assert message(crm, take, httpserver.url_for("")) == (
        "crm.customer: the answer of HOST/people has no 'data'. It has: results, total. Correct `data_selector:` of the resource."
    )


def test_a_renamed_field_is_told_with_what_there_is(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_json({"data": [{"id": "c1", "name": "Sara", "signed_up_at": "2025-01-01"}]})
    assert "people: has no column 'customer_id', needed for customer.customer_id. It has: id, name, signed_up_at" in message(
        crm, take, httpserver.url_for("")
    )


def test_a_next_page_on_another_host_is_not_asked_for(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_json(ONE | {"next": "https://elsewhere.example/people?page=2"})
    paginator = "{type: json_link, next_url_path: next}"
    assert "crm.customer: is asked to go on at https://elsewhere.example/people" in message(
        crm, take, httpserver.url_for(""), paginator=paginator
    )


def test_a_page_that_names_itself_as_the_next_one_ends_with_a_message(crm, take, httpserver: HTTPServer):
    httpserver.expect_request("/people").respond_with_json(ONE | {"next": "same"})
    paginator = "{type: cursor, cursor_path: next, cursor_param: after}"
    assert "the pages of HOST/people go round in a circle: page 3 is page 2 again." in message(
        crm, take, httpserver.url_for(""), paginator=paginator
    )


def test_a_connection_that_nobody_made_is_told(crm, take, monkeypatch: pytest.MonkeyPatch):
    folder = crm("http://127.0.0.1:9")
    monkeypatch.delenv("AIRFLOW_CONN_CRM_API")
    with pytest.raises(SourceError, match=r"crm.customer: the connection 'crm_api' is not known\. Make it in Airflow"):
        take(folder, "crm.customer")


def test_a_connection_without_the_field_that_is_asked_for_is_told(crm, take, monkeypatch: pytest.MonkeyPatch):
    folder = crm("http://127.0.0.1:9")
    monkeypatch.setenv("AIRFLOW_CONN_CRM_API", '{"host": "http://127.0.0.1:9"}')
    with pytest.raises(SourceError, match=r"crm.customer: the connection 'crm_api' has no 'password'\. Set it in Airflow"):
        take(folder, "crm.customer")


def test_a_paginator_that_is_not_told_is_refused(crm, take):
    from mandegar.errors import CompanyError

    folder = crm("http://127.0.0.1:9")
    file = folder / "company.yaml"
    file.write_text(file.read_text().replace("        paginator: single_page\n", ""))
    with pytest.raises(CompanyError, match=r"resources: people does not say how its pages follow one another\. Write `paginator:`"):
        take(folder, "crm.customer")


def test_a_field_that_only_later_records_have_is_kept(crm, take, httpserver: HTTPServer):
    many = [{"customer_id": f"c{number}", "name": "Sara", "signed_up_at": "2025-01-01"} for number in range(5_001)]
    many[-1] |= {"region": "Yazd"}

    def people(request: Request) -> Response:
        return Response(json.dumps({"data": many}), content_type="application/json")

    httpserver.expect_request("/people").respond_with_handler(people)
    assert take(crm(httpserver.url_for("")), "crm.customer")[-1] == {
        "customer_id": "c5000",
        "name": "Sara",
        "signed_up_at": "2025-01-01",
        "_rest": '{"region": "Yazd"}',
        "_row": 5001,
    }
