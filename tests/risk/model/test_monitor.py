"""What became of earlier predictions: of 100 customers, 25 left between the night that predicted and ninety days later."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from tests.small_tables import company, night, version

from mandegar.compute.engine import Engine
from mandegar.config import yaml_file
from mandegar.errors import CompanyError
from mandegar.metrics.run.marts import write_mart
from mandegar.risk.model.monitor import Check, matured
from mandegar.risk.model.settings import DEFAULT, ModelSettings
from mandegar.storage.lake import Lake
from mandegar.time.calendar import day_end

PREDICTED, TODAY = date(2026, 3, 1), date(2026, 5, 30)  # ninety days apart
SETTINGS = yaml_file.read(DEFAULT, ModelSettings, CompanyError)
GONE, LATER = range(25), range(25, 30)
CONTRACTS = [version(f"c{n:03}", "2025-01-01", "2026-04-10" if n in GONE else "2026-05-31" if n in LATER else None) for n in range(100)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def predict(lake: Lake, engine: Engine, of_gone: float, of_others: float, on: date = PREDICTED) -> None:
    """Writes what a night predicted for those who left within ninety days, and for the others."""
    told = {"customer_id": [f"c{n:03}" for n in range(100)], "churn_probability": [of_gone if n in GONE else of_others for n in range(100)]}
    write_mart(lake, engine, "customer_risk", engine.table(pa.table(told)), on, day_end(on, company().zone))


def looked_at(lake: Lake, engine: Engine) -> dict[str, Check]:
    tonight = night(engine, company(), "2025-01-01", TODAY.isoformat(), subscription=CONTRACTS)
    return {one.measure: one for one in matured(tonight, lake, engine, SETTINGS)}


def test_what_came_is_what_was_foretold(lake: Lake, duckdb: Engine) -> None:
    """.9 for each of 25 who left and .02 for each of 75 who stayed: ten bins of ten, of which the one in the middle has five of each."""
    predict(lake, duckdb, 0.9, 0.02)
    found = looked_at(lake, duckdb)
    assert found["matured_departures"].value == 25
    assert found["matured_auc"].value == 1
    # 7 bins of .02 and none, one of (.02 x 5 + .9 x 5) / 10 and half, two of .9 and all: (.02 x 7 + .04 + .1 x 2) / 10
    assert found["matured_calibration_error"].value == pytest.approx(0.038)
    assert {one.status for one in found.values()} == {"ok"}


def test_probabilities_that_are_too_high_are_told(lake: Lake, duckdb: Engine) -> None:
    predict(lake, duckdb, 0.95, 0.5)
    error = looked_at(lake, duckdb)["matured_calibration_error"]
    assert (error.status, str(error.said)) == ("failed", f"what it predicted did not come: calibration error {error.value:.3f}")


def test_an_order_that_is_wrong_is_told(lake: Lake, duckdb: Engine) -> None:
    predict(lake, duckdb, 0.1, 0.3)
    found = looked_at(lake, duckdb)["matured_auc"]
    assert (found.value, found.status, str(found.said)) == (0, "failed", "who it put first did not leave first: AUC 0.00")


@pytest.mark.parametrize(("on", "counts"), [(date(2026, 2, 19), True), (date(2026, 2, 18), False), (date(2026, 3, 2), False)])
def test_the_night_that_predicted_is_a_horizon_ago_or_up_to_ten_days_before(lake: Lake, duckdb: Engine, on: date, counts: bool) -> None:
    predict(lake, duckdb, 0.9, 0.02, on)
    assert bool(looked_at(lake, duckdb)) == counts


def test_a_night_without_probabilities_foretold_nothing(lake: Lake, duckdb: Engine) -> None:
    told = pa.table({"customer_id": ["c000"], "health_score": [50.0]})
    write_mart(lake, duckdb, "customer_risk", duckdb.table(told), PREDICTED, day_end(PREDICTED, company().zone))
    assert looked_at(lake, duckdb) == {}
