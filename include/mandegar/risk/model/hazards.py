"""Time to churn: the hazard of every thirty days ahead, given how likely a customer is to leave at all."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mandegar.risk.model.calibration import log_odds

if TYPE_CHECKING:
    import numpy as np

STEP, STEPS = 30, 12  # days, and how many steps ahead
FEWEST = 30  # who leave in a step; of fewer, the step goes by the one before


@dataclass(frozen=True)
class Hazards:
    """A discrete-time hazard: in step k, of those still there, 1 / (1 + exp(-(offset_k + slope_k x log-odds))) leave.

    Source: Singer and Willett 1993. The log-odds are those of the calibrated probability at the longest horizon.
    """

    offsets: tuple[float, ...]
    slopes: tuple[float, ...]

    def survival(self, probability: "np.ndarray") -> "np.ndarray":
        """Which share is still there after each step. One row per probability, one column per step."""
        import numpy as np

        odds = log_odds(probability)[:, None]
        hazard = 1.0 / (1.0 + np.exp(-(np.array(self.offsets)[None, :] + np.array(self.slopes)[None, :] * odds)))
        return np.cumprod(1.0 - hazard, axis=1)

    def median_days(self, probability: "np.ndarray") -> "np.ndarray":
        """After how many days half of such customers have left, within a step by a straight line; NaN beyond the last step."""
        import numpy as np

        whole = np.concatenate([np.ones((len(probability), 1)), self.survival(probability)], axis=1)
        reached = whole <= 0.5
        first = np.argmax(reached, axis=1)
        there = reached.any(axis=1)
        place = np.maximum(first, 1)
        rows = np.arange(len(whole))
        before, after = whole[rows, place - 1], whole[rows, place]
        part = (before - 0.5) / np.maximum(before - after, 1e-12)
        return np.where(there, STEP * (place - 1 + part), np.nan)


def learn_hazards(probability: "np.ndarray", left_after: "np.ndarray", observed: "np.ndarray") -> Hazards:
    """The hazards of snapshots. left_after: days, NaN where the customer is still there; observed: days known since the snapshot.

    A row is at risk in a step while it has not left and the whole step is known. A step with hardly anybody who leaves goes by the one
    before.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    odds = log_odds(probability)
    gone = np.where(np.isnan(left_after), np.inf, left_after)
    offsets, slopes = [], []
    last = (float(np.log(0.01)), 0.0)
    for step in range(STEPS):
        begins, ends = step * STEP, (step + 1) * STEP
        there = (gone > begins) & (observed >= ends)
        left = gone[there] <= ends
        if left.sum() >= FEWEST and (~left).sum() >= FEWEST:
            fitted = LogisticRegression(C=1e6, max_iter=500).fit(odds[there].reshape(-1, 1), left)
            last = (float(fitted.intercept_[0]), max(float(fitted.coef_[0, 0]), 0.0))
        offsets.append(last[0])
        slopes.append(last[1])
    return Hazards(tuple(offsets), tuple(slopes))
