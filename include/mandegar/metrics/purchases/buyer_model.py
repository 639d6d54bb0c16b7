"""Buyer models for customers without contracts: how often they will buy (BG/NBD) and what they spend (Gamma-Gamma)."""

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    Slope = Callable[[np.ndarray], tuple[float, np.ndarray]]

WEEK = 7  # days: the unit of the published parameters
MINIMUM_REPEAT_BUYERS = 100
WIDEST = 12.0  # a parameter beyond e^12 or below e^-12 is not told by the data
SINGULAR = 1e-6  # E[Y(t)] has a removable singularity at a = 1
STARTS = (1.0, 0.3, 3.0)


@dataclass(frozen=True)
class NoModel:
    """There is no model, and why."""

    reason: str


@dataclass(frozen=True)
class BGNBD:
    """Parameters of the BG/NBD model, times in weeks: purchases come at a rate ~ Gamma(r, alpha), and after each the buyer is
    gone with a probability ~ Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    std_errors: tuple[float | None, ...]
    customers: int
    repeat_buyers: int


@dataclass(frozen=True)
class GammaGamma:
    """Parameters of the Gamma-Gamma model of spend per purchase: Gamma(p, v) for a buyer, v ~ Gamma(q, gamma) over buyers."""

    p: float
    q: float
    gamma: float
    log_likelihood: float
    std_errors: tuple[float | None, ...]
    repeat_buyers: int


def fit_bgnbd(
    x: "np.ndarray", t_x: "np.ndarray", age: "np.ndarray", count: "np.ndarray", minimum: int = MINIMUM_REPEAT_BUYERS
) -> BGNBD | NoModel:
    """The BG/NBD model of a customer base by maximum likelihood.

    x: repeat purchases (days with a purchase after the first); t_x: weeks from the first to the last of them; age: weeks from
    the first until the end of observation (T); count: how many customers share the three.
    Formula: L = A1 A2 (A3 + [x > 0] A4), summed in logarithms. Standard errors are those of the observed information.
    Source: Fader, Hardie and Lee 2005, "Counting Your Customers" the Easy Way, Marketing Science 24.
    Errors: none; NoModel where there are too few repeat buyers or the likelihood has no maximum within reason.
    """
    import numpy as np

    x, t_x, age, count = (np.asarray(values, dtype=float) for values in (x, t_x, age, count))
    repeat_buyers = int(count[x > 0].sum())
    if repeat_buyers < minimum:
        return NoModel(f"repeat buyers: {repeat_buyers}; a model needs {minimum}")
    scale = float((age * count).sum() / count.sum())
    if scale <= 0:
        return NoModel("every customer's first purchase is on the last day")
    found = _maximum(_bgnbd_slope(x, t_x / scale, age / scale, count), 4)
    if isinstance(found, NoModel):
        return found
    (r, alpha, a, b), errors, value = found
    # the likelihood of times in another unit: each of the x purchase times is a density
    value -= float((x * count).sum()) * float(np.log(scale))
    errors = (errors[0], None if errors[1] is None else errors[1] * scale, *errors[2:])
    return BGNBD(r, alpha * scale, a, b, value, errors, int(count.sum()), repeat_buyers)


def fit_gamma_gamma(x: "np.ndarray", mean: "np.ndarray", count: "np.ndarray", minimum: int = MINIMUM_REPEAT_BUYERS) -> GammaGamma | NoModel:
    """The Gamma-Gamma model of the value of purchases by maximum likelihood.

    x: a repeat buyer's number of repeat purchases; mean: their mean value, above 0; count: how many buyers share both.
    Source: Fader and Hardie 2013, The Gamma-Gamma Model of Monetary Value.
    Errors: none; NoModel as in `fit_bgnbd`.
    """
    import numpy as np

    x, mean, count = (np.asarray(values, dtype=float) for values in (x, mean, count))
    usable = (x > 0) & (mean > 0)
    x, mean, count = x[usable], mean[usable], count[usable]
    buyers = int(count.sum())
    if buyers < minimum:
        return NoModel(f"repeat buyers: {buyers}; a model needs {minimum}")
    scale = float((mean * count).sum() / count.sum())
    found = _maximum(_gamma_gamma_slope(x, mean / scale, count), 3)
    if isinstance(found, NoModel):
        return found
    (p, q, gamma), errors, value = found
    value -= buyers * float(np.log(scale))
    errors = (*errors[:2], None if errors[2] is None else errors[2] * scale)
    return GammaGamma(p, q, gamma * scale, value, errors, buyers)


def expected_purchases(model: BGNBD, weeks: float, x: "np.ndarray", t_x: "np.ndarray", age: "np.ndarray") -> "np.ndarray":
    """How many purchases are expected within so many weeks of a customer with this history (E[Y(t) | x, t_x, T])."""
    return unconditional_part(model, weeks, x, age) * p_alive(model, x, t_x, age)


def p_alive(model: BGNBD, x: "np.ndarray", t_x: "np.ndarray", age: "np.ndarray") -> "np.ndarray":
    """The probability that a customer with this history has not gone for good; 1 by the model for who bought once.

    Formula: 1 / (1 + [x > 0] a / (b + x - 1) ((alpha + T) / (alpha + t_x))^(r + x)).
    Source: Fader, Hardie and Lee 2008, Computing P(alive) Using the BG/NBD Model.
    """
    import numpy as np

    x, t_x, age = (np.asarray(values, dtype=float) for values in (x, t_x, age))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        odds = np.exp(np.log(model.a) - np.log(model.b + x - 1) + (model.r + x) * (np.log(model.alpha + age) - np.log(model.alpha + t_x)))
    return np.where(x > 0, 1 / (1 + odds), 1.0)


def unconditional_part(model: BGNBD, weeks: float, x: "np.ndarray", age: "np.ndarray") -> "np.ndarray":
    """The purchases expected within so many weeks of a customer who is still alive; p_alive times this is E[Y(t) | x, t_x, T].

    Formula: (a + b + x - 1) / (a - 1) x [1 - (1 - z)^(a - 1) 2F1(a + b - 1 - r, a - 1; a + b + x - 1; z)], z = t / (alpha + T + t):
    the published one after Euler's transformation, in which x no longer stands where the function overflows.
    """
    import numpy as np
    from scipy.special import hyp2f1

    x, age = np.asarray(x, dtype=float), np.asarray(age, dtype=float)
    a = model.a if abs(model.a - 1) > SINGULAR else 1 + SINGULAR
    top = a + model.b + x - 1
    z = weeks / (model.alpha + age + weeks)
    return top / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(a + model.b - 1 - model.r, a - 1, top, z))


def discounted_part(
    model: BGNBD, x: "np.ndarray", age: "np.ndarray", steps: int, weeks_per_step: float, rate_per_step: float
) -> "np.ndarray":
    """Purchases expected over a horizon of a customer who is still alive, each discounted to today from the end of its step."""
    import numpy as np

    x, age = np.asarray(x, dtype=float), np.asarray(age, dtype=float)
    total, before = np.zeros_like(x), np.zeros_like(x)
    for step in range(1, steps + 1):
        until = unconditional_part(model, step * weeks_per_step, x, age)
        total += (until - before) / (1 + rate_per_step) ** step
        before = until
    return total


def expected_value(model: GammaGamma, x: "np.ndarray", mean: "np.ndarray") -> "np.ndarray":
    """The value expected of a purchase of a buyer with x repeat purchases of this mean (E[M | x, m]); NaN where q <= 1 and x = 0.

    Formula: p (gamma + m x) / (p x + q - 1).
    """
    import numpy as np

    x, mean = np.asarray(x, dtype=float), np.asarray(mean, dtype=float)
    below = model.p * x + model.q - 1
    return np.where(below > 0, model.p * (model.gamma + mean * x) / np.where(below > 0, below, 1.0), np.nan)


def _bgnbd_slope(x: "np.ndarray", t_x: "np.ndarray", age: "np.ndarray", count: "np.ndarray") -> "Slope":
    """The negative log-likelihood and its gradient, by the parameters' logarithms."""
    import numpy as np
    from scipy.special import gammaln, psi

    levels, level = np.unique(x, return_inverse=True)
    weight = np.bincount(level, weights=count)
    repeat = x > 0
    n = count.sum()

    def slope(logs: "np.ndarray") -> "tuple[float, np.ndarray]":
        r, alpha, a, b = np.exp(logs)
        once = gammaln(r + levels) - gammaln(r) + r * logs[1] + gammaln(a + b) + gammaln(b + levels)
        once -= gammaln(b) + gammaln(a + b + levels)
        alive = -(r + x) * np.log(alpha + age)
        with np.errstate(divide="ignore", invalid="ignore"):
            gone = np.where(repeat, logs[2] - np.log(b + x - 1) - (r + x) * np.log(alpha + t_x), -inf)
            both = np.logaddexp(alive, gone)
            share = np.exp(gone - both)  # of the likelihood that the buyer left after the last purchase
            per_rest = np.where(repeat, 1 / (b + x - 1), 0.0)
        value = (once * weight).sum() + (both * count).sum()
        later, last = np.log(alpha + age), np.log(alpha + t_x)
        by_r = ((psi(r + levels) - psi(r) + logs[1]) * weight).sum() - (((1 - share) * later + share * last) * count).sum()
        by_alpha = n * r / alpha - ((r + x) * ((1 - share) / (alpha + age) + share / (alpha + t_x)) * count).sum()
        by_a = ((psi(a + b) - psi(a + b + levels)) * weight).sum() + (share * count).sum() / a
        by_b = ((psi(a + b) + psi(b + levels) - psi(b) - psi(a + b + levels)) * weight).sum() - (share * per_rest * count).sum()
        return -value, -np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])

    return slope


