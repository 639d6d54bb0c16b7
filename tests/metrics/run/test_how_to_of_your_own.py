"""docs/how-to/sources-channels-and-rules-of-your-own.md, word for word: its package is installed, its tills read, its page sent."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airflow_environment import ROOT
from mandegar.campaigns.delivery import kinds as ways
from mandegar.campaigns.delivery import settings
from mandegar.config import company as companies
from mandegar.config import source_kinds
from mandegar.errors import MandegarError
from mandegar.rules import behaviours
from mandegar.sources.extract import describe
from mandegar.storage.lake import Lake

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "how-to" / "sources-channels-and-rules-of-your-own.md").read_text(encoding="utf-8")
CUSTOMERS = "customer_id,name,signed_up_at\nann,Ann,2026-01-01\nbob,Bob,2026-01-01\ncyd,Cyd,2026-01-01\n"
TOMORROW = "0006 bob R shoes 8000\n"  # of the day after the night
CHANGE = tuple[str, str, str]  # a file, what stands there, and what shall


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package of the page is installed."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    (source / "acme_own").mkdir()
    names = re.findall(r"`(acme_own/\w+\.py)`:$", PAGE, re.MULTILINE)
    for name, code in zip(names, blocks("python"), strict=True):
        (source / name).write_text(code, encoding="utf-8")
    [described] = blocks("toml")
    (source / "pyproject.toml").write_text(described, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    assert len(names) == 3
    return target


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """The company of the page, beside an empty folder for pages."""
    folder = tmp_path / "acme"
    for name in ("acme/tills", "acme/campaigns", "acme/messages", "pages"):
        (tmp_path / name).mkdir(parents=True)
    company, delivery, campaign, message = blocks("yaml")
    files = {"company.yaml": company, "delivery.yaml": delivery, "campaigns/shoes_back.yaml": campaign, "messages/shoes_back.yaml": message}
    files |= {"customer.csv": CUSTOMERS, "tills/2026-02-03.txt": blocks("text")[0], "tills/2026-02-04.txt": TOMORROW}
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def run(command: str, folder: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    [connection] = re.findall(r"`AIRFLOW_CONN_ACME_PAGER='(.*?)'`", PAGE)
    path = os.pathsep.join(filter(None, [str(packages), os.environ.get("PYTHONPATH")]))
    env = os.environ | {"PYTHONPATH": path, "AIRFLOW_CONN_ACME_PAGER": connection}
    arguments = shlex.split(command.removeprefix("mandegar "))
    return subprocess.run([sys.executable, "-m", "mandegar.cli", *arguments], cwd=folder, env=env, capture_output=True, text=True)


def test_the_tills_are_read_and_who_brought_shoes_back_is_told_to_the_pager(acme: Path, target: Path, tmp_path: Path) -> None:
    with (acme / "campaigns" / "shoes_back.yaml").open("a") as file:
        file.write("expires_after_days: 36500\n")  # the night of the page is long over when its messages are sent
    commands = blocks("sh")[0].splitlines()
    assert len(commands) == 4
    for command in commands:
        done = run(command, tmp_path, target)
        assert done.returncode == 0, done.stderr
    assert [receipt.rows for receipt in Lake(tmp_path / "home" / "lake").receipts("valid", "tills.invoice")] == [5]
    assert [page.read_text(encoding="utf-8") for page in (tmp_path / "pages").iterdir()] == [blocks("text")[1]]
    again = run(commands[-1], tmp_path, target)
    assert again.stdout == "nothing was due\n"


@pytest.fixture
def changed(target: Path, acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[CHANGE], Path]]:
    """The company, in a process that has the package of the page, one of whose files, or one of the company's, says something else."""

    def forget() -> None:
        for cached in (source_kinds.kinds, source_kinds.vendor, ways.kinds):
            cached.cache_clear()
        for name in [name for name in sys.modules if name.split(".")[0] == "acme_own"]:
            del sys.modules[name]

    def change(change: CHANGE) -> Path:
        name, there, instead = change
        packages = Path(shutil.copytree(target, tmp_path / "packages"))
        [file] = [file for folder in (packages, acme) for file in folder.rglob(name)]
        text = file.read_text(encoding="utf-8")
        assert there in text
        file.write_text(text.replace(there, instead), encoding="utf-8")
        shutil.rmtree(packages / "acme_own" / "__pycache__", ignore_errors=True)
        monkeypatch.syspath_prepend(packages)
        monkeypatch.setenv("AIRFLOW_CONN_ACME_PAGER", json.dumps({"password": "s3cret-key", "extra": {"folder": "pages"}}))
        forget()
        return acme

    yield change
    forget()


