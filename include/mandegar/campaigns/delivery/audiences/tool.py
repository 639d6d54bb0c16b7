"""What a marketing tool takes: people, in lots. The same lot again changes nothing there, so that it may be handed over twice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


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

    def add(self, people: Sequence[Person], campaign_id: str) -> Counter[str]:
        """Adds a lot of people; who is there is brought up to date, and who unsubscribed there stays so.

        Gives how many it did not take, by what it says of them; addresses are not in that. Errors: Refused for all, Failed.
        """
        ...


def lots(people: Sequence[Person], most: int) -> Iterator[Sequence[Person]]:
    """People in lots of at most so many."""
    for start in range(0, len(people), most):
        yield people[start : start + most]


def without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """Only what is known: an empty value would erase what the tool knows."""
    return {name: value for name, value in values.items() if value}
