"""What customers do, as rules can ask for it: each behaviour by its word, the entity that tells of it, and what can be asked of it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mandegar.language.folding import folded

ANYTHING = "anything"
COUNTS = ("times", "days", "amount")


@dataclass(frozen=True)
class Behaviour:
    """One behaviour.

    main: the trait that a bare value means, `used: export`; traits: what else can be asked, `ticket: {priority: critical}`.
    kind: of an interaction, the kind it has to be. counts: what can be counted: times, days on which, amount in the company's currency.
    """

    word: str
    entity: str
    main: str
    traits: tuple[str, ...]
    says: str
    kind: str | None = None
    counts: tuple[str, ...] = COUNTS[:2]


TOUCH = ("topic", "channel", "campaign")
BEHAVIOURS: dict[str, Behaviour] = {
    one.word: one
    for one in (
        Behaviour("used", "usage", "feature", ("feature",), "used a feature; times are its events"),
        Behaviour("visited", "interaction", "topic", TOUCH, "visited a page", "visited"),
        Behaviour("opened", "interaction", "campaign", TOUCH, "opened a message of a campaign", "opened"),
        Behaviour("clicked", "interaction", "campaign", TOUCH, "clicked in a message of a campaign", "clicked"),
        Behaviour("interaction", "interaction", "kind", ("kind", "direction", *TOUCH), "any other touch, by its kind"),
        Behaviour("bought", "invoice", "category", ("category", "product"), "bought something of a category", counts=COUNTS),
        Behaviour("paid", "payment", "method", ("method",), "paid by a method", counts=COUNTS),
        Behaviour("payment_failed", "payment", "reason", ("reason", "method"), "a payment failed for a reason", counts=COUNTS),
        Behaviour("ticket", "ticket", "topic", ("topic", "priority", "channel", "open"), "asked support about a topic"),
        Behaviour("answered", "survey", "kind", ("kind", "touchpoint"), "answered a survey: nps, csat or ces"),
        Behaviour("plan_changed", "subscription", "direction", ("direction", "to", "from"), "changed plan: up, down or same"),
    )
}
CHOICES = {
    ("plan_changed", "direction"): ("up", "down", "same"),
    ("answered", "kind"): ("nps", "csat", "ces"),
    ("ticket", "open"): ("yes", "no"),
}


def ask(of: Behaviour, given: Any) -> dict[str, tuple[str, ...]] | None:
    """What is asked of a behaviour, each trait with the folded values that fit; nothing for `anything`. Errors: ValueError."""
    if given is None:
        return None
    if given == ANYTHING:
        return {}
    traits = given if isinstance(given, dict) else {of.main: given}
    if not traits:
        raise ValueError(f"says nothing. Write `{of.word}: {ANYTHING}`, or one of {', '.join(of.traits)}.")
    for name in traits:
        if name not in of.traits:
            close = difflib.get_close_matches(str(name), of.traits, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else f"Known here: {', '.join(of.traits)}."
            raise ValueError(f"there is no `{name}` of {of.word}. {hint}")
    return {name: tuple(_values(of, name, value)) for name, value in traits.items()}


def _values(of: Behaviour, trait: str, given: Any) -> Iterable[str]:
    several = given if isinstance(given, list) else [given]
    if not several:
        raise ValueError(f"`{trait}` is an empty list. Write at least one value.")
    choices = CHOICES.get((of.word, trait))
    for one in several:
        text = {True: "yes", False: "no"}[one] if isinstance(one, bool) else one
        if isinstance(text, (int, float)):
            text = str(text)
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"found {one!r} under `{trait}`. Write a text, a list of texts, or `{of.word}: {ANYTHING}`.")
        if isinstance(one, bool) and choices != ("yes", "no"):
            raise ValueError(f"found {text} under `{trait}`, which YAML reads as true or false. Put it in quotes.")
        if choices and folded(text) not in choices:
            close = difflib.get_close_matches(folded(text), choices, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else f"Write {', '.join(choices)}."
            raise ValueError(f"found {text!r} under `{trait}`. {hint}")
        yield folded(text)
