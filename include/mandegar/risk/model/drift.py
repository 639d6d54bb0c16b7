"""Drift: how far features and scores have moved from where the model was calibrated (population stability index)."""

from typing import TYPE_CHECKING

from mandegar.risk.model.encoding import Encoding
from mandegar.risk.model.version import ChurnModel, Reference

if TYPE_CHECKING:
    import numpy as np

BINS = 10
LEAST = 1e-4  # a share below this counts as this
SCORE = "(score)"


def references(encoding: Encoding, matrix: "np.ndarray", probability: "np.ndarray") -> dict[str, Reference]:
    """How each feature and the score were spread: in tenths, or by category; unknown values apart."""
    import numpy as np

    found = {SCORE: _reference(probability, False)}
    for place, column in enumerate(encoding.columns):
        found[column.name] = _reference(matrix[:, place].astype(np.float64), column.is_category)
    return found


def counts_of(model: ChurnModel, matrix: "np.ndarray", probability: "np.ndarray") -> dict[str, "np.ndarray"]:
    """How many values fall into each bin of the model's references, by feature, and of the score."""
    import numpy as np

    found = {SCORE: _counts(probability, model.references[SCORE].edges)}
    for place, column in enumerate(model.encoding.columns):
        found[column.name] = _counts(matrix[:, place].astype(np.float64), model.references[column.name].edges)
    return found


def psi(reference: Reference, counts: "np.ndarray") -> float:
    """The population stability index: the sum over bins of (now - then) x ln(now / then); from .1 on some, from .25 on much has moved.

    Source: Siddiqi 2006. Each share counts as a ten-thousandth at the least.
    """
    import numpy as np

    shares = counts / max(counts.sum(), 1)
    then, now = np.maximum(np.array(reference.shares), LEAST), np.maximum(shares, LEAST)
    return float(((now - then) * np.log(now / then)).sum())


def _reference(values: "np.ndarray", is_category: bool) -> Reference:
    import numpy as np

    known = values[~np.isnan(values)]
    if is_category:
        edges = tuple(float(level) - 0.5 for level in range(1, int(known.max()) + 1)) if len(known) else ()
    else:
        cuts = np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]) if len(known) else np.array([])
        edges = tuple(sorted({float(cut) for cut in cuts}))
    return Reference(edges, tuple(map(float, _counts(values, edges) / max(len(values), 1))))


def _counts(values: "np.ndarray", edges: tuple[float, ...]) -> "np.ndarray":
    """How many values fall into each bin, an edge in the lower one, and last how many are unknown."""
    import numpy as np

    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(np.array(edges), known, side="left"), minlength=len(edges) + 1)
    return np.r_[counts, len(values) - len(known)].astype("float64")
