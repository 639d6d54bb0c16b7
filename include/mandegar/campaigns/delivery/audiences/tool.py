"""What a marketing tool takes: people, in lots. The same lot again changes nothing there, so that it may be handed over twice."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.settings import Audience
from mandegar.sources.connections import connection
from mandegar.sources.redaction import Secrets

SECONDS = 60
BUSY = (408, 425, 429)


@dataclass(frozen=True)
class Person:
    """Somebody on a send list, as a tool needs to know them."""

    external_id: str
    email: str
    phone: str
    first_name: str
    last_name: str
    locale: str
    offer_code: str
    reason_code: str


class Tool(Protocol):
    """A tool's way of taking people into a list. most: of one lot."""

    most: int

    def takes(self, person: Person) -> bool:
        """Whether it can know somebody: most need a mail address."""
        ...

    def add(self, people: Sequence[Person], campaign_id: str) -> None:
        """Adds a lot of people; who is there is brought up to date, and who unsubscribed there stays so. Errors: Refused, Failed."""
        ...


class Api:
    """Calls a tool's API. Errors: Refused (4xx), Failed (not reached, 5xx, 429), without secrets."""

    def __init__(self, name: str, settings: Audience) -> None:
        self._shown = f"delivery.yaml: audiences.{name}"
        self._given = connection(settings.connection, self._shown)
        self.list_id = settings.list

    @property
    def key(self) -> str:
        """The API key: the connection's password."""
        return self._given.value("password", self._shown)

    def call(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None, **more: Any) -> Any:
        """One call; gives what came back. Who has been asked too often is asked again later."""
        address = self._given.value("url", self._shown).rstrip("/") + path
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"} | more.pop("headers", {})
        try:
            answer = requests.request(
                method, address, params=query, data=content, headers=headers, timeout=SECONDS, allow_redirects=False, **more
            )
        except requests.RequestException as problem:
            raise Failed(f"does not answer ({type(problem).__name__})") from None
        if answer.status_code // 100 == 2:
            try:
                return answer.json() if answer.content else None
            except ValueError:
                raise Failed(f"answered {answer.status_code}, and nothing that can be read") from None
        told = f"answered {answer.status_code} {Secrets.of(self._given).told(Exception(answer.text[:150]))}"
        raise Refused(told) if answer.status_code // 100 == 4 and answer.status_code not in BUSY else Failed(told)


def lots(people: Sequence[Person], most: int) -> Iterator[Sequence[Person]]:
    """People in lots of at most so many."""
    for start in range(0, len(people), most):
        yield people[start : start + most]


def without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """Only what is known: an empty value would erase what the tool knows."""
    return {name: value for name, value in values.items() if value}
