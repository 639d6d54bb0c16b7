"""`make compare BASE=REVISION`: nights of the same books under two revisions, and every published number that differs.

    ops/compare.py BASE [--book NAME ...] [--without NAME ...] [--retailer PARQUET]

BASE is checked out beside (var/compare/REVISION) and runs in this environment, or in one of its own where it pins other packages. The
list goes into var/compare/differences.csv and, summed up by book, table and figure, onto the screen. Gives 0 if nothing differs.
"""

import csv
import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from books import Book, books
from compared import Comparison, Difference, compare

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "var" / "compare"
RETAILER = ROOT.parent / "shared" / "data" / "online_retail_2009_2010.parquet"
EXAMPLES = 3  # of each figure that differs, on the screen


@dataclass(frozen=True)
class Revision:
    """A tree of the project and the interpreter that runs it."""

    name: str
    tree: Path
    python: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes: the library of this tree comes before the installed one."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MANDEGAR_", "AIRFLOW_CONN_"))}
        return kept | {"PYTHONPATH": str(self.tree / "include"), "COLUMNS": "140"}


def main(arguments: list[str]) -> int:
    """Runs both, prints what differs; gives 1 if anything does."""
    parser = ArgumentParser(description="Lists every published number that differs between two revisions.")
    parser.add_argument("base", help="the revision to compare with, such as v0.1.0 or a commit")
    parser.add_argument("--book", action="append", default=[], help="only this book (may be repeated)")
    parser.add_argument("--retailer", type=Path, default=RETAILER, help="the online retailer's year as Parquet")
    parser.add_argument("--without", action="append", default=[], help="a dimension or convention that BASE cannot tell")
    asked = parser.parse_args(arguments)
    base, now = checked_out(asked.base), as_it_stands()
    known = books([str(base.python)], base.environment, asked.retailer, tuple(asked.without))
    if wrong := set(asked.book) - {book.name for book in known}:
        parser.error(f"no book is called {', '.join(sorted(wrong))}: {', '.join(book.name for book in known)}")
    if not asked.retailer.is_file():
        print(f"The online retailer is left out: {asked.retailer} is not here.", flush=True)
    found: dict[str, Comparison] = {}
    failed = []
    for book in known:
        if asked.book and book.name not in asked.book:
            continue
        print(f"==> {book.name}: {len(book.nights)} nights under {base.name} and now", flush=True)
        problems = run(book, [base, now])
        if problems:
            failed.append(book.name)
            print("\n".join(f"    {problem}" for problem in problems), flush=True)
            continue
        found[book.name] = compare(*(WORK / book.name / side.name / "home" / "warehouse.db" for side in (base, now)))
        told(found[book.name])
    listed = WORK / "differences.csv"
    written(found, listed)
    total = sum(len(comparison.differences) for comparison in found.values())
    values = sum(comparison.values for comparison in found.values())
    print(f"{total:,} of {values:,} published values differ; all of them: {listed}")
    if failed:
        print(f"Not compared: {', '.join(failed)}", file=sys.stderr)
    return int(bool(total or failed))


def checked_out(revision: str) -> Revision:
    """That revision's tree, with an environment of its own where it pins other packages than this one."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short=12", f"{revision}^{{commit}}"]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    tree = WORK / "trees" / name
    if not (tree / "pyproject.toml").is_file():
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir(parents=True)
        packed = subprocess.Popen(["git", "-C", str(ROOT), "archive", name], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", str(tree)], stdin=packed.stdout, check=True)
        if packed.wait():
            raise SystemExit(f"git archive {name} failed")
    if (tree / "requirements.txt").read_bytes() != (ROOT / "requirements.txt").read_bytes():
        subprocess.run(["make", "--no-print-directory", "-C", str(tree), "setup"], check=True)
        return Revision(name, tree, tree / ".venv" / "bin" / "python")
    return Revision(name, tree, ROOT / ".venv" / "bin" / "python")


def as_it_stands() -> Revision:
    """This tree as it is now, uncommitted changes and all: a copy, so that one can go on working."""
    tree = WORK / "trees" / "now"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(ROOT / "include", tree / "include", ignore=shutil.ignore_patterns("__pycache__"))
    return Revision("now", tree, ROOT / ".venv" / "bin" / "python")


def run(book: Book, revisions: list[Revision]) -> list[str]:
    """All nights of a book under each revision, the two side by side; what went wrong, one line for each."""
    folder = WORK / book.name
    shutil.rmtree(folder, ignore_errors=True)
    for night in book.nights:
        book.write(folder / "company", night)
        with ThreadPoolExecutor(len(revisions)) as pool:
            problems = [problem for problem in pool.map(lambda side, night=night: one_night(folder, night, side), revisions) if problem]
        if problems:
            return problems
    return []


def one_night(folder: Path, night: date, side: Revision) -> str:
    """Runs one night; empty, or what went wrong."""
    home = folder / side.name / "home"
    command = [str(side.python), "-m", "mandegar.cli", "night", "--company", str(folder / "company"), "--home", str(home)]
    done = subprocess.run([*command, "--as-of", str(night)], env=side.environment, capture_output=True, text=True, cwd=side.tree)
    (folder / side.name / f"{night}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        return f"night of {night} under {side.name} ended with {done.returncode}: {' | '.join(done.stderr.splitlines()[-3:])}"
    return ""


def told(comparison: Comparison) -> None:
    """What differs, by table and figure, with a few examples of each."""
    for line in comparison.apart:
        print(f"    {line}")
    counted = Counter((difference.table, difference.metric) for difference in comparison.differences)
    examples: dict[tuple[str, str], list[Difference]] = {}
    for difference in comparison.differences:
        examples.setdefault((difference.table, difference.metric), []).append(difference)
    for (table, metric), count in counted.items():
        print(f"    {table} {metric}: {count:,}")
        for example in examples[table, metric][:EXAMPLES]:
            print(f"        {example.period} {example.row}: {example.base} -> {example.now}")
    print(f"    {len(comparison.differences):,} of {comparison.values:,} values differ", flush=True)


def written(found: dict[str, Comparison], path: Path) -> None:
    """Every difference as a row of a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("book", "table", "metric", "period", "row", "base", "now"))
        for book, comparison in found.items():
            writer.writerows((book, *vars(difference).values()) for difference in comparison.differences)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
