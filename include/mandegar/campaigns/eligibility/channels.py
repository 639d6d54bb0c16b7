"""By which channel a customer can be reached: which are open, which were refused, and which of them comes first."""

import functools
from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.file.words import TASK, Campaign
from mandegar.config.company import Company

NOTHING = ibis.null("string")


def refused(rows: ir.Table, channel: str) -> ir.StringValue:
    """How the customer refused a channel; empty if not."""
    unsubscribed = (rows[f"bad_{channel}"] == "unsubscribed").fill_null(False)
    said_no = (rows[f"{channel}_opt_in"] == ibis.literal(False)).fill_null(False)
    return ibis.cases((unsubscribed, f"unsubscribed from {channel}"), (said_no, f"refused {channel}"), else_=NOTHING)


def came_back(rows: ir.Table, channel: str) -> ir.StringValue:
    """What came back from a channel that was not refused; empty if nothing."""
    bad = rows[f"bad_{channel}"]
    return (bad.notnull() & refused(rows, channel).isnull()).ifelse(ibis.literal(f"{channel} ") + bad, NOTHING)


def worn_out(rows: ir.Table, company: Company, campaign: Campaign, channel: str) -> ir.StringValue:
    """By how many contacts a channel has reached its limit; empty if it has not."""
    says = NOTHING
    caps = [(campaign.limits.of(channel), campaign.limits.days, rows[f"recent_{channel}"])]
    if (cap := company.contacting.channels.get(channel)) is not None:  # type: ignore[call-overload]
        caps.append((cap.contacts, cap.days, rows[f"capped_{channel}"]))
    for most, days, counted in caps:
        if most is not None:
            told = counted.cast("string") + f" by {channel} in {days} days"
            says = says.coalesce((counted >= most).ifelse(told, NOTHING))
    return says


def is_open(rows: ir.Table, company: Company, campaign: Campaign, channel: str) -> ir.BooleanValue:
    """Whether a channel reaches the customer, was not refused, and may be used once more."""
    if channel == TASK:
        return ibis.literal(True)
    address = rows.email if channel == "email" else rows.phone
    closed = [refused(rows, channel), came_back(rows, channel), worn_out(rows, company, campaign, channel)]
    meant = rows.only_channel.isnull() | (rows.only_channel == channel)
    return address.notnull() & meant & ibis.and_(*(reason.isnull() for reason in closed))


def opted(rows: ir.Table, campaign: Campaign, channel: str) -> ir.BooleanValue:
    """Whether the campaign has a basis to contact the customer by a channel."""
    asked = channel != TASK and campaign.asks_opt_in(channel)
    return rows[f"{channel}_opt_in"].fill_null(False) if asked else ibis.literal(True)


def chosen(rows: ir.Table, campaign: Campaign) -> ir.StringValue:
    """The first open channel of the campaign, one with consent before one without; empty if none is open.

    rows: with open_<channel>. With `preferred_first` the customer's own choice goes before the campaign's order.
    """
    tests = []
    for with_consent in (True, False):
        fits = {channel: rows[f"open_{channel}"] for channel in campaign.channels}
        if with_consent:
            fits = {channel: is_open & opted(rows, campaign, channel) for channel, is_open in fits.items()}
        if campaign.preferred_first:
            tests += [(fit & (rows.preferred_channel == channel).fill_null(False), channel) for channel, fit in fits.items()]
        tests += [(fit, channel) for channel, fit in fits.items()]
    return ibis.cases(*tests, else_=NOTHING)


def together(texts: Iterable[ir.StringValue]) -> ir.StringValue:
    """The texts that there are, with «and» between; empty if there is none."""

    def both(one: ir.StringValue, other: ir.StringValue) -> ir.StringValue:
        return one.isnull().ifelse(other, other.isnull().ifelse(one, one + " and " + other))

    return functools.reduce(both, texts)
