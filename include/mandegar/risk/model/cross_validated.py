"""What a model would be worth of a company whose history does not last for a temporal hold-out: one evening, customers apart."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from mandegar.risk.model import judgement, leakage
from mandegar.risk.model.encoding import learn_encoding
from mandegar.risk.model.fitting import Part, learnt_by, left_within
from mandegar.risk.model.judgement import Figures
from mandegar.risk.model.learners import SEED
from mandegar.risk.model.settings import ModelSettings
from mandegar.risk.model.snapshots import BESIDE, OBSERVED, SNAPSHOT, Snapshots
from mandegar.time.local_days import date_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FOLDS = 10
SHARES = {"judge": 1, "calibrate": 2, "choose": 1}  # folds of each purpose; the others are learnt from


@dataclass(frozen=True)
class CrossValidated:
    """What models that had not seen a customer said of it, on one evening.

    evening: the one after which most left, of those whose horizon is over. figures: of all customers together, each told by the model
    that did not know it. lowest, highest: the AUC of the worst and of the best fold. counts_most: the learner that was best in most of
    the folds. alarms: what the leakage alarm said of the evening.
    """

    evening: date
    figures: Figures
    lowest: float
    highest: float
    counts_most: str
    alarms: tuple[str, ...]


def cross_validated(found: Snapshots, settings: ModelSettings, say: Callable[[str], None]) -> CrossValidated | None:
    """The figures of ten folds of the customers of one evening; None where too few customers are there, or too few left or stayed.

    Each customer is told of by a model that has learnt, was calibrated and was chosen without it, as at training. It says how well who
    leaves can be told apart on that evening, not whether what held then will hold on the next: no model goes live by it.
    """
    import numpy as np

    rows, horizon = _evening(found, settings.horizon_days), settings.horizon_days
    left = left_within(rows, horizon) if len(rows) else np.zeros(0)
    fewest = settings.floors.left_judged
    if len(rows) < settings.floors.customers or left.sum() < fewest or (1 - left).sum() < fewest:
        return None
    say("cross-validation: the history does not last for a hold-out in time")
    fold = _folds(left)
    told, kinds, by_fold = np.zeros(len(rows)), [], []
    for number in range(FOLDS):
        of_purpose = {name: rows[np.isin(fold, places)] for name, places in _purposes(number).items()}
        encoding = learn_encoding(of_purpose["learn"], without=BESIDE)
        parts = {name: Part(some, encoding.matrix(some)) for name, some in of_purpose.items()}
        (best, calibration), _ = learnt_by(encoding, parts, horizon)
        unseen = fold == number
        told[unseen] = calibration.of(best.raw(parts["judge"].matrix))
        kinds.append(best.kind)
        by_fold.append(judgement.figures(told[unseen], left[unseen]).auc)
    encoding = learn_encoding(rows, without=BESIDE)
    return CrossValidated(
        evening=date_of(int(rows[SNAPSHOT].iloc[0])),
        figures=judgement.figures(told, left),
        lowest=min(by_fold),
        highest=max(by_fold),
        counts_most=max(sorted(set(kinds)), key=kinds.count),
        alarms=tuple(leakage.suspects(encoding.matrix(rows), left, encoding, settings.trusted)),
    )


def _evening(found: Snapshots, horizon: int) -> "pd.DataFrame":
    """The customers of the evening after which most left within the horizon, of those whose horizon is over; the last of equals."""
    known = found.rows[found.rows[OBSERVED] >= horizon] if len(found.rows) else found.rows
    if not len(known):
        return known
    gone = known.assign(gone=left_within(known, horizon)).groupby(SNAPSHOT)["gone"].sum()
    return known[known[SNAPSHOT] == gone[gone == gone.max()].index.max()]


def _folds(left: "np.ndarray") -> "np.ndarray":
    """The fold of each customer, by chance; those who left are spread evenly."""
    import numpy as np

    chance, fold = np.random.default_rng(SEED), np.zeros(len(left), dtype=int)
    for gone in (0, 1):
        places = chance.permutation(np.flatnonzero(left == gone))
        fold[places] = np.arange(len(places)) % FOLDS
    return fold


def _purposes(judged: int) -> dict[str, list[int]]:
    """The folds of each purpose, when one of them is judged by."""
    order = [(judged + step) % FOLDS for step in range(FOLDS)]
    parts, rest = {}, order
    for name, count in SHARES.items():
        parts[name], rest = rest[:count], rest[count:]
    return parts | {"learn": rest}
