"""How good a classifier is: learnt from the older texts, judged by the last ones, which it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mandegar.language.catalogue import Said
from mandegar.risk.sentiment.classifier import fit
from mandegar.risk.sentiment.ngrams import LEAST_CUSTOMERS
from mandegar.risk.sentiment.texts import Rated

HELD_OUT = 0.25
LEAST_TEXTS = 200
LEAST_OF_A_SIDE = 50
LEAST_HELD_OUT_OF_A_SIDE = 15
LEAST_AUC = 0.6
RESAMPLES = 1_000
INTERVAL = (0.025, 0.975)
SEED = 1

TOO_FEW = Said("rated texts: {}; it takes {}")
TOO_FEW_GOOD = Said("texts rated well: {}; it takes {}")
TOO_FEW_BAD = Said("texts rated badly: {}; it takes {}")
TOO_FEW_LATE = Said(
    "of the rated texts, {} of the rarer kind in the part it learns from, {} in the last part, which judges it; it takes {}"
)
TOO_VARIED = Said("no piece of a word was written by {} customers")
TOO_WEAK = Said("AUC on later texts: {}, by the lower end of its interval {}; it takes more than {}")


@dataclass(frozen=True)
class Quality:
    """Figures of the held-out texts.

    learnt, judged: how many texts; seen: share of those judged that stand word for word among those learnt from; positive: share of
    those judged; auc with the ends of its 95 % interval; accuracy: share told right at a probability of one half; majority: the share
    told right by always saying what is more frequent.
    """

    learnt: int
    judged: int
    seen: float
    positive: float
    auc: float
    auc_low: float
    auc_high: float
    accuracy: float
    majority: float


def measured(rated: Sequence[Rated]) -> Quality | Said:
    """The quality on rated texts of one language, the oldest first; or in words why there is none, or not enough.

    The last quarter is held out. What is older is learnt from if its rating, too, was known when the last quarter began. Interval:
    percentiles of RESAMPLES draws of customers, not of texts: what one customer wrote is alike.
    """
    good = sum(text.is_positive for text in rated)
    for count, least, words in (
        (len(rated), LEAST_TEXTS, TOO_FEW),
        (good, LEAST_OF_A_SIDE, TOO_FEW_GOOD),
        (len(rated) - good, LEAST_OF_A_SIDE, TOO_FEW_BAD),
    ):
        if count < least:
            return words.of(f"{count:,}", str(least))
    older, later = split(rated)
    rarer_older, rarer_later = (min(sum(text.is_positive is side for text in part) for side in (True, False)) for part in (older, later))
    if min(rarer_older, rarer_later) < LEAST_HELD_OUT_OF_A_SIDE:
        return TOO_FEW_LATE.of(f"{rarer_older:,}", f"{rarer_later:,}", str(LEAST_HELD_OUT_OF_A_SIDE))
    classifier = fit(older)
    if classifier is None:
        return TOO_VARIED.of(str(LEAST_CUSTOMERS))
    found = _figures(older, later, classifier.all_positive([text.text for text in later]))
    if not found.auc_low > LEAST_AUC:
        return TOO_WEAK.of(f"{found.auc:.2f}", f"{found.auc_low:.2f}", f"{LEAST_AUC:.2f}")
    return found


def split(rated: Sequence[Rated]) -> tuple[list[Rated], list[Rated]]:
    """The texts to learn from, and the last HELD_OUT of all that judge."""
    cut = rated[int(len(rated) * (1 - HELD_OUT))].written_at
    return [text for text in rated if text.rated_at < cut], [text for text in rated if text.written_at >= cut]


def auc(positive: np.ndarray, is_positive: np.ndarray, weights: np.ndarray) -> float:
    """The share of pairs of a positive and a negative text in which the positive one has the higher probability; ties count half.

    weights: how often each text counts. NaN without a pair.
    """
    _, place = np.unique(positive, return_inverse=True)
    good = np.bincount(place, np.where(is_positive, weights, 0.0))
    bad = np.bincount(place, np.where(is_positive, 0.0, weights))
    pairs = good.sum() * bad.sum()
    return float((good * (np.cumsum(bad) - bad / 2)).sum() / pairs) if pairs else float("nan")


def _figures(older: Sequence[Rated], later: Sequence[Rated], positive: np.ndarray) -> Quality:
    is_positive = np.array([text.is_positive for text in later])
    _, customer = np.unique([text.customer_id for text in later], return_inverse=True)
    chance = np.random.default_rng(SEED)
    customers = int(customer.max()) + 1
    draws = (np.bincount(chance.integers(0, customers, customers), minlength=customers)[customer] for _ in range(RESAMPLES))
    low, high = np.nanquantile([auc(positive, is_positive, weights) for weights in draws], INTERVAL)
    share = float(is_positive.mean())
    known = {text.text for text in older}
    figures = (
        sum(text.text in known for text in later) / len(later),
        share,
        auc(positive, is_positive, np.ones(len(later))),
        low,
        high,
        float(((positive >= 0.5) == is_positive).mean()),
        max(share, 1 - share),
    )
    return Quality(len(older), len(later), *(round(float(figure), 4) for figure in figures))
