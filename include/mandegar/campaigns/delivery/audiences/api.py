"""A marketing tool's API: called, waited for where it is busy, and its no told apart: for now, or for good."""

import json
import time
from typing import Any

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.settings import Audience
from mandegar.sources.connections import connection
from mandegar.sources.redaction import Secrets
from mandegar.sources.rest.rest_session import retry_after

SECONDS = 60
LONGEST_SAID = 150
TRIES = 4  # of one call
LONGEST_WAIT = 60.0  # seconds between two tries; who asks for more is asked again by the next push
BUSY = (408, 425, 429)
BACK_OFF = wait_exponential(multiplier=1, max=30)
RESETS = "x-sib-ratelimit-reset"  # Brevo's Retry-After, in seconds


class Busy(Failed):
    """It cannot be reached, or asks for patience. after: for how many seconds."""

    def __init__(self, told: str, after: float | None = None) -> None:
        super().__init__(told)
        self.after = after


class NotTaken(Refused):
    """It refuses what was handed over. answer: its JSON, which may say why."""

    def __init__(self, told: str, answer: Any = None) -> None:
        super().__init__(told)
        self.answer = answer


class Api:
    """Calls a tool's API. Errors: NotTaken (4xx), Busy (not reached, 5xx, 429) after a few tries, without secrets."""

    def __init__(self, name: str, settings: Audience) -> None:
        self._shown = f"delivery.yaml: audiences.{name}"
        self._given = connection(settings.connection, self._shown)
        self._secrets = Secrets.of(self._given)
        self.list_id = settings.list

    @property
    def key(self) -> str:
        """The API key: the connection's password."""
        return self._given.value("password", self._shown)

    def call(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None, **more: Any) -> Any:
        """One call; gives what came back. A busy tool is asked again, after as long as it says: the same twice changes nothing there."""
        tries = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=_wait,
            retry=retry_if_exception(_is_short),
            sleep=lambda seconds: pause(seconds),
            reraise=True,
        )
        return tries(self._once, method, path, body, query, more)

    def _once(self, method: str, path: str, body: Any, query: dict[str, str] | None, more: dict[str, Any]) -> Any:
        address = self._given.value("url", self._shown).rstrip("/") + path
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"} | more.get("headers", {})
        given: dict[str, Any] = {"params": query, "data": content, "headers": headers, "auth": more.get("auth")}
        try:
            answer = requests.request(method, address, timeout=SECONDS, allow_redirects=False, **given)
        except requests.RequestException as problem:
            raise Busy(f"does not answer ({type(problem).__name__})") from None
        if answer.status_code // 100 == 2:
            try:
                return answer.json() if answer.content else None
            except ValueError:
                raise Failed(f"answered {answer.status_code}, and nothing that can be read") from None
        told = f"answered {answer.status_code} {self._secrets.told(answer.text)[:LONGEST_SAID]}"
        if answer.status_code // 100 == 4 and answer.status_code not in BUSY:
            raise NotTaken(told, _json(answer))
        asked = answer.headers.get("Retry-After") or answer.headers.get(RESETS)
        raise Busy(told, retry_after(asked, answer.headers.get("Date")))


def pause(seconds: float) -> None:
    """Waits before the next try."""
    time.sleep(seconds)


def _wait(state: RetryCallState) -> float:
    problem = state.outcome.exception() if state.outcome else None
    asked = problem.after if isinstance(problem, Busy) else None
    return BACK_OFF(state) if asked is None else asked


def _is_short(problem: BaseException) -> bool:
    return isinstance(problem, Busy) and (problem.after or 0) <= LONGEST_WAIT


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
