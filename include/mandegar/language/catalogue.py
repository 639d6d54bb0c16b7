"""The language catalogue: a sentence stands in the code in English, as a `Said`; `<locale>.po` beside this file has it in another language.

A further language is a further file. What is stored for people (reasons of the quarantine, details of a rule) is in the company's language,
as reasons of risk are; what an error says is English.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from babel.dates import get_month_names
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

HERE = Path(__file__).parent
ENGLISH = "en"
LOCALES = (ENGLISH, *sorted(file.stem for file in HERE.glob("*.po")))
# what a catalogue says of its language beside sentences, each under the context `language`
DIGITS = "0123456789.,%"
MINUS = "-"
SEPARATOR = "; "
COMMA = ","
DIRECTION = "ltr"
LANGUAGE = "language"


@dataclass(frozen=True)
class Said:
    """Something said to people, in no language yet.

    english: with {} for numbers, and {name} for what others call things. numbers: as English writes them. context: where the same
    English is said otherwise in other places. own: in the words of a company's file, by language, which nothing is put into.
    """

    english: str
    numbers: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    context: str | None = None
    own: tuple[tuple[str, str], ...] = ()

    def of(self, *numbers: str, **names: str) -> "Said":
        """The sentence with numbers and names in it."""
        return replace(self, numbers=numbers, names=tuple(names.items()))

    def told(self, locale: str) -> str:
        """In a language; in English where the catalogue does not have it.

        In a language from right to left the marks \\u2068 and \\u2069 keep a name apart from the direction of the words around it.
        """
        if self.own:
            return dict(self.own).get(locale, self.english)
        template = translated(locale, self.english, self.context)
        if not self.numbers and not self.names:
            return template
        apart = {key: f"\u2068{name}\u2069" if right_to_left(locale) else name for key, name in self.names}
        return template.format(*(digits(locale, number) for number in self.numbers), **apart)

    def __str__(self) -> str:
        return self.told(ENGLISH)


def said(english: str, *numbers: str, **names: str) -> Said:
    """A sentence with numbers and names in it."""
    return Said(english, numbers, tuple(names.items()))


def translated(locale: str, english: str, context: str | None = None) -> str:
    """A text as it stands in a language's catalogue; the English where there is none."""
    if locale == ENGLISH:
        return english
    message = _catalogue(locale).get(english, context)
    return str(message.string) if message is not None and message.string else english


def listed(locale: str, some: list[Said]) -> str | None:
    """Several sentences after one another; None if there is none."""
    return separator(locale).join(one.told(locale) for one in some) or None


def separator(locale: str) -> str:
    """What stands between several things."""
    return translated(locale, SEPARATOR, LANGUAGE)


def digits(locale: str, text: str) -> str:
    """A number as the language writes it."""
    return text.translate(_digits(locale))


def isolated(locale: str, text: str) -> str:
    """A date, a path or a command, which runs from left to right within any language."""
    return f"\u2066{text}\u2069" if right_to_left(locale) else text


def right_to_left(locale: str) -> bool:
    """Whether the language runs from right to left."""
    return translated(locale, DIRECTION, LANGUAGE) == "rtl"


def gregorian_month(locale: str, day: date) -> str:
    """A month of the Gregorian calendar by its name."""
    return get_month_names("wide", "stand-alone", locale)[day.month]


@cache
def _catalogue(locale: str) -> Catalog:
    with (HERE / f"{locale}.po").open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


@cache
def _digits(locale: str) -> dict[int, int]:
    own = translated(locale, DIGITS, LANGUAGE)
    return {ord(one): ord(other) for one, other in zip(DIGITS, own, strict=True)}
