"""Two at once: nights, campaigns and backfills in one home wait for each other and end in the same tables and lists."""

import os
import shutil
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from commands import command, ended, start
from tests.nights_that_hold import hold

from mandegar.errors import Busy, CompanyError
from mandegar.sample import write_sample
from mandegar.storage.home import Home
from mandegar.storage.locks import locked
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import metadata

FIRST = date(2026, 6, 28)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
CLOCKED = ("pipeline_run",)
State = tuple[dict[str, list[tuple]], dict[str, bytes]]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample") / "company", 120, 4, 3, THIRD, progress=lambda text: None).out


def state(home: Path, url: str | None = None) -> State:
    """Every table of the warehouse but the run log, and every list."""
    with warehouse(Home(home, url).warehouse_url) as engine, engine.connect() as connection:
        tables = {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=str)
            for table in metadata.sorted_tables
            if table.name not in CLOCKED
        }
    return tables, {str(file.relative_to(home)): file.read_bytes() for file in sorted((home / "lists").rglob("*")) if file.is_file()}


def night(company: Path, home: Path, as_of: date) -> tuple[str, ...]:
    return ("night", "--company", str(company), "--home", str(home), "--as-of", as_of.isoformat())


def campaigns(company: Path, home: Path, as_of: date, *more: str) -> tuple[str, ...]:
    return ("campaigns", "run", "--company", str(company), "--home", str(home), "--as-of", as_of.isoformat(), *more)


def together(tmp_path: Path, url: str | None, *commands: tuple[str, ...]) -> list[tuple[int | None, str]]:
    """Commands started at one moment; how each ended."""
    told = [tmp_path / f"{number}.log" for number in range(len(commands))]
    return ended([(start(file, command, url, *words), file) for file, words in zip(told, commands, strict=True)])


def after_one_another(tmp_path: Path, url: str | None, *commands: tuple[str, ...]) -> None:
    for words in commands:
        [(code, said)] = together(tmp_path, url, words)
        assert code == 0, said