TILLS, PAGER, POINTS = "tills.py", "pager.py", "entry_points.txt"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("company.yaml", "kind: tills", "kind: till"), "company.yaml, line 8: sources.tills.kind: found 'till'. Did you mean 'tills'?"),
        (("company.yaml", "folder: tills", "place: tills"), "sources.tills: options: tills has no 'place'. It has: folder."),
        (("company.yaml", "table: receipts", "file: receipts"), "sources.tills: tables.invoice: a source of kind tills takes `table:`."),
        ((TILLS, 'takes=("table",)', 'takes=("table",), needs=("connection",)'), "a source of kind tills needs `connection:`."),
        (
            (POINTS, "acme_own.tills:TILLS", "acme_own.tills:SCHEMA"),
            "'tills' of mandegar.sources (acme_own.tills:SCHEMA) is no SourceKind.",
        ),
        ((POINTS, "acme_own.tills:TILLS", "acme_own.tils:TILLS"), "cannot be imported (No module named 'acme_own.tils'). Mend its package"),
        ((POINTS, "tills = ", "sql = "), "The source acme_own.tills:TILLS is called 'sql', a kind that there is already."),
    ],
)
def test_a_source_that_cannot_be_used_is_named(changed: Callable[[CHANGE], Path], change: CHANGE, error: str) -> None:
    with pytest.raises(MandegarError) as refused:
        companies.load(changed(change))
    assert error in str(refused.value)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ((TILLS, "acme_own.tills:open_table", "acme_own.tills:opened"), "opens it by 'acme_own.tills:opened', which cannot be imported"),
        ((TILLS, "    rows = []", "    rows = [] + 1"), "cannot be read (TypeError: can only concatenate list"),
        ((TILLS, "    rows = []", "    raise OSError('s3cret-key refused')"), "cannot be read (OSError: *** refused). Mend the package"),
        (("2026-02-03.txt", "0002 bob S shoes 8000", "0002 bob"), "line 2: has 2 parts, not 5. Ask the till for it again."),
    ],
)
def test_a_source_that_breaks_costs_its_table(changed: Callable[[CHANGE], Path], change: CHANGE, error: str) -> None:
    folder = changed(change)
    described = (folder / "company.yaml").read_text(encoding="utf-8")
    (folder / "company.yaml").write_text(described.replace("kind: tills\n", "kind: tills\n    connection: acme_pager\n"), encoding="utf-8")
    company = companies.load(folder)
    with pytest.raises(MandegarError) as refused:
        describe(company, company.table("tills.invoice"))
    assert error in str(refused.value)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("delivery.yaml", "beeps: 3", "peeps: 3"), "delivery.yaml, line 1: task: options: pager has no 'peeps'. It has: beeps."),
        (
            ("delivery.yaml", "task:", "call:"),
            "delivery.yaml, line 1: call: gateway: found 'pager'. Write 'generic', 'webhook', 'hubspot'",
        ),
        (("delivery.yaml", "task:", "email:"), "delivery.yaml, line 1: email: gateway: found 'pager'. Write 'smtp'."),
        (("delivery.yaml", "gateway: pager", "gateway: beeper"), "task: gateway: found 'beeper'. Write 'sql', 'generic', 'webhook'"),
        (
            (POINTS, "acme_own.pager:PAGER", "acme_own.pager:pager"),
            "'pager' of mandegar.channels (acme_own.pager:pager) is no ChannelKind.",
        ),
        ((POINTS, "pager = ", "twilio = "), "The channel acme_own.pager:PAGER is called 'twilio', a gateway that there is already."),
    ],
)
def test_a_channel_that_cannot_be_used_is_named(changed: Callable[[CHANGE], Path], change: CHANGE, error: str) -> None:
    company = companies.load(changed(change))
    with pytest.raises(MandegarError) as refused:
        settings.load(company)
    assert error in str(refused.value)


def test_an_option_that_is_not_written_stands_as_the_package_says(changed: Callable[[CHANGE], Path]) -> None:
    company = companies.load(changed(("delivery.yaml", ", options: {beeps: 3}", "")))
    task = settings.load(company).task
    assert isinstance(task, settings.Gateway)
    assert task.options == {"beeps": 1}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("returned.py", 'Behaviour("returned"', 'Behaviour("bought"'), "The behaviour acme_own.returned:RETURNED is called 'bought'"),
        (("returned.py", '"category", ("category",)', '"size", ("category",)'), "has no trait 'size', its main one."),
        (("returned.py", '"brought goods back"', '"", counts=("kilos",)'), "counts 'kilos'. Write some of times, days, amount."),
        ((POINTS, "acme_own.returned:RETURNED", "acme_own.returned:returns"), "(acme_own.returned:returns) is no Behaviour."),
    ],
)
def test_a_behaviour_that_cannot_be_used_is_named(changed: Callable[[CHANGE], Path], change: CHANGE, error: str) -> None:
    changed(change)
    with pytest.raises(MandegarError) as refused:
        behaviours._installed()
    assert error in str(refused.value)


def test_a_behaviour_that_no_rule_can_name_ends_every_command_with_a_line(changed: Callable[[CHANGE], Path], tmp_path: Path) -> None:
    changed(("returned.py", 'Behaviour("returned"', 'Behaviour("known"'))
    done = run("mandegar check --company acme", tmp_path, tmp_path / "packages")
    assert done.returncode == 1
    assert "A behaviour of mandegar.rules is called 'known', which no rule can name. Give it another word." in done.stderr
    assert "Traceback" not in done.stderr
