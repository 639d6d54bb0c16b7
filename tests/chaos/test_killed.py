"""A night killed in the middle of each stage and run again leaves the tables and lists of an undisturbed night."""

import sqlite3
from datetime import date
from pathlib import Path

import pytest
from killable import kill_at, start_night

from mandegar.sample import write_sample

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
MOMENTS = (0.0, 0.06)
CLOCKED = {"pipeline_run", "alembic_version"}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample") / "company", 200, 6, 3, DAY, progress=lambda text: None).out


def finish(company: Path, home: Path, as_of: date) -> None:
    told = home.parent / f"{home.name}.{as_of}.log"
    process = start_night(company, home, as_of, told)
    process.join()
    assert process.exitcode == 0, told.read_text()


@pytest.fixture(scope="module")
def undisturbed(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which two nights ran without trouble."""
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    for day in (BEFORE, DAY):
        finish(company, home, day)
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


SHOWN = ("kpi_period", "fct_mrr_movement", "fct_customer_period", "dim_customer", "published_night")


def shown(home: Path) -> dict[str, list[tuple]]:
    """What a reader sees of the present."""
    every = tables(home)
    return {name: every[name] for name in SHOWN}


def test_killed_in_every_stage_and_run_again_is_as_if_nothing_had_happened(company: Path, undisturbed: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    finish(company, home, BEFORE)
    before, after = shown(home), shown(undisturbed)
    assert before != after
    kills = 0
    for stage in STAGES:
        for moment in MOMENTS:
            told = tmp_path / f"{kills}.log"
            kill_at(start_night(company, home, DAY, told), told, stage, moment)
            kills += 1
            assert shown(home) in (before, after), f"a mixture after a kill in {stage}"
    assert kills == len(STAGES) * len(MOMENTS) == 24
    finish(company, home, DAY)
    whole = tables(undisturbed)
    assert len(whole["kpi_period"]) > 100
    assert len(whole["contact_event"]) > 5
    assert tables(home) == whole
    assert lists(home) == lists(undisturbed)


def test_the_same_night_twice_gives_the_same_tables_and_lists(company: Path, undisturbed: Path) -> None:
    before = tables(undisturbed), lists(undisturbed)
    finish(company, undisturbed, DAY)
    assert (tables(undisturbed), lists(undisturbed)) == before
