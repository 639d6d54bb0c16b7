"""The result of an experiment that others ran: a file with one row per customer, the arm they were in, and what came of it."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mandegar.campaigns.results.statistics import Effect, Values, difference, difference_of_shares, sample_ratio
from mandegar.errors import CampaignError

ARMS = ("arm", "segment", "variant", "group")
MEASURES = ("visit", "conversion", "spend")
CONTROLS = ("control", "no e-mail", "no email", "holdout", "none", "0")


@dataclass(frozen=True)
class Arm:
    """One arm against the control group, by measure. sample_ratio_p: if all arms were to be of one size."""

    name: str
    control: str
    effects: dict[str, Effect]
    sample_ratio_p: float | None


def analyse(file: Path, control: str | None = None) -> list[Arm]:
    """Every arm against the control group. control: its name; else one of CONTROLS. Errors: CampaignError with line and mend."""
    if not file.is_file():
        raise CampaignError(f"{file}: there is no such file.")
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        names = {name.strip().lower(): name for name in reader.fieldnames or []}
        arm = next((names[name] for name in ARMS if name in names), None)
        measures = {name: names[name] for name in MEASURES if name in names}
        if arm is None or not measures:
            there = ", ".join(reader.fieldnames or []) or "nothing"
            raise CampaignError(f"{file.name}: found the columns {there}. Write one called arm, and at least one of {', '.join(MEASURES)}.")
        values: dict[str, dict[str, list[float]]] = {}
        for line, row in enumerate(reader, start=2):
            of_arm = values.setdefault((row[arm] or "").strip(), {name: [] for name in measures})
            for name, column in measures.items():
                of_arm[name].append(_number(row[column], file, line, column))
    chosen = control or next((name for name in values if name.lower() in CONTROLS), None)
    if chosen not in values:
        raise CampaignError(f"{file.name}: which arm is the control group? Found {', '.join(map(repr, values))}; name it by --control.")
    size = {name: len(next(iter(of_arm.values()))) for name, of_arm in values.items()}
    found = []
    for name in values:
        if name == chosen:
            continue
        effects = {measure: _effect(np.array(values[name][measure]), np.array(values[chosen][measure])) for measure in measures}
        found.append(Arm(name, chosen, effects, sample_ratio(size[name], size[chosen], 0.5)))
    return found


def _effect(arm: Values, control: Values) -> Effect:
    """The effect on a share where all values are 0 or 1, else on an amount."""
    shares = set(np.unique(arm)) | set(np.unique(control)) <= {0.0, 1.0}
    return difference_of_shares(arm, control) if shares else difference(arm, control)


def _number(text: str | None, file: Path, line: int, column: str) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise CampaignError(f"{file.name}, line {line}, {column}: found {text!r}. Write a number in Latin digits.") from None
