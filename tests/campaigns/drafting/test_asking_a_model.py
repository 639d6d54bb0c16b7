"""What a model's server does wrong: told in plain words, without the key, and tried again where that can help."""

import json
import socket
import threading
import time

import pytest
from tests.campaigns.drafting.conftest import KEY
from tests.campaigns.drafting.honest import HONEST

from mandegar.campaigns.delivery.settings import Drafting
from mandegar.campaigns.drafting import ask as asking
from mandegar.campaigns.drafting.ask import ask
from mandegar.errors import MandegarError

SETTINGS = Drafting(connection="llm", model="small")
ASKED = [{"role": "user", "content": "a message"}]
CUT_OFF = '{"choices": [{"message": {"content": "{"}, "finish_reason": "length"}]}'


@pytest.mark.parametrize(
    ("answer", "told", "asked"),
    [
        ((401, f'{{"error": "wrong key {KEY}"}}'), "answered 401 .*Check the connection 'llm'", 1),
        ((404, "no such model"), "answered 404 no such model. Check .* the model's name", 1),
        ((302, "", {"Location": "https://elsewhere.example/"}), "answered 302", 1),
        ((429, "{}"), "answered 429. Try it again later", 3),
        ((429, "{}", {"Retry-After": "3600"}), "answered 429, and asks to wait 3600 seconds. Try it again later", 1),
        ((503, "{}"), "answered 503. Try it again later", 3),
        ((200, "not json"), "answered what is no JSON of chat completions", 1),
        ((200, '{"choices": []}'), "answered what is no JSON of chat completions", 1),
        ((200, "[]"), "answered what is no JSON of chat completions", 1),
        ((200, '{"choices": [{"message": {"content": "I cannot"}}]}'), "answered what is no JSON of a message", 1),
        ((200, '{"choices": [{"message": {"content": null}}]}'), "answered what is no JSON of a message", 1),
        ((200, CUT_OFF), "the answer was cut off", 1),
    ],
)
def test_what_a_server_does_wrong_is_told_without_the_key(model, answer, told, asked):
    model.answers = [answer]
    with pytest.raises(MandegarError, match=told) as found:
        ask(SETTINGS, ASKED)
    assert KEY not in str(found.value)
    assert len(model.asked) == asked


def test_a_server_that_is_busy_once_is_asked_again(model):
    model.answers = [(503, "{}")]
    model.say(HONEST)
    assert ask(SETTINGS, ASKED) == HONEST


def test_a_server_is_waited_for_as_long_as_it_asks(model):
    model.answers = [(429, "{}", {"Retry-After": "1"})]
    model.say(HONEST)
    began = time.monotonic()
    assert ask(SETTINGS, ASKED) == HONEST
    assert time.monotonic() - began >= 1


def test_a_server_that_says_nothing_is_given_up(model, monkeypatch):
    monkeypatch.setattr(asking, "SECONDS", 0.2)
    model.sleeps = 0.6
    model.say(HONEST)
    with pytest.raises(MandegarError, match=r"does not answer \(ReadTimeout\). Try it again later"):
        ask(SETTINGS, ASKED)


def test_an_answer_that_breaks_off_is_no_answer(monkeypatch):
    monkeypatch.setattr(asking, "WAIT", lambda _: 0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("AIRFLOW_CONN_LLM", json.dumps({"host": f"http://127.0.0.1:{server.getsockname()[1]}", "password": KEY}))

        def answer() -> None:
            for _ in range(asking.ATTEMPTS):
                with server.accept()[0] as one:
                    one.recv(65_536)
                    one.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"choices": [')

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(MandegarError, match=r"does not answer \((ChunkedEncodingError|ConnectionError)\)"):
            ask(SETTINGS, ASKED)
        thread.join()


def test_words_around_the_answer_do_not_matter(model):
    said = json.dumps(HONEST, ensure_ascii=False)
    model.say(f"Placeholders such as {{{{ name }}}} stand in it:\n```json\n{said}\n```\nI left {{x}} away.")
    assert ask(SETTINGS, ASKED) == HONEST


def test_a_key_that_comes_back_is_kept_by_nobody(model):
    model.say({"en": f"the key is {KEY}"})
    assert ask(SETTINGS, ASKED) == {"en": "the key is ***"}


def test_a_server_without_a_key_and_under_another_path(httpserver, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_LLM", json.dumps({"host": httpserver.url_for("").rstrip("/")}))
    answer = {"choices": [{"message": {"content": "{}"}}]}
    httpserver.expect_request("/api/chat", method="POST").respond_with_json(answer)
    assert ask(Drafting(connection="llm", model="small", path="/api/chat"), ASKED) == {}
    assert "Authorization" not in httpserver.log[0][0].headers


def test_a_connection_that_nobody_made_is_told():
    with pytest.raises(MandegarError, match=r"delivery\.yaml: drafting: the connection 'llm' is not known"):
        ask(SETTINGS, ASKED)