def _gamma_gamma_slope(x: "np.ndarray", mean: "np.ndarray", count: "np.ndarray") -> "Slope":
    """The negative log-likelihood and its gradient, by the parameters' logarithms."""
    import numpy as np
    from scipy.special import gammaln, psi

    levels, level = np.unique(x, return_inverse=True)
    weight = np.bincount(level, weights=count)
    log_mean = np.log(mean)
    per_level = np.bincount(level, weights=count * log_mean)
    n, logs_of_mean = count.sum(), (count * log_mean).sum()

    def slope(logs: "np.ndarray") -> "tuple[float, np.ndarray]":
        p, q, gamma = np.exp(logs)
        shape = p * levels
        once = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * logs[2] + shape * np.log(levels)
        total = np.log(gamma + mean * x)
        value = (once * weight).sum() + (shape * per_level).sum() - logs_of_mean - ((p * x + q) * total * count).sum()
        by_p = (levels * (psi(shape + q) - psi(shape) + np.log(levels)) * weight).sum() + (levels * per_level).sum()
        by_p -= (x * total * count).sum()
        by_q = ((psi(shape + q) - psi(q) + logs[2]) * weight).sum() - (total * count).sum()
        by_gamma = n * q / gamma - ((p * x + q) / (gamma + mean * x) * count).sum()
        return -value, -np.array([by_p * p, by_q * q, by_gamma * gamma])

    return slope


