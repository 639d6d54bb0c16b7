"""The curves of a report: ROC, precision and recall, gain; and how a model does in parts of the company."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

POINTS = 51
SEGMENTS_BY = ("segment", "plan", "acquisition_channel", "language")
MOST_SEGMENTS, FEWEST_LEFT = 8, 10


def curves(probability: "np.ndarray", left: "np.ndarray") -> dict[str, list[tuple[float, float]]]:
    """The points of the curves of some probabilities, each as x and y.

    roc: share of those who stayed, and of those who left, above each score; precision: recall, and precision; gain: share of customers from
    the top, and the share of those who left among them.
    """
    import numpy as np

    order = np.argsort(-probability, kind="stable")
    gone = np.cumsum(left[order])
    seen = np.arange(1, len(order) + 1)
    stayed = seen - gone
    last = np.r_[np.flatnonzero(np.diff(probability[order])), len(order) - 1]  # equals come together
    x, y = stayed[last] / max(stayed[-1], 1), gone[last] / max(gone[-1], 1)
    return {
        "roc": _thinned(np.r_[0.0, x], np.r_[0.0, y]),
        "precision": _thinned(y, gone[last] / seen[last]),
        "gain": _thinned(np.r_[0.0, seen[last] / len(order)], np.r_[0.0, y]),
    }


def by_segment(rows: "pd.DataFrame", probability: "np.ndarray", left: "np.ndarray") -> list[dict]:
    """How a model does in the largest parts of the company: customers, left, mean probability, churn share, AUC where ten left."""
    from sklearn.metrics import roc_auc_score

    found = []
    for name in SEGMENTS_BY:
        if name not in rows.columns:
            continue
        values = rows[name].to_numpy()
        counts = rows[name].value_counts()
        for value in sorted(counts.index[:MOST_SEGMENTS]):
            mine = values == value
            gone = int(left[mine].sum())
            enough = FEWEST_LEFT <= gone < int(mine.sum())
            found.append(
                {
                    "by": name,
                    "value": str(value),
                    "customers": int(mine.sum()),
                    "left": gone,
                    "told": float(probability[mine].mean()),
                    "came": float(left[mine].mean()),
                    "auc": float(roc_auc_score(left[mine], probability[mine])) if enough else None,
                }
            )
    return found


def _thinned(x: "np.ndarray", y: "np.ndarray") -> list[tuple[float, float]]:
    """So many points, evenly spread along x, the first and the last among them."""
    import numpy as np

    places = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], POINTS)).clip(0, len(x) - 1))
    places = np.unique(np.r_[0, places, len(x) - 1])
    return [(round(float(x[place]), 5), round(float(y[place]), 5)) for place in places]
