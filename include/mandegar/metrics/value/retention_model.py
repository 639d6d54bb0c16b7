"""Retention of customers who differ: the shifted-beta-geometric model of contracts that may end at each renewal."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mandegar.metrics.purchases.buyer_model import NoModel

if TYPE_CHECKING:
    import numpy as np

MINIMUM_LEFT = 100
WIDEST = 12.0  # a parameter beyond e^12 or below e^-12 is not told by the data
STARTS = (0.0, 1.5)


@dataclass(frozen=True)
class ShiftedBetaGeometric:
    """Each customer leaves at every renewal with the same probability of its own, which is Beta(alpha, beta) over customers."""

    alpha: float
    beta: float
    log_likelihood: float
    customers: int
    left: int

    def survival(self, renewals: "np.ndarray") -> "np.ndarray":
        """The share that is still there after so many renewals: B(alpha, beta + t) / B(alpha, beta)."""
        import numpy as np

        return np.exp(_log_survival(self.alpha, self.beta, np.asarray(renewals, dtype=float)))

    def renewals_ahead(self, renewals: "np.ndarray", discount: float) -> "np.ndarray":
        """How many payments a customer who has stayed through so many renewals is expected to make yet, discounted; without that
        which is due now.

        Formula: sum over j >= 1 of S(n + j) / S(n) z^j, z = 1 / (1 + discount)
        = (beta + n) / (alpha + beta + n) z 2F1(1, beta + n + 1; alpha + beta + n + 1; z).
        Source: Fader and Hardie 2010, Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring Heterogeneity.
        """
        import numpy as np
        from scipy.special import hyp2f1

        n, z = np.asarray(renewals, dtype=float), 1 / (1 + discount)
        below = self.alpha + self.beta + n
        return (self.beta + n) / below * z * hyp2f1(1.0, self.beta + n + 1, below + 1, z)


def fit_sbg(
    renewals: "np.ndarray", left: "np.ndarray", entry: "np.ndarray", count: "np.ndarray", minimum: int = MINIMUM_LEFT
) -> ShiftedBetaGeometric | NoModel:
    """The model of a customer base by maximum likelihood.

    renewals: how many each stayed through; left: whether it left at the next one (else it is still there, and censored); entry: through
    how many it had stayed when it was first observed; count: how many customers share the three.
    Formula: P(T = t) = B(alpha + 1, beta + t - 1) / B(alpha, beta) of who left at renewal t, S(t) of who stayed through t, each divided
    by S(entry).
    Source: Fader and Hardie 2007, How to Project Customer Retention, Journal of Interactive Marketing 21.
    Errors: none; NoModel where too few have left, or the likelihood has no maximum within reason.
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import betaln

    t, entry, count = (np.asarray(values, dtype=float) for values in (renewals, entry, count))
    gone = np.asarray(left, dtype=bool)
    leavings = int(count[gone].sum())
    if leavings < minimum:
        return NoModel(f"customers who left: {leavings}; a model needs {minimum}")

    # a few ages, thousands of groups of customers: each age is looked up once, who stayed so long and who left after it
    ages, places = np.unique(np.concatenate((t, entry)), return_inverse=True)
    observed, before = np.where(gone, places[: len(t)] + len(ages), places[: len(t)]), places[len(t) :]

    def loss(logs: np.ndarray) -> float:
        alpha, beta = np.exp(logs)
        told = np.concatenate((betaln(alpha, beta + ages), betaln(alpha + 1, beta + ages))) - betaln(alpha, beta)
        return -float((count * (told[observed] - told[before])).sum())

    found = minimize(loss, STARTS, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-8, "maxiter": 4000})
    if not found.success or np.abs(found.x).max() >= WIDEST:
        return NoModel("the likelihood has no maximum within reason: customers do not differ, or too little is seen of them")
    alpha, beta = np.exp(found.x)
    return ShiftedBetaGeometric(float(alpha), float(beta), -float(found.fun), int(count.sum()), leavings)


def _log_survival(alpha: float, beta: float, t: "np.ndarray") -> "np.ndarray":
    from scipy.special import betaln

    return betaln(alpha, beta + t) - betaln(alpha, beta)
