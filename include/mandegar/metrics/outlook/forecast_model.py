"""The forecast of a share of those who leave: an exponentially weighted level with more variance than pure chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SMOOTHINGS = (0.1, 0.2, 0.4, 0.8)  # of 0.2 the newest period has weight 1, the one before 0.8, then 0.64
LEAST_PERIODS = 6
BEFORE_AN_ERROR = 2  # periods that a level stands on before its error is counted
LEVELS = (0.80, 0.95)
EXACT_UP_TO = 1_000  # customers; with more the continuous distribution is as good


@dataclass(frozen=True)
class Series:
    """What was lost in consecutive closed periods, of what was there at their start (base, above 0), in customers or in money.

    members: how many customers the base was made of. lumpy: what is lost does not leave one by one (money), so that chance
    alone does not say how much the share varies.
    """

    lost: "np.ndarray"
    base: "np.ndarray"
    members: "np.ndarray"
    lumpy: bool = False

    @property
    def shares(self) -> "np.ndarray":
        """The share lost in each period."""
        return self.lost / self.base


@dataclass(frozen=True)
class Forecast:
    """The share lost in a period to come: expected, and its bounds at LEVELS (low, high)."""

    expected: float
    bounds: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Backtest:
    """How forecasts of one horizon would have done: how many; the share of truths inside the bounds, at each of LEVELS; the mean
    absolute error, and that of the last value. Nothing where no forecast could be made."""

    forecasts: int
    coverage: tuple[float | None, ...]
    error: float | None
    error_naive: float | None


class Model:
    """A series with the levels that its periods were forecast from, of which every forecast and backtest is made."""

    def __init__(self, known: Series) -> None:
        """Reckons every level once: what a forecast in the past would have stood on is the beginning of the same."""
        self.known = known
        self._fits = [_Fit(known, smoothing) for smoothing in SMOOTHINGS]

    def forecast(self, members: float, horizon: int, periods: int | None = None) -> Forecast:
        """The share lost in the period `horizon` periods after the last, of so many customers.

        Formula: level m = (0.5 + sum w x) / (1 + sum w n), w = (1 - a)^age (Jeffreys' prior), n customers, x the share lost
        times n, a the one of SMOOTHINGS with the least squared errors so far; its variance = B (1 + (h - 1) a^2) + m (1 - m) /
        (1 + sum w n). B, how much the share varies beyond chance: the mean over past periods of (x/n - m')^2 - m' (1 - m') / n,
        m' the level before that period; not below 0, and times v / (v - 2), because v errors tell it badly (the variance of
        Student's t). The number lost is beta-binomial with that mean and variance. Of lumpy series the share is beta
        distributed, B being the mean of (x/n - m')^2, and no less than chance.
        Source: R. Hyndman, A. Koehler, J. Ord, R. Snyder, Forecasting with Exponential Smoothing (2008), local level model;
        A. Agresti, Categorical Data Analysis, beta-binomial.
        """
        periods = len(self.known.lost) if periods is None else periods
        fit = min(self._fits, key=lambda one: one.squares[periods])
        level, weight = fit.levels[periods], fit.weights[periods]
        chance, beyond = level * (1 - level), fit.beyond_chance(periods, self.known.lumpy)
        if self.known.lumpy:
            beyond = max(beyond, chance / members)
        variance = beyond * (1 + (horizon - 1) * fit.smoothing**2) + chance / weight
        return Forecast(level, _bounds(level, variance, members, self.known.lumpy))

    def backtest(self, horizon: int) -> tuple[Backtest, Backtest]:
        """The forecasts of that horizon that could have been made in the past against what came: of the amount, and of the share.

        Each stands on the periods before it alone, on six at least, and takes what was there at their end for what will be.
        """
        amounts, shares, known = [], [], self.known
        for periods in range(LEAST_PERIODS, len(known.lost) - horizon + 1):
            due, base = periods + horizon - 1, float(known.base[periods])  # the start of a period is the end of the one before
            made = self.forecast(float(known.members[periods]), horizon, periods)
            shares.append((made, 1.0, float(known.shares[due]), float(known.shares[periods - 1])))
            amounts.append((made, base, float(known.lost[due]), float(known.lost[periods - 1])))
        return _summed_up(amounts), _summed_up(shares)


class _Fit:
    """One smoothing of a series: by how many periods are known, the level, how many customers it stands on, and its errors."""

    def __init__(self, known: Series, smoothing: float) -> None:
        self.smoothing = smoothing
        self.levels, self.weights, self.squares, self.chances = [0.5], [1.0], [0.0], [0.0]
        lost = members = 0.0
        for place, (share, count) in enumerate(zip(known.shares, known.members, strict=True)):
            level, counts = self.levels[-1], place >= BEFORE_AN_ERROR
            self.squares.append(self.squares[-1] + counts * (float(share) - level) ** 2)
            self.chances.append(self.chances[-1] + counts * level * (1 - level) / float(count))
            lost, members = (1 - smoothing) * lost + float(share * count), (1 - smoothing) * members + float(count)
            self.weights.append(1 + members)
            self.levels.append(min((0.5 + lost) / (1 + members), 1 - 0.5 / (1 + members)))

    def beyond_chance(self, periods: int, lumpy: bool) -> float:
        """How much the share varies beyond chance, from the errors of the periods known."""
        count = periods - BEFORE_AN_ERROR
        excess = self.squares[periods] - (0.0 if lumpy else self.chances[periods])
        return max(excess / count, 0.0) * count / (count - 2)


def _summed_up(made: Sequence[tuple[Forecast, float, float, float]]) -> Backtest:
    """Forecasts, what they are multiplied by, the truth, and the last value before."""
    nearly = 1e-9
    coverage = tuple(
        _mean([f.bounds[level][0] * base - nearly <= truth <= f.bounds[level][1] * base + nearly for f, base, truth, _ in made])
        for level in range(len(LEVELS))
    )
    error = _mean([abs(one.expected * base - truth) for one, base, truth, _ in made])
    return Backtest(len(made), coverage, error, _mean([abs(last - truth) for _, _, truth, last in made]))


def _bounds(mean: float, variance: float, members: float, lumpy: bool) -> tuple[tuple[float, float], ...]:
    """The central intervals of the share at LEVELS, widened to hold its mean."""
    import numpy as np
    from scipy.special import betaincinv

    tails = np.array([((1 - confidence) / 2, (1 + confidence) / 2) for confidence in LEVELS])
    whole = round(members)
    if lumpy or whole > EXACT_UP_TO:
        a, b = _beta(mean, variance if lumpy else variance + mean * (1 - mean) / members)
        found = betaincinv(a, b, tails)
        # it may well be that nobody leaves
        found[:, 0] = np.where((1 - mean) ** members > tails[:, 0], 0.0, found[:, 0])
    else:
        a, b = _beta(mean, variance)
        reached = np.cumsum(beta_binomial(whole, a, b))
        found = np.minimum(np.searchsorted(reached, tails - 1e-12), whole) / whole
    return tuple((min(float(low), mean), max(float(high), mean)) for low, high in found)


def beta_binomial(count: int, a: float, b: float) -> "np.ndarray":
    """How likely 0, 1, … count of so many leave, where the chance of each follows a beta distribution.

    Formula: C(n, k) B(k + a, n - k + b) / B(a, b), by logarithms. Source: J. G. Skellam, A Probability Distribution Derived from the
    Binomial Distribution, JRSS B 10 (1948).
    """
    import numpy as np
    from scipy.special import betaln

    k = np.arange(count + 1)
    chosen = -np.log(count + 1) - betaln(count - k + 1, k + 1)
    return np.exp(chosen + betaln(k + a, count - k + b) - betaln(a, b))


def _beta(mean: float, variance: float) -> tuple[float, float]:
    """The beta distribution with that mean and variance; the variance is kept below that of all or nothing."""
    chance = mean * (1 - mean)
    size = chance / min(max(variance, 1e-15), 0.9 * chance) - 1
    return mean * size, (1 - mean) * size


def _mean(values: Sequence[float]) -> float | None:
    return fsum(values) / len(values) if values else None  # sum() rounds otherwise from CPython 3.12 on
