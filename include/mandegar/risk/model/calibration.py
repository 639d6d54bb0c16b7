"""Calibration: a score becomes a probability, by Platt's line or by isotonic regression, whichever is nearer to what came."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

TINY = 1e-6
FEWEST_FOR_ISOTONIC = 200  # who left; of fewer, steps are noise
MOST_POINTS = 400


@dataclass(frozen=True)
class Calibration:
    """From a raw probability to a calibrated one, by the straight lines between points; x on the scale of log-odds."""

    kind: Literal["platt", "isotonic"]
    x: tuple[float, ...]
    y: tuple[float, ...]

    def of(self, raw: "np.ndarray") -> "np.ndarray":
        """The calibrated probabilities of raw ones."""
        import numpy as np

        if self.kind == "platt":
            slope, offset = self.x
            return 1.0 / (1.0 + np.exp(-(slope * log_odds(raw) + offset)))
        return np.interp(log_odds(raw), self.x, self.y)


def log_odds(probability: "np.ndarray") -> "np.ndarray":
    """ln(p / (1 - p)), of probabilities not nearer than a millionth to 0 and 1."""
    import numpy as np

    held = np.clip(np.asarray(probability, dtype="float64"), TINY, 1 - TINY)
    return np.log(held / (1 - held))


def platt(raw: "np.ndarray", left: "np.ndarray") -> Calibration:
    """Platt's calibration: a logistic regression on the log-odds of the raw probability. Source: Platt 1999; a line that would turn
    the order round is replaced by one that tells of nobody in particular."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(log_odds(raw).reshape(-1, 1), left)
    slope, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope <= 0:
        mean = float(log_odds(left.mean()))
        return Calibration("platt", (0.0, mean), ())
    return Calibration("platt", (slope, offset), ())


def isotonic(raw: "np.ndarray", left: "np.ndarray") -> Calibration:
    """Isotonic calibration: the rising steps nearest to what came (Zadrozny and Elkan 2002), kept within half a case of 0 and 1."""
    import numpy as np
    from sklearn.isotonic import IsotonicRegression

    least = 0.5 / len(left)
    fitted = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(log_odds(raw), left)
    x, y = np.asarray(fitted.X_thresholds_), np.asarray(fitted.y_thresholds_)
    if len(x) > MOST_POINTS:
        kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).astype(int))
        x, y = x[kept], y[kept]
    return Calibration("isotonic", tuple(map(float, x)), tuple(map(float, y)))


def chosen(raw: "np.ndarray", left: "np.ndarray", later_raw: "np.ndarray", later_left: "np.ndarray") -> Calibration:
    """The calibration fitted on one period that is nearer to what came in a later one, by the logarithmic loss."""
    from mandegar.risk.model.judgement import log_loss

    line = platt(raw, left)
    if left.sum() < FEWEST_FOR_ISOTONIC:
        return line
    steps = isotonic(raw, left)
    return min((line, steps), key=lambda one: log_loss(one.of(later_raw), later_left))
