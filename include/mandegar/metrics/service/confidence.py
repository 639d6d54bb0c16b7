"""Confidence intervals of what answers tell: how far the figure may lie from that of everybody who was not asked."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.95
PSEUDO = 0.75  # promoters and detractors added each by the adjusted Wald interval, with twice as many passives
Interval = tuple["np.ndarray", "np.ndarray"]


def nps(promoters: "np.ndarray", detractors: "np.ndarray", answers: "np.ndarray") -> Interval:
    """The adjusted Wald interval of the Net Promoter Score, in points from -100 to 100; NaN without answers.

    Formula: with 3/4 promoters, 3/4 detractors and 3/2 passives added, p and d the shares of n answers,
    100 (p - d ± z sqrt(v / n)), where v = p + d - (p - d)^2 is the variance of an answer that counts 1, 0 or -1 (trinomial).
    Unlike without the addition, a few answers that agree do not make it certain. It is widened to the score itself, which
    lies outside when there is one answer only.
    Source: B. Rocks, Interval Estimation for the "Net Promoter Score", The American Statistician 70 (2016).
    """
    import numpy as np
    from scipy import stats

    n = answers + 4 * PSEUDO
    p, d = (promoters + PSEUDO) / n, (detractors + PSEUDO) / n
    reach = stats.norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt((p + d - (p - d) ** 2) / n)
    score = (promoters - detractors) / np.where(answers > 0, answers, np.nan)
    low, high = np.minimum(p - d - reach, score), np.maximum(p - d + reach, score)
    return np.clip(100 * low, -100, 100), np.clip(100 * high, -100, 100)


def share(successes: "np.ndarray", trials: "np.ndarray") -> Interval:
    """The Wilson score interval of a share; NaN without trials.

    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927).
    """
    import numpy as np

    pairs = [_wilson(int(k), int(n)) for k, n in zip(successes, trials, strict=True)]
    bounds = np.array(pairs, dtype=float).reshape(-1, 2)
    return bounds[:, 0], bounds[:, 1]


def mean(answers: "np.ndarray", total: "np.ndarray", squares: "np.ndarray", scale: tuple[float, float]) -> Interval:
    """Student's interval of a mean, within the scale of the answers; NaN with fewer than two answers.

    answers, total, squares: how many, their sum and the sum of their squares.
    """
    import numpy as np
    from scipy import stats

    n = np.where(answers > 1, answers, 2.0)
    average = total / n
    variance = np.maximum(squares - n * average**2, 0.0) / (n - 1)
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * np.sqrt(variance / n)
    low, high = np.clip(average - reach, *scale), np.clip(average + reach, *scale)
    return np.where(answers > 1, low, np.nan), np.where(answers > 1, high, np.nan)


@lru_cache(maxsize=100_000)
def _wilson(successes: int, trials: int) -> tuple[float, float]:
    from scipy import stats

    if not trials:
        return float("nan"), float("nan")
    found = stats.binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)
