"""A company of one evening: what a model would be worth is told of customers that it has not seen, and none goes live."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandegar.config import yaml_file
from mandegar.errors import CompanyError
from mandegar.risk.model.cross_validated import cross_validated
from mandegar.risk.model.registry import Registry
from mandegar.risk.model.settings import DEFAULT, ModelSettings
from mandegar.risk.model.snapshots import Snapshots
from mandegar.risk.model.train import train_on
from mandegar.time.local_days import number

EVENING = date(2026, 3, 31)
SETTINGS = yaml_file.read(DEFAULT, ModelSettings, CompanyError)


def one_evening(customers: int = 2_000, slope: float = 1.5, evening: date = EVENING, leak: bool = False) -> tuple[Snapshots, np.ndarray]:
    """Customers of one evening whose use says how likely they are to leave, and those chances themselves."""
    chance = np.random.default_rng(7)
    usage = chance.normal(size=customers)
    chances = 1 / (1 + np.exp(1.2 + slope * usage))
    left = chance.random(customers) < chances
    rows = {
        "customer_id": [f"c{who:05}" for who in range(customers)],
        "usage_percent_of_before": (50 + 20 * usage).astype("float32"),
        "tenure_days": chance.integers(1, 900, customers).astype("float32"),
        "plan": chance.choice(["a", "b", "c"], customers),
        "left_after": np.where(left, 12.0, np.nan),
        "observed_days": 90.0,
        "health_score": 50.0,
        "snapshot": np.int32(number(evening)),
    }
    if leak:
        rows["reason_given"] = np.where(left, 1.0, np.nan).astype("float32")
    return Snapshots(pd.DataFrame(rows), (evening,)), chances


def quiet(_: str) -> None:
    """Nobody listens."""


def test_the_ranking_is_nearly_that_of_the_chances_themselves() -> None:
    found, chances = one_evening()
    told = cross_validated(found, SETTINGS, quiet)
    assert told is not None
    left = found.rows["left_after"].notna().to_numpy()
    best = (chances[left][:, None] > chances[~left][None, :]).mean()  # how often one who left had the greater chance
    assert (told.evening, told.figures.customers, told.figures.left) == (EVENING, 2_000, int(left.sum()))
    assert best - 0.02 < told.figures.auc <= best + 0.002
    assert told.lowest < told.figures.auc < told.highest
    assert told.figures.ece < 0.05  # ten bins of 200, of whom some 30 % left: .026 by chance alone
    assert told.alarms == ()


def test_of_nothing_nothing_is_learnt() -> None:
    found, _ = one_evening(slope=0.0)
    told = cross_validated(found, SETTINGS, quiet)
    assert told is not None
    error = 1 / np.sqrt(12 * min(told.figures.left, 2_000 - told.figures.left))  # of an AUC of chance, at the most
    assert abs(told.figures.auc - 0.5) < 3 * error


def test_a_feature_that_knows_the_answer_is_named() -> None:
    found, _ = one_evening(leak=True)
    told = cross_validated(found, SETTINGS, quiet)
    assert told is not None
    assert told.alarms == ("reason_given is filled for 100% of those who left and for 0.0% of those who stayed",)


def test_the_evening_after_which_most_left_is_taken() -> None:
    quiet_one, _ = one_evening(slope=0.0, evening=EVENING - timedelta(days=31))
    quiet_one.rows.loc[200:, "left_after"] = np.nan
    busy, _ = one_evening()
    young, _ = one_evening(evening=EVENING + timedelta(days=30))
    young.rows["observed_days"] = 20.0
    both = Snapshots(pd.concat([quiet_one.rows, busy.rows, young.rows], ignore_index=True), (EVENING,))
    told = cross_validated(both, SETTINGS, quiet)
    assert told is not None and told.evening == EVENING


@pytest.mark.parametrize(("customers", "slope"), [(40, 1.5), (2_000, None)], ids=["few customers", "hardly anybody left"])
def test_too_few_are_not_told_of(customers: int, slope: float | None) -> None:
    found, _ = one_evening(customers, slope or 0.0)
    if slope is None:
        found.rows.loc[20:, "left_after"] = np.nan
    assert cross_validated(found, SETTINGS, quiet) is None


def test_nobody_who_was_there_is_not_told_of() -> None:
    assert cross_validated(Snapshots(one_evening()[0].rows.iloc[:0], ()), SETTINGS, quiet) is None


def test_training_on_one_evening_refuses_with_the_reason_and_the_figures(tmp_path: Path) -> None:
    found, _ = one_evening()
    registry = Registry(tmp_path / "churn")
    made = train_on(found, registry, EVENING + timedelta(days=90), SETTINGS, quiet)
    assert str(made.refused) == "fewer than 12 months of history: 1"
    assert made.cross_validated is not None and made.cross_validated.figures.customers == 2_000
    assert registry.versions() == [] and registry.live_on(date(2030, 1, 1)) is None
