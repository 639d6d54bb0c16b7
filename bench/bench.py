"""`make bench`: what a night costs, stage by stage and size by size, and ratios to hand-written DuckDB SQL and to pandas.

Every measurement runs in a process of its own. The three approaches to the core tables read the same Parquet files, and their results
are compared before a ratio is told. The figures go to the screen, and to results.json and results.md in the folder of `--out`;
runs of other sizes that are there already stay beside them.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import approaches
import click
import nights
import pages
from measured import Measured, alone, best, machine

import retailer
import risk

UNTIL = date(2026, 10, 31)
FIRST, USUAL = UNTIL - timedelta(days=1), UNTIL
USAGE_PER_CUSTOMER = 20
SMALL = 200_000  # up to here the three approaches are run thrice
HISTORIES = (18, 36)


@click.group(invoke_without_command=True)
@click.pass_context
@click.option("--customers", "sizes", type=int, multiple=True, default=(10_000, 100_000), show_default=True, help="Sizes, small to large.")
@click.option("--months", type=int, default=36, show_default=True)
@click.option(
    "--repeat", type=int, help="How often each of the three approaches is run; the best counts. [default: 3, from 200,000 customers on 1]"
)
@click.option(
    "--history",
    type=int,
    default=100_000,
    show_default=True,
    help="Customers of the companies of 18 and of 36 months that are compared; 0: none.",
)
@click.option(
    "--work", type=click.Path(path_type=Path), help="Where companies are made, kept and found again. [default: a temporary folder]"
)
@click.option("--out", type=click.Path(path_type=Path), default="var/bench", show_default=True)
def main(
    context: click.Context, sizes: tuple[int, ...], months: int, repeat: int | None, history: int, work: Path | None, out: Path
) -> None:
    """Measures nights of made-up companies of several sizes; `risk`, `retailer`: the model of who leaves."""
    if context.invoked_subcommand:
        return
    out.mkdir(parents=True, exist_ok=True)
    usual: dict[tuple[int, int], dict] = {}
    with _folder(work) as folder:
        for size in sizes:
            say(f"==> {size:,} customers, {months} months")
            company = sample(folder, size, months)
            found = {"customers": size, "months": months} | measure(company, folder / "home", repeat or (3 if size <= SMALL else 1))
            pages.remember(out, machine(), f"{size}", found)
            usual[size, months] = found["usual_night"]
        if history:
            for length in HISTORIES:
                if (history, length) not in usual:
                    say(f"==> {history:,} customers, {length} months: a usual night")
                    usual[history, length] = two_nights(sample(folder, history, length), folder / "home")
            compared = {f"{length}": {"customers": history, "usual_night": usual[history, length]} for length in HISTORIES}
            pages.remember(out, machine(), "history", compared)
    text = pages.page(json.loads((out / "results.json").read_text(encoding="utf-8")))
    (out / "results.md").write_text(text, encoding="utf-8")
    print(text)
    say(f"The same is in {out / 'results.md'} and {out / 'results.json'}.")


def sample(folder: Path, customers: int, months: int) -> Path:
    """The company of that size, made if it is not there yet."""
    from mandegar.sample import write_sample

    company = folder / f"company_{customers}_{months}"
    if not company.is_dir():
        rows = customers * USAGE_PER_CUSTOMER
        write_sample(company, customers, months, 1, UNTIL, progress=lambda text: None, usage_rows=rows, cursors=True)
    return company


def measure(company: Path, home: Path, repeat: int) -> dict:
    """A first night, the three approaches over what it conformed, a usual night, and the approaches again."""
    shutil.rmtree(home, ignore_errors=True)
    core = home / "core"
    first = nights.night(nights.read_whole(company), home, FIRST, say)
    full = three_ways(company, home, core, FIRST, repeat)
    usual = nights.night(company, home, USUAL, say)
    again = three_ways(company, home, core, USUAL, 1, usual=True)
    shutil.rmtree(home)
    asked = json.loads((company / "truth" / "sample.json").read_text(encoding="utf-8"))
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "source_rows": asked["rows"],
        "first_night": {stage: cost.told() for stage, cost in first.items()},
        "usual_night": {stage: cost.told() for stage, cost in usual.items()},
        "rows": {stage: cost.result for stage, cost in usual.items() if stage != "night"},
        "full_rebuild": full,
        "after_a_usual_night": again,
    }


def two_nights(company: Path, home: Path) -> dict:
    """What a usual night took after a first one."""
    shutil.rmtree(home, ignore_errors=True)
    nights.night(nights.read_whole(company), home, FIRST, say)
    usual = nights.night(company, home, USUAL, say)
    shutil.rmtree(home)
    return {stage: cost.told() for stage, cost in usual.items()}


def three_ways(company: Path, home: Path, core: Path, as_of: date, repeat: int, usual: bool = False) -> dict:
    """The core tables by three approaches, which have to be the same; usual: Mandegar's stand on those of the night before.

    Errors: SystemExit when they differ, because then no ratio means anything.
    """
    approaches.apart(home, core)
    costs: dict[str, Measured] = {
        "mandegar": best(1 if usual else repeat, approaches.by_mandegar if usual else approaches.rebuilt_by_mandegar, company, core, as_of),
        "duckdb_sql": best(repeat, approaches.by_sql, company, core, as_of, core / "by_sql"),
        "pandas": best(repeat, approaches.by_pandas, company, core, as_of, core / "by_pandas"),
    }
    found = {way: cost.result for way, cost in costs.items()} | {"mandegar": alone(approaches.files_of_mandegar, core, as_of).result}
    wrong = alone(approaches.differences, found).result
    if wrong:
        raise SystemExit("The three approaches disagree, so no ratio means anything:\n" + "\n".join(wrong))
    for way, cost in costs.items():
        say(f"{way:10} {cost.seconds:8.1f} s  {cost.peak_mb:7,.0f} MB")
    return {"rows": approaches.rows(found["mandegar"])} | {way: cost.told() for way, cost in costs.items()}


def say(text: str) -> None:
    """Tells how far the run is."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _folder(work: Path | None) -> Iterator[Path]:
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
        yield work
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


main.add_command(risk.risk)
main.add_command(retailer.retailer)

if __name__ == "__main__":
    main()
