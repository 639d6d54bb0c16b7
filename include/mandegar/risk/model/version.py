"""One version of the model: all that scoring needs, as JSON, with the hash that says it is whole."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from mandegar.errors import BrokenModel
from mandegar.risk.model.calibration import Calibration
from mandegar.risk.model.encoding import Encoding
from mandegar.risk.model.hazards import Hazards
from mandegar.risk.model.learners import Learnt, learnt_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Reference:
    """How a number was spread where the model was learnt: inner edges of bins, and the share in each; the last is of unknown values."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class ChurnModel:
    """What turns features into probabilities of leaving.

    by_horizon: for 30, 60 and 90 days, the learnt model and its calibration; base_rate: the churn share within `horizon` days where it
    was calibrated; references: how scores and features were spread there.
    """

    horizon: int
    encoding: Encoding
    by_horizon: dict[int, tuple[Learnt, Calibration]]
    hazards: Hazards
    base_rate: float
    references: dict[str, Reference]

    def matrix(self, rows: "pd.DataFrame") -> "np.ndarray":
        """The features of rows as numbers."""
        return self.encoding.matrix(rows)

    def probabilities(self, matrix: "np.ndarray") -> dict[int, "np.ndarray"]:
        """The calibrated probability of leaving within each horizon; a longer one is never below a shorter one."""
        import numpy as np

        found: dict[int, np.ndarray] = {}
        for horizon in sorted(self.by_horizon):
            learnt, calibration = self.by_horizon[horizon]
            told = calibration.of(learnt.raw(matrix))
            found[horizon] = np.maximum(told, found[max(found)]) if found else told
        return found

    def contributions(self, matrix: "np.ndarray") -> "np.ndarray":
        """What each feature adds to the log-odds of leaving within the horizon, in the order of the encoding."""
        return self.by_horizon[self.horizon][0].contributions(matrix)

    def text(self) -> str:
        """As JSON; equal models give equal texts."""
        told = {
            "horizon": self.horizon,
            "encoding": self.encoding.told(),
            "by_horizon": {
                str(horizon): {"learnt": learnt.told(), "calibration": asdict(calibration)}
                for horizon, (learnt, calibration) in sorted(self.by_horizon.items())
            },
            "hazards": asdict(self.hazards),
            "base_rate": self.base_rate,
            "references": {name: asdict(one) for name, one in sorted(self.references.items())},
        }
        return json.dumps(told, sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def fingerprint(text: str) -> str:
    """The hash of a model's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_model(text: str, sha256: str, shown: str) -> ChurnModel:
    """The model of a text. Errors: BrokenModel when the text is not the one that was hashed, or lacks a part."""
    if fingerprint(text) != sha256:
        raise BrokenModel(
            f"{shown} is damaged: it is not the text that was written. Roll back by `mandegar model rollback`, or learn anew."
        )
    told = json.loads(text)
    return ChurnModel(
        horizon=told["horizon"],
        encoding=Encoding.of(told["encoding"]),
        by_horizon={
            int(horizon): (
                learnt_of(one["learnt"]),
                Calibration(one["calibration"]["kind"], tuple(one["calibration"]["x"]), tuple(one["calibration"]["y"])),
            )
            for horizon, one in told["by_horizon"].items()
        },
        hazards=Hazards(tuple(told["hazards"]["offsets"]), tuple(told["hazards"]["slopes"])),
        base_rate=told["base_rate"],
        references={name: Reference(tuple(one["edges"]), tuple(one["shares"])) for name, one in told["references"].items()},
    )
