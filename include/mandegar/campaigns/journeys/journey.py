"""Where everyone in a journey stands on a night, and who is to hear from it: pure decisions over what is known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mandegar.campaigns.file.words import Campaign, Step

WAITING, DONE, GOAL, ENDED = "waiting", "done", "goal", "ended"
Due = Callable[[Step, str, date], date]  # a step, the facts of who takes it, and the night before it: when it is due
Answer = Callable[[str, str, Step], bool]  # file_version, customer_id, step: whether the step's rule is met


@dataclass(frozen=True)
class Standing:
    """Where one customer stands in a journey that began with `entry_key`. step: the one reached; due_on: when it may be taken."""

    customer_id: str
    entry_key: str
    step: str
    state: str
    entered_on: date
    due_on: date
    file_version: str
    facts: str


def days_after(step: Step, _: str, night: date) -> date:
    """The usual: so many days after the step before."""
    return night + timedelta(days=step.after_days)


def entering(
    campaign: Campaign, version: str, found: dict[str, tuple[str, str]], known: Iterable[Standing], night: date, due: Due = days_after
) -> list[Standing]:
    """Who begins tonight. found: of each customer what they would enter by, and the facts of it. known: everyone who ever was in it.

    Who is in the journey does not enter it again, nor twice by the same thing.
    """
    inside, entered = set(), set()
    for standing in known:
        entered.add((standing.customer_id, standing.entry_key))
        if standing.state == WAITING:
            inside.add(standing.customer_id)
    first = campaign.steps[0]
    return [
        Standing(customer, key, first.name, WAITING, night, due(first, facts, night), version, facts)
        for customer, (key, facts) in found.items()
        if customer not in inside and (customer, key) not in entered
    ]


def until_a_message(standing: Standing, steps: tuple[Step, ...], night: date, answer: Answer, due: Due = days_after) -> Standing:
    """Goes on from step to step while their rules are not met: to one that has to wait, to one that is to be taken, or to the end."""
    while standing.state == WAITING and standing.due_on <= night:
        step = _named(steps, standing.step)
        if step is None:
            return replace(standing, state=ENDED)
        if step.if_ is None or answer(standing.file_version, standing.customer_id, step):
            return standing
        standing = replace(standing, state=ENDED) if step.otherwise == "end" else after(standing, steps, night, due)
    return standing


def after(standing: Standing, steps: tuple[Step, ...], night: date, due: Due = days_after) -> Standing:
    """The step behind the one that was taken or left out, when it is due; of the last one the end."""
    names = [step.name for step in steps]
    place = names.index(standing.step) + 1
    if place == len(steps):
        return replace(standing, state=DONE, due_on=night)
    return replace(standing, step=names[place], due_on=due(steps[place], standing.facts, night))


def is_due(standing: Standing, night: date) -> bool:
    """Whether the step is to be taken tonight."""
    return standing.state == WAITING and standing.due_on <= night


def has_waited(standing: Standing, night: date, patience_days: int) -> bool:
    """Whether a step that nothing came of has waited long enough to be left out."""
    return (night - standing.due_on).days >= patience_days


def _named(steps: tuple[Step, ...], name: str) -> Step | None:
    return next((step for step in steps if step.name == name), None)
