"""How good probabilities are: ranking, calibration, and whether one model is better than another, with intervals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

BINS = 10
ROUNDS = 400
TAIL = 2.5  # percent on either side of an interval


@dataclass(frozen=True)
class Figures:
    """What a model is worth on a period it has not seen.

    auc: how often one who left stands above one who stayed; pr_auc: average precision; brier: mean squared error; ece: expected calibration
    error of ten bins of equally many customers; lift_10: churn of the tenth at highest risk against that of all.
    """

    customers: int
    left: int
    auc: float
    pr_auc: float
    brier: float
    log_loss: float
    ece: float
    lift_10: float


def figures(probability: "np.ndarray", left: "np.ndarray") -> Figures:
    """All figures of some probabilities. Errors: ValueError where nobody left, or everybody."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    return Figures(
        customers=len(left),
        left=int(left.sum()),
        auc=float(roc_auc_score(left, probability)),
        pr_auc=float(average_precision_score(left, probability)),
        brier=brier(probability, left),
        log_loss=log_loss(probability, left),
        ece=calibration_error(probability, left),
        lift_10=lift(probability, left, 0.1),
    )


def brier(probability: "np.ndarray", left: "np.ndarray") -> float:
    """The mean squared difference between probability and what came (Brier 1950)."""
    return float(((probability - left) ** 2).mean())


def log_loss(probability: "np.ndarray", left: "np.ndarray") -> float:
    """The mean negative log-likelihood of what came."""
    import numpy as np

    held = np.clip(probability, 1e-9, 1 - 1e-9)
    return float(-np.where(left > 0, np.log(held), np.log(1 - held)).mean())


def reliability(probability: "np.ndarray", left: "np.ndarray", bins: int = BINS) -> list[tuple[float, float, int]]:
    """Mean probability, churn share and customers of bins of equally many customers, by rising probability."""
    import numpy as np

    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [(float(probability[part].mean()), float(left[part].mean()), len(part)) for part in parts]


def calibration_error(probability: "np.ndarray", left: "np.ndarray") -> float:
    """Expected calibration error: the mean distance between probability and churn share over the bins of `reliability`."""
    parts = reliability(probability, left)
    return sum(abs(told - came) * count for told, came, count in parts) / sum(count for *_, count in parts)


def lift(probability: "np.ndarray", left: "np.ndarray", share: float) -> float:
    """Churn of the given share at highest risk against that of all; of equal probabilities the earlier rows count first."""
    import numpy as np

    top = np.argsort(-probability, kind="stable")[: max(1, round(share * len(left)))]
    return float(left[top].mean() / left.mean())


@dataclass(frozen=True)
class Comparison:
    """How much better one model is than another on the same customers, with 95 % intervals: above 0 is better."""

    auc: tuple[float, float, float]
    brier: tuple[float, float, float]

    @property
    def better(self) -> bool:
        """Whether it is better on ranking and on calibration, as far as chance can tell."""
        return self.auc[1] > 0 and self.brier[1] > 0


def compared(one: "np.ndarray", other: "np.ndarray", left: "np.ndarray", customers: "np.ndarray", seed: int) -> Comparison:
    """One model's gain over another in AUC, and in the Brier score (what the other's is higher).

    Each with its 95 % interval of 400 bootstrap samples of customers: all snapshots of a customer come together.
    """
    import numpy as np

    chance = np.random.default_rng(seed)
    codes = np.unique(customers, return_inverse=True)[1]
    ranks = [_Ranks(one, left), _Ranks(other, left)]
    errors = [(one - left) ** 2, (other - left) ** 2]
    gains = []
    for _ in range(ROUNDS):
        weights = chance.multinomial(codes.max() + 1, np.full(codes.max() + 1, 1 / (codes.max() + 1)))[codes].astype("float64")
        if weights[left > 0].sum() == 0 or weights[left == 0].sum() == 0:
            continue
        squared = [float((error * weights).sum() / weights.sum()) for error in errors]
        gains.append((ranks[0].auc(weights) - ranks[1].auc(weights), squared[1] - squared[0]))
    found, whole = np.array(gains), np.ones(len(left))
    middle = (ranks[0].auc(whole) - ranks[1].auc(whole), float(errors[1].mean() - errors[0].mean()))
    bounds = np.percentile(found, [TAIL, 100 - TAIL], axis=0)
    auc, squared_error = ((middle[place], float(bounds[0, place]), float(bounds[1, place])) for place in range(2))
    return Comparison(auc, squared_error)


class _Ranks:
    """The AUC of one set of probabilities under changing weights, without sorting again."""

    def __init__(self, probability: "np.ndarray", left: "np.ndarray") -> None:
        import numpy as np

        self.order = np.argsort(probability, kind="stable")
        ordered = probability[self.order]
        self.left = left[self.order] > 0
        self.group = np.r_[0, np.cumsum(np.diff(ordered) > 0)]

    def auc(self, weights: "np.ndarray") -> float:
        """The weighted AUC; of equals, half."""
        import numpy as np

        ordered = weights[self.order]
        gone = np.bincount(self.group, np.where(self.left, ordered, 0.0))
        stayed = np.bincount(self.group, np.where(self.left, 0.0, ordered))
        below = np.cumsum(stayed) - stayed
        return float((gone * (below + stayed / 2)).sum() / (gone.sum() * stayed.sum()))
