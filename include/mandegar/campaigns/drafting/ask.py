"""Asking a language model: any server that speaks the chat completions of OpenAI."""

import json
from typing import Any

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from mandegar.campaigns.delivery.settings import Drafting
from mandegar.errors import CampaignError
from mandegar.sources.connections import Connection, connection
from mandegar.sources.redaction import Secrets
from mandegar.sources.rest.rest_session import retry_after

SECONDS = 120
ATTEMPTS = 3
WAIT = wait_exponential(multiplier=1, max=30)
LONGEST = 60  # seconds that a server may ask to wait for; who asks for more is asked another day
BUSY = (408, 425, 429, 500, 502, 503, 504)
SHOWN = "delivery.yaml: drafting"


class Busy(Exception):
    """The server does not answer now. after: the seconds that it asks to wait for, if it does."""

    def __init__(self, said: str, after: float | None = None) -> None:
        super().__init__(said if after is None else f"{said}, and asks to wait {after:g} seconds")
        self.after = after


def ask(settings: Drafting, conversation: list[dict[str, str]]) -> Any:
    """What a model answers, as the JSON that it was asked for. conversation: messages with role and content.

    Errors: CampaignError where it does not answer, refuses, or answers something else; without secrets.
    """
    given = connection(settings.connection, SHOWN)
    tries = Retrying(stop=stop_after_attempt(ATTEMPTS), wait=_wait, retry=retry_if_exception(_is_worth_it), reraise=True)
    try:
        answer = tries(_once, settings, given, conversation)
    except Busy as problem:
        raise CampaignError(f"{SHOWN}: {problem}. Try it again later.") from None
    return _read(Secrets([given.values.get("password")]).in_row(_content(answer)))


def _is_worth_it(problem: BaseException) -> bool:
    return isinstance(problem, Busy) and (problem.after or 0) <= LONGEST


def _wait(state: RetryCallState) -> float:
    problem = state.outcome.exception() if state.outcome else None
    return max(WAIT(state), (problem.after or 0) if isinstance(problem, Busy) else 0)


def _once(settings: Drafting, given: Connection, conversation: list[dict[str, str]]) -> requests.Response:
    address = given.value("url", SHOWN).rstrip("/") + settings.path
    headers = {"Authorization": f"Bearer {given.values['password']}"} if given.values.get("password") else {}
    body: Any = {"model": settings.model, "messages": conversation, "temperature": 0, "response_format": {"type": "json_object"}}
    try:
        answer = requests.post(address, json=body, headers=headers, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as problem:
        raise Busy(f"does not answer ({type(problem).__name__})") from None
    if answer.status_code in BUSY:
        raise Busy(f"answered {answer.status_code}", retry_after(answer.headers.get("Retry-After"), answer.headers.get("Date")))
    if answer.status_code // 100 != 2:
        said = Secrets.of(given).told(Exception(" ".join(answer.text.split())[:150]))
        mend = f"Check the connection {settings.connection!r} and the model's name."
        raise CampaignError(f"{SHOWN}: answered {answer.status_code} {said}. {mend}")
    return answer


def _content(answer: requests.Response) -> str:
    """What the model wrote."""
    try:
        choice = answer.json()["choices"][0]
        cut_off, content = choice.get("finish_reason") == "length", choice["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise CampaignError(f"{SHOWN}: answered what is no JSON of chat completions. Check the address and `path:`.") from None
    if cut_off:
        raise CampaignError(f"{SHOWN}: the answer was cut off. Allow the model longer answers.")
    return str(content)


def _read(content: str) -> Any:
    """The first JSON object in what the model wrote, with or without words around it."""
    for begin in (at for at, letter in enumerate(content) if letter == "{"):
        try:
            return json.JSONDecoder().raw_decode(content, begin)[0]
        except ValueError:
            continue
    raise CampaignError(f"{SHOWN}: answered what is no JSON of a message. Try another model.")
