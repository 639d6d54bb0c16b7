"""`mandegar …`: the same functions without Airflow, for a person at a terminal."""

import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from mandegar import __version__
from mandegar.cli import campaigns, health, model, outbox, quarantine
from mandegar.config.settings import EARLIEST
from mandegar.errors import MandegarError
from mandegar.pipeline import last_resort
from mandegar.storage.home import Home
from mandegar.storage.locks import NIGHT, locked

UNFORESEEN = 70  # EX_SOFTWARE
ROOT = "mandegar.home"
LAST_YEAR = 9000  # a later day has no end that can be told


class Explained(click.Group):
    """Errors are printed without a traceback; the exit code says that it failed: 1 where Mandegar explains it, else 70."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except MandegarError as problem:
            for line in str(problem).splitlines():
                click.echo(f"error: {line}", err=True)
            context.exit(1)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except Exception as problem:
            click.echo(
                f"error: {last_resort.told(problem, context.meta.get(ROOT) or Path(os.environ.get('MANDEGAR_HOME') or 'var'))}", err=True
            )
            context.exit(UNFORESEEN)


def _remembered(context: click.Context, _: click.Parameter, value: Path) -> Path:
    """Notes the home of a command, for the log of what nobody foresaw."""
    context.meta[ROOT] = value
    return value


class Day(click.ParamType):
    """A day as YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day. Write it as 2026-10-31, in the Gregorian calendar.", param, ctx)
        if day.year < EARLIEST.year:
            self.fail(f"{value} lies before {EARLIEST.year}. Write the day in the Gregorian calendar, such as 2026-10-31.", param, ctx)
        if day.year > LAST_YEAR:
            self.fail(f"{value} lies after {LAST_YEAR}. Write the day in the Gregorian calendar, such as 2026-10-31.", param, ctx)
        return day


COMPANY = click.option("--company", "folder", type=click.Path(path_type=Path), required=True, help="Folder with company.yaml.")
HOME = click.option(
    "--home",
    "root",
    type=click.Path(path_type=Path),
    envvar="MANDEGAR_HOME",
    default="var",
    show_default=True,
    callback=_remembered,
    help="Where lake, lists and reports go.",
)


