"""`mandegar campaigns …`: lists them, runs them for a night, and says why somebody was contacted or not."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from mandegar.storage.home import Home
from mandegar.storage.locks import NIGHT, locked


def add_to(main: click.Group, company: Any, home: Any, day: click.ParamType, home_of: Callable[[Path], Home], say: Any) -> None:
    """Adds the commands. company, home: the options that every command has."""

    @main.group()
    def campaigns() -> None:
        """Lists the campaigns, and runs them for a night."""

    @campaigns.command("list")
    @company
    def list_campaigns(folder: Path) -> None:
        """Lists the company's campaigns, in the order in which they contact people, and then those that rest."""
        from mandegar.campaigns.file.load import load_all
        from mandegar.config import company as companies

        known = companies.load(folder)
        for campaign in sorted(load_all(known, resting=True), key=lambda campaign: not campaign.active):
            title = getattr(campaign.title, known.locale)
            mode = "resting" if not campaign.active else "dry run" if campaign.dry_run else "live"
            told = (
                f"{campaign.id:24} {campaign.trigger.moment:15} {campaign.channel:6} control {campaign.control.share:.0%}  {mode:8} {title}"
            )
            click.echo(told)

    @campaigns.command("add")
    @company
    @click.argument("name")
    def add_campaign(folder: Path, name: str) -> None:
        """Takes a shipped campaign into the company's own folder, to be changed there."""
        from mandegar.campaigns.file.load import add
        from mandegar.config import company as companies

        click.echo(f"{add(companies.load(folder), name)} is yours. It stays a dry run until it says `dry_run: false`.")

    @campaigns.command("run")
    @company
    @home
    @click.option("--as-of", type=day, required=True)
    @click.option("--campaign", "ids", multiple=True, help="Only this one (may be repeated); else all.")
    @click.option("--live", is_flag=True, help="Count the contacts as made; without it this is a dry run.")
    def run_campaigns(folder: Path, root: Path, as_of: date, ids: tuple[str, ...], live: bool) -> None:
        """Decides whom the campaigns contact on a night that was run, and writes the lists."""
        from mandegar.campaigns.file.load import load, load_all
        from mandegar.config import company as companies
        from mandegar.pipeline.stages import Night, campaigns_stage

        known = companies.load(folder)
        this = Night(known, home_of(root), as_of)
        chosen = [load(known, one).id for one in ids] or [campaign.id for campaign in load_all(known)]
        with locked(this.home.root, NIGHT, f"campaigns of {as_of}", shared=True, say=say):
            outcomes = campaigns_stage(this, chosen, live, say)
        for done in outcomes:
            dropped = sum(done.suppressed.values())
            why = ", ".join(f"{rule} {count:,}" for rule, count in done.suppressed.items())
            told = f"{done.send:,} to send, {done.holdout:,} held out, {dropped:,} suppressed ({why or 'none'})"
            click.echo(f"{done.campaign.id}: {told}")
            click.echo(f"  {done.folder}")

    @campaigns.command("preview")
    @company
    @home
    @click.option("--as-of", type=day, required=True)
    @click.argument("name")
    def preview_campaign(folder: Path, root: Path, as_of: date, name: str) -> None:
        """What a campaign would do on a night that was run; nothing is written."""
        from mandegar.campaigns.preview import preview
        from mandegar.cli.shown import show_preview
        from mandegar.compute import engine
        from mandegar.config import company as companies
        from mandegar.warehouse.connect import warehouse

        known, house = companies.load(folder), home_of(root)
        with warehouse(house.warehouse_url) as target, engine.start("duckdb", house.scratch) as computing:
            show_preview(known, preview(known, house, target, computing, name, as_of))

    @campaigns.command("why")
    @home
    @click.option("--as-of", type=day, help="Of this night only; else of all.")
    @click.argument("customer")
    def why_customer(root: Path, as_of: date | None, customer: str) -> None:
        """Why a customer did or did not hear from the campaigns: what every rule said."""
        from mandegar.campaigns.why import why
        from mandegar.cli.shown import show_why
        from mandegar.warehouse.connect import warehouse

        with warehouse(home_of(root).warehouse_url) as target:
            show_why(customer, why(target, customer, as_of))

    @campaigns.command("results")
    @company
    @home
    @click.option("--as-of", type=day, required=True)
    @click.option("--campaign", "ids", multiple=True, help="Only this one (may be repeated); else all.")
    def results(folder: Path, root: Path, as_of: date, ids: tuple[str, ...]) -> None:
        """What live campaigns earned against their control groups, as far as their time is over by a night that was run."""
        from mandegar.cli.shown import show_results
        from mandegar.config import company as companies
        from mandegar.pipeline.stages import Night, results_stage

        known = companies.load(folder)
        show_results(known, results_stage(Night(known, home_of(root), as_of), list(ids)))

    @campaigns.command("referrals")
    @company
    @home
    @click.option("--as-of", type=day, required=True)
    def referrals(folder: Path, root: Path, as_of: date) -> None:
        """Who came by whose code, by a night that was run."""
        from mandegar.config import company as companies
        from mandegar.pipeline.stages import Night, referrals_of

        found = referrals_of(Night(companies.load(folder), home_of(root), as_of))
        for one in found:
            click.echo(f"{one['referrer']:24} {one['code']}  {one['people']:,} brought, the last on {one['last_at']:%Y-%m-%d}")
        click.echo(f"{sum(one['people'] for one in found):,} people came by the codes of {len(found):,}.")

    @campaigns.command("draft")
    @company
    @click.option("--force", is_flag=True, help="Writes over an earlier draft.")
    @click.option("--out", type=click.Path(path_type=Path), help="Another file for it, of a campaign that has one message.")
    @click.argument("name")
    def draft_messages(folder: Path, force: bool, out: Path | None, name: str) -> None:
        """Lets a language model draft a campaign's messages, if it is switched on; each is checked, and waits for a person to rename it."""
        from mandegar.campaigns.drafting.draft import draft
        from mandegar.config import company as companies

        refused = False
        for one in draft(companies.load(folder), name, force, say, out):
            click.echo(f"{one.file} is a draft: read it, and rename it to {one.message}.yaml." if one.file else f"{one.message}: refused.")
            for finding in one.wrong:
                click.echo(f"  {finding}")
            refused = refused or one.file is None
        if refused:
            raise SystemExit(1)

    @campaigns.command("analyse")
    @click.argument("file", type=click.Path(path_type=Path))
    @click.option("--control", help="The name of the control group's arm; else control, holdout, No E-Mail …")
    def analyse_file(file: Path, control: str | None) -> None:
        """The result of any randomised experiment: a CSV file with arm and at least one of visit, conversion, spend."""
        from mandegar.campaigns.results.experiment_file import analyse
        from mandegar.cli.shown import show_arms

        show_arms(analyse(file, control))
