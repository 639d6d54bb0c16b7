"""What people refused, and what came back from the channels by which they were reached."""

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.file.words import CHANNELS
from mandegar.compute.engine import Engine
from mandegar.rules.text import folded_column

REFUSALS = ("complained", "unsubscribed")
BAD_TOUCHES = ("bounced", *REFUSALS)
CHANNEL_NAMES = {
    "email": ("email", "e-mail", "mail", "newsletter", "ایمیل"),
    "sms": ("sms", "text", "text message", "پیامک"),
    "call": ("call", "phone", "telephone", "تلفن", "تماس"),
}


def refusals(customers: ir.Table, touches: ir.Table, persons: ir.Table, told_here: ir.Table, engine: Engine) -> ir.Table:
    """What each person refused by any of its accounts: a no by one account is a no by all, and of what came back the gravest counts.

    Grain: one row per person_key. Columns: do_not_contact; refused_<channel>; bad_<channel>: bounced, complained or unsubscribed.
    customers and touches: rows of the entities customer and interaction. persons: customer_id and person_key of every customer.
    told_here: person_key, channel and kind of refusals that reached this house itself (campaigns.ledger).
    """
    came_back = bad_touches(touches)
    joined = customers.join(came_back, "customer_id", how="left").join(persons, "customer_id")
    own = joined.select(
        "person_key",
        do_not_contact=joined.do_not_contact.fill_null(False),
        **{f"refused_{channel}": ~joined[f"{channel}_opt_in"].fill_null(True) for channel in CHANNELS},
        **{f"bad_{channel}": joined[f"bad_{channel}"] for channel in CHANNELS},
    )
    here = told_here.select(
        "person_key",
        do_not_contact=ibis.literal(False),
        **{f"refused_{channel}": ibis.literal(False) for channel in CHANNELS},
        **{f"bad_{channel}": told_here.channel.isin([channel, "all"]).ifelse(told_here.kind, ibis.null("string")) for channel in CHANNELS},
    )
    every = ibis.union(own, here)
    return engine.keep(
        every.group_by("person_key").agg(
            do_not_contact=every.do_not_contact.any(),
            **{f"refused_{channel}": every[f"refused_{channel}"].any() for channel in CHANNELS},
            **{f"bad_{channel}": every[f"bad_{channel}"].max() for channel in CHANNELS},  # by the alphabet the gravest comes last
        )
    )


def bad_touches(touches: ir.Table) -> ir.Table:
    """What came back from every channel: bounced, complained or unsubscribed, the gravest that ever did.

    Grain: one row per customer_id with any. Columns: bad_email, bad_sms, bad_call. touches: rows of interaction. Channels are
    known by their usual names, in English and Persian; whoever complained or unsubscribed on any other one (a push message, a page
    of preferences) is taken at their word on all.
    """
    bad = touches.select("customer_id", kind=folded_column(touches.kind), channel=folded_column(touches.channel))
    bad = bad.filter(bad.kind.isin(BAD_TOUCHES))
    known = bad.channel.isin([name for names in CHANNEL_NAMES.values() for name in names])
    everywhere = ~known & bad.kind.isin(REFUSALS)
    found = {
        f"bad_{channel}": bad.kind.max(where=bad.channel.isin(list(names)) | everywhere)  # by the alphabet the gravest comes last
        for channel, names in CHANNEL_NAMES.items()
    }
    return bad.group_by("customer_id").agg(**found)