@click.group(cls=Explained, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Measures churn and retention every night, and hands out the lists that keep customers."""


@main.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write; an earlier sample in it is replaced.")
@click.option("--customers", type=click.IntRange(10), default=2000, show_default=True)
@click.option("--months", type=click.IntRange(3, 120), default=24, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--until", type=Day(), default=date(2026, 10, 31), show_default="2026-10-31", help="Last day the sample knows of.")
@click.option("--locale", type=click.Choice(["en", "fa"]), default="en", show_default=True)
@click.option("--usage-rows", type=click.IntRange(0), help="At most about so many rows of usage, told of fewer customers.")
@click.option("--cursors", is_flag=True, help="company.yaml names a cursor for every table but the customers.")
@click.option("--plain", is_flag=True, help="Without dimensions, a second convention, targets, spend, exchange rates and a late invoice.")
def sample(
    out: Path, customers: int, months: int, seed: int, until: date, locale: str, usage_rows: int | None, cursors: bool, plain: bool
) -> None:
    """Makes a company up, with the truth about it written beside (DIR/truth)."""
    from mandegar.sample import write_sample

    summary = write_sample(out, customers, months, seed, until, locale, _told, usage_rows, cursors, showing=not plain)
    for table, rows in summary.rows.items():
        click.echo(f"{rows:>12,}  {'mistakes planted, listed in truth/dirt.csv' if table == 'dirt' else table}")
    click.echo(f"The sample company is in {out}. Next: mandegar night --company {out} --as-of {until}")


@main.command()
@COMPANY
def check(folder: Path) -> None:
    """Checks company.yaml, suites, health, model, segments, conventions, targets, campaigns and messages, and that sources can be read."""
    from mandegar.campaigns.delivery import settings as delivery_settings
    from mandegar.campaigns.file.load import load_all
    from mandegar.campaigns.messages import template
    from mandegar.config import company as companies
    from mandegar.metrics.run import families
    from mandegar.quality.suites import suites
    from mandegar.risk import health, keep_file, segment_file
    from mandegar.risk.model import settings as model_settings
    from mandegar.sources.extract import describe

    company = companies.load(folder)
    suites.load(company)
    health.load(company)
    model_settings.load(company)
    shown_segments = segment_file.load(company).segments
    keep_file.load(company)
    families.settings_are_right(company)
    files = load_all(company)
    click.echo(f"{company.name}: {company.calendar} calendar, {company.time_zone}, {company.currency}, churn by {company.churn.kind}")
    broken = 0
    for table in company.tables():
        try:
            click.echo(f"  ok      {table!s:28} {table.entity:14} {describe(company, table)}")
        except MandegarError as problem:
            broken += 1
            click.echo(f"  broken  {table!s:28} {table.entity:14} {problem}")
    for campaign in files:
        template.check(company, campaign)
    delivery_settings.load(company)
    click.echo(f"  ok      campaigns: {', '.join(campaign.id for campaign in files) or 'none'}")
    click.echo(f"  ok      segments: {', '.join(shown_segments) or 'none beside the matrix'}")
    if broken:
        raise MandegarError(f"{broken} of {len(company.tables())} source tables cannot be read; see above.")


@main.command()
@COMPANY
@HOME
@click.option("--as-of", type=Day(), required=True, help="The business day the night closes.")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True)
@click.option(
    "--campaigns/--no-campaigns", "with_campaigns", default=True, show_default=True, help="Write the campaigns' lists too (dry run)."
)
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Source tables taken in at a time, each in its own process."
)
@click.option("--ask-again", is_flag=True, help="Of a night before the last: ask the sources again; else it keeps what they said then.")
def night(folder: Path, root: Path, as_of: date, engine: Any, with_campaigns: bool, jobs: int, ask_again: bool) -> None:
    """Runs one night: extract, validate, conform, measure, score, publish, audit; then the campaigns' lists."""
    from mandegar.campaigns.file.load import load_all
    from mandegar.config import company as companies
    from mandegar.metrics.run import families
    from mandegar.pipeline.nightly import run_night
    from mandegar.pipeline.stages import Night, campaigns_stage, ensure_closed
    from mandegar.quality.suites import suites
    from mandegar.risk import health, keep_file, segment_file

    company = companies.load(folder)
    suites.load(company)
    health.load(company)
    segment_file.load(company)
    keep_file.load(company)
    families.settings_are_right(company)
    files = load_all(company)
    ensure_closed(company, as_of, datetime.now(UTC))
    this = Night(company, _home(root), as_of, engine, ask_again)
    this.home.belongs_to(company.name)
    with locked(this.home.root, NIGHT, f"the night of {as_of}", say=_say):
        problems = run_night(this, _say, jobs)
        if with_campaigns:
            campaigns_stage(this, [campaign.id for campaign in files], say=_say)
        _show(this)
    for problem in problems:
        click.echo(f"warning: {problem}", err=True)
    if any(last_resort.UNEXPLAINED in problem for problem in problems):
        click.get_current_context().exit(UNFORESEEN)


@main.command()
@COMPANY
@HOME
@click.option("--as-of", type=Day(), required=True)
def summary(folder: Path, root: Path, as_of: date) -> None:
    """Shows the summary of a night that was run."""
    from mandegar.config import company as companies
    from mandegar.pipeline.stages import Night, ensure_published

    this = Night(companies.load(folder), _home(root), as_of)
    ensure_published(this)
    _show(this)


@main.command()
@COMPANY
@HOME
@click.option("--as-of", type=Day(), required=True, help="A night that was run.")
def segments(folder: Path, root: Path, as_of: date) -> None:
    """Shows the segments of a night that was run: customers, what they are worth, and what to do."""
    from mandegar.config import company as companies
    from mandegar.pipeline.stages import Night, ensure_published
    from mandegar.reporting.segments_report import show_segments
    from mandegar.warehouse.connect import warehouse

    this = Night(companies.load(folder), _home(root), as_of)
    ensure_published(this)
    with warehouse(this.home.warehouse_url) as engine:
        show_segments(this.company, engine, as_of, Console(width=None if sys.stdout.isatty() else 140))


@main.command()
@COMPANY
@HOME
@click.option("--as-of", type=Day(), required=True, help="A night that was run.")
@click.option("--from", "one", required=True, help="The convention to start from, such as stripe.")
@click.option("--to", "other", default="default", show_default=True, help="The convention to arrive at.")
@click.option("--kind", type=click.Choice(["day", "week", "month", "quarter", "year"]), default="month", show_default=True)
@click.option("--period", "day", type=Day(), help="A day within the period; else the last complete one.")
@click.option("--metric", "metrics", multiple=True, help="Only this key figure (may be repeated); else all that differ.")
@click.option("--out", type=click.Path(path_type=Path), help="CSV file for every customer and figure that moved.")
def bridge(
    folder: Path, root: Path, as_of: date, one: str, other: str, kind: str, day: date | None, metrics: tuple[str, ...], out: Path | None
) -> None:
    """Explains why two conventions give two numbers: policy by policy, customer by customer, adding up exactly."""
    from mandegar.config import company as companies
    from mandegar.pipeline.stages import Night, bridge_of
    from mandegar.reporting import bridge_report

    this = Night(companies.load(folder), _home(root), as_of)
    found, period = bridge_of(this, one, other, kind, day)
    bridge_report.show_bridge(Console(width=None if sys.stdout.isatty() else 140), found, period, one, other, metrics)
    if out:
        click.echo(f"{bridge_report.write_changes(found, out):,} changes of single customers are in {out}.")


def _home(root: Path) -> Home:
    return Home(root, os.environ.get("MANDEGAR_WAREHOUSE") or os.environ.get("AIRFLOW_CONN_MANDEGAR_WAREHOUSE") or None)


def _told(text: str) -> None:
    click.echo(text, err=True)


def _say(text: str) -> None:
    click.echo(f"{datetime.now():%H:%M:%S} {text}", err=True)


def _show(this: Any) -> None:
    from mandegar.reporting.summary import show
    from mandegar.reporting.summary_words import SummaryWords
    from mandegar.warehouse.connect import warehouse

    path = this.home.reports / f"night-{this.as_of}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    with warehouse(this.home.warehouse_url) as engine:
        show(this.company, this.home, engine, this.as_of, Console(width=None if sys.stdout.isatty() else 140))
        with path.open("w", encoding="utf-8") as stream:
            show(this.company, this.home, engine, this.as_of, Console(file=stream, width=140))
    words = SummaryWords(this.company.locale)
    where = {"path": words.left_to_right(str(path)), "tables": words.left_to_right(_shown(this.home.warehouse_url))}
    click.echo(words["saved"].format(**where))


def _shown(url: str) -> str:
    import sqlalchemy as sa

    parsed = sa.make_url(url)
    return parsed.database or "" if parsed.get_backend_name() == "sqlite" else parsed.render_as_string(hide_password=True)


quarantine.add_to(main, COMPANY, HOME, Day(), _home)
health.add_to(main, COMPANY, HOME, Day(), _home)
model.add_to(main, COMPANY, HOME, Day(), _home, _say)
campaigns.add_to(main, COMPANY, HOME, Day(), _home, _say)
outbox.add_to(main, COMPANY, HOME, Day(), _home)


if __name__ == "__main__":
    main()
