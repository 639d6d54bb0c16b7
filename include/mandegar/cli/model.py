"""`mandegar model …`: learns who leaves, shows what was learnt, and rolls back."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mandegar.storage.home import Home
from mandegar.storage.locks import MODELS, locked

if TYPE_CHECKING:
    from mandegar.risk.model.cross_validated import CrossValidated
    from mandegar.risk.model.registry import Registry

FIGURES = ("auc", "pr_auc", "brier", "ece", "lift_10")


def add_to(
    main: click.Group,
    company: Callable,
    home: Callable,
    day: click.ParamType,
    home_at: Callable[[Path], Home],
    say: Callable[[str], None],
) -> None:
    """Adds the commands to the command line. company, home: its options; day: its type of days; say: tells of progress."""

    @main.group("model")
    def group() -> None:
        """Learns who leaves, shows what was learnt, and rolls back."""

    @group.command("train")
    @company
    @home
    @click.option("--as-of", type=day, required=True, help="A night that was run: the model learns from what it knew.")
    def train(folder: Path, root: Path, as_of: date) -> None:
        """Learns a model, judges it on months it has not seen, and lets it go live from the next night on if it is better."""
        from mandegar.config import company as companies
        from mandegar.conform.conform import ensure_readable
        from mandegar.pipeline.stages import Night, train_stage
        from mandegar.reporting.model_report.report import write_report

        this = Night(companies.load(folder), home_at(root), as_of)
        ensure_readable(this.lake, this.as_of)
        trained = train_stage(this, say)
        if trained.refused is not None or trained.version is None:
            click.echo(f"No model: {trained.refused}. The health score stays.")
            if trained.cross_validated is not None:
                _show_cross_validated(trained.cross_validated)
            return
        _show(trained.card)
        for alarm in trained.alarms:
            click.echo(f"  leakage alarm: {alarm}")
        click.echo(f"  it goes live on the night after {as_of}" if trained.went_live else f"  {trained.card['champion']} stays live")
        click.echo(f"  report: {write_report(this.company, this.home, trained.card)}")

    @group.command("list")
    @company
    @home
    def list_versions(folder: Path, root: Path) -> None:
        """Lists the versions that were learnt, and which were live from which night on."""
        registry = _registry(folder, home_at(root))
        for version in registry.versions():
            card = registry.card(version)
            figures = card["figures"][card["kind"]]
            click.echo(f"{version:32} {card['kind']:9} {_figures(figures)}  {'went live' if card['went_live'] else 'did not go live'}")
        for entry in registry.record():
            click.echo(f"from {entry['from']}: {entry['version']} ({entry['why']})")
        if not registry.versions():
            click.echo("Nothing was learnt yet: the health score is live.")

    @group.command("show")
    @company
    @home
    @click.argument("version")
    def show(folder: Path, root: Path, version: str) -> None:
        """Shows the card of a version: from what it was learnt, how good it is, and what counts most."""
        _show(_registry(folder, home_at(root)).card(version))

    @group.command("rollback")
    @company
    @home
    @click.option("--after", "after", type=day, required=True, help="The last night that the present version scores.")
    def rollback(folder: Path, root: Path, after: date) -> None:
        """Lets the version before the live one score the nights from the next one on; the health score, if there is none."""
        this = home_at(root)
        with locked(this.root, MODELS, "rolling back", say=say):
            click.echo(f"From the night after {after} on: {_registry(folder, this).roll_back(after)}")


def _registry(folder: Path, home: Home) -> "Registry":
    from mandegar.config import company as companies
    from mandegar.risk.model.registry import Registry

    home.belongs_to(companies.load(folder).name)
    return Registry(home.churn_models)


def _show(card: dict) -> None:
    periods, counts = card["periods"], card["rows"]
    click.echo(f"{card['version']}: {card['kind']}, {card['calibration']} calibration, leaving within {card['horizon_days']} days")
    for name, days in periods.items():
        click.echo(f"  to {name:10} {days[0]} to {days[-1]}: {len(days)} snapshots, {counts[name]:,} rows, {card['left'][name]:,} left")
    for name, figures in card["figures"].items():
        click.echo(f"  {name:34} {_figures(figures)}")
    auc, brier = card["comparison"]["auc"], card["comparison"]["brier"]
    click.echo(f"  against {card['champion']}: AUC {auc[0]:+.4f} ({auc[1]:+.4f} to {auc[2]:+.4f}), ", nl=False)
    click.echo(f"Brier score better by {brier[0]:+.5f} ({brier[1]:+.5f} to {brier[2]:+.5f})")
    click.echo("  counts most: " + ", ".join(one["name"] for one in card["features"][:10]))


def _show_cross_validated(found: "CrossValidated") -> None:
    counts = found.figures
    click.echo(
        f"What one would be worth, by cross-validation of the customers of {found.evening}: {counts.customers:,}, {counts.left:,} left"
    )
    click.echo(f"  {found.counts_most:34} {_figures(vars(counts))}")
    click.echo(
        f"  AUC of ten folds: {found.lowest:.4f} to {found.highest:.4f}. One evening does not say what holds on the next: none goes live."
    )
    for alarm in found.alarms:
        click.echo(f"  leakage alarm: {alarm}")


def _figures(figures: dict) -> str:
    return "  ".join(f"{name} {figures[name]:.4f}" for name in FIGURES)
