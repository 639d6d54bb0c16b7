"""Rules held against what is known: every field, its kind of value, every named rule; nothing is compiled that is wrong here."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from mandegar.config import yaml_file
from mandegar.errors import MandegarError
from mandegar.language.folding import folded
from mandegar.rules.fields import SAID, Fields, Known, find, unknown
from mandegar.rules.words import COMPARISONS, LOGIC, WINDOWS, Condition

Named = Mapping[str, Condition]
Place = tuple[str | int, ...]
MOST_CONDITIONS = 2_000  # of one rule, with those it stands on
ORDERED = ("at_least", "at_most", "above", "below", "between")
EQUAL = ("is", "is_not", "one_of", "none_of")
FIT = {
    "number": (*EQUAL, *ORDERED, "top_share"),
    "text": EQUAL,
    "flag": ("is", "is_not"),
    "time": ("is", "is_not", *ORDERED, *WINDOWS[:3]),
    "day": ("is", "is_not", *ORDERED, *WINDOWS[:3]),
    "attribute": (*EQUAL, *ORDERED, "top_share"),
}
EXAMPLE = dict.fromkeys(("time", "day"), "in_days: 30") | {"number": "at_least: 100", "text": "is: team"}
EXAMPLE |= {"flag": "is: true", "attribute": "is: gold"}


@dataclass(frozen=True)
class Problem:
    """Something wrong with a rule: the keys that lead to it in the file, and what to write instead."""

    at: Place
    says: str


def problems(rule: Condition, at: Place, fields: Fields, named: Named) -> Iterator[Problem]:
    """Everything that is wrong with a rule.

    at: the keys under which it stands. fields: what it may ask for. named: the rules that it may stand on, by name.
    """
    for place, condition in walked(rule, at):
        if condition.field is not None:
            yield from _of_field(condition, place, fields)
        elif condition.segment is not None and condition.segment not in named:
            close = difflib.get_close_matches(condition.segment, named, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(sorted(named)) or 'none'}."
            yield Problem((*place, "segment"), f"there is no segment {condition.segment!r}. {hint}")


def circles(named: Named) -> Iterator[Problem]:
    """Named rules that stand on themselves; `at` begins with the rule's name."""
    for name in named:
        if (way := _way_back(name, name, named, [name])) and name == min(way):
            place = next(at for at, one in walked(named[name], (name,)) if one.segment == way[1])
            told = " → ".join(way)
            yield Problem((*place, "segment"), f"goes in a circle: {told}. Let one of them stand on fields and behaviour alone.")


def oversized(named: Named) -> Iterator[Problem]:
    """Named rules that stand on so many others that nobody, and no engine, could follow; `at` begins with the rule's name.

    named: without circles.
    """
    sizes: dict[str, int] = {}

    def size(name: str) -> int:
        if name not in sizes:
            conditions = [condition for _, condition in walked(named[name])]
            others = [one.segment for one in conditions if one.segment is not None and one.segment in named]
            sizes[name] = len(conditions) + sum(map(size, others))
        return sizes[name]

    for name in named:
        if size(name) > MOST_CONDITIONS:
            says = f"comes to {size(name):,} conditions with the rules it stands on; at most {MOST_CONDITIONS:,} do. Write it shorter."
            yield Problem((name,), says)


def refuse(path: Path, shown: str, wrong: list[Problem], error: type[MandegarError]) -> None:
    """Raises `error` with a line for each problem: file, line, key, and what to write; nothing if there is none."""
    if wrong:
        raise error("\n".join(f"{yaml_file.place(path, problem.at, shown)}: {problem.says}" for problem in wrong))


def walked(rule: Condition, at: Place = ()) -> Iterator[tuple[Place, Condition]]:
    """The rule and every condition within it, with the keys that lead there; named rules are not entered."""
    yield at, rule
    for word in LOGIC:
        below = rule.value(word)
        if isinstance(below, Condition):
            yield from walked(below, (*at, word))
        elif below is not None:
            for number, one in enumerate(below):
                yield from walked(one, (*at, word, number))


def _way_back(name: str, to: str, named: Named, way: list[str]) -> list[str] | None:
    for _, condition in walked(named[name]):
        other = condition.segment
        if other is None:
            continue
        if other == to:
            return [*way, to]
        if other in named and other not in way and (found := _way_back(other, to, named, [*way, other])):
            return found
    return None


def _of_field(condition: Condition, place: Place, fields: Fields) -> Iterator[Problem]:
    name = str(condition.field)
    known = find(name, fields)
    if known is None:
        yield Problem((*place, "field"), unknown(name, fields))
        return
    for word in condition.given((*COMPARISONS, *WINDOWS)):
        if word not in FIT[known.kind]:
            fits = f"{', '.join(FIT[known.kind])} and known"
            says = (
                f"`{name}` is {SAID[known.kind]}, and `{word}` does not go with it. Write one of {fits}, such as `{EXAMPLE[known.kind]}`."
            )
            yield Problem((*place, word), says)
            continue
        if word in WINDOWS or word == "top_share":
            continue
        value = condition.value(word)
        for one in value if isinstance(value, tuple) else (value,):
            if unfit := _unfit(name, known, one, word):
                yield Problem((*place, word), unfit)


def _unfit(name: str, known: Known, value: Any, word: str) -> str | None:
    """Why a value is not one to hold a field against."""
    is_flag, is_number, is_day = isinstance(value, bool), isinstance(value, (int, float)), isinstance(value, date)
    match known.kind:
        case "number" if is_flag or not is_number:
            return f"found {_told(value)}; `{name}` is a number. Write one in Latin digits without quotes, such as 100."
        case "text" if not isinstance(value, str):
            return f"found {_told(value)}; `{name}` is a text. Write it in quotes, such as '{_plain(value)}'."
        case "flag" if not is_flag:
            return f"found {_told(value)}; `{name}` is yes or no. Write true or false."
        case "time" | "day" if not is_day:
            return f"found {_told(value)}; `{name}` is {SAID[known.kind]}. Write a day such as 2026-03-21."
        case "attribute" if is_day or (word in ORDERED and not is_number):
            return f"found {_told(value)}; an attribute is compared as a text or a number. Write one of these."
    if known.values and folded(value) not in known.values:
        close = difflib.get_close_matches(folded(value), known.values, n=1)
        hint = f"Did you mean `{close[0]}`?" if close else f"Write {', '.join(known.values)}."
        return f"found {value!r}, which `{name}` never is. {hint}"
    return None


def _told(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)


def _plain(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
