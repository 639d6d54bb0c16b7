"""The words that are looked for in drafts (promises.yaml), and how texts are made alike so that they are found in any spelling."""

import functools
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml

from mandegar.config.settings import Strict

FILE = Path(__file__).with_name("promises.yaml")
Locale = Literal["en", "fa"]
HALF_SPACE = "\u200c"
ALIKE = str.maketrans("يىكةە٪٫٬", "ییکهه%.,", "ـ")
HYPHEN = re.compile(r"[-\u2010-\u2015_]+")
MARKS = ("Mn", "Cf")  # of Unicode's categories: accents and vowel signs, and what is not seen


class Lists(Strict):
    """The whole of promises.yaml; units: by the name under which they are compared."""

    promises: Mapping[Locale, tuple[str, ...]]
    pressure: Mapping[Locale, tuple[str, ...]]
    ordinary: Mapping[Locale, tuple[str, ...]]
    titles: Mapping[Locale, tuple[str, ...]]
    capitals: Mapping[Literal["en"], frozenset[str]]
    numbers: Mapping[Locale, Mapping[str, float]]
    and_: Mapping[Locale, str]
    alone: Mapping[Locale, frozenset[str]]
    units: Mapping[str, tuple[str, ...]]


@functools.cache
def lists() -> Lists:
    """The words of promises.yaml."""
    found = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return Lists.model_validate({"and_": found.pop("and"), **found})


def plain(text: str, half_space: str = " ") -> str:
    """A text as it is compared: small Latin digits and letters, one spelling of Persian ones, no accents, nothing that is not seen."""
    spelt = HYPHEN.sub(half_space, text.replace(HALF_SPACE, half_space)).replace("\u2019", "'")
    letters = (letter for letter in unicodedata.normalize("NFKD", spelt) if unicodedata.category(letter) not in MARKS)
    return "".join(str(int(letter)) if letter.isdecimal() else letter for letter in letters).translate(ALIKE).casefold()


def found_in(text: str, words: tuple[str, ...], ordinary: tuple[str, ...] = ()) -> dict[str, str]:
    """Which of the words stand in a text as words of their own, and how they are said there. ordinary: what is taken out before."""
    found: dict[str, str] = {}
    for gap in (" ", ""):
        told = plain(text, gap)
        for word in ordinary:
            told = _pattern(word, gap).sub(" ", told)
        said = ((word, _pattern(word, gap).search(told)) for word in words)
        found = {word: match.group() for word, match in said if match} | found
    return {word: found[word] for word in words if word in found}


@functools.cache
def _pattern(word: str, gap: str) -> re.Pattern[str]:
    stem = r"\s+".join(map(re.escape, plain(word.rstrip("*"), gap).split()))
    if not re.search(r"\w", stem):
        return re.compile(stem)
    return re.compile(rf"(?<!\w){stem}" + (r"\w*" if word.endswith("*") else r"(?!\w)"))
