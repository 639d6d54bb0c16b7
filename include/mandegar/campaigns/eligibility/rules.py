"""The rules, in the order in which they decide: each says in a few words why not, or nothing."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.eligibility import channels
from mandegar.campaigns.eligibility.channels import NOTHING
from mandegar.campaigns.file.words import BETWEEN, Campaign
from mandegar.config.company import Company

Rule = Callable[["Asked"], ir.StringValue]


@dataclass(frozen=True)
class Asked:
    """What the rules are asked for: a campaign's candidates on a night.

    rows: candidates with what past.beside adds and their channel. send_on: the next day on which people may be written to.
    """

    rows: ir.Table
    company: Company
    campaign: Campaign
    as_of: date
    send_on: date


def _of_the_customer(rule: Rule) -> Rule:
    """A rule about writing to the customer: a task for the account's owner is not asked for it."""

    @functools.wraps(rule)
    def asked_of(asked: "Asked") -> ir.StringValue:
        return NOTHING if asked.campaign.is_task else rule(asked)

    return asked_of


@_of_the_customer
def opt_out(asked: Asked) -> ir.StringValue:
    """Wants no contact, or refused every channel that would reach."""
    rows = asked.rows
    refusals = channels.together(channels.refused(rows, channel) for channel in asked.campaign.channels)
    refused = (refusals.notnull() & rows.channel.isnull()).ifelse(refusals + ", and no other channel", NOTHING)
    return rows.do_not_contact.ifelse(ibis.literal("wants no contact"), refused)


@_of_the_customer
def bounce_or_complaint(asked: Asked) -> ir.StringValue:
    """Bounced, or complained, on the channels that would reach."""
    rows = asked.rows
    found = channels.together(channels.came_back(rows, channel) for channel in asked.campaign.channels)
    return (found.notnull() & rows.channel.isnull()).ifelse(found + ", and no other channel", NOTHING)


def deleted(asked: Asked) -> ir.StringValue:
    """Is deleted in the source."""
    at = asked.rows.deleted_at
    return at.notnull().ifelse("deleted on " + at.cast("date").cast("string"), NOTHING)


def open_critical_ticket(asked: Asked) -> ir.StringValue:
    """Waits for the answer to a critical question, unless the campaign is for them too."""
    ticket = asked.rows.critical_ticket
    return NOTHING if asked.campaign.with_open_ticket else ticket.notnull().ifelse("ticket " + ticket + " is open", NOTHING)


def already_renewed(asked: Asked) -> ir.StringValue:
    """What it is about has come to pass, or no stage covers the day."""
    rows = asked.rows
    done = {"payment_failure": "paid already", "trial_end": "pays already"}.get(asked.campaign.trigger.moment, "renewed already")
    return ibis.cases((rows.already, done), (rows.stage == BETWEEN, "no stage covers this day"), else_=NOTHING)


@_of_the_customer
def frequency_cap(asked: Asked) -> ir.StringValue:
    """Has been contacted often enough, over all campaigns, or by every channel that would reach."""
    rows, limits = asked.rows, asked.campaign.limits
    often = rows.recent.cast("string") + f" contacts in {limits.days} days"
    worn = channels.together(channels.worn_out(rows, asked.company, asked.campaign, channel) for channel in asked.campaign.channels)
    by_channel = (worn.notnull() & rows.channel.isnull()).ifelse(worn + ", and no other channel", NOTHING)
    return (rows.recent >= limits.contacts).ifelse(often, by_channel)


def cool_down(asked: Asked) -> ir.StringValue:
    """Had this one already, or this campaign lately; held out counts like sent to. Who is followed up is asked for the first alone."""
    rows = asked.rows
    since = ibis.literal(asked.as_of - timedelta(days=asked.campaign.limits.cool_down_days))
    return ibis.cases(
        (rows.had, "had this one already"),
        ((rows.last_contact > since).fill_null(False) & rows.only_channel.isnull(), "contacted on " + rows.last_contact.cast("string")),
        ((rows.last_held > since).fill_null(False), "held out on " + rows.last_held.cast("string")),
        else_=NOTHING,
    )


@_of_the_customer
def missing_consent(asked: Asked) -> ir.StringValue:
    """Has not agreed to the channel, where the campaign needs it."""
    rows, campaign = asked.rows, asked.campaign
    missing = [
        ((rows.channel == channel) & ~channels.opted(rows, campaign, channel), f"no consent to {channel}")
        for channel in campaign.channels
        if campaign.asks_opt_in(channel)
    ]
    return ibis.cases(*missing, else_=NOTHING) if missing else NOTHING


@_of_the_customer
def unreachable(asked: Asked) -> ir.StringValue:
    """Has no address that could be used."""
    return asked.rows.channel.isnull().ifelse(ibis.literal("no usable address"), NOTHING)


@_of_the_customer
def too_late(asked: Asked) -> ir.StringValue:
    """By the next day on which people may be written to, what it is about has passed."""
    if asked.campaign.trigger.before is None:
        return NOTHING
    told = ibis.literal("can be sent on ") + ibis.literal(asked.send_on).cast("string") + " only"
    return (asked.rows.event_on < asked.send_on).ifelse(told, NOTHING)


RULES: dict[str, Rule] = {
    "opt_out": opt_out,
    "bounce_or_complaint": bounce_or_complaint,
    "deleted": deleted,
    "open_critical_ticket": open_critical_ticket,
    "already_renewed": already_renewed,
    "frequency_cap": frequency_cap,
    "cool_down": cool_down,
    "missing_consent": missing_consent,
    "unreachable": unreachable,
    "too_late": too_late,
}
