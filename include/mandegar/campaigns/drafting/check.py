"""What a draft may say: nothing that is not a fact, a placeholder, or in the offer's own terms. Every finding with its place and mend."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mandegar.campaigns.drafting import names, trial
from mandegar.campaigns.drafting.findings import Finding
from mandegar.campaigns.drafting.lists import Locale, found_in, lists, plain
from mandegar.campaigns.drafting.numbers import numbers, values
from mandegar.campaigns.drafting.spans import OFFER, Span, spans, words
from mandegar.campaigns.file.words import Campaign, Offer
from mandegar.campaigns.messages.template import Message, problems
from mandegar.config.company import Company

LOCALES: tuple[Locale, ...] = ("en", "fa")
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
NAMED = r"(?:links\.\w+|[a-z_]+)"
PLAIN_TAG = re.compile(rf"\{{\{{\s*{NAMED}\s*\}}\}}|\{{%-?\s*(if( not)?\s+{NAMED}( is (not )?defined)?|else|endif)\s*-?%\}}")
CUT = re.compile(r"\w(?:\{\{[^{}]*\}\}|\{[%#][^{}]*[%#]\})+\w")
MAY_BE_EMPTY = frozenset(["first_name", "owner", "amount", "reason", "retry_on", "points", "risk"])
NEVER_EMPTY = {"points_expiry": frozenset(["points"]), "complement": frozenset(["reason"])}  # by what the campaign waits for
SHORTEST_CODE = 4  # a shorter one stands in other words by chance


@dataclass(frozen=True)
class Allowed:
    """What a draft may say in a language.

    terms, numbers: to whom an offer is made; the terms of each that may be the one, and what all of them count. titled: numbers of the
    campaign's title, to everyone. filled: facts that are never empty.
    """

    locale: Locale
    codes: tuple[str, ...]
    terms: tuple[str, ...]
    numbers: frozenset[tuple[str, str]]
    titled: frozenset[tuple[str, str]]
    filled: frozenset[str]

    @classmethod
    def of(cls, campaign: Campaign, offers: list[Offer], locale: Locale) -> "Allowed":
        """What all of some offers of a campaign have in common, and what the campaign itself says."""
        terms = tuple(offer.terms.get(locale, "") for offer in offers)
        said = [{(str(offer.days), "day"), *values(numbers(told, locale))} for offer, told in zip(offers, terms, strict=True)]
        common = frozenset(set.intersection(*said) if said else ())
        titled = frozenset(values(numbers(getattr(campaign.title, locale), locale)))
        codes = tuple(offer.code for offer in offers if offer.code)
        return cls(locale, codes, terms, common, titled, NEVER_EMPTY.get(campaign.trigger.moment, frozenset()))

    def promises(self, word: str) -> bool:
        """Whether a word stands in all terms; of a percentage in whatever way it is written there."""
        percent = lists().units["%"]
        wanted = percent if word.rstrip("*") in percent else (word,)
        return bool(self.terms) and all(found_in(one, wanted) for one in self.terms)


def findings(message: Message, company: Company, campaign: Campaign, stage: str) -> list[Finding]:
    """All that is wrong with a draft of the message of a campaign's stage; none where it may be shown to a person.

    Of a message that several stages send, only what the offers of all of them say may be promised.
    """
    told = (one.split(": ", 2)[1:] for one in problems(message, "draft"))
    found = [Finding(at, said.rstrip("."), "Use the known facts alone.") for at, said in told]
    can_be_filled = not found
    offers = offers_of(campaign, stage)
    for locale in LOCALES:
        spoken = getattr(message, locale)
        if spoken is None:
            found.append(Finding(locale, "is missing", "Write it in both languages."))
            continue
        for part in ("subject", "text", "sms"):
            written = getattr(spoken, part)
            if written is not None:
                found += _of_text(f"{locale}.{part}", written, Allowed.of(campaign, offers, locale), company)
        if "sms" in campaign.channels and spoken.sms is None:
            found.append(Finding(f"{locale}.sms", "is missing", f"{campaign.id} sends by SMS: write one."))
        if can_be_filled and not found:
            found += dict.fromkeys(trial.of(message, company, locale))
    return found


def offers_of(campaign: Campaign, stage: str) -> list[Offer]:
    """The offers that whoever reads the message of a stage may have been made."""
    name = campaign.message_at(stage)
    stages = [step.name for step in campaign.steps] or list(campaign.trigger.stages)
    found = [campaign.offer_at(one) for one in stages if campaign.message_at(one) == name]
    return [*campaign.choices, *(offer for offer in found if offer)]


def _of_text(at: str, text: str, allowed: Allowed, company: Company) -> Iterator[Finding]:
    """What is wrong with one text of a draft."""
    for tag in TAG.findall(text):
        if not PLAIN_TAG.fullmatch(tag):
            yield Finding(at, f"found {tag!r}", "Write plain placeholders such as {{ first_name }}, and {% if offer_code %} … {% endif %}.")
    for cut in CUT.finditer(text):
        yield Finding(at, f"found {cut.group()!r}", "Put a space between words and placeholders.")
    if not allowed.terms and "offer_" in text:
        yield Finding(at, "speaks of an offer, and there is none", "Take it out.")
    found = spans(text) or [Span(TAG.sub(" ", text), "", frozenset())]
    yield from _unguarded(at, found, allowed)
    for offered in (True, False):
        yield from _of_words(at, words(found, offered), allowed, company, offered)


def _unguarded(at: str, found: list[Span], allowed: Allowed) -> Iterator[Finding]:
    """Placeholders that may be empty where they stand."""
    for fact in dict.fromkeys(span.fact for span in found if span.fact in MAY_BE_EMPTY - allowed.filled - span.given):
        yield Finding(at, f"{fact} may be empty", f"Write it between {{% if {fact} %}} and {{% endif %}}.")
    for fact in dict.fromkeys(span.fact for span in found if span.fact in OFFER and not span.offered and allowed.terms):
        yield Finding(at, f"{fact} may be empty", "Not everyone gets the offer: write it between {% if offer_code %} and {% endif %}.")


def _of_words(at: str, text: str, allowed: Allowed, company: Company, offered: bool) -> Iterator[Finding]:
    """What is wrong with words that are read by whom an offer is made, or else by everyone."""
    locale, known = allowed.locale, lists()
    for code in allowed.codes:
        if _says_code(text, code):
            yield Finding(at, f"says {code!r}", "Write {{ offer_code }}: not everyone gets it.")
            text = re.sub(re.escape(code), " ", text, flags=re.IGNORECASE)
    latin = "".join(str(int(letter)) if letter.isdecimal() else letter for letter in text)
    yield from names.addresses(at, latin)
    said = names.ADDRESS.sub(" ", latin)
    counted = {value for value, _ in allowed.numbers}
    for number in numbers(said, locale):
        if (number.value, number.unit) not in (allowed.titled | allowed.numbers if offered else allowed.titled):
            shown = f"{number.said} {number.unit_said}".strip() if number.value in counted else number.said
            where = "Use a placeholder, or the offer's own `terms:`."
            if (number.value, number.unit) in allowed.numbers:
                where = "Not everyone gets the offer: write it between {% if offer_code %} and {% endif %}."
            yield Finding(at, f"says {shown!r}, which no fact says", where)
    for word, told in found_in(said, known.promises[locale], known.ordinary[locale]).items():
        if not allowed.promises(word):
            yield Finding(at, f"says {told!r}", "Only the offer's own `terms:` may promise it.")
        elif not offered:
            yield Finding(at, f"says {told!r}", "Not everyone gets the offer: write it between {% if offer_code %} and {% endif %}.")
    for told in found_in(said, known.pressure[locale]).values():
        yield Finding(at, f"says {told!r}", "Do not press people; days stand in placeholders.")
    own = {word.lower() for told in (company.name, *(allowed.terms if offered else ())) for word in re.findall(r"\w+", told)}
    yield from names.names(at, said, locale, own)
    yield from names.other_letters(at, said, locale, own)


def _says_code(text: str, code: str) -> bool:
    """Whether a text says a code, however it is set apart."""
    if len(code) < SHORTEST_CODE:
        return bool(found_in(text, (code,)))
    return _letters(code) in _letters(text)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", plain(text))
