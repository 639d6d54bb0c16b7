"""What a night tells of its tables, in English and Persian.

What is stored for people (reasons of the quarantine, details of a rule) is in the company's language, as reasons of risk are;
what an error says is English.
"""

PERSIAN = str.maketrans("0123456789.,%", "۰۱۲۳۴۵۶۷۸۹٫٬٪")
Said = tuple[str, str]


def said(english: str, persian: str, *numbers: str, **names: str) -> Said:
    """One sentence in both languages. numbers: written as English writes them; names: what the source calls things.

    The marks \\u2068 and \\u2069 keep a name apart from the direction of the words around it.
    """
    apart = {key: f"\u2068{name}\u2069" for key, name in names.items()}
    return english.format(*numbers, **names), persian.format(*(number.translate(PERSIAN) for number in numbers), **apart)


def in_language(locale: str, pair: Said) -> str:
    """The sentence in a language."""
    return pair[locale == "fa"]


def listed(locale: str, pairs: list[Said]) -> str | None:
    """Several sentences after one another; None if there is none."""
    return ("؛ " if locale == "fa" else "; ").join(in_language(locale, pair) for pair in pairs) or None
