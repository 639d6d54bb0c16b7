"""Versions, what is live from which night on, and what damage does."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from mandegar.errors import BrokenModel
from mandegar.risk.model.calibration import Calibration
from mandegar.risk.model.encoding import Column, Encoding
from mandegar.risk.model.hazards import Hazards
from mandegar.risk.model.learners import Logistic
from mandegar.risk.model.registry import HEALTH_SCORE, Registry
from mandegar.risk.model.version import ChurnModel, Reference

FRIDAY, NEXT = date(2026, 6, 5), date(2026, 6, 12)


def model(coefficient: float) -> ChurnModel:
    """Log-odds of the coefficient times the one feature."""
    learnt = Logistic(0.0, (0.0,), (1.0,), (coefficient,), (0.0,), ((),), (0.0,))
    calibration = Calibration("platt", (1.0, 0.0), ())
    by_horizon = dict.fromkeys((30, 60, 90), (learnt, calibration))
    references = {"(score)": Reference((0.5,), (0.5, 0.5, 0.0))}
    return ChurnModel(90, Encoding((Column("usage"),)), by_horizon, Hazards((-3.0,) * 12, (1.0,) * 12), 0.1, references)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "churn")


def test_a_version_reads_as_it_was_written(registry: Registry) -> None:
    version = registry.keep(FRIDAY, model(2.0), {"kind": "logistic"})
    assert registry.model(version) == model(2.0)
    assert registry.card(version)["version"] == version
    assert version.startswith("churn-2026-06-05-")
    assert registry.keep(FRIDAY, model(2.0), {"kind": "logistic"}) == version
    assert registry.versions() == [version]


def test_what_it_says_is_the_logistic_of_the_coefficient(registry: Registry) -> None:
    read = registry.model(registry.keep(FRIDAY, model(2.0), {}))
    assert read.probabilities(np.array([[1.0], [0.0]], dtype="float32"))[90] == pytest.approx([0.880797, 0.5], abs=1e-6)


def test_a_version_is_live_from_the_night_after_it_was_learnt(registry: Registry) -> None:
    version = registry.keep(FRIDAY, model(1.0), {})
    registry.go_live(version, FRIDAY, "better")
    assert registry.live_on(FRIDAY) is None
    assert registry.live_on(date(2026, 6, 6)) == version


def test_a_past_night_keeps_the_model_it_had(registry: Registry) -> None:
    one, two = registry.keep(FRIDAY, model(1.0), {}), registry.keep(NEXT, model(2.0), {})
    registry.go_live(one, FRIDAY, "better")
    registry.go_live(two, NEXT, "better")
    assert (registry.live_on(date(2026, 6, 10)), registry.live_on(date(2026, 6, 13))) == (one, two)


def test_a_version_goes_live_once(registry: Registry) -> None:
    version = registry.keep(FRIDAY, model(1.0), {})
    registry.go_live(version, FRIDAY, "better")
    registry.go_live(version, FRIDAY, "better")
    assert len(registry.record()) == 1


def test_an_old_training_run_again_changes_nothing_of_later_nights(registry: Registry) -> None:
    one, two = registry.keep(FRIDAY, model(1.0), {}), registry.keep(NEXT, model(2.0), {})
    registry.go_live(two, NEXT, "better")
    registry.go_live(one, FRIDAY, "better")
    assert registry.live_on(date(2026, 6, 20)) == two


def test_rolled_back_step_by_step_to_the_health_score(registry: Registry) -> None:
    one, two = registry.keep(FRIDAY, model(1.0), {}), registry.keep(NEXT, model(2.0), {})
    registry.go_live(one, FRIDAY, "better")
    registry.go_live(two, NEXT, "better")
    assert registry.roll_back(date(2026, 6, 14)) == one
    assert registry.live_on(date(2026, 6, 14)) == two
    assert registry.live_on(date(2026, 6, 15)) == one
    assert registry.roll_back(date(2026, 6, 15)) == HEALTH_SCORE
    assert registry.live_on(date(2026, 6, 16)) is None
    with pytest.raises(BrokenModel, match="nothing to roll back"):
        registry.roll_back(date(2026, 6, 16))


def test_rolled_back_past_a_version_that_is_damaged(registry: Registry) -> None:
    versions = [registry.keep(FRIDAY, model(number), {}) for number in (1.0, 2.0, 3.0)]
    for version in versions:
        registry.go_live(version, FRIDAY, f"better than those before {version}")
    (registry.folder / versions[1] / "model.json").write_text("{}", encoding="utf-8")
    assert registry.roll_back(NEXT) == versions[0]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.write_text(file.read_text(encoding="utf-8").replace("90", "91", 1), encoding="utf-8"), "is damaged"),
        (lambda file: file.write_bytes(file.read_bytes()[:200]), "is damaged"),
        (lambda file: file.write_bytes(b"\xff\xfe\x00"), "is damaged"),
        (lambda file: file.unlink(), "is gone"),
        (lambda file: (file.parent / "card.json").write_text("{", encoding="utf-8"), "card.json is damaged"),
    ],
)
def test_a_damaged_model_is_not_used(registry: Registry, damage, said: str) -> None:
    version = registry.keep(FRIDAY, model(1.0), {})
    damage(registry.folder / version / "model.json")
    with pytest.raises(BrokenModel, match=said):
        registry.model(version)


def test_a_version_that_nobody_kept_is_told(registry: Registry) -> None:
    version = registry.keep(FRIDAY, model(1.0), {})
    with pytest.raises(BrokenModel, match=f"There is no model 'x'. Known: {version}."):
        registry.card("x")


def test_a_part_that_is_missing_is_told(registry: Registry) -> None:
    from mandegar.risk.model.version import fingerprint, read_model

    told = json.loads(model(1.0).text())
    del told["by_horizon"]["90"]["learnt"]["offset"]
    text = json.dumps(told)
    with pytest.raises(BrokenModel, match="the model has no 'offset'"):
        read_model(text, fingerprint(text), "model.json")
