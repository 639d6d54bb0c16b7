"""Weights for health.yaml as the live model would set them: proposed in a file of their own, never applied."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from mandegar.errors import CompanyError
from mandegar.risk.health import Health
from mandegar.risk.model.version import ChurnModel
from mandegar.risk.reasons.wording import wording_of

if TYPE_CHECKING:
    import pandas as pd

LEAST = 1.0  # point: a signal that costs nothing is taken out by a person, not by a file


@dataclass(frozen=True)
class Proposal:
    """A signal's weight now, and as proposed.

    customers: of whom it takes off any point. slope: what the model adds to the log-odds of leaving between `good` and `bad`; None
    where the model says nothing of it, and the weight stays.
    """

    signal: str
    weight: float
    proposed: float
    customers: int
    slope: float | None


def proposals(rows: "pd.DataFrame", model: ChurnModel, health: Health) -> list[Proposal]:
    """The weights that the model's own contributions speak for, of the customers of a night.

    Formula: of a signal, h is how far a customer is from `good` (0) to `bad` (1), and c what the model adds to its log-odds of leaving by
    all features of the signal's theme (risk.reasons.wording). slope = cov(h, c) / var(h) over the customers whose h is known; the
    weights of signals that have one are shared out anew by max(slope, 0), their sum unchanged, rounded to whole points, at least 1.
    A signal whose h is the same for everybody, or of which no feature is in the model, keeps its weight.
    """
    import numpy as np

    contributions, names = model.contributions(model.matrix(rows)), model.encoding.names
    found: dict[str, tuple[int, float | None]] = {}
    for name, signal in health.signals.items():
        if signal.feature not in rows.columns:
            continue
        value = rows[signal.feature].to_numpy(dtype="float64")
        known = ~np.isnan(value)
        far = np.clip(1.0 - (value[known] - signal.bad) / (signal.good - signal.bad), 0.0, 1.0)
        places = [place for place, feature in enumerate(names) if _theme(feature) == _theme(signal.feature)]
        slope = None
        if places and len(far) and far.var() > 0:
            adds = contributions[np.ix_(known, places)].sum(axis=1)
            slope = float(((far - far.mean()) * adds).mean() / far.var())
        found[name] = (int((far > 0).sum()), slope)
    told = {name: max(slope, 0.0) for name, (_, slope) in found.items() if slope is not None}
    shared, total = sum(health.signals[name].weight for name in told), sum(told.values())
    return [
        Proposal(
            name,
            signal.weight,
            max(round(shared * told[name] / total), LEAST) if name in told and total > 0 else signal.weight,
            *found.get(name, (0, None)),
        )
        for name, signal in health.signals.items()
    ]


def _theme(feature: str) -> str:
    wording = wording_of(feature)
    return wording.theme if wording else feature


def written(file: Path, text: str, proposed: list[Proposal], by: str) -> None:
    """Writes the file in use with the proposed weights, and beside each what speaks for it; all else in it stays as it is.

    Errors: CompanyError if the file is there already: a proposal is written over nothing.
    """
    places = _weights(text)
    lines = text.splitlines()
    for one in proposed:
        line, start, end = places[one.signal]
        said = "the model says nothing of it" if one.slope is None else f"the model adds {one.slope:+.2f} log-odds from good to bad"
        comment = f"  # {one.weight:g} before; takes points off {one.customers:,} customers; {said}"
        lines[line] = lines[line][:start] + f"{one.proposed:g}" + _without_comment(lines[line][end:]) + comment
    first = f"# Proposed by {by}; nobody uses it yet. Look first: mandegar health --preview {file.name}"
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write("\n".join([first, *lines, ""]))
    except FileExistsError:
        raise CompanyError(f"{file}: is there already. Name a file that is not; a proposal is written over nothing.") from None


def _weights(text: str) -> dict[str, tuple[int, int, int]]:
    """The line of each signal's weight, and where on it the number begins and ends."""
    found = {}
    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    assert tree is not None  # it was read before
    for key, signal in _below(tree, "signals").value:
        weight = _below(signal, "weight")
        found[key.value] = (weight.start_mark.line, weight.start_mark.column, weight.end_mark.column)
    return found


def _below(node: yaml.Node, name: str) -> yaml.Node:
    return next(value for key, value in node.value if key.value == name)


def _without_comment(rest: str) -> str:
    return rest.split(" #")[0].rstrip()
