"""The sentiment model of a company: a classifier for each language that enough was written in, and why there is none for the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.language.catalogue import ENGLISH as IN_ENGLISH
from mandegar.language.catalogue import Said, separator
from mandegar.risk.evening import Evening, evening_of
from mandegar.risk.sentiment.classifier import Classifier, fit
from mandegar.risk.sentiment.ngrams import LEAST_CUSTOMERS
from mandegar.risk.sentiment.normalise import ENGLISH, LANGUAGES, PERSIAN, language_of, normalised
from mandegar.risk.sentiment.quality import TOO_VARIED, Quality, measured
from mandegar.risk.sentiment.texts import Rated, rated_texts
from mandegar.storage.lake import Lake

NAMES = {PERSIAN: Said("texts in Persian"), ENGLISH: Said("texts in English")}


@dataclass(frozen=True)
class Learnt:
    """What was learnt of one language: from so many texts, written from first to last; judged by the last quarter of them."""

    classifier: Classifier
    quality: Quality
    texts: int
    positive: int
    first: date
    last: date


@dataclass(frozen=True)
class Silent:
    """No model: why, by language."""

    reasons: dict[str, Said]

    def told(self, locale: str = IN_ENGLISH) -> str:
        """The reasons in words."""
        return separator(locale).join(f"{NAMES[language].told(locale)}: {why.told(locale)}" for language, why in self.reasons.items())


@dataclass(frozen=True)
class Sentiment:
    """The model of a night, by language; silent: why there is none of a language."""

    as_of: date
    languages: dict[str, Learnt]
    silent: Silent

    @property
    def version(self) -> str:
        """Its name: the night that it was learnt on."""
        return self.as_of.isoformat()

    def scores(self, texts: Sequence[str]) -> list[float | None]:
        """The sentiment of texts as they were written: -1 (certainly dissatisfied) to 1; None in a language it is silent about.

        Formula: 2p - 1, p the probability that the writer is satisfied.
        """
        found: dict[str, float | None] = {}
        for text in texts:
            if text not in found:
                plain = normalised(text)
                learnt = self.languages.get(language_of(plain) or "")
                found[text] = None if learnt is None else 2.0 * learnt.classifier.positive(plain) - 1.0
        return [found[text] for text in texts]


def learn(company: Company, lake: Lake, engine: Engine, as_of: date) -> Sentiment | Silent:
    """The model by what was known at the end of a day, of a night that was conformed; or why there is none."""
    return learnt_from(evening_of(company, lake, engine, as_of), engine)


def learnt_from(evening: Evening, engine: Engine) -> Sentiment | Silent:
    """The model of an evening. Each language stands alone: measured on its own texts, then learnt from all of them."""
    rated = rated_texts(evening, engine)
    languages: dict[str, Learnt] = {}
    silent: dict[str, Said] = {}
    for language in LANGUAGES:
        found = _learnt([text for text in rated if text.language == language])
        if isinstance(found, Learnt):
            languages[language] = found
        else:
            silent[language] = found
    return Sentiment(evening.as_of, languages, Silent(silent)) if languages else Silent(silent)


def _learnt(rated: list[Rated]) -> Learnt | Said:
    quality = measured(rated)
    if isinstance(quality, Said):
        return quality
    classifier = fit(rated)
    if classifier is None:
        return TOO_VARIED.of(str(LEAST_CUSTOMERS))
    positive = sum(text.is_positive for text in rated)
    return Learnt(classifier, quality, len(rated), positive, rated[0].written_at.date(), rated[-1].written_at.date())
