"""The difference between two groups that were divided by chance, with intervals that say how sure it is."""

from dataclasses import dataclass
from math import ceil, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
ALPHA = 0.05
FEWEST = 20  # in each group; below, no interval is told
SRM_ALARM = 0.001
LOOKED_FOR_AT = 1_000  # people at which the sequential interval is tightest


@dataclass(frozen=True)
class Effect:
    """A difference of means, treated less control.

    low, high: the 95 % interval of one look at the end (of amounts Welch's, of shares Newcombe's). low_any, high_any: one that holds
    however often it is looked at (asymptotic confidence sequence, Waudby-Smith et al. 2021). All empty below FEWEST in a group.
    """

    treated: int
    control: int
    mean_treated: float | None
    mean_control: float | None
    effect: float | None
    low: float | None = None
    high: float | None = None
    low_any: float | None = None
    high_any: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether it differs from nothing, however often it was looked at."""
        return self.low_any is not None and self.high_any is not None and (self.low_any > 0 or self.high_any < 0)


def difference_of_shares(treated: Values, control: Values) -> Effect:
    """The effect on a share, of values that are 0 or 1, with both intervals.

    low, high: Newcombe's, of two Wilson intervals (1998): it holds where a control group is small and the share near 0 or 1, as Welch's
    does not, and is no point where nobody, or everybody, came to the goal. For any look the error is that of Agresti and Caffo (2000),
    as if each group had one more of either kind.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    n, m = len(treated), len(control)
    if min(n, m) < FEWEST:
        return difference(treated, control)
    ones, ones_control = int(treated.sum()), int(control.sum())
    low, high = confint_proportions_2indep(ones, n, ones_control, m, method="newcomb", compare="diff", alpha=ALPHA)
    shares = (ones + 1) / (n + 2), (ones_control + 1) / (m + 2)
    error = sqrt(shares[0] * (1 - shares[0]) / (n + 2) + shares[1] * (1 - shares[1]) / (m + 2))
    effect, always = ones / n - ones_control / m, error * sequential_factor(n + m)
    return Effect(n, m, ones / n, ones_control / m, effect, float(low), float(high), effect - always, effect + always)


def difference(treated: Values, control: Values) -> Effect:
    """The effect on an amount: mean of the treated less mean of the control group, with both intervals."""
    from scipy import stats

    n, m = len(treated), len(control)
    if not n or not m:
        return Effect(n, m, _mean(treated), _mean(control), None)
    effect = float(treated.mean() - control.mean())
    if min(n, m) < FEWEST:
        return Effect(n, m, _mean(treated), _mean(control), effect)
    parts = treated.var(ddof=1) / n, control.var(ddof=1) / m
    error = sqrt(sum(parts))
    if error == 0:
        return Effect(n, m, _mean(treated), _mean(control), effect, effect, effect, effect, effect)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (m - 1))
    once = float(stats.t.ppf(1 - ALPHA / 2, freedom)) * error
    always = error * sequential_factor(n + m)
    return Effect(n, m, _mean(treated), _mean(control), effect, effect - once, effect + once, effect - always, effect + always)


def sequential_factor(people: int) -> float:
    """By how many standard errors an interval is widened that may be looked at after every single person.

    sqrt((n r + 1) / (n r) x log((n r + 1) / alpha^2)), with r chosen so that it is tightest at LOOKED_FOR_AT people.
    """
    rho = _rho(LOOKED_FOR_AT)
    scale = people * rho + 1
    return sqrt(scale / (people * rho) * log(scale / ALPHA**2))


def _rho(people: int) -> float:
    """The squared tuning parameter that makes the sequence tightest at that many people."""
    return (-2 * log(ALPHA) + log(-2 * log(ALPHA)) + 1) / people


def adjusted(treated: Values, control: Values, before_treated: Values, before_control: Values) -> tuple[Values, Values]:
    """CUPED: outcomes less what the time before foretells of them (Deng et al. 2013); the effect stays, its interval narrows.

    theta = cov(outcome, before) / var(before), within the groups. Where the time before says nothing, the outcomes as they are.
    """
    before = np.concatenate([before_treated - before_treated.mean(), before_control - before_control.mean()])
    outcome = np.concatenate([treated - treated.mean(), control - control.mean()])
    variance = float(before @ before)
    if variance == 0:
        return treated, control
    theta = float(before @ outcome) / variance
    center = float(np.concatenate([before_treated, before_control]).mean())
    return treated - theta * (before_treated - center), control - theta * (before_control - center)


def sample_ratio(treated: int, control: int, share: float) -> float | None:
    """How probable so odd a division is, if the control group was drawn with its share (exact binomial); below SRM_ALARM something
    other than chance divides them, and no result can be trusted. Empty without anybody, or without a control group."""
    from scipy import stats

    if not treated + control or not 0 < share < 1:
        return None
    return float(stats.binomtest(control, treated + control, share).pvalue)


def people_until_clear(found: Effect, least: float) -> int | None:
    """How many people in all it takes until an effect of a size would be clear in nine of ten times; empty where nothing varies.

    Of the division there is: (z_.975 + z_.9)^2 x error^2 x n / least^2.
    """
    from scipy import stats

    if found.low is None or found.high is None or least <= 0:
        return None
    people = found.treated + found.control
    error = (found.high - found.low) / 2 / float(stats.norm.ppf(1 - ALPHA / 2))
    needed = (float(stats.norm.ppf(1 - ALPHA / 2)) + float(stats.norm.ppf(0.9))) ** 2 * error**2 * people / least**2
    return None if needed == inf else max(ceil(needed), 1)


def _mean(values: Values) -> float | None:
    return float(values.mean()) if len(values) else None