@pytest.fixture(scope="module")
def one_night(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the first night ran."""
    folder = tmp_path_factory.mktemp("first")
    after_one_another(folder, None, night(company, folder / "home", FIRST))
    return folder / "home"


@pytest.fixture(scope="module")
def two_nights(company: Path, one_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the first and the second night ran, one after the other."""
    folder = tmp_path_factory.mktemp("alone")
    shutil.copytree(one_night, folder / "home")
    after_one_another(folder, None, night(company, folder / "home", SECOND))
    assert len(state(folder / "home")[0]["kpi_period"]) > 100
    return folder / "home"


@pytest.mark.slow
def test_the_same_night_twice_at_once(company: Path, one_night: Path, two_nights: Path, tmp_path: Path) -> None:
    home = shutil.copytree(one_night, tmp_path / "home")
    done = together(tmp_path, None, night(company, home, SECOND), night(company, home, SECOND))
    assert [code for code, _ in done] == [0, 0], done
    assert sum("waiting for the night of 2026-06-29" in said for _, said in done) == 1
    assert state(home) == state(two_nights)


@pytest.mark.slow
def test_two_nights_at_once_and_a_campaign_beside_them(company: Path, one_night: Path, two_nights: Path, tmp_path: Path) -> None:
    """The later night may come first; then the earlier one is made again after it, as a backfill is."""
    home = shutil.copytree(one_night, tmp_path / "home")
    done = together(
        tmp_path,
        None,
        night(company, home, THIRD),
        night(company, home, SECOND),
        campaigns(company, home, FIRST),
        night(company, home, FIRST),
    )
    assert [code for code, _ in done] == [0, 0, 0, 0], done
    tables, lists = state(home)
    alone_tables, alone_lists = state(two_nights)
    for name in ("customer_risk", "customer_segment", "campaign_member", "contact_event"):
        until_second = [row for row in tables[name] if THIRD not in row]
        assert until_second == alone_tables[name], name
        assert until_second, name
    assert len(tables["customer_risk"]) > len(alone_tables["customer_risk"])
    assert {name: found for name, found in lists.items() if str(THIRD) not in name} == alone_lists
    assert tables["published_night"] == [(FIRST,), (SECOND,), (THIRD,)]
    assert {row[3] for row in tables["published_part"]} <= {FIRST, SECOND, THIRD}


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_two_campaigns_at_once_decide_as_one_after_the_other(
    company: Path, two_nights: Path, tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    """Races of the campaigns that wait for one asset; nobody is contacted twice, no file is torn. MANDEGAR_RACES: how many."""
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    alone = tmp_path / "alone"
    shutil.copytree(two_nights, alone, ignore=shutil.ignore_patterns("lists", *(["warehouse.db*"] if url else [])))
    hold(Home(alone), SECOND)
    after_one_another(tmp_path, None, campaigns(company, alone, SECOND, "--live"))
    expected = state(alone)
    for number in range(int(os.environ.get("MANDEGAR_RACES", "2"))):
        home = tmp_path / f"home{number}"
        shutil.copytree(two_nights, home, ignore=shutil.ignore_patterns("lists", "warehouse.db*"))
        of_each = [campaigns(company, home, SECOND, "--live", "--campaign", name) for name in ("win_back", "renewal_reminder")]
        if url is None:
            shutil.copy(two_nights / "warehouse.db", home)
            _forget(home, None)
        else:
            _forget(home, url)
            hold(Home(home, url), SECOND)
        done = together(tmp_path, url, *of_each)
        assert [code for code, _ in done] == [0, 0], done
        tables, lists = state(home, url)
        assert lists == expected[1]
        for name in ("campaign_run", "campaign_member", "contact_event"):
            assert [row for row in tables[name] if SECOND in row] == [row for row in expected[0][name] if SECOND in row], name


def _forget(home: Path, url: str | None) -> None:
    """Empties the tables of the campaigns."""
    with warehouse(Home(home, url).warehouse_url) as engine, engine.begin() as connection:
        for name in ("campaign_run", "campaign_member", "contact_event"):
            connection.execute(metadata.tables[name].delete())


def _claim(home: Path, company: str, at: float) -> None:
    time.sleep(max(0.0, at - time.time()))
    try:
        Home(home).belongs_to(company)
    except CompanyError as problem:
        print(problem)
        raise SystemExit(1) from None


@pytest.mark.slow
def test_several_processes_may_open_a_new_home(tmp_path: Path) -> None:
    """Twenty rounds of four; of two companies exactly one gets it, and is told apart from nobody."""
    for number in range(20):
        home, at = tmp_path / f"home{number}", time.time() + 0.15
        names = ["Acme", "Acme", "Acme", "Other" if number % 3 == 0 else "Acme"]
        told = [tmp_path / f"{place}.log" for place in range(4)]
        done = ended([(start(file, _claim, home, name, at), file) for file, name in zip(told, names, strict=True)])
        owner = (home / ".company").read_text(encoding="utf-8")
        assert [code for code, _ in done] == [0 if name == owner else 1 for name in names], done
        assert all(f"belongs to {owner}, not to" in said for code, said in done if code)
        assert [file.name for file in home.iterdir()] == [".company"]


def _hold(home: Path, seconds: float) -> None:
    with locked(home, "night", "the night of 2026-06-28"):
        print("holds", flush=True)
        time.sleep(seconds)


@pytest.fixture
def held(tmp_path: Path) -> Callable[[float], Path]:
    """A home whose night another process holds for so long."""

    def hold(seconds: float) -> Path:
        told = tmp_path / "holder.log"
        start(told, _hold, tmp_path / "home", seconds)
        while "holds" not in (told.read_text() if told.exists() else ""):
            time.sleep(0.01)
        return tmp_path / "home"

    return hold


def test_who_waits_too_long_is_told_for_whom(held: Callable[[float], Path]) -> None:
    home, said = held(1.5), []
    with (
        pytest.raises(Busy, match=r"the night of 2026-06-28 \(process \d+, since .*\) has not ended"),
        locked(home, "night", "x", say=said.append, patience=0.2),
    ):
        raise AssertionError("two hold one lock")
    assert len(said) == 1
    assert said[0].startswith("waiting for the night of 2026-06-28 (process ")


def test_shared_locks_stand_beside_each_other_and_wait_for_one_alone(held: Callable[[float], Path]) -> None:
    home = held(0.4)
    began = time.monotonic()
    with locked(home, "night", "a campaign", shared=True):
        assert time.monotonic() - began > 0.2
    process = start(home.parent / "shared.log", _share, home)
    with locked(home, "night", "another campaign", shared=True):
        process.join(30)
    assert process.exitcode == 0


def _share(home: Path) -> None:
    with locked(home, "night", "a third", shared=True, patience=5):
        pass
