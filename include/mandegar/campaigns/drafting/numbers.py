"""The numbers that a text says, in digits and in words of either language, each with what it counts."""

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from mandegar.campaigns.drafting.lists import Locale, lists, plain

TOKEN = re.compile(r"\d+(?:[.,\u2044]\d+)*|[^\W\d_]+|[%$€£¥﷼]")
GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
SIGNS = "%$€£¥﷼"
HUNDRED, THOUSAND = 100, 1000


@dataclass(frozen=True)
class Number:
    """A number in a text. said: its words; value: in digits; unit: %, day …, or the word behind it as unit_said has it."""

    said: str
    value: str
    unit: str
    unit_said: str


@dataclass(frozen=True)
class _Token:
    text: str
    joined: bool  # nothing but space stands between it and the one before


def numbers(text: str, locale: Locale) -> list[Number]:
    """The numbers of a text in the order in which they stand; signs such as Ⅹ and ² come last, with no unit."""
    tokens, found, at = _tokens(plain(text)), [], 0
    while at < len(tokens):
        end = _run(tokens, at, locale)
        if end == at:
            at += 1
            continue
        said = [token.text for token in tokens[at:end]]
        behind = tokens[end].text if end < len(tokens) and tokens[end].joined else ""
        before = tokens[at - 1].text if at and tokens[at].joined and tokens[at - 1].text in SIGNS else ""
        unit_said = before or behind
        unit = _units().get(unit_said)
        if len(said) > 1 or said[0] not in lists().alone[locale] or unit is not None:
            found.append(Number(" ".join(said), _value(said, locale), unit or unit_said, unit_said))
        at = end
    odd = (letter for letter in text if unicodedata.category(letter) in ("Nl", "No"))
    return [*found, *(Number(letter, letter, "", "") for letter in odd)]


def _tokens(text: str) -> list[_Token]:
    found, end = [], 0
    for one in TOKEN.finditer(text):
        found.append(_Token(one.group(), not text[end : one.start()].strip()))
        end = one.end()
    return found


def _run(tokens: list[_Token], at: int, locale: Locale) -> int:
    """Where the number that begins at a token ends; the token itself if none begins there."""
    words, glue = lists().numbers[locale], lists().and_[locale]
    if not (tokens[at].text[0].isdigit() or tokens[at].text in words):
        return at
    in_digits, end = tokens[at].text[0].isdigit(), at + 1
    while end < len(tokens) and tokens[end].joined:
        word, after = tokens[end].text, tokens[end + 1] if end + 1 < len(tokens) else None
        if words.get(word, 0) >= (HUNDRED if in_digits else 1):
            end += 1
        elif word == glue and after and after.joined and words.get(after.text, 0) >= 1 and not in_digits:
            end += 2
        else:
            break
    return end


def _value(said: list[str], locale: Locale) -> str:
    words, whole, part = lists().numbers[locale], Decimal(0), Decimal(0)
    for word in said:
        if word == lists().and_[locale]:
            continue
        try:
            value = Decimal(str(words[word])) if word in words else _digits(word)
        except InvalidOperation:
            return word
        if value >= THOUSAND and word in words:
            whole, part = whole + (part or 1) * value, Decimal(0)
        elif value == HUNDRED and 0 < part < HUNDRED:
            part *= value
        else:
            part += value
    return f"{(whole + part).normalize():f}"


def _digits(text: str) -> Decimal:
    return Decimal(text.replace(",", "") if GROUPED.fullmatch(text) else text.replace(",", "."))


@functools.cache
def _units() -> dict[str, str]:
    return {plain(word): unit for unit, words in lists().units.items() for word in words}


def values(found: list[Number]) -> Iterator[tuple[str, str]]:
    """The numbers as they are compared: value and unit."""
    for one in found:
        yield one.value, one.unit
