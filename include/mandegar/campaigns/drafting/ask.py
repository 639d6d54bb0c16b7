"""Asking a language model: any server that speaks the chat completions of OpenAI."""

import json
from typing import Any

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from mandegar.campaigns.delivery.settings import Drafting
from mandegar.errors import CampaignError
from mandegar.sources.connections import connection
from mandegar.sources.redaction import Secrets

SECONDS = 120
ATTEMPTS = 3
WAIT = wait_exponential(multiplier=1, max=30)
BUSY = (408, 425, 429, 500, 502, 503, 504)
SHOWN = "delivery.yaml: drafting"


class Busy(Exception):
    """The server does not answer now."""


def ask(settings: Drafting, conversation: list[dict[str, str]]) -> Any:
    """What a model answers, as the JSON that it was asked for. conversation: messages with role and content.

    Errors: CampaignError where it does not answer, refuses, or answers something else; without secrets.
    """
    tries = Retrying(stop=stop_after_attempt(ATTEMPTS), wait=WAIT, retry=retry_if_exception_type(Busy), reraise=True)
    try:
        return _read(tries(_once, settings, conversation))
    except Busy as problem:
        raise CampaignError(f"{SHOWN}: {problem}. Try it again later.") from None


def _once(settings: Drafting, conversation: list[dict[str, str]]) -> requests.Response:
    given = connection(settings.connection, SHOWN)
    address = given.value("url", SHOWN).rstrip("/") + settings.path
    headers = {"Authorization": f"Bearer {given.values['password']}"} if given.values.get("password") else {}
    body: Any = {"model": settings.model, "messages": conversation, "temperature": 0, "response_format": {"type": "json_object"}}
    try:
        answer = requests.post(address, json=body, headers=headers, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as problem:
        raise Busy(f"does not answer ({type(problem).__name__})") from None
    if answer.status_code in BUSY:
        raise Busy(f"answered {answer.status_code}")
    if answer.status_code // 100 != 2:
        said = Secrets.of(given).told(Exception(" ".join(answer.text.split())[:150]))
        mend = f"Check the connection {settings.connection!r} and the model's name."
        raise CampaignError(f"{SHOWN}: answered {answer.status_code} {said}. {mend}")
    return answer


def _read(answer: requests.Response) -> Any:
    """The JSON in the answer, with or without words around it."""
    try:
        choice = answer.json()["choices"][0]
        if choice.get("finish_reason") == "length":
            raise CampaignError(f"{SHOWN}: the answer was cut off. Allow the model longer answers.")
        content = choice["message"]["content"]
        return json.loads(content[content.index("{") : content.rindex("}") + 1])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise CampaignError(f"{SHOWN}: answered what is no JSON of a message. Try another model.") from None
