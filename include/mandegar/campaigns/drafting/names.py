"""Names, addresses and letters that a draft must not hold: whom and what it speaks of stands in placeholders."""

import re
import unicodedata
from collections.abc import Iterator

from mandegar.campaigns.drafting.findings import Finding
from mandegar.campaigns.drafting.lists import Locale, found_in, lists

ADDRESS = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.[\w.]+|(?<!\w)@\w+|[\w-]+\s*[\[(]\s*at\s*[\])]\s*\S+"
    r"|(?<![\w.])[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?(?!\w)|\+?\d[\d\s()-]{7,}\d",
    re.IGNORECASE | re.ASCII,
)
SENTENCE = re.compile("[.!?:\u2026][\"'\u201d\u2019)]*\\s+|\\n+")
WORD = re.compile(r"[^\W\d_](?:[\w'-]*\w)?")
LETTERS = re.compile(r"[^\W\d_]+")
SCRIPTS = {"en": ("LATIN", "Write English, in Latin letters."), "fa": ("ARABIC", "Write Persian, in its own letters.")}
MOST_SHOWN = 5


def addresses(at: str, text: str) -> Iterator[Finding]:
    """Addresses and telephone numbers. text: with Latin digits."""
    for address in ADDRESS.findall(text):
        yield Finding(at, f"found {address.strip()!r}", "Addresses and telephone numbers stand in placeholders: {{ links.<name> }}.")


def names(at: str, text: str, locale: Locale, own: set[str]) -> Iterator[Finding]:
    """Capitalised words within an English sentence that are no ordinary ones, and titles. own: words that may stand there, small."""
    found = [word for word in found_in(text, lists().titles[locale]) if word not in own]
    sentences = SENTENCE.split(text.replace("\u2019", "'")) if locale == "en" else []
    within = (word for sentence in sentences for word in WORD.findall(sentence)[1:])
    ordinary = lists().capitals["en"]
    capital = (word.removesuffix("'s") for word in within if word[0].isupper() and word not in ordinary)
    for name in dict.fromkeys([*capital, *found]):
        if name.lower() not in own:
            yield Finding(
                at, f"names {name!r}", "Name nobody and nothing but by placeholders: {{ first_name }}, {{ company }}, {{ owner }}."
            )


def other_letters(at: str, text: str, locale: Locale, own: set[str]) -> Iterator[Finding]:
    """Words in letters of another script than the language's."""
    script, mend = SCRIPTS[locale]
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    words = (word for word in LETTERS.findall(seen) if word.lower() not in own)
    other = dict.fromkeys(word for word in words if not all(unicodedata.name(letter, "").startswith(script) for letter in word))
    if other:
        yield Finding(at, f"holds {', '.join(map(repr, list(other)[:MOST_SHOWN]))}", mend)
