"""`mandegar outbox …`: what waits to be sent, what became of it, and what a person makes of the rest."""

import getpass
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from mandegar.storage.home import Home


def add_to(main: click.Group, company: Any, home: Any, day: click.ParamType, home_of: Callable[[Path], Home]) -> None:
    """Adds the commands. company, home: the options that every command has."""

    @main.group()
    def outbox() -> None:
        """Looks at the outbox, sends what is due, and answers for runs that wait."""

    @outbox.command("list")
    @home
    def list_outbox(root: Path) -> None:
        """How many messages of each run are in which state."""
        from mandegar.warehouse.connect import warehouse
        from mandegar.warehouse.tables import outbox as table

        row = table.c
        counted = sa.select(row.as_of, row.campaign_id, row.channel, row.state, sa.func.count())
        query = counted.group_by(row.as_of, row.campaign_id, row.channel, row.state)
        with warehouse(home_of(root).warehouse_url) as engine, engine.begin() as connection:
            rows = connection.execute(query.order_by(row.as_of.desc(), row.campaign_id, row.channel, row.state)).all()
        for as_of, campaign, channel, state, count in rows:
            click.echo(f"{as_of}  {campaign:24} {channel:6} {state:10} {count:>9,}")
        if not rows:
            click.echo("The outbox is empty: no campaign has been run live by a channel that delivery.yaml sets up.")

    @outbox.command("pushes")
    @home
    def pushes(root: Path) -> None:
        """Which runs have gone into marketing tools, and whose files to where they are fetched."""
        from mandegar.warehouse.connect import warehouse
        from mandegar.warehouse.tables import list_push as table

        with warehouse(home_of(root).warehouse_url) as engine, engine.begin() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.as_of.desc(), table.c.campaign_id, table.c.target)).all()
        for one in rows:
            told = f"{one.as_of}  {one.campaign_id:24} {one.target:10} {one.state:8} {one.rows:>9,}  {one.attempts} attempts"
            click.echo(f"{told}: {one.reason}" if one.reason else told)
        if not rows:
            click.echo("Nothing was handed over: delivery.yaml names no audience and no files, or no run was approved.")

    @outbox.command("push-again")
    @home
    @click.option("--as-of", type=day, required=True)
    @click.argument("campaign")
    @click.argument("target")
    def push_again_command(root: Path, as_of: date, campaign: str, target: str) -> None:
        """Lets a dead push be tried anew."""
        from mandegar.campaigns.delivery.push_record import push_again
        from mandegar.warehouse.connect import warehouse

        with warehouse(home_of(root).warehouse_url) as engine:
            click.echo(f"{push_again(engine, campaign, as_of, target)} will be tried again.")

    @outbox.command("show")
    @home
    @click.option("--state", type=click.Choice(["dead", "uncertain", "withdrawn", "held", "queued"]), required=True)
    @click.option("--most", type=click.IntRange(1), default=50, show_default=True)
    def show_outbox(root: Path, state: str, most: int) -> None:
        """Messages in a state, with what they met; addresses are not shown."""
        from mandegar.warehouse.connect import warehouse
        from mandegar.warehouse.tables import outbox as table

        row = table.c
        query = sa.select(row.message_id, row.as_of, row.campaign_id, row.stage, row.customer_id, row.channel, row.attempts, row.reason)
        with warehouse(home_of(root).warehouse_url) as engine, engine.begin() as connection:
            for one in connection.execute(query.where(row.state == state).order_by(row.as_of, row.message_id).limit(most)):
                told = f"{one.message_id}  {one.as_of} {one.campaign_id} {one.stage} {one.customer_id} by {one.channel}"
                click.echo(f"{told}, {one.attempts} attempts: {one.reason or ''}")

    @outbox.command("send-again")
    @home
    @click.argument("ids", nargs=-1, required=True)
    def send_again(root: Path, ids: tuple[str, ...]) -> None:
        """Queues dead or uncertain messages anew. An uncertain one may have arrived: look before."""
        from mandegar.campaigns.delivery import outbox as messages
        from mandegar.warehouse.connect import warehouse

        with warehouse(home_of(root).warehouse_url) as engine:
            click.echo(f"{messages.send_again(engine, list(ids)):,} of {len(ids):,} are queued again.")

    @outbox.command("send")
    @company
    @home
    def send(folder: Path, root: Path) -> None:
        """Sends what is due now, by the channels of delivery.yaml."""
        from mandegar.config import company as companies
        from mandegar.pipeline.stages import deliver_stage

        count = deliver_stage(companies.load(folder), home_of(root))
        click.echo(", ".join(f"{state} {number:,}" for state, number in sorted(count.items()) if number) or "nothing was due")

    @outbox.command("approve")
    @company
    @home
    @click.option("--as-of", type=day, required=True)
    @click.option("--who", help="Who agrees; else the user of this machine.")
    @click.option("--reject", is_flag=True, help="Take the messages back instead.")
    @click.argument("campaign")
    def approve(folder: Path, root: Path, as_of: date, who: str | None, reject: bool, campaign: str) -> None:
        """Lets the messages of a live run go, or takes them back; Airflow asks for the same in its own page."""
        from mandegar.campaigns import approval
        from mandegar.campaigns.file.load import load
        from mandegar.config import company as companies
        from mandegar.warehouse.connect import warehouse

        chosen = load(companies.load(folder), campaign)
        said = approval.REJECTED if reject else approval.APPROVED
        now = datetime.now(UTC).replace(tzinfo=None)
        with warehouse(home_of(root).warehouse_url) as engine:
            click.echo(f"{campaign} of {as_of}: {approval.answer(engine, chosen, as_of, said, who or getpass.getuser(), now)}")

    @outbox.command("bounces")
    @home
    @click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
    def bounces(root: Path, files: tuple[Path, ...]) -> None:
        """Reads delivery reports of mail servers (.eml); whose address is gone hears no more by mail."""
        from mandegar.campaigns.delivery import incoming
        from mandegar.warehouse.connect import warehouse

        now = datetime.now(UTC).replace(tzinfo=None)
        with warehouse(home_of(root).warehouse_url) as engine:
            count = sum(incoming.record_events(engine, incoming.from_bounce(file.read_bytes(), now)) for file in files)
        click.echo(f"{count:,} new bounces in {len(files):,} files.")

    @outbox.command("callback")
    @company
    @click.argument("source", type=click.Choice(["kavenegar", "twilio", "generic"]))
    def callback(folder: Path, source: str) -> None:
        """The address at which a gateway tells what became of messages; keep it to yourself."""
        from mandegar.campaigns.delivery import incoming, settings, unsubscribe
        from mandegar.config import company as companies
        from mandegar.errors import CampaignError

        file = settings.load(companies.load(folder))
        secret = unsubscribe.secret_of(file)
        if secret is None or file.unsubscribe is None:
            raise CampaignError("delivery.yaml: has no `unsubscribe:` and `secret:`. Write both; the address is signed by the secret.")
        base = file.unsubscribe.rstrip("/").removesuffix("/unsubscribe")
        click.echo(f"{base}/events/{source}/{incoming.key_of(source, secret)}")
