"""The reasons of each customer: what the model's own contributions say, and where they say too little, the health signals."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mandegar.language.catalogue import Said
from mandegar.risk.health import REASONS
from mandegar.risk.reasons.wording import THEMES, Value, Wording, wording_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LEAST = 0.05  # log-odds that a theme has to add to be told
ACTIONS = {  # of reasons that health.yaml does not know
    "usage_silence": "success_call",
    "key_feature_unused": "success_call",
    "many_tickets": "support_review",
    "critical_ticket": "support_review",
    "reopened": "support_review",
    "discount_ends": "offer",
    "fewer_seats": "success_call",
    "paused": "call",
    "mails_unread": "watch",
    "price_visits": "call",
    "young_customer": "success_call",
    "monthly": "offer",
    "renewal_near": "renew",
    "spends_less": "win_back",
    "few_purchases": "win_back",
    "gave_back": "call",
    "sentiment": "call",
}


def told_reasons(rows: "pd.DataFrame", contributions: "np.ndarray", names: list[str], locale: str) -> list[list[tuple[str, str]]]:
    """Up to three reasons of each row, the weightiest first, each as its code and its words.

    contributions: what each of the features `names` adds to the log-odds of leaving. Features of one theme are summed, and told by the
    one that adds most of those whose value is worth saying.
    """
    places = [(place, name, wording) for place, name in enumerate(names) if name in rows.columns and (wording := wording_of(name))]
    needed = {other for _, name, wording in places for other in (name, *wording.others, wording.better)}
    values = {name: rows[name].to_numpy() for name in rows.columns if name in needed}
    return [
        _of_customer({name: _value(column[row]) for name, column in values.items()}, contributions[row], places, locale)
        for row in range(len(rows))
    ]


def _value(told: object) -> Value:
    """A number, or a text; what is not known is no number."""
    return told if isinstance(told, str) else float("nan") if told is None else float(told)  # type: ignore[arg-type]  # a NumPy number


def _of_customer(
    values: dict[str, Value], contributions: "np.ndarray", places: list[tuple[int, str, Wording]], locale: str
) -> list[tuple[str, str]]:
    """The reasons of one customer."""
    themes: dict[str, list[tuple[float, str, Wording]]] = {}
    for place, name, wording in places:
        adds = float(contributions[place])
        if adds > 0 and worth_saying(wording, values[name], values):
            themes.setdefault(wording.theme, []).append((adds, name, wording))
    ranked = sorted(themes.values(), key=lambda speakers: (-sum(adds for adds, *_ in speakers), min(name for _, name, _ in speakers)))
    told = []
    for speakers in ranked[:REASONS]:
        if sum(adds for adds, *_ in speakers) >= LEAST:
            _, feature, wording = max(speakers, key=lambda speaker: speaker[:2])
            better = wording_of(wording.better) if wording.better else None
            if better and worth_saying(better, values.get(str(wording.better), float("nan")), values):
                feature, wording = str(wording.better), better
            told.append((wording.code, in_words(feature, wording, values, locale)))
    return told


def worth_saying(wording: Wording, value: Value, values: Mapping[str, Value]) -> bool:
    """Whether a value is known, and speaks for leaving."""
    return value == value and wording.worth(value, values)


def in_words(feature: str, wording: Wording, values: Mapping[str, Value], locale: str) -> str:
    """What a feature says of a customer; without the part after it where another value that it needs is not known."""
    own, said = values.get(feature, float("nan")), wording.said
    if "{value}" in said.english:
        return said.of(**dict(said.names), value=own if isinstance(own, str) else number(own)).told(locale)
    if own == 0 and feature in TODAY:
        return TODAY[feature].told(locale)
    needed = [float(own), *(float(values.get(name, float("nan"))) for name in wording.others)]
    if any(value != value for value in needed):
        return SHORTER.get(feature, said).of(number(needed[0])).told(locale)
    return said.of(*map(number, needed)).told(locale)


def number(value: float) -> str:
    """A number as a person would say it: whole, but for small ones with a part that counts."""
    whole = round(float(value), 1)
    return f"{whole:.1f}" if abs(whole) < 10 and whole != round(whole) else f"{round(float(value)):,}"


TODAY = {  # of a day that is the last one of the night
    "card_days_left": Said("the card expires today"),
    "days_to_renewal": Said("the term ends today"),
    "days_to_open_renewal": Said("the term ends today and does not renew by itself"),
    "days_since_failure": Said("a payment failed today"),
}
SHORTER = {  # where what it was before is not known
    "usage_percent_of_before": Said("uses the product at {0} % of what it was"),
    "events_a_week": Said("uses of the product a week: {0}"),
    "days_since_usage": Said("has not used the product for {0} days"),
    "last_rise_percent": Said("pays {0} % more since the last rise"),
    "days_since_rise": Said("the price rose {0} days ago"),
}


def with_signals(told: list[tuple[str, str]], signals: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Up to three reasons: the model's, then those of the health score that say something else."""
    themes = {THEMES.get(code, code) for code, _ in told}
    return [*told, *(one for one in signals if THEMES.get(one[0], one[0]) not in themes)][:REASONS]
