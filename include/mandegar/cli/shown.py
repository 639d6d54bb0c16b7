"""How a campaign's preview, and the answer to «why», look at a terminal."""

import sys
from collections.abc import Callable

import click
from rich.console import Console
from rich.table import Table

from mandegar.campaigns.preview import Preview, why
from mandegar.campaigns.results.experiment_file import Arm
from mandegar.campaigns.results.statistics import SRM_ALARM
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
    for message in seen.messages:
        click.echo(f"\n{message.customer_id} would read ({message.stage}, {message.channel}, {message.locale}):")
        for line in (message.subject, "", *message.text.strip().splitlines()) if message.channel != "sms" else message.text.splitlines():
            click.echo(f"    {line}".rstrip())


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


def show_results(company: Company, rows: list[dict]) -> None:
    """Prints every campaign's effects, also where they are nothing, or less."""
    if not rows:
        click.echo("Nothing to tell yet: no live run lies as far back as its campaign's goal takes days.")
        return
    table = Table(box=None, pad_edge=False)
    for name in (
        "campaign",
        "stage",
        "segment",
        "measure",
        "sent to",
        "held out",
        "mean",
        "control",
        "effect",
        "95 %",
        "any look",
        "needed",
    ):
        table.add_column(name, justify="left" if name in ("campaign", "stage", "segment", "measure") else "right", overflow="fold")
    for row in rows:
        told = _digits(row["measure"])
        spans = (_span(row["low"], row["high"], told), _span(row["low_any"], row["high_any"], told))
        needed = "" if row["people_until_clear"] is None else f"{row['people_until_clear']:,}"
        means = (told(row["mean_treated"]), told(row["mean_control"]), told(row["effect"]))
        names = (row["campaign_id"], row["stage"], row["segment"], row["measure"])
        table.add_row(*names, f"{row['treated']:,}", f"{row['control']:,}", *means, *spans, needed)
    _console().print(table)
    for row in rows:
        if row["measure"] == "revenue" and row["cost"] is not None:
            back = "" if row["return_on_cost"] is None else f", {row['return_on_cost']:+.2f} for each unit of cost"
            click.echo(f"{row['campaign_id']}: revenue {row['total'] or 0:+,.2f} {company.currency} in all, cost {row['cost']:,.2f}{back}")
        if row["measure"] == "goal" and row["sample_ratio_p"] is not None and row["sample_ratio_p"] < SRM_ALARM:
            odd = f"p = {row['sample_ratio_p']:.1g}"
            click.echo(f"{row['campaign_id']} {row['stage']} {row['segment']}: not chance alone divided them ({odd}); do not trust this.")
        if row["measure"] == "goal" and row["stage"] == row["segment"] == "all" and (row["high_any"] or 0) < 0:
            click.echo(f"{row['campaign_id']}: harms: fewer come to the goal than without it. Rest it, or let `goal.stop_below` stop it.")


def show_arms(arms: list[Arm]) -> None:
    """Prints every arm of an experiment against the control group."""
    table = Table(box=None, pad_edge=False)
    for name in ("arm", "measure", "people", "control", "mean", "control mean", "effect", "95 %", "any look"):
        table.add_column(name, justify="left" if name in ("arm", "measure") else "right")
    for arm in arms:
        for measure, one in arm.effects.items():
            told = _digits("revenue" if measure == "spend" else "goal")
            means = (told(one.mean_treated), told(one.mean_control), told(one.effect))
            spans = (_span(one.low, one.high, told), _span(one.low_any, one.high_any, told))
            table.add_row(arm.name, measure, f"{one.treated:,}", f"{one.control:,}", *means, *spans)
    _console().print(table)
    for arm in arms:
        if arm.sample_ratio_p is not None:
            trust = "do not trust this" if arm.sample_ratio_p < SRM_ALARM else "as chance would have it"
            click.echo(f"{arm.name} against {arm.control}: sample ratio p = {arm.sample_ratio_p:.3g}, {trust}")


def _digits(measure: str) -> Callable[[float | None], str]:
    """How a measure's values are told: shares in points of a hundred, amounts with two places."""
    share = measure in ("retention", "goal", "placebo")
    return lambda value: "" if value is None else f"{value:.2%}" if share else f"{value:,.2f}"


def _span(low: float | None, high: float | None, told: Callable[[float | None], str]) -> str:
    return "too few" if low is None else f"{told(low)} … {told(high)}"


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDE)
