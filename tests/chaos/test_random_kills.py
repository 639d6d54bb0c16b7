"""Nights killed at a random moment and run again: nothing lost, nothing twice, nothing unexplained.

Each seed says what is run (a night over an earlier one, a first night, a day backfilled; alone, or with live campaigns after it),
onto which database, and what is killed: the command's own process, its whole group, or one of its children. `make slow` kills
twice, `make chaos` (MANDEGAR_CHAOS=all) two hundred times.
"""

import contextlib
import os
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from killable import start
from reader import BY_CAMPAIGN, Seen, differences, halves, look, twice
from shell import Shell

from mandegar.sample import write_sample

pytestmark = pytest.mark.slow

DAYS = (date(2026, 6, 28), date(2026, 6, 29), date(2026, 6, 30))
ALL = range(200)
SEEDS = ALL if os.environ.get("MANDEGAR_CHAOS") == "all" else (0, 3)
DATABASES = ("sqlite", "postgresql")
KILLED = ("group", "child", "process")
SCENARIOS = {  # the nights there are already, and the one that is killed
    "over another": (DAYS[:1], DAYS[1]),
    "first": ((), DAYS[0]),
    "backfill": ((DAYS[0], DAYS[2]), DAYS[1]),
}
ORDER = ("over another", "backfill", "over another", "first")
TABLES = {"crm": ("customer",), "billing": ("subscription", "invoice"), "product": ("usage",)}
STAGES = ("conform", "measure", "score", "publish", "alert", "campaign")
LAST_MOMENT = {"group": 0.97, "process": 0.97, "child": 0.6}  # there is most of a child's work in the first half
PATIENCE = 600.0  # seconds
ORPHANS = 60.0  # seconds that a process may outlive its killed parent
ATTEMPTS = 20
# what Python's own resource tracker prints when it was killed and made anew: it does not know what its predecessor was told
BOOKKEEPING = re.compile(r"Traceback \(most recent call last\):\n  File \"[^\"]*resource_tracker\.py\", .*\n.*\nKeyError: '/mp-\w+'\n")


