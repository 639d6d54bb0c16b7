"""What a draft may say: nothing that is not a fact, a placeholder, or in the offer's own terms. Every finding with its place and mend."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mandegar.campaigns.file.words import Campaign, Offer
from mandegar.campaigns.messages.sms import counted
from mandegar.campaigns.messages.template import Message, problems
from mandegar.config.company import Company
from mandegar.language.folding import folded

LISTS = Path(__file__).with_name("promises.yaml")
LOCALES = ("en", "fa")
MOST_SUBJECT, MOST_SEGMENTS = 78, 4  # letters; parts of an SMS, without what placeholders hold
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
NAMED = r"[a-z_]+(\.[a-z_]+)?"
PLAIN_TAG = re.compile(rf"\{{\{{\s*{NAMED}\s*\}}\}}|\{{%-?\s*(if( not)?\s+{NAMED}( is (not )?defined)?|else|endif)\s*-?%\}}")
ADDRESS = re.compile(r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.[\w.]+|\+?\d[\d\s()-]{7,}\d", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
SENTENCE = re.compile(r"[.!?:]\s+|\n+")
CAPITAL = re.compile(r"[A-Z][a-z]{2,}")
ORDINARY_CAPITALS = frozenset(
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "Nowruz",
        "Yalda",
        "Persian",
        "English",
    ]
)


@dataclass(frozen=True)
class Finding:
    """Something that a draft must not say, or has to. at: language and part, such as en.text."""

    at: str
    said: str
    mend: str

    def __str__(self) -> str:
        return f"{self.at}: {self.said}. {self.mend}"


def findings(message: Message, company: Company, campaign: Campaign, stage: str) -> list[Finding]:
    """All that is wrong with a draft of the message of a campaign's stage; none where it may be shown to a person."""
    told = (one.split(": ", 2)[1:] for one in problems(message, "draft"))
    found = [Finding(at, said.rstrip("."), "Use the known facts alone.") for at, said in told]
    offer = campaign.offer_at(stage)
    for locale in LOCALES:
        words = getattr(message, locale)
        if words is None:
            found.append(Finding(locale, "is missing", "Write it in both languages."))
            continue
        for part in ("subject", "text", "sms"):
            written = getattr(words, part)
            if written is not None:
                found += _of_text(f"{locale}.{part}", written, _Allowed.of(offer, locale), company)
        if len(_literal(words.subject)) > MOST_SUBJECT:
            found.append(Finding(f"{locale}.subject", f"has more than {MOST_SUBJECT} letters", "Say it shorter."))
        if "sms" in campaign.channels and words.sms is None:
            found.append(Finding(f"{locale}.sms", "is missing", f"{campaign.id} sends by SMS: write one."))
        if words.sms is not None and counted(_literal(words.sms)).segments > MOST_SEGMENTS:
            found.append(Finding(f"{locale}.sms", f"takes more than {MOST_SEGMENTS} messages", "Say it shorter."))
    return found


@dataclass(frozen=True)
class _Allowed:
    """What a language may say of an offer. terms: folded; numbers: those in them, and the days for which it holds."""

    locale: str
    offer: Offer | None
    terms: str
    numbers: frozenset[str]

    @classmethod
    def of(cls, offer: Offer | None, locale: str) -> "_Allowed":
        terms = _folded({str(key): text for key, text in offer.terms.items()}.get(locale, "")) if offer else ""
        in_words = (value for word, value in _lists()["numbers"][locale].items() if _has(terms, word))
        days = [str(offer.days)] if offer else []
        return cls(locale, offer, terms, frozenset([*NUMBER.findall(terms), *map(_plain, in_words), *days]))


def _of_text(at: str, text: str, allowed: _Allowed, company: Company) -> Iterator[Finding]:
    """What is wrong with one text of a draft."""
    lists, locale, offer = _lists(), allowed.locale, allowed.offer
    for tag in TAG.findall(text):
        if not PLAIN_TAG.fullmatch(tag):
            yield Finding(at, f"found {tag!r}", "Write plain placeholders such as {{ first_name }}, and {% if offer_code %} … {% endif %}.")
    if offer is None and "offer_" in text:
        yield Finding(at, "speaks of an offer, and there is none", "Take it out.")
    literal = _literal(text)
    for address in ADDRESS.findall(_digits(literal)):
        yield Finding(at, f"found {address.strip()!r}", "Addresses and telephone numbers stand in placeholders: {{ links.<name> }}.")
    said = _folded(ADDRESS.sub(" ", _digits(literal)))
    words = (word for word, value in lists["numbers"][locale].items() if _has(said, word) and _plain(value) not in allowed.numbers)
    numbers = (number for number in NUMBER.findall(said) if number not in allowed.numbers)
    for number in [*numbers, *(word for word in words if word not in lists["ordinary"][locale])]:
        yield Finding(at, f"says {number!r}, which no fact says", "Use a placeholder, or the offer's own `terms:`.")
    for word in [*lists["promises"][locale], "%", "٪"]:
        if _has(said, word) and not _has(allowed.terms, word):
            yield Finding(at, f"says {word!r}", "Only the offer's own `terms:` may promise it.")
    for word in lists["pressure"][locale]:
        if _has(said, word):
            yield Finding(at, f"says {word!r}", "Do not press people.")
    if offer is not None and offer.code and offer.code.lower() in literal.lower():
        yield Finding(at, f"says {offer.code!r}", "Write {{ offer_code }}: not everyone gets it.")
    for name in _names(literal, company):
        yield Finding(at, f"names {name!r}", "Name nobody and nothing but by placeholders: {{ first_name }}, {{ company }}, {{ owner }}.")


def _names(literal: str, company: Company) -> list[str]:
    """Capitalised words within an English sentence that are no ordinary ones: people and products."""
    own = {*re.findall(r"\w+", company.name), *ORDINARY_CAPITALS}
    within = (word for sentence in SENTENCE.split(literal) for word in re.findall(r"[A-Za-z][\w'-]*", sentence)[1:])
    return list(dict.fromkeys(word for word in within if CAPITAL.fullmatch(word) and word not in own))


def _literal(text: str) -> str:
    """What stands between placeholders; what stands under an `if` begins a sentence of its own."""
    return TAG.sub(lambda tag: " " if tag[0].startswith("{{") else "\n", text)


def _digits(text: str) -> str:
    """The digits of every script as Latin ones, and a decimal point."""
    return "".join(str(int(letter)) if letter.isdecimal() else letter for letter in text).replace("٫", ".")


def _folded(text: str) -> str:
    """A text as it is compared."""
    return folded(_digits(text))


def _has(text: str, word: str) -> bool:
    """Whether a folded text has a word, as a word of its own."""
    wanted = _folded(word)
    return (
        wanted in text if not wanted.isalpha() and len(wanted) == 1 else re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text) is not None
    )


def _plain(value: float) -> str:
    return f"{value:g}"


@functools.cache
def _lists() -> dict[str, Any]:
    found = yaml.safe_load(LISTS.read_text(encoding="utf-8"))
    found["ordinary"] = {"en": ()} | found["ordinary"]
    return found