def _maximum(slope: "Slope", parameters: int) -> "tuple[tuple[float, ...], tuple[float | None, ...], float] | NoModel":
    """The parameters at the maximum, their standard errors, and the log-likelihood there."""
    import numpy as np
    from scipy.optimize import minimize

    bounds = [(-WIDEST, WIDEST)] * parameters
    tried = [
        minimize(
            slope, np.full(parameters, np.log(start)), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-13, "gtol": 1e-8}
        )
        for start in STARTS
    ]
    best = min((result for result in tried if np.isfinite(result.fun)), key=lambda result: float(result.fun), default=None)
    if best is None:
        return NoModel("the likelihood cannot be computed from these purchases")
    if np.any(np.abs(best.x) > WIDEST - 0.01):
        return NoModel("the likelihood grows without end: the purchases do not tell buyers apart as the model needs it")
    information = _hessian(slope, best.x)
    if not np.all(np.isfinite(information)) or np.any(np.linalg.eigvalsh(information) <= 0):
        return NoModel("the likelihood has no clear maximum: too few repeat purchases, or too much alike")
    values = np.exp(best.x)
    errors = values * np.sqrt(np.diag(np.linalg.inv(information)))
    return tuple(map(float, values)), tuple(map(float, errors)), -float(best.fun)


def _hessian(slope: "Slope", at: "np.ndarray") -> "np.ndarray":
    """The second derivatives, from differences of the gradient."""
    import numpy as np

    step = 1e-5
    columns = [(slope(at + step * unit)[1] - slope(at - step * unit)[1]) / (2 * step) for unit in np.eye(len(at))]
    return (np.array(columns) + np.array(columns).T) / 2
