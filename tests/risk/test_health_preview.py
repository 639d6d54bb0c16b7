"""A changed health file on four customers, counted by hand; and the weights that a model speaks for."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from mandegar.compute.engine import Engine
from mandegar.errors import CompanyError
from mandegar.risk.health import Health
from mandegar.risk.health_preview import Cell, preview, read
from mandegar.risk.health_proposal import proposals, written
from mandegar.risk.model.encoding import Column, Encoding
from mandegar.risk.model.learners import Logistic
from mandegar.risk.model.version import ChurnModel

NIGHT = date(2026, 3, 31)
FILE = """# what people wrote stays
version: v1
bands: {high: 50, medium: 75}
signals:
  slow:
    feature: response_hours
    weight: 40   # since May
    good: 0
    bad: 10
    action: call
    reason: {en: "waits {value}", fa: "{value}"}
  failed:
    feature: failed_payments
    weight: 30
    good: 0
    bad: 2
    action: fix_payment
    reason: {en: "failed {value}", fa: "{value}"}
"""


def health(text: str = FILE) -> Health:
    return Health.model_validate(yaml.safe_load(text))


@pytest.fixture
def four(duckdb: Engine):
    """Scores by FILE: a 100 - 40 = 60, b 100 - 20 - 30 = 50, c 100 - 15 = 85, d (of whom nothing is known) 100."""
    rows = {
        "customer_id": ["a", "b", "c", "d"],
        "annual_value": [1000.0, 500.0, 200.0, 50.0],
        "response_hours": [12.0, 5.0, None, None],
        "failed_payments": [0.0, 3.0, 1.0, None],
    }
    return duckdb.table(pa.table(rows))


def test_who_moves_band_and_which_way(duckdb: Engine, four) -> None:
    """With slow at 60 and failed at 10: a 40, b 60, c 95, d 100. Only a moves, from medium to high."""
    changed = health(FILE.replace("weight: 40", "weight: 60").replace("weight: 30", "weight: 10"))
    seen = preview(four, health(), changed, duckdb, NIGHT)
    assert seen.cells == {("medium", "high"): Cell(1, 1000.0), ("medium", "medium"): Cell(1, 500.0), ("low", "low"): Cell(2, 250.0)}
    [mover] = seen.moved.to_pylist()
    assert (mover["customer_id"], mover["band_before"], mover["band_after"]) == ("a", "medium", "high")
    assert (mover["score_before"], mover["score_after"], mover["annual_value"]) == (60.0, 40.0, 1000.0)
    # points off: slow 40 + 20 of four customers, then 60 + 30; failed 30 + 15, then 10 + 5
    assert seen.costs == {"slow": (15.0, 22.5), "failed": (11.25, 3.75)}
    assert (seen.customers, seen.count("medium", after=False), seen.count("medium", after=True)) == (4, Cell(2, 1500.0), Cell(1, 500.0))


def test_nobody_moves_by_the_same_file(duckdb: Engine, four) -> None:
    seen = preview(four, health(), health(), duckdb, NIGHT)
    assert seen.moved.num_rows == 0
    assert seen.cells == {("medium", "medium"): Cell(2, 1500.0), ("low", "low"): Cell(2, 250.0)}


def test_bands_move_people_too_and_a_signal_may_go(duckdb: Engine, four) -> None:
    """Without `failed`: a 60, b 80, c and d 100; with bands at 65 and 90 a is high, b medium, both of them medium before."""
    gone = yaml.safe_load(FILE)
    del gone["signals"]["failed"]
    gone["bands"] = {"high": 65, "medium": 90}
    seen = preview(four, health(), Health.model_validate(gone), duckdb, NIGHT)
    assert [(row["customer_id"], row["band_before"], row["band_after"]) for row in seen.moved.to_pylist()] == [("a", "medium", "high")]
    assert seen.costs["failed"] == (11.25, 0.0)


def test_a_file_that_is_wrong_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "health.yaml").write_text(FILE.replace("weight: 40   # since May", "weight: -4"), encoding="utf-8")
    with pytest.raises(CompanyError, match=r"health.yaml, line 7: signals.slow.weight: found -4"):
        read(tmp_path / "health.yaml")


def model(**coefficients: float) -> ChurnModel:
    """A logistic model that adds so much to the log-odds for each unit of a feature."""
    count = len(coefficients)
    nothing = (0.0,) * count
    learnt = Logistic(0.0, nothing, (1.0,) * count, tuple(coefficients.values()), nothing, ((),) * count, nothing)
    return ChurnModel(60, Encoding(tuple(Column(name) for name in coefficients)), {60: (learnt, None)}, None, 0.1, {})  # type: ignore[arg-type]


ROWS = pd.DataFrame({"response_hours": [0.0, 2.0, 4.0, 5.0], "failed_payments": [0.0, 1.0, 2.0, np.nan], "customer_id": list("abcd")})


def test_weights_are_shared_out_by_what_the_model_adds_from_good_to_bad() -> None:
    """slow: 0.3 an hour over ten hours is 3; failed: 0.5 a payment over two is 1. 70 points by 3 to 1: 52.5 and 17.5."""
    slow, failed = proposals(ROWS, model(response_hours=0.3, failed_payments=0.5), health())
    assert (slow.weight, slow.proposed, slow.customers) == (40, 52, 3)
    assert (failed.weight, failed.proposed, failed.customers) == (30, 18, 2)
    assert (slow.slope, failed.slope) == (pytest.approx(3.0), pytest.approx(1.0))


def test_a_signal_of_which_the_model_says_nothing_keeps_its_weight() -> None:
    slow, failed = proposals(ROWS, model(response_hours=0.3), health())
    assert (slow.proposed, failed.proposed, failed.slope) == (40, 30, None)


def test_one_that_speaks_against_leaving_is_left_a_point() -> None:
    slow, failed = proposals(ROWS, model(response_hours=-0.3, failed_payments=0.5), health())
    assert (slow.proposed, failed.proposed) == (1, 70)


def test_the_proposal_is_the_file_in_use_with_other_weights_and_is_written_over_nothing(tmp_path: Path) -> None:
    file = tmp_path / "proposed.yaml"
    found = proposals(ROWS, model(response_hours=0.3, failed_payments=0.5), health())
    written(file, FILE, found, "model m on the customers of 2026-03-31")
    told = file.read_text(encoding="utf-8")
    assert "# what people wrote stays\n" in told
    assert "    weight: 52  # 40 before; takes points off 3 customers; the model adds +3.00 log-odds from good to bad\n" in told
    assert told.startswith("# Proposed by model m on the customers of 2026-03-31; nobody uses it yet.")
    assert read(file) == health(FILE.replace("weight: 40", "weight: 52").replace("weight: 30", "weight: 18"))
    with pytest.raises(CompanyError, match="is there already"):
        written(file, FILE, found, "model m")
