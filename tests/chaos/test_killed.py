"""A night killed in the middle of each stage and run again leaves the tables and lists of an undisturbed night."""

import os
import shutil
import signal
import sqlite3
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from killable import kill_at, start_night, start_stage

from mandegar.sample import write_sample

pytestmark = pytest.mark.slow

BEFORE, DAY = date(2026, 6, 29), date(2026, 6, 30)
STAGES = (
    "extracting crm.customer",
    "extracting product.usage",
    "validating crm.customer",
    "validating product.usage",
    "conforming",
    "measuring",
    "scoring",
    "publishing and auditing",
    "judging campaigns",
    "alerting",
    "campaign renewal_reminder",
    "campaign win_back",
)
ALONE_FROM = "conforming"  # from here on a stage needs what all tables before it brought
MOMENTS = (0.0, 0.06, 0.4)  # seconds after a stage began
CLOCKED = {"pipeline_run", "alembic_version"}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample") / "company", 200, 6, 3, DAY, progress=lambda text: None).out


def finish(company: Path, home: Path, as_of: date) -> None:
    told = home.parent / f"{home.name}.{as_of}.log"
    ended(start_night(company, home, as_of, told), told)


def ended(process: BaseProcess, told: Path) -> None:
    process.join()
    assert process.exitcode == 0, told.read_text()


@pytest.fixture(scope="module")
def first(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the night before ran."""
    home = tmp_path_factory.mktemp("first") / "home"
    finish(company, home, BEFORE)
    return home


@pytest.fixture(scope="module")
def undisturbed(company: Path, first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which two nights ran without trouble."""
    home = Path(shutil.copytree(first, tmp_path_factory.mktemp("undisturbed") / "home"))
    finish(company, home, DAY)
    return home


def tables(home: Path) -> dict[str, list[tuple]]:
    """Every table of the warehouse but those that tell the clock."""
    connection = sqlite3.connect(home / "warehouse.db")
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if name not in CLOCKED]
    found = {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=str) for name in names}
    connection.close()
    return found


def lists(home: Path) -> dict[str, bytes]:
    return {str(file.relative_to(home)): file.read_bytes() for file in sorted((home / "lists").rglob("*")) if file.is_file()}


Moments = tuple[dict[str, list[tuple]], dict[str, list[tuple]]]  # what may be shown: the night before, or this one


def alone(company: Path, home: Path, moments: Moments, folder: Path) -> int:
    """As a scheduler does it: a stage that was killed is run again, and the next one follows. Gives how often it was killed."""
    kills = 0
    for stage in STAGES:
        if stage == ALONE_FROM:
            ended(start_stage(company, home, DAY, folder / "taking in.log", "taking in"), folder / "taking in.log")
        for moment in MOMENTS:
            told = folder / f"{stage} {moment}.log"
            killed = start_stage(company, home, DAY, told, stage)
            kill_at(killed, told, stage, moment)
            kills += 1
            assert killed.exitcode == -signal.SIGKILL or moment > 0, f"{stage} was over before it could be killed"
            assert shown(home) in moments, f"a mixture after a kill in {stage}"
        ended(start_stage(company, home, DAY, folder / f"{stage}.log", stage), folder / f"{stage}.log")
    assert shown(home) == moments[1]
    return kills


def from_its_beginning(company: Path, home: Path, moments: Moments, folder: Path) -> int:
    """By hand: the night that was killed is run from its beginning, and killed at the next moment. Gives how often it was killed."""
    kills = 0
    for stage in STAGES:
        for moment in MOMENTS:
            told = folder / f"{kills}.log"
            kill_at(start_night(company, home, DAY, told), told, stage, moment)
            kills += 1
            assert shown(home) in moments, f"a mixture after a kill in {stage}"
    return kills


WAYS = {"each stage alone": alone}
if os.environ.get("MANDEGAR_CHAOS") == "all":  # each kill is a night of its own
    WAYS["from its beginning"] = from_its_beginning
SHOWN = ("kpi_period", "fct_mrr_movement", "fct_customer_period", "dim_customer", "published_night")


def shown(home: Path) -> dict[str, list[tuple]]:
    """What a reader sees of the present."""
    every = tables(home)
    return {name: every[name] for name in SHOWN}


@pytest.mark.parametrize("way", WAYS)
def test_killed_in_every_stage_and_run_again_is_as_if_nothing_had_happened(
    way: str, company: Path, first: Path, undisturbed: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(first, tmp_path / "home"))
    assert shown(home) == shown(first) != shown(undisturbed)
    kills = WAYS[way](company, home, (shown(first), shown(undisturbed)), tmp_path)
    assert kills == len(STAGES) * len(MOMENTS) == 36
    finish(company, home, DAY)
    as_if_nothing_had_happened(home, undisturbed)


def as_if_nothing_had_happened(home: Path, undisturbed: Path) -> None:
    whole = tables(undisturbed)
    assert len(whole["kpi_period"]) > 100
    assert len(whole["contact_event"]) > 5
    assert tables(home) == whole
    assert lists(home) == lists(undisturbed)


def test_the_same_night_twice_gives_the_same_tables_and_lists(company: Path, undisturbed: Path) -> None:
    before = tables(undisturbed), lists(undisturbed)
    finish(company, undisturbed, DAY)
    assert (tables(undisturbed), lists(undisturbed)) == before
