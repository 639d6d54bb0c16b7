"""How long customers waited for a first answer, as a snapshot knows it."""

import ibis
import ibis.expr.types as ir

from mandegar.risk.drivers.bands import RESPONSE, UNANSWERED
from mandegar.risk.evening import Evening

HOUR = 3600.0
DAYS = 60
WAITS_HOURS = 24.0


def response_delay(evening: Evening) -> ir.Table:
    """The slowest first answer to the tickets of the last 60 days.

    Grain: one row per customer_id with such a ticket that was answered, or waits for more than a day. Columns: response_hours: of those
    answered, empty if none was; response_unanswered: 1 where one waits for more than a day, else 0. A question younger than that, and not
    answered yet, tells nothing so far.
    """
    asked = evening.at(evening.as_of).entities["ticket"]
    recent = asked.filter(asked.opened_at >= evening.since(DAYS))
    opened = recent.opened_at.epoch_seconds()
    hours = (recent.first_response_at.epoch_seconds() - opened) / HOUR
    waits = recent.first_response_at.isnull() & ((evening.now.epoch_seconds() - opened) / HOUR > WAITS_HOURS)
    known = recent.filter(recent.first_response_at.notnull() | waits)
    return known.group_by("customer_id").agg(
        **{RESPONSE: hours.max().cast("float64"), UNANSWERED: waits.any().ifelse(ibis.literal(1.0), ibis.literal(0.0))}
    )
