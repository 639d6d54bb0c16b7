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
    return read(tmp_path_factory.mktemp("home"))


def read(home: Path) -> dict:
    """What Airflow reads from dags/ for the company in a home."""
    env = environment(home, home / "company") | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
    done = subprocess.run([sys.executable, HERE / "shape.py", ROOT / "dags"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout[done.stdout.index("{\n") :])


def test_every_dag_file_can_be_read(shape: dict) -> None:
    assert shape["import_errors"] == {}


def test_the_shape_is_the_reviewed_one(shape: dict) -> None:
    """Changed on purpose? Then review the difference and put it into shape.json."""
    assert shape == json.loads((HERE / "shape.json").read_text(encoding="utf-8"))


def test_there_is_one_dag_for_the_night_training_and_delivery_and_one_per_campaign_file(shape: dict) -> None:
    assert sorted(shape["dags"]) == ["campaign_renewal_reminder", "campaign_win_back", "delivery", "nightly", "training"]


BOTH = ["campaign_renewal_reminder", "campaign_win_back"]


@pytest.mark.parametrize(
    ("churn", "files", "campaigns"),
    [
        ("inactivity", ["invoice.csv"], BOTH[1:]),
        ("inactivity", ["invoice.csv", "subscription.csv"], BOTH),
        ("contract", ["subscription.csv"], BOTH),
        ("inactivity", [], BOTH),  # it cannot be read: no source gives what it needs
    ],
)
def test_a_shop_without_subscriptions_has_no_dag_that_reminds_of_them(
    tmp_path: Path, churn: str, files: list[str], campaigns: list[str]
) -> None:
    (tmp_path / "company").mkdir()
    (tmp_path / "company" / "company.yaml").write_text(f"name: Shop\ntime_zone: UTC\ncurrency: EUR\nchurn: {{kind: {churn}}}\n")
    for file in files:
        (tmp_path / "company" / file).write_text("")
    assert sorted(name for name in read(tmp_path)["dags"] if name.startswith("campaign_")) == campaigns


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The DAGs of a company with a dry run, two live campaigns and one that rests."""
    home = tmp_path_factory.mktemp("live")
    (home / "company" / "campaigns").mkdir(parents=True)
    files = {
        "dry": "dry_run: true\n",
        "live": "dry_run: false\n",
        "costly": "dry_run: false\napproval: {four_eyes_above: 100, hours: 3}\n",
        "resting": "dry_run: false\nactive: false\n",
        "broken": "dry_run: [\n",
    }
    for name, content in files.items():
        (home / "company" / "campaigns" / f"{name}.yaml").write_text(content)
    return read(home)["dags"]


def test_a_live_campaign_asks_before_it_sends_a_costly_one_twice_and_a_dry_run_never(live: dict) -> None:
    tasks = {name.removeprefix("campaign_"): sorted(dag["tasks"]) for name, dag in live.items() if name.startswith("campaign_")}
    once, twice = ["answer", "ask", "decide", "whom_to_ask"], ["answer_again", "ask_again", "whom_to_ask_again"]
    assert tasks == {"dry": ["decide"], "broken": ["decide"], "live": once, "costly": sorted(once + twice)}


def test_nothing_is_asked_twice_by_a_retry_and_an_answer_that_never_comes_is_one_too(live: dict) -> None:
    tasks = live["campaign_live"]["tasks"]
    assert (tasks["ask"]["retries"], tasks["ask"]["after"], tasks["answer"]["trigger_rule"].lower()) == (
        0,
        ["whom_to_ask"],
        "triggerrule.all_done",
    )


def test_the_trigger_form_asks_for_a_day_and_a_yes_or_no(shape: dict) -> None:
    params = shape["dags"]["nightly"]["params"]
    assert {name: (told["type"], told["default"]) for name, told in params.items()} == {
        "as_of": (["null", "string"], None),
        "ask_again": ("boolean", False),
    }
    assert params["as_of"]["format"] == "date"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"name: [Acme\n", "company.yaml: not readable as YAML"),
        (
            b"name: Acme\ntime_zone: Asia/Teheran\ncurrency: USD\nchurn: {kind: contract}\n",
            "company.yaml, line 2: time_zone: found 'Asia/Teheran'",
        ),
        ("name: Café\n".encode("latin-1"), "company.yaml: is not UTF-8"),
    ],
    ids=["no YAML", "no time zone", "no UTF-8"],
)
def test_a_company_file_that_cannot_be_used_is_an_import_error_and_no_night_in_utc(tmp_path: Path, written: bytes, said: str) -> None:
    (tmp_path / "company").mkdir()
    (tmp_path / "company" / "company.yaml").write_bytes(written)
    found = read(tmp_path)
    assert "nightly" not in found["dags"]
    [told] = [text for file, text in found["import_errors"].items() if file.endswith("nightly.py")]
    assert said in told
