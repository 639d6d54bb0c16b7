"""Confidence intervals of what answers tell: how far the figure may lie from that of everybody who was not asked."""

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

    n = answers + 4 * PSEUDO
    p, d = (promoters + PSEUDO) / n, (detractors + PSEUDO) / n
    reach = normal_quantile() * np.sqrt((p + d - (p - d) ** 2) / n)
    score = (promoters - detractors) / np.where(answers > 0, answers, np.nan)
    low, high = np.minimum(p - d - reach, score), np.maximum(p - d + reach, score)
    return np.clip(100 * low, -100, 100), np.clip(100 * high, -100, 100)


def share(successes: "np.ndarray", trials: "np.ndarray") -> Interval:
    """The Wilson score interval of a share; NaN without trials, which need not be whole numbers.

    Formula: (p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), p the share of n trials.
    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927).
    """
    import numpy as np

    z, n = normal_quantile(), np.where(trials > 0, trials, np.nan)
    p = successes / n
    centre = (2 * n * p + z**2) / (2 * (n + z**2))
    reach = z / (2 * (n + z**2)) * np.sqrt(4 * n * p * (1 - p) + z**2)
    # of none and of all rounding must not leave the scale; without trials neither is known
    return np.where(successes > 0, centre - reach, 0 * n), np.where(successes < trials, centre + reach, n / n)


def mean(answers: "np.ndarray", total: "np.ndarray", squares: "np.ndarray", scale: tuple[float, float]) -> Interval:
    """Student's interval of a mean, within the scale of the answers; NaN with fewer than two answers.

    answers, total, squares: how many, their sum and the sum of their squares.
    """
    import numpy as np
    from scipy.special import stdtrit

    n = np.where(answers > 1, answers, 2.0)
    average = total / n
    variance = np.maximum(squares - n * average**2, 0.0) / (n - 1)
    reach = stdtrit(n - 1, (1 + CONFIDENCE) / 2) * np.sqrt(variance / n)
    low, high = np.clip(average - reach, *scale), np.clip(average + reach, *scale)
    return np.where(answers > 1, low, np.nan), np.where(answers > 1, high, np.nan)


def normal_quantile() -> float:
    """The quantile of the normal distribution, by scipy.special: scipy.stats takes half a second to import, and `measure` needs no more."""
    from scipy.special import ndtri

    return float(ndtri((1 + CONFIDENCE) / 2))