@dataclass(frozen=True)
class Plan:
    """What a seed says."""

    database: str
    killed: str
    scenario: str
    live: bool
    jobs: int
    moment: float  # of the length of the run, from the first word it says

    @classmethod
    def of(cls, seed: int) -> "Plan":
        chance = random.Random(seed)
        killed = KILLED[seed // 2 % 3]
        return cls(
            DATABASES[seed % 2],
            killed,
            ORDER[seed // 6 % 4],
            chance.random() < 0.3,
            3 if killed == "child" else chance.choice((1, 3)),
            chance.uniform(0, LAST_MOMENT[killed]),
        )


@dataclass(frozen=True)
class Begun:
    """A home before the night, with its database, and what is seen of an undisturbed night: before, after it, after its campaigns.

    seconds: what it last took without and with campaigns, from the first word; that changes with what else the machine does.
    """

    home: Path
    database: str | None
    moments: tuple[Seen, Seen, Seen]
    seconds: dict[bool, float]


class Databases:
    """PostgreSQL's databases: made empty or as a copy of another, dropped at the end."""

    def __init__(self, postgres: str) -> None:
        self._url = sa.make_url(postgres)
        self._server = sa.create_engine(self._url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        self._count = 0

    def new(self, like: str | None = None) -> str:
        self._count += 1
        name = f"kills{self._count}"
        template = f" TEMPLATE {sa.make_url(like).database}" if like else ""
        with self._server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}{template}"))
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        with self._server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)"))

    def end(self) -> None:
        self._server.dispose()


@pytest.fixture(scope="module")
def databases(postgres: str) -> Iterator[Databases]:
    made = Databases(postgres)
    yield made
    made.end()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company with four of its tables, reckoned by months only: what a night takes is mostly the same for any size."""
    folder = write_sample(tmp_path_factory.mktemp("sample") / "company", 120, 3, 3, DAYS[-1], progress=lambda text: None, showing=False).out
    told = yaml.safe_load((folder / "company.yaml").read_text(encoding="utf-8"))
    told["periods"] = ["month"]
    told["sources"] = {
        source: settings | {"tables": {name: settings["tables"][name] for name in TABLES[source]}}
        for source, settings in told["sources"].items()
        if source in TABLES
    }
    (folder / "company.yaml").write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    return folder


def words(company: Path, home: Path, as_of: date, live: bool, jobs: int = 1) -> list[tuple[str, ...]]:
    """The commands of a night, and of its campaigns if they follow."""
    at = ("--company", str(company), "--home", str(home), "--as-of", as_of.isoformat())
    return [("night", *at, "--jobs", str(jobs)), *([("campaigns", "run", *at, "--live")] if live else [])]


def undisturbed(told: Path, url: str | None, command: tuple[str, ...]) -> None:
    process = start(told, url, *command)
    process.join(PATIENCE)
    assert process.exitcode == 0, told.read_text()


@pytest.fixture(scope="module")
def begun(company: Path, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Begun]:
    """Makes what a scenario begins with, once for each database."""
    made: dict[tuple[str, str], Begun] = {}

    def make(database: str, scenario: str) -> Begun:
        if (database, scenario) in made:
            return made[database, scenario]
        folder = tmp_path_factory.mktemp("begun")
        there, day = SCENARIOS[scenario]
        home, url = folder / "before", databases.new() if database == "postgresql" else None
        home.mkdir()
        for earlier in there:
            for command in words(company, home, earlier, live=True):
                undisturbed(folder / "told", url, command)
        after, after_url = copy(home, url, folder / "after", databases)
        moments, seconds = [look(home, url)], []
        for number, command in enumerate(words(company, after, day, live=True)):
            run = Shell([command], after_url, folder / f"told{number}")
            if number == 0:
                run.wait_for_a_word()
            began = time.monotonic()
            assert run.go_on(PATIENCE) == 0, run.said()
            seconds.append(time.monotonic() - began)
            moments.append(look(after, after_url))
        if after_url:
            databases.drop(after_url)
        made[database, scenario] = Begun(home, url, tuple(moments), {False: seconds[0], True: sum(seconds)})
        return made[database, scenario]

    return make


def copy(home: Path, url: str | None, to: Path, databases: Databases) -> tuple[Path, str | None]:
    shutil.copytree(home, to)
    return to, databases.new(url) if url else None


def explained(said: str) -> bool:
    """Whether an error or a warning names a table or a stage."""
    names = [f"{source}.{table}" for source, tables in TABLES.items() for table in tables] + list(STAGES)
    lines = [line for line in said.splitlines() if line.startswith(("error: ", "warning: "))]
    return any(name in line for line in lines for name in names)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_a_random_moment_and_run_again(
    seed: int, company: Path, begun: Callable[[str, str], Begun], databases: Databases, tmp_path: Path
) -> None:
    plan = Plan.of(seed)
    start_of = begun(plan.database, plan.scenario)
    whole = list(start_of.moments if plan.live else start_of.moments[:2])
    with contextlib.ExitStack() as afterwards:
        killed, run, home, url = kill_in(plan, random.Random(f"whom {seed} kills"), company, start_of, databases, tmp_path, afterwards)
        print(f"seed {seed}: {plan}, killed: {killed}")
        assert halves(look(home, url), whole) == [], killed

        if killed.startswith("child"):
            code, said = run.go_on(PATIENCE), run.said()
            assert code is not None, f"it hangs after its child was killed: {said}"
            if code == 0:
                assert differences(look(home, url), whole[-1]) == [], f"{killed}: exit 0, and something is missing: {said}"
            else:
                assert explained(said), f"{killed}: exit {code} without a word of what is missing: {said}"

        began = time.monotonic()
        for command in words(company, home, SCENARIOS[plan.scenario][1], plan.live):
            undisturbed(tmp_path / "again", url, command)
        start_of.seconds[plan.live] = max(start_of.seconds[plan.live], time.monotonic() - began)
        after = look(home, url)
        assert differences(after, whole[-1]) == [], killed
        assert twice(after) == []
        assert "Traceback" not in BOOKKEEPING.sub("", run.said()), run.said()
        run.wait_for_orphans(ORPHANS)
        shutil.rmtree(home)


def test_every_way_to_kill_meets_every_scenario_on_both_databases() -> None:
    plans = [Plan.of(seed) for seed in ALL]
    met = Counter((plan.database, plan.killed, plan.scenario) for plan in plans)
    assert len(met) == len(DATABASES) * len(KILLED) * len(SCENARIOS) == 18
    assert min(met.values()) >= 8
    assert sum(plan.scenario == "over another" for plan in plans) >= 98
    assert 40 < sum(plan.live for plan in plans) < 90


def test_what_is_half_or_twice_is_found(begun: Callable[[str, str], Begun]) -> None:
    """The checks held against what is wrong: a table of the night before beside those of the night, a list with other bytes."""
    before, after, live = begun("sqlite", "over another").moments
    assert halves(before, [before, after]) == halves(after, [before, after]) == []
    assert halves(Seen(after.tables | {"kpi_period": before.tables["kpi_period"]}, after.lists), [before, after]) == ["the night"]
    [name, *_] = [name for name in after.lists if name not in before.lists and name.endswith("send.csv")]
    assert halves(Seen(after.tables, after.lists | {name: b"half"}), [before, after]) == [str(Path(name).parent)]
    assert halves(Seen(after.tables, {}), [before, after]) == sorted({str(Path(name).parent) for name in before.lists})
    assert differences(live, after)
    empty, first, _ = begun("sqlite", "first").moments
    one = sorted(str(row["campaign_id"]) for row in first.tables["campaign_run"])[0]  # the night died before the other had decided
    decided = {name: [row for row in first.tables[name] if row["campaign_id"] == one] for name in BY_CAMPAIGN}
    assert halves(Seen(first.tables | decided | {"person_account": first.tables["person_account"][:1]}, {}), [empty, first]) == []
    assert halves(Seen(first.tables | decided | {"campaign_version": []}, {}), [empty, first]) == [f"what {one} decided"]
    stranger = first.tables["person_account"][0] | {"person_key": "x"}
    assert len(halves(Seen(first.tables | {"person_account": [stranger]}, first.lists), [empty, first])) == 1
    event = live.tables["contact_event"]
    assert len([row for row in event if row["mode"] == "live"]) > 2
    assert len(twice(Seen(live.tables | {"contact_event": event * 2}, {}))) == len([row for row in event if row["mode"] == "live"])


def kill_in(
    plan: Plan,
    chance: random.Random,
    company: Path,
    start_of: Begun,
    databases: Databases,
    folder: Path,
    afterwards: contextlib.ExitStack,
) -> tuple[str, Shell, Path, str | None]:
    """Runs what a plan says and kills it; gives what was killed, the run, its home and database.

    A run that is over before its moment came is begun anew, and killed at that moment of the time that it took.
    """
    for attempt in range(ATTEMPTS):
        home, url = copy(start_of.home, start_of.database, folder / f"home{attempt}", databases)
        if url:
            afterwards.callback(databases.drop, url)
        commands = words(company, home, SCENARIOS[plan.scenario][1], plan.live, plan.jobs)
        run = Shell(commands, url, folder / f"told{attempt}")
        afterwards.callback(run.end)
        run.wait_for_a_word()
        began, moment = time.monotonic(), plan.moment * start_of.seconds[plan.live]
        code = run.go_on(moment)
        assert not code, run.said()
        if code is None:
            return f"{run.kill(plan.killed, chance)}, {moment:.2f} s after its first word", run, home, url
        start_of.seconds[plan.live] = time.monotonic() - began
    raise AssertionError(f"{ATTEMPTS} times it was over before it could be killed")
