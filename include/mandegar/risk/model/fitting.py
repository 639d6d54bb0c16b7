"""Fitting: which learner and which calibration tell best, of snapshots apart for each purpose."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mandegar.risk.model import judgement
from mandegar.risk.model.calibration import Calibration, chosen
from mandegar.risk.model.encoding import Encoding
from mandegar.risk.model.learners import Learnt, learn_logistic, learn_trees
from mandegar.risk.model.snapshots import LEFT_AFTER

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LATER_SHARE = 5  # of every so many customers one says how many trees are enough


@dataclass(frozen=True)
class Part:
    """The snapshots of one purpose: their rows, and the same as numbers."""

    rows: "pd.DataFrame"
    matrix: "np.ndarray"

    def left(self, horizon: int) -> "np.ndarray":
        """Whether each customer left within so many days, as 0 or 1."""
        return left_within(self.rows, horizon)

    @property
    def customers(self) -> "np.ndarray":
        """Whose each row is."""
        return self.rows["customer_id"].to_numpy()


Parts = dict[str, Part]


def left_within(rows: "pd.DataFrame", horizon: int) -> "np.ndarray":
    """Whether each customer left within so many days after its snapshot, as 0 or 1."""
    return (rows[LEFT_AFTER].to_numpy(dtype="float64") <= horizon).astype("float64")


def learnt_by(encoding: Encoding, parts: Parts, horizon: int) -> tuple[tuple[Learnt, Calibration], "dict[str, np.ndarray]"]:
    """The learner and calibration that tell best what came in the period to choose by, and what the other says of the one to judge by."""
    import numpy as np

    matrix, left = parts["learn"].matrix, parts["learn"].left(horizon)
    later = np.unique(parts["learn"].customers, return_inverse=True)[1] % LATER_SHARE == 0
    rest = (matrix[~later], left[~later], (matrix[later], left[later]), encoding)
    learners: list[Learnt] = [learn_trees(*rest), learn_logistic(*rest)]
    found = []
    for learnt in learners:
        raw = {name: learnt.raw(parts[name].matrix) for name in ("calibrate", "choose", "judge")}
        came = parts["choose"].left(horizon)
        calibration = chosen(raw["calibrate"], parts["calibrate"].left(horizon), raw["choose"], came)
        loss = judgement.log_loss(calibration.of(raw["choose"]), came)
        found.append((loss, learnt, calibration, calibration.of(raw["judge"])))
    found.sort(key=lambda one: one[0])
    (_, best, calibration, _), *others = found
    return (best, calibration), {other.kind: told for _, other, _, told in others}
