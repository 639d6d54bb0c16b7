"""The platform's shape is one reviewed file: which DAGs there are, what runs after what, with which retries."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_environment import ROOT, environment

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What Airflow reads from dags/, in a process of its own."""
    home = tmp_path_factory.mktemp("home")
    env = environment(home, home / "company") | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
    done = subprocess.run([sys.executable, HERE / "shape.py", ROOT / "dags"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout[done.stdout.index("{") :])


def test_every_dag_file_can_be_read(shape: dict) -> None:
    assert shape["import_errors"] == {}


def test_the_shape_is_the_reviewed_one(shape: dict) -> None:
    """Changed on purpose? Then review the difference and put it into shape.json."""
    assert shape == json.loads((HERE / "shape.json").read_text(encoding="utf-8"))


def test_there_is_one_dag_for_the_night_and_one_per_campaign_file(shape: dict) -> None:
    assert sorted(shape["dags"]) == ["campaign_renewal_reminder", "campaign_win_back", "nightly"]
