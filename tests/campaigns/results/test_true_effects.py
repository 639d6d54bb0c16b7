"""Ninety nights of every shipped campaign over people who act by a known effect: it lies inside the intervals as often as they say.

The decisions are the real ones (who is held out, each person once), and so is the result; what people do is drawn by the true effects of
the sample company (truth/campaign_effect.csv). `make chaos` tries 200 seeds, `make slow` 20 of them.
"""

import csv
import os
from collections.abc import Iterator
from datetime import date, timedelta
from math import sqrt
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa

from mandegar.campaigns.eligibility.control import is_held_out
from mandegar.campaigns.file.load import DEFAULT
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.results.result import result
from mandegar.campaigns.results.statistics import SRM_ALARM
from mandegar.compute import engine as engine_room
from mandegar.compute.engine import Engine
from mandegar.config import yaml_file
from mandegar.errors import CampaignError
from mandegar.sample.effects import write_effects
from mandegar.warehouse.connect import warehouse

pytestmark = pytest.mark.slow

SEEDS = 200 if os.environ.get("MANDEGAR_CHAOS") == "all" else 20
FIRST, NIGHTS = date(2026, 1, 1), 90
LOOKS = (30, 45, 60, 75, 90)
BANDS = np.array(["high", "medium", "low"], dtype=object)
SHARES, MEASURES = ("goal", "retention"), ("goal", "retention", "mrr", "revenue")


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    file = tmp_path_factory.mktemp("truth") / "campaign_effect.csv"
    write_effects(file)
    with file.open(encoding="utf-8") as stream:
        return {row.pop("campaign_id"): {name: float(cell) for name, cell in row.items()} for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def looks(truth: dict, tmp_path_factory: pytest.TempPathFactory, duckdb_of_module: Engine) -> list[dict]:
    """Every row of every result: of each shipped campaign and seed, at each look; with `true`, the true effect, and `at`, the night."""
    found = []
    with warehouse(f"sqlite:///{tmp_path_factory.mktemp('house')}/w.db") as target:
        for file in sorted(DEFAULT.glob("*.yaml")):
            campaign = yaml_file.read(file, Campaign, CampaignError)
            found += list(_of_campaign(campaign, truth[campaign.id], target, duckdb_of_module))
    return found


@pytest.fixture(scope="module")
def duckdb_of_module() -> Iterator[Engine]:
    with engine_room.start("duckdb") as made:
        yield made


def _of_campaign(campaign: Campaign, true: dict[str, float], target: sa.Engine, engine: Engine) -> Iterator[dict]:
    if campaign.control.share == 0:
        return
    for seed in range(SEEDS):
        drawn = np.random.default_rng([seed, *campaign.id.encode()])
        night = np.repeat(np.arange(NIGHTS), drawn.poisson(true["people_a_night"], NIGHTS))
        keys = [f"{seed}-{number}" for number in drawn.choice(len(night) * 20, len(night), replace=False)]
        people = engine.table(pa.table({"key": keys}))
        asked = people.select("key", held=is_held_out(campaign.id, campaign.control.salt, campaign.control.share, people["key"], engine))
        held = {row["key"]: row["held"] for row in engine.arrow(asked).to_pylist()}
        treated = ~np.array([held[key] for key in keys])
        reached = (drawn.random(len(keys)) < true["rate"] + true["effect"] * treated).astype(float)
        before = drawn.lognormal(0, 0.5, len(keys))
        spent = reached * before * true["spend"] * drawn.lognormal(0, 0.3, len(keys))
        columns = {"person_key": keys, "customer_id": keys, "stage": ["all"] * len(keys), "treated": treated.tolist()}
        columns |= {"risk_band": BANDS[drawn.integers(0, 3, len(keys))].tolist(), "offer_code": [None] * len(keys)}
        columns |= {"stayed": reached, "goal": reached, "mrr": spent, "mrr_before": before, "revenue": spent, "revenue_before": before}
        everyone = pa.table(columns)
        mean = float(np.exp(0.125 + 0.045)) * true["spend"]  # of two lognormals: exp(s^2 / 2)
        truths = {measure: true["effect"] * (1 if measure in SHARES else mean) for measure in MEASURES} | {"placebo": 0.0}
        for look in LOOKS:
            tonight = SimpleNamespace(warehouse=target, as_of=FIRST + timedelta(days=look))
            for row in result(tonight, campaign, everyone.filter(pa.array(night < look))):
                yield row | {"true": truths[row["measure"]], "seed": seed, "at": look}


def told(looks: list[dict], *measures: str, segment: str = "all", at: tuple[int, ...] = (NIGHTS,)) -> list[dict]:
    """The rows that have an interval."""
    chosen = [row for row in looks if row["measure"] in measures and row["at"] in at and (row["segment"] == "all") == (segment == "all")]
    return [row for row in chosen if row["low"] is not None]


def inside(row: dict, ends: tuple[str, str] = ("low", "high")) -> bool:
    return row[ends[0]] <= row["true"] <= row[ends[1]]


def chance(share: float, of: int) -> float:
    """Three standard deviations of a share of so many."""
    return 3 * sqrt(share * (1 - share) / of)


def test_every_shipped_campaign_has_a_truth(truth: dict):
    assert set(truth) == {file.stem for file in DEFAULT.glob("*.yaml")}
    assert any(true["effect"] < 0 for true in truth.values())
    assert any(true["effect"] == 0 for true in truth.values())


@pytest.mark.parametrize("segment", ["all", "by risk"])
def test_true_effects_lie_inside_at_the_nominal_rate(looks, segment):
    rows = told(looks, *SHARES, segment=segment)
    held = sum(map(inside, rows)) / len(rows)
    assert len(rows) > 10 * SEEDS
    assert 0.95 - chance(0.95, len(rows)) <= held <= 0.98


@pytest.mark.parametrize("measure", ["mrr", "revenue"])
def test_amounts_do_too_once_there_are_a_hundred_held_out(looks, measure):
    """Amounts are skewed: with few held out Welch's interval is a little too narrow; docs/campaigns.md says so."""
    rows = [row for row in told(looks, measure) if row["control"] >= 100]
    assert len(rows) > SEEDS
    assert sum(map(inside, rows)) / len(rows) >= 0.94 - chance(0.94, len(rows))


def test_no_campaign_s_intervals_are_worse_than_they_say(looks):
    by_campaign: dict[str, list[bool]] = {}
    for row in told(looks, "goal"):
        by_campaign.setdefault(row["campaign_id"], []).append(inside(row))
    assert len(by_campaign) >= 15
    assert [name for name, held in by_campaign.items() if sum(held) / len(held) < 0.95 - chance(0.95, len(held))] == []


def test_whoever_looks_on_many_nights_is_not_misled(looks):
    missed: dict[tuple[str, int], bool] = {}
    for row in told(looks, "goal", at=LOOKS):
        of = (row["campaign_id"], row["seed"])
        missed[of] = missed.get(of, False) or not inside(row, ("low_any", "high_any"))
    assert sum(missed.values()) / len(missed) <= 0.05 + chance(0.05, len(missed))


def test_the_placebo_is_flat_and_chance_divides_as_it_should(looks):
    rows = told(looks, "placebo")
    assert len(rows) > 5 * SEEDS
    assert sum(not inside(row) for row in rows) / len(rows) <= 0.05 + chance(0.05, len(rows))
    odd = [
        row["sample_ratio_p"] < SRM_ALARM for row in looks if row["measure"] == "goal" and row["segment"] == "all" and row["at"] == NIGHTS
    ]
    assert sum(odd) / len(odd) <= SRM_ALARM + chance(SRM_ALARM, len(odd))


def test_harm_and_nothing_are_shown_as_they_are(looks, truth):
    """The mean over all seeds is the true effect, within three errors of it, also where that is nothing, or less."""
    for campaign, true in truth.items():
        effects = np.array([row["effect"] for row in told(looks, "goal") if row["campaign_id"] == campaign])
        if len(effects) >= 30:
            assert abs(effects.mean() - true["effect"]) <= 3 * effects.std(ddof=1) / sqrt(len(effects)), campaign
