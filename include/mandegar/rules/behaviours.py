"""What customers do, as rules can ask for it: each behaviour by its word, the entity that tells of it, and what can be asked of it."""

import difflib
from collections.abc import Iterable
from typing import Any

from mandegar.config.installed import brought
from mandegar.errors import MandegarError
from mandegar.language.folding import folded
from mandegar.rules import events
from mandegar.rules.behaviour import COUNTS, ENTRY_POINTS, Behaviour

ANYTHING = "anything"
TOUCH = ("topic", "channel", "campaign")
GOODS = ("category", "product")
PAYMENT_FAILED = "a payment failed for a reason"
SHIPPED = (
    Behaviour("used", events.USAGE, "feature", ("feature",), "used a feature; times are its events"),
    Behaviour("visited", events.INTERACTION, "topic", TOUCH, "visited a page", "visited"),
    Behaviour("opened", events.INTERACTION, "campaign", TOUCH, "opened a message of a campaign", "opened"),
    Behaviour("clicked", events.INTERACTION, "campaign", TOUCH, "clicked in a message of a campaign", "clicked"),
    Behaviour("interaction", events.INTERACTION, "kind", ("kind", "direction", *TOUCH), "any other touch, by its kind"),
    Behaviour("bought", events.INVOICE, "category", GOODS, "bought something of a category", counts=COUNTS, by_trait=events.INVOICE_LINE),
    Behaviour("paid", events.PAID, "method", ("method",), "paid by a method", counts=COUNTS),
    Behaviour("payment_failed", events.FAILED, "reason", ("reason", "method"), PAYMENT_FAILED, counts=COUNTS),
    Behaviour(
        "ticket",
        events.TICKET,
        "topic",
        ("topic", "priority", "channel", "open"),
        "asked support about a topic",
        choices={"open": ("yes", "no")},
    ),
    Behaviour(
        "answered",
        events.SURVEY,
        "kind",
        ("kind", "touchpoint"),
        "answered a survey: nps, csat or ces",
        choices={"kind": ("nps", "csat", "ces")},
    ),
    Behaviour(
        "plan_changed",
        events.SUBSCRIPTION,
        "direction",
        ("direction", "to", "from"),
        "changed plan: up, down or same",
        choices={"direction": ("up", "down", "same")},
    ),
)


def _installed() -> dict[str, Behaviour]:
    """Behaviours that installed packages bring. Errors: MandegarError when one is none, or has a word that there is already."""
    found = {one.word: one for one in SHIPPED}
    for behaviour, place in brought(ENTRY_POINTS, Behaviour, "Behaviour").values():
        if behaviour.word in found:
            raise MandegarError(f"The behaviour {place} is called {behaviour.word!r}, which there is already. Give it another word.")
        if behaviour.main not in behaviour.traits:
            raise MandegarError(f"The behaviour {place} has no trait {behaviour.main!r}, its main one. Write it among its traits.")
        if strange := [one for one in behaviour.counts if one not in COUNTS]:
            raise MandegarError(f"The behaviour {place} counts {strange[0]!r}. Write some of {', '.join(COUNTS)}.")
        found[behaviour.word] = behaviour
    return found


BEHAVIOURS = _installed()


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
    choices = of.choices.get(trait)
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
