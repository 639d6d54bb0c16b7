"""How a campaign's preview, and the answer to «why», look at a terminal."""

import sys

import click
from rich.console import Console
from rich.table import Table

from mandegar.campaigns.preview import Preview, why
from mandegar.campaigns.why import Told
from mandegar.config.company import Company

WIDE = 140


def show_preview(company: Company, seen: Preview) -> None:
    """Prints counts, cost, what a changed file does, and the first members with what decided."""
    campaign, lists = seen.campaign, seen.lists
    click.echo(f"{campaign.id}: {getattr(campaign.title, company.locale)}; night of {seen.as_of}, would be sent on {seen.send_on}")
    dropped = ", ".join(f"{rule} {count:,}" for rule, count in seen.suppressed.items())
    told = f"{len(lists.send):,} to send, {len(lists.holdout):,} held out, {len(lists.suppressed):,} suppressed"
    click.echo(f"{told} ({dropped or 'none'}); cost {seen.cost:,.2f} {company.currency}")
    if seen.change:
        change = seen.change
        click.echo(
            f"The file has changed since the run of {change.since}: on this night {change.newly_sent:,} more would be sent to, "
            f"{change.no_longer_sent:,} no longer."
        )
    table = Table(box=None, pad_edge=False)
    for name in ("customer", "stage", "days", "value", "channel", "offer", "decision", "why"):
        table.add_column(name, justify="right" if name in ("days", "value") else "left", overflow="fold")
    for member in seen.shown():
        value = f"{member['value']:,.0f}"
        cells = (member["customer_id"], member["stage"], str(member["days"]), value, member["channel"] or "", member["offer_code"] or "")
        table.add_row(*cells, member["decision"], why(member))
    _console().print(table)
    if len(seen.members) > len(seen.shown()):
        click.echo(f"… and {len(seen.members) - len(seen.shown()):,} more.")


def show_why(customer: str, told: Told) -> None:
    """Prints what every campaign decided about a customer, and which rule said what."""
    if not told.considered:
        click.echo(f"No campaign has considered {customer}: nothing that a campaign waits for has happened, or no rule admits them.")
    for one in told.considered:
        by = f" by {one.channel}" if one.decision == "send" and one.channel else ""
        offer = f", offer {one.offer_code}" if one.decision == "send" and one.offer_code else ""
        click.echo(f"{one.as_of} {one.campaign_id} ({one.mode}, {one.stage}): {one.decision}{by}{offer} - {one.deciding_rule}")
        for name, said in one.objections.items():
            click.echo(f"    {name}: {said}")
        click.echo(f"    no objection: {', '.join(name for name in one.rules if name not in one.objections) or 'none'}")
    for campaign, step, state, night in told.journeys:
        click.echo(f"{night} journey {campaign}: {step}, {state}")
    if told.left_out:
        click.echo(f"Not considered on the last night by: {', '.join(told.left_out)} (nothing they wait for, or their rule).")


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDE)
