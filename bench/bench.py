"""`make bench`: what a night costs, and the movements of MRR against hand-written DuckDB SQL and pandas, in one run.

Each measurement runs in a process of its own, so that its peak memory is its own. The three ways to the movements read the
same Parquet files, and their results are compared before a ratio is printed.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

UNTIL = date(2026, 10, 31)
WAYS = ("mandegar", "duckdb_sql", "pandas")
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Measured:
    """What a piece of work took, and what it gave."""

    seconds: float
    peak_mb: float
    result: Any


def alone(work: Callable[..., Any], *arguments: Any) -> Measured:
    """The work in a fresh process: its time without imports, its peak memory with them."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_measured, work, arguments).result()


def _measured(work: Callable[..., Any], arguments: tuple) -> Measured:
    import great_expectations.expectations  # noqa: F401  # imports are paid before the clock starts

    import mandegar.stages  # noqa: F401

    began = time.perf_counter()
    result = work(*arguments)
    return Measured(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, result)


def run_stage(company: Path, home: Path, stage: str, tables: list[str]) -> None:
    from mandegar import company as companies
    from mandegar import stages
    from mandegar.home import Home

    night = stages.Night(companies.load(company), Home(home), UNTIL)
    for arguments in [(table,) for table in tables] or [()]:
        getattr(stages, f"{stage}_stage")(night, *arguments)


def run_way(way: str, company: Path, home: Path) -> tuple[int, float]:
    """The movements of every month by one way; gives their number and the sum of their absolute amounts."""
    import pyarrow as pa

    from mandegar import calendar
    from mandegar import company as companies
    from mandegar.lake import Lake

    found = companies.load(company).model_copy(update={"periods": ("month",)})
    lake = Lake(home / "lake")
    files = lake.files("conformed", "subscription", [UNTIL])
    periods = calendar.period_table(found, found.data_from or UNTIL, UNTIL)
    moved: pa.Table = {"mandegar": _by_mandegar, "duckdb_sql": _by_sql, "pandas": _by_pandas}[way](found, lake, files, periods)
    amounts = [abs(float(amount)) for amount in moved.column("amount").to_pylist()]
    return moved.num_rows, round(sum(amounts), 2)


def _by_mandegar(company: Any, lake: Any, files: list[str], periods: Any) -> Any:
    import pyarrow as pa

    from mandegar import engine as engines
    from mandegar.metrics import mrr
    from mandegar.metrics.fx import rates_at
    from mandegar.metrics.ledger import first_paid, ledger

    instants = sorted({*periods.column("starts_at").to_pylist(), *periods.column("ends_at").to_pylist()})
    with engines.start() as engine:
        versions = engine.files(files, lake.schema("conformed", "subscription"), lake.path("conformed", "subscription"))
        stretches = engine.keep(ledger(versions, company.churn, engine))
        at = engine.table(pa.table({"at": pa.array(instants, pa.timestamp("us", "UTC"))}))
        rates = engine.table(rates_at(company, instants, [company.currency], []))
        accounts = mrr.account_periods(mrr.standing_at(stretches, at), engine.table(periods), rates, first_paid(stretches))
        return engine.arrow(mrr.movements(accounts).select("period_start", "customer_id", "movement", "amount"))


def _by_sql(company: Any, lake: Any, files: list[str], periods: Any) -> Any:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("periods", periods)
        connection.read_parquet(files).create_view("versions")
        return connection.execute((HERE / "movements_by_hand.sql").read_text()).to_arrow_table()


def _by_pandas(company: Any, lake: Any, files: list[str], periods: Any) -> Any:
    import pandas as pd
    import pyarrow as pa
    from movements_in_pandas import movements

    columns = ["customer_id", "subscription_id", "valid_from", "valid_to", "status", "quantity", "unit_price", "discount", "interval_unit"]
    versions = pd.concat([pd.read_parquet(file, columns=[*columns, "interval_count"]) for file in files])
    return pa.Table.from_pandas(movements(versions, periods.to_pandas()), preserve_index=False)


@click.command()
@click.option("--customers", "sizes", type=int, multiple=True, default=(2_500, 10_000), show_default=True, help="Sizes, small to large.")
@click.option("--months", type=int, default=36, show_default=True)
def main(sizes: tuple[int, ...], months: int) -> None:
    """Prints what a night costs and the ratios, for companies of several sizes."""
    from mandegar import company as companies
    from mandegar.sample import write_sample

    console = Console(width=None if sys.stdout.isatty() else 120)
    before: dict[str, Measured] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            company, home = Path(folder) / "company", Path(folder) / "home"
            console.print(f"==> {size:,} customers, {months} months")
            write_sample(company, size, months, 1, UNTIL, progress=lambda text: None)
            names = [str(table) for table in companies.load(company).tables()]
            costs: dict[str, Measured] = {}
            for stage in ("extract", "validate", "conform", "measure", "score", "publish", "audit"):
                costs[stage] = alone(run_stage, company, home, stage, names if stage in ("extract", "validate") else [])
            costs["night"] = Measured(sum(cost.seconds for cost in costs.values()), max(cost.peak_mb for cost in costs.values()), None)
            _show_night(console, size, costs, before)
            before = costs
            _show_ways(
                console, {way: min((alone(run_way, way, company, home) for _ in range(3)), key=lambda one: one.seconds) for way in WAYS}
            )


def _show_night(console: Console, size: int, costs: dict[str, Measured], before: dict[str, Measured]) -> None:
    table = Table(title=f"A first night of {size:,} customers", title_justify="left")
    for heading in ("stage", "seconds", "peak MB", "times the smaller size"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for stage, cost in costs.items():
        growth = f"{cost.seconds / before[stage].seconds:.2f}" if before else "–"
        table.add_row(stage, f"{cost.seconds:.2f}", f"{cost.peak_mb:,.0f}", growth)
    console.print(table)


def _show_ways(console: Console, ways: dict[str, Measured]) -> None:
    results = {cost.result for cost in ways.values()}
    if len(results) != 1:
        raise SystemExit(f"The three ways disagree, so no ratio means anything: { {way: cost.result for way, cost in ways.items()} }")
    rows, _ = results.pop()
    table = Table(title=f"Movements of every month ({rows:,} rows, equal by all three ways; best of three)", title_justify="left")
    for heading in ("way", "seconds", "peak MB", "Mandegar takes … of its time"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for way, cost in ways.items():
        ratio = "1" if way == "mandegar" else f"{ways['mandegar'].seconds / cost.seconds:.2f}"
        table.add_row(way, f"{cost.seconds:.2f}", f"{cost.peak_mb:,.0f}", ratio)
    console.print(table)


if __name__ == "__main__":
    main()
