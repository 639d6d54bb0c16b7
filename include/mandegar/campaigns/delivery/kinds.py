"""The ways to send: which there are, and by which channels each goes."""

import functools

from mandegar.campaigns.delivery.channel import ENTRY_POINTS, ChannelKind
from mandegar.campaigns.delivery.http import Http
from mandegar.campaigns.delivery.smtp import Smtp
from mandegar.campaigns.delivery.sql_tasks import Sql
from mandegar.config.installed import brought
from mandegar.errors import MandegarError


def _over_http(*sends: str) -> ChannelKind:
    """A way of gateways/*.yaml, for what it is made for."""
    return ChannelKind(lambda channel, settings, _, now: Http(channel, settings, now), sends)


SHIPPED = {
    "smtp": ChannelKind(lambda _, settings, company, now: Smtp(company, settings, now), ("email",)),
    "sql": ChannelKind(lambda _, settings, __, now: Sql(settings, now), ("task",)),
    **dict.fromkeys(("kavenegar", "twilio"), _over_http("sms")),
    **dict.fromkeys(("generic", "webhook"), _over_http("sms", "call", "task")),
    **dict.fromkeys(("hubspot", "salesforce", "zendesk"), _over_http("call", "task")),
}


@functools.cache
def kinds() -> dict[str, ChannelKind]:
    """The ways by name. Errors: MandegarError when an installed package brings one that cannot be used."""
    found = dict(SHIPPED)
    for name, (kind, place) in brought(ENTRY_POINTS, ChannelKind, "ChannelKind").items():
        if name in SHIPPED:
            raise MandegarError(f"The channel {place} is called {name!r}, a gateway that there is already. Name its entry point otherwise.")
        found[name] = kind
    return found


def of_channel(channel: str) -> list[str]:
    """The ways by which a channel can go."""
    return [name for name, kind in kinds().items() if channel in kind.sends]
