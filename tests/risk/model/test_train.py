"""Training on snapshots made up in memory: who goes live, who does not, and why."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandegar.config import yaml_file
from mandegar.errors import CompanyError
from mandegar.risk.model.registry import Registry
from mandegar.risk.model.settings import DEFAULT, ModelSettings
from mandegar.risk.model.snapshots import Snapshots
from mandegar.risk.model.train import Trained, train_on
from mandegar.time.local_days import number

AS_OF = date(2026, 6, 30)
ENDS = tuple(
    date(year, month + 1, 1) - timedelta(days=1) if month < 12 else date(year, 12, 31) for year in (2024, 2025) for month in range(1, 13)
)
SETTINGS = yaml_file.read(DEFAULT, ModelSettings, CompanyError)
CUSTOMERS = 600


def made_up(
    customers: int = CUSTOMERS, dates: tuple[date, ...] = ENDS, slope: float = 1.5, base: float = -2.5, seed: int = 1, leak: bool = False
) -> Snapshots:
    """Snapshots of which each is another draw: use and tickets say how likely a customer is to leave within 90 days."""
    chance = np.random.default_rng(seed)
    frames = []
    for day in dates:
        usage, tickets = chance.normal(size=customers), chance.normal(size=customers)
        left = chance.random(customers) < 1 / (1 + np.exp(-(base - slope * usage + tickets)))
        observed = float((AS_OF - day).days)
        after = np.where(left, chance.integers(1, 91, customers), np.nan)
        after[after > observed] = np.nan
        frame = pd.DataFrame(
            {
                "customer_id": [f"c{who:05}" for who in range(customers)],
                "usage_percent_of_before": (50 + 20 * usage).astype("float32"),
                "tickets": tickets.astype("float32"),
                "nonsense": chance.normal(size=customers).astype("float32"),
                "plan": chance.choice(["a", "b"], customers),
                "left_after": after,
                "observed_days": observed,
                "health_score": 50.0,
                "snapshot": np.int32(number(day)),
            }
        )
        if leak:
            frame["reason_given"] = np.where(left, 1.0, np.nan).astype("float32")
        frames.append(frame)
    return Snapshots(pd.concat(frames, ignore_index=True), dates)


def trained(found: Snapshots, registry: Registry, as_of: date = AS_OF, settings: ModelSettings = SETTINGS) -> Trained:
    return train_on(found, registry, as_of, settings, lambda _: None)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "churn")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    """A first training, and the folder of its registry."""
    folder = tmp_path_factory.mktemp("models") / "churn"
    return trained(made_up(), Registry(folder)), folder


def test_a_first_model_that_is_better_than_the_health_score_goes_live(first: tuple[Trained, Path]) -> None:
    made, folder = first
    assert (made.refused, made.alarms, made.went_live) == (None, (), True)
    assert Registry(folder).live_on(AS_OF + timedelta(days=1)) == made.version
    assert made.card["champion"] == "health score"
    assert [one["name"] for one in made.card["features"][:2]] == ["usage_percent_of_before", "tickets"]
    assert made.comparison is not None
    assert made.comparison.auc[1] > 0.1


def test_no_answer_was_known_when_the_next_were_asked(first: tuple[Trained, Path]) -> None:
    periods = first[0].card["periods"]
    order = [periods[name] for name in ("learn", "calibrate", "choose", "judge")]
    for before, after in pairwise(order):
        assert date.fromisoformat(before[-1]) + timedelta(days=90) <= date.fromisoformat(after[0])
    assert date.fromisoformat(order[-1][-1]) + timedelta(days=90) <= AS_OF


def test_trained_again_it_is_the_same_version_and_no_better_than_itself(first: tuple[Trained, Path], registry: Registry) -> None:
    made, folder = first
    shutil.copytree(folder, registry.folder)
    before = (registry.folder / str(made.version) / "card.json").read_bytes()
    again = trained(made_up(), registry)
    assert (registry.folder / str(made.version) / "card.json").read_bytes() == before
    assert (again.version, again.went_live) == (made.version, True)
    later = trained(made_up(), registry, AS_OF + timedelta(days=7))
    assert (later.card["champion"], later.went_live) == (made.version, False)
    assert registry.live_on(AS_OF + timedelta(days=30)) == made.version


def test_a_better_challenger_takes_the_place_of_a_worse_champion(registry: Registry) -> None:
    """The champion learnt while nobody told of use; then it is told."""
    found = made_up()
    worse = trained(replace(found, rows=found.rows.drop(columns="usage_percent_of_before")), registry)
    better = trained(found, registry, AS_OF + timedelta(days=7))
    assert (worse.went_live, better.went_live) == (True, True)
    assert better.card["champion"] == worse.version
    assert registry.live_on(AS_OF + timedelta(days=7)) == worse.version
    assert registry.live_on(AS_OF + timedelta(days=8)) == better.version


def test_a_leak_keeps_a_model_from_going_live(registry: Registry) -> None:
    found = made_up(leak=True)
    made = trained(found, registry)
    assert not made.went_live
    assert made.alarms[0].startswith("reason_given is filled for 100% of those who left")
    assert registry.live_on(AS_OF + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (made_up(customers=50), "fewer than 300 customers on an evening: 50"),
        (made_up(dates=ENDS[-8:]), "fewer than 12 months of history: 8"),
        (made_up(base=-60.0, slope=0.0), "nobody ever left"),
        (made_up(base=-7.0, slope=0.0), "fewer than 150 departures to learn from, or 50 to judge by"),
        (Snapshots(pd.DataFrame(columns=["customer_id", "snapshot", "left_after"]), ()), "fewer than 300 customers on an evening: 0"),
    ],
    ids=["too small", "too young", "nobody left", "too few left", "no snapshot"],
)
def test_a_company_without_enough_keeps_the_health_score(registry: Registry, found: Snapshots, said: str) -> None:
    made = trained(found, registry)
    assert (made.version, made.went_live) == (None, False)
    assert str(made.refused).startswith(said)
    assert registry.versions() == []
