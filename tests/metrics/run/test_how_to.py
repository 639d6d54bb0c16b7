"""docs/how-to/a-figure-of-your-own.md, word for word: its package is installed, its night run, its numbers found.

`make chaos` runs that night on Spark too (a minute and a half).
"""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_environment import ROOT

pytestmark = pytest.mark.slow

ENGINES = ("duckdb", "spark") if os.environ.get("MANDEGAR_CHAOS") == "all" else ("duckdb",)
PAGE = (ROOT / "docs" / "how-to" / "a-figure-of-your-own.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that has the package of the page."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    (source / "acme_figures").mkdir()
    (source / "acme_figures" / "credited.py").write_text(block("python"), encoding="utf-8")
    (source / "pyproject.toml").write_text(block("toml"), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(target), os.environ.get("PYTHONPATH")]))}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_numbers_of_the_page(make_company: Callable[..., Path], installed: dict[str, str], tmp_path: Path, engine: str) -> None:
    customers = "customer_id,name,signed_up_at\n" + "".join(f"{name},{name.title()},2026-01-01\n" for name in ("ann", "bob", "cyd"))
    folder = make_company({"customer.csv": customers, "invoice.csv": block("csv")}, time_zone="UTC", churn="{kind: inactivity}")
    [asked] = re.findall(r"`mandegar (night .*?)`", PAGE)
    command = [str(folder) if word == "acme" else str(tmp_path / "home") if word == "home" else word for word in asked.split()]
    asked_of = [sys.executable, "-m", "mandegar.cli", *command, "--engine", engine]
    done = subprocess.run(asked_of, env=installed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    warehouse = sqlite3.connect(tmp_path / "home" / "warehouse.db")
    found = [tuple(map(str, row)) for row in warehouse.execute(block("sql"))]
    warehouse.close()
    told = re.findall(r"^\| (\d{4}-\d\d-\d\d) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    assert [(day, float(one), float(other)) for day, one, other in found] == [(day, float(one), float(other)) for day, one, other in told]
    assert len(told) == 2


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        (("customers_credited", "revenue"), "The family acme_figures.credited:FAMILY tells of revenue, which there is already"),
        (("credited:FAMILY", "credited:METRICS"), "is no family that computes something"),
    ],
)
def test_a_family_that_cannot_be_used_is_named(installed: dict[str, str], tmp_path: Path, changed: tuple[str, str], error: str) -> None:
    target = Path(installed["PYTHONPATH"].split(os.pathsep)[0])
    for file in (*target.rglob("credited.py"), *target.rglob("entry_points.txt")):
        copy = tmp_path / file.relative_to(target)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text(encoding="utf-8").replace(*changed), encoding="utf-8")
    for file in target.rglob("METADATA"):
        (tmp_path / file.relative_to(target)).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    env = installed | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *installed["PYTHONPATH"].split(os.pathsep)[1:]])}
    asked = [sys.executable, "-m", "mandegar.cli", "night", "--company", "nowhere", "--as-of", "2026-02-28"]
    done = subprocess.run(asked, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert error in done.stderr
    assert "Traceback" not in done.stderr
