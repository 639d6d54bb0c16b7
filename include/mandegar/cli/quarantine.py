"""`mandegar quarantine …`: what waits, why, and rows given back or dropped."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from mandegar.errors import MandegarError
from mandegar.storage.home import Home
from mandegar.storage.locks import NIGHT, locked


def add_to(main: click.Group, company: Callable, home: Callable, day: click.ParamType, home_at: Callable[[Path], Home]) -> None:
    """Adds the commands to the command line. company, home: its options; day: its type of days; home_at: the home in a folder."""

    @main.group("quarantine")
    def group() -> None:
        """Shows the rows that wait, takes mended ones back, drops what nobody needs."""

    @group.command("list")
    @company
    @home
    def list_piles(folder: Path, root: Path) -> None:
        """Lists what waits, by source table and rule, and since which night."""
        from mandegar.quality.quarantine import review

        this, lake = _opened(folder, root)
        piles = review.piles(this, lake)
        for pile in piles:
            decided = f"  ({pile.mended:,} mended, in with the next night)" if pile.mended else ""
            decided += f"  ({pile.dropped:,} dropped, gone with the next night)" if pile.dropped else ""
            click.echo(f"{pile.rows:>9,}  {pile.source:28} {pile.rule:32} since {pile.since}  {pile.reason}{decided}")
        if not piles:
            click.echo("No row waits.")
        for source, night, why, count in review.dropped_now(this, lake):
            click.echo(f"{count:>9,}  {source:28} dropped on the night of {night}: {why}")

    @group.command("show")
    @company
    @home
    @click.argument("source")
    @click.option("--rule", help="Only rows that break this rule.")
    @click.option("--row", type=int, help="Only the row at this place of the source.")
    @click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV to write the rows to, whole, for a person to mend.")
    def show(folder: Path, root: Path, source: str, rule: str | None, row: int | None, out: Path | None) -> None:
        """Shows rows that wait: place, column, value and why; with --out the whole rows, personal data among them."""
        from mandegar.quality.quarantine import review

        this, lake = _opened(folder, root)
        rows = review.picked(review.waiting_now(this, lake, source), rule, row)
        for one in rows:
            for line in one.reasons:
                value = "" if line["value"] is None else f" {line['value']!r}"
                click.echo(f"{one.as_of}  row {one.row}  {one.key or ''}: {line['column'] or ''}{value} {line['reason']}  [{line['rule']}]")
        if not rows:
            click.echo("No such row waits.")
        elif out:
            _not_of_customers(source)
            done = review.export(rows, this.table(source), out)
            click.echo(f"{done:,} rows are in {out}. Mend them there; then: mandegar quarantine replay {source} --file {out}")

    @group.command("replay")
    @company
    @home
    @click.argument("source")
    @click.option("--file", "path", type=click.Path(path_type=Path), help="The exported CSV, with its rows mended.")
    @click.option("--as-of", type=day, help="Without --file: the night whose rows were mended in the source; else the last.")
    def replay(folder: Path, root: Path, source: str, path: Path | None, as_of: date | None) -> None:
        """Takes mended rows: from a CSV (they come in with the next night), or from the source once more."""
        from mandegar.quality.quarantine import review

        this, lake = _opened(folder, root)
        table = this.table(source)
        if path:
            with locked(root, NIGHT, f"quarantine replay {source}", say=_say):
                done = review.give_back(this, lake, table, path)
            click.echo(f"{done:,} rows of {source} are mended. They come in with the next night, or when a night is run again.")
            return
        night = as_of or max(lake.windows("raw", source), default=None)
        if night is None:
            raise MandegarError(f"{source}: has not come in on any night. Run `mandegar night` first.")
        with locked(root, NIGHT, f"quarantine replay {source}", say=_say):
            receipt = _again(this, home_at(root), source, night)
        click.echo(f"{source} was read again for {night}: {receipt[source]:,} rows go on, {receipt['quarantined']:,} wait.")
        click.echo(f"To have its figures made again: mandegar night --as-of {night}")

    @group.command("drop")
    @company
    @home
    @click.argument("source")
    @click.option("--rule", help="Rows that break this rule.")
    @click.option("--row", type=int, help="The row at this place of the source.")
    @click.option("--reason", required=True, help="Why nobody needs them; it is kept, so name no person in it.")
    def drop(folder: Path, root: Path, source: str, rule: str | None, row: int | None, reason: str) -> None:
        """Leaves rows that wait out for good: test data, rubbish. One that its source changes comes back."""
        from mandegar.quality.quarantine import review

        if rule is None and row is None:
            raise click.UsageError("Say which rows: --rule R, --row N or both.")
        if not reason.strip():
            raise click.UsageError("--reason is empty. Say why nobody needs these rows.")
        this, lake = _opened(folder, root)
        _not_of_customers(source)
        with locked(root, NIGHT, f"quarantine drop {source}", say=_say):
            done = review.drop(this, lake, this.table(source), rule, row, reason.strip())
        click.echo(f"{done:,} rows of {source} are dropped. They are gone with the next night, or when a night is run again.")


def _say(text: str) -> None:
    click.echo(text, err=True)


def _not_of_customers(source: str) -> None:
    """Rows that wait for their customer cannot be decided on. Errors: MandegarError."""
    if source.startswith("conform."):
        raise MandegarError(f"{source}: these rows wait for their customer and come in by themselves; mend the customer's source.")


def _opened(folder: Path, root: Path) -> tuple[Any, Any]:
    from mandegar.config import company as companies
    from mandegar.storage.lake import Lake

    this = companies.load(folder)
    home = Home(root)
    if not home.lake.is_dir():
        raise MandegarError(f"{root}: no night has been run here yet. Run `mandegar night` first, or name another folder by --home.")
    home.belongs_to(this.name)
    return this, Lake(home.lake)


def _again(this: Any, home: Home, source: str, night: date) -> dict[str, int]:
    from mandegar.pipeline.stages import Night, extract_stage, validate_stage

    one = Night(this, home, night)
    extract_stage(one, source)
    return validate_stage(one, source)
