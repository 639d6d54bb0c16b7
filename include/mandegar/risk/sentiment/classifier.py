"""The classifier of one language: TF-IDF of character n-grams and a logistic regression; it scores with numpy alone."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mandegar.risk.sentiment.ngrams import ngrams, vocabulary
from mandegar.risk.sentiment.texts import Rated

STRENGTH = 1.0  # scikit-learn's C: the inverse of the penalty on large weights
DIGITS = 6  # significant, of what is saved: the same on machines whose last bits differ
TOLERANCE, STEPS = 1e-8, 1_000


@dataclass(frozen=True)
class Classifier:
    """What the n-grams of a language weigh. idf: how rare each is; weights, intercept: of the logistic regression."""

    ngrams: tuple[str, ...]
    idf: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    @cached_property
    def _known(self) -> dict[str, tuple[float, float]]:
        return {ngram: pair for ngram, *pair in zip(self.ngrams, self.idf, self.weights, strict=True)}  # type: ignore[misc]

    def positive(self, text: str) -> float:
        """The probability that whoever wrote a normalised text is satisfied.

        Formula: 1 / (1 + e^-z), z = intercept + sum(weight x tfidf) / sqrt(sum(tfidf^2)), tfidf = (1 + ln count) x idf: what
        scikit-learn's TfidfVectorizer(sublinear_tf=True) and LogisticRegression compute.
        """
        known = self._known
        length = total = 0.0
        for ngram, count in Counter(ngram for ngram in ngrams(text) if ngram in known).items():
            idf, weight = known[ngram]
            tfidf = (1.0 + math.log(count)) * idf
            length += tfidf * tfidf
            total += weight * tfidf
        z = self.intercept + (total / math.sqrt(length) if length else 0.0)
        return 1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z))

    def all_positive(self, texts: Sequence[str]) -> np.ndarray:
        """The same of many texts, each different text once."""
        found = {text: self.positive(text) for text in set(texts)}
        return np.array([found[text] for text in texts], dtype=float)


def fit(rated: Sequence[Rated]) -> Classifier | None:
    """The classifier of rated texts of one language; None where no n-gram was written by enough customers."""
    from sklearn.linear_model import LogisticRegression

    vectoriser = tfidf(rated)
    if vectoriser is None:
        return None
    features = vectoriser.fit_transform(text.text for text in rated)
    model = LogisticRegression(C=STRENGTH, tol=TOLERANCE, max_iter=STEPS)
    model.fit(features, np.array([text.is_positive for text in rated]))
    return Classifier(
        tuple(vectoriser.get_feature_names_out()),
        tuple(_rounded(value) for value in vectoriser.idf_),
        tuple(_rounded(value) for value in model.coef_[0]),
        _rounded(model.intercept_[0]),
    )


def tfidf(rated: Sequence[Rated]):  # type: ignore[no-untyped-def]  # scikit-learn has no types
    """scikit-learn's vectoriser with the vocabulary of those texts, not fitted yet; None if the vocabulary is empty."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    known = vocabulary((text.customer_id, text.text) for text in rated)
    return TfidfVectorizer(analyzer=ngrams, vocabulary=known, sublinear_tf=True) if known else None


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
