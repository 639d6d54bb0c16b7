"""`mandegar health`: what the health score says of a night's customers, what a changed file would say, and what the model proposes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mandegar.storage.home import Home

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from mandegar.compute.engine import Engine
    from mandegar.config.company import Company
    from mandegar.risk.health_preview import Preview

SHOWN = 20


def add_to(main: click.Group, company: Callable, home: Callable, day: click.ParamType, home_at: Callable[[Path], Home]) -> None:
    """Adds the command to the command line. company, home: its options; day: its type of days."""

    @main.command("health")
    @company
    @home
    @click.option("--as-of", type=day, help="The night whose customers are looked at. [default: the last one]")
    @click.option("--preview", "changed", type=click.Path(path_type=Path), help="A changed health file: who would move band.")
    @click.option("--propose", "proposal", type=click.Path(path_type=Path), help="A new file: weights that the live model speaks for.")
    @click.option("--csv", "csv", type=click.Path(path_type=Path), help="With --preview: everybody who moves, into a file.")
    def health(folder: Path, root: Path, as_of: date | None, changed: Path | None, proposal: Path | None, csv: Path | None) -> None:
        """Shows the bands of the health score; --preview a changed file, --propose weights. Nothing that is in use changes by it."""
        from mandegar.config import company as companies
        from mandegar.risk import health as healths
        from mandegar.risk import health_preview

        loaded, place = companies.load(folder), home_at(root)
        used = healths.load(loaded)
        with _of_night(loaded, place, as_of) as (signals, engine, night):
            if proposal is not None:
                _propose(loaded, place, signals, engine, night, proposal)
                return
            other = health_preview.read(changed) if changed is not None else used
            seen = health_preview.preview(signals, used, other, engine, night)
        _show(loaded, seen, compared=changed is not None)
        if csv is not None:
            import pyarrow.csv as pa_csv

            pa_csv.write_csv(seen.moved, csv)
            click.echo(f"{seen.moved.num_rows:,} customers are in {csv}.")


@contextmanager
def _of_night(company: "Company", home: Home, as_of: date | None) -> Iterator[tuple["ir.Table", "Engine", date]]:
    """The features of a night that was scored. Errors: BrokenTable if there is none."""
    from mandegar.compute import engine as engines
    from mandegar.errors import BrokenTable
    from mandegar.metrics.run.measure import as_measured
    from mandegar.risk.evening import evening_of
    from mandegar.risk.features.kept import kept_features
    from mandegar.storage.lake import Lake

    home.belongs_to(company.name)
    nights = [receipt.as_of for receipt in Lake(home.lake).receipts("marts", "customer_risk")]
    night = as_of or max(nights, default=None)
    if night is None or night not in nights:
        known = f"The last one is of {max(nights)}." if nights else "There is none yet."
        raise BrokenTable(f"No night {f'of {night} ' if night else ''}has been scored. {known} Run `mandegar night` first.")
    lake = Lake(home.lake).of_night(night, "customer")
    with engines.start("duckdb", home.scratch) as engine:
        company = as_measured(company, lake, night)
        yield kept_features(evening_of(company, lake, engine, night), lake, engine), engine, night


def _propose(company: "Company", home: Home, signals: "ir.Table", engine: "Engine", night: date, file: Path) -> None:
    from mandegar.errors import BrokenModel
    from mandegar.risk import health as healths
    from mandegar.risk.health_proposal import proposals, written
    from mandegar.risk.model.registry import Registry

    registry = Registry(home.churn_models)
    live = registry.live_on(night)
    if live is None:
        raise BrokenModel(f"No model scores the night of {night}, so none can propose weights. Let one learn: `mandegar model train`.")
    own = company.folder / "health.yaml"
    used = own if own.is_file() else healths.DEFAULT
    found = proposals(engine.arrow(signals).to_pandas(), registry.model(live), healths.load(company))
    written(file, used.read_text(encoding="utf-8"), found, f"model {live} on the customers of {night}")
    click.echo("signal                  weight  proposed  customers  the model adds, log-odds from good to bad")
    for one in found:
        said = "nothing is known" if one.slope is None else f"{one.slope:+.2f}"
        click.echo(f"{one.signal:22} {one.weight:>7g} {one.proposed:>9g} {one.customers:>10,}  {said}")
    click.echo(f"Proposed in {file}; nobody uses it yet. Look first: mandegar health --preview {file}")


def _show(company: "Company", seen: "Preview", compared: bool) -> None:
    from mandegar.risk.health_preview import BANDS

    click.echo(f"{company.name}, night of {seen.as_of}: {seen.customers:,} customers")
    if not compared:
        for band in BANDS:
            cell = seen.count(band, after=False)
            click.echo(f"  {band:8} {cell.customers:>9,} customers, worth {cell.value:>16,.0f} {company.currency} a year")
    else:
        click.echo("customers, and what they are worth a year; from the file in use (down) to the changed one (across)")
        click.echo(f"  {'':8}" + "".join(f"{band:>28}" for band in BANDS))
        for before in BANDS:
            cells = [seen.cells.get((before, after)) for after in BANDS]
            told = "".join(f"{f'{cell.customers:,} ({cell.value:,.0f})' if cell else '-':>28}" for cell in cells)
            click.echo(f"  {before:8}{told}")
    click.echo("points that a signal takes off a customer, on the average")
    for name, (points, changed) in seen.costs.items():
        click.echo(f"  {name:22} {points:>7.2f}" + (f" -> {changed:.2f}" if compared else ""))
    if compared:
        _movers(company, seen)


def _movers(company: "Company", seen: "Preview") -> None:
    if not seen.moved.num_rows:
        click.echo("Nobody moves band.")
        return
    click.echo(f"{seen.moved.num_rows:,} move band; the most valuable:")
    for row in seen.moved.slice(0, SHOWN).to_pylist():
        scores = f"{row['score_before']:.1f} -> {row['score_after']:.1f}"
        bands = f"{row['band_before']} -> {row['band_after']}"
        click.echo(f"  {row['customer_id']:20} {row['annual_value']:>14,.0f} {company.currency}  {scores:16} {bands}")
    if seen.moved.num_rows > SHOWN:
        click.echo(f"  … and {seen.moved.num_rows - SHOWN:,} more; all of them: --csv FILE")
