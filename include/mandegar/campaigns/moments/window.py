"""What campaigns wait for: the span of time in which a moment has to lie, and the columns every moment gives.

Grain of a moment: one row per customer_id. Columns: event_at; event_key, what makes this one another than the next; amount and currency,
as the customer knows them; value, of a year, in the company's currency (empty: what the customer is worth by risk.features);
reason_code; already (what it is about has come to pass).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.file.words import Trigger
from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.config.company import Company
from mandegar.risk.evening import Evening
from mandegar.time import calendar

COLUMNS = ("customer_id", "event_at", "event_key", "amount", "currency", "value", "reason_code", "already")


@dataclass(frozen=True)
class Window:
    """A span of time; until is outside."""

    first: datetime
    until: datetime

    def holds(self, at: ir.TimestampValue) -> ir.BooleanValue:
        """Whether an instant lies within."""
        return (at >= ibis.literal(self.first)) & (at < ibis.literal(self.until))


def window_of(evening: Evening, trigger: Trigger) -> Window:
    """In which time the moment of a trigger has to lie, on an evening: ahead of its end, or behind it."""
    spans = trigger.stages.values()
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    closes = evening.closes
    if trigger.before:
        return Window(closes, calendar.day_end(evening.as_of + timedelta(days=high), evening.company.zone))
    return Window(closes - timedelta(days=high + 1), closes - timedelta(days=low))


def told(
    rows: ir.Table,
    event_at: ir.TimestampValue,
    event_key: ir.StringValue | str,
    reason: ir.StringValue | str,
    amount: ir.DecimalValue | None = None,
    currency: ir.StringValue | None = None,
    already: ir.BooleanValue | bool = False,
) -> ir.Table:
    """Rows as a moment gives them, without a value of their own."""
    nothing = ibis.null("string")
    return rows.select(
        "customer_id",
        event_at=event_at,
        event_key=ibis.literal(event_key) if isinstance(event_key, str) else event_key,
        amount=ibis.null(MONEY) if amount is None else amount,
        currency=nothing if currency is None else currency,
        value=ibis.null(MONEY),
        reason_code=ibis.literal(reason) if isinstance(reason, str) else reason,
        already=ibis.literal(already) if isinstance(already, bool) else already,
    )


def one_each(rows: ir.Table, *order: ir.Value) -> ir.Table:
    """Of each customer's rows the first in an order."""
    place = ibis.row_number().over(group_by=rows.customer_id, order_by=list(order))
    return rows.mutate(place=place).filter(lambda t: t.place == 0).drop("place")


def rates(evening: Evening, engine: Engine) -> exchange_rates.Known:
    return exchange_rates.known_rates(engine, evening.entities["fx_rate"])


def with_rate(evening: Evening, engine: Engine, rows: ir.Table) -> ir.Table:
    """Rows with the rate of their currency on the evening."""
    return exchange_rates.with_rate(evening.company, engine, engine.keep(rows), evening.closes, rates(evening, engine))


def amounts(
    rows: ir.Table, amount: ir.DecimalValue, own: ir.DecimalValue, currency: ir.StringValue, company: Company
) -> dict[str, ir.Value]:
    """What a customer's rows come to: own, in the company's currency; amount and currency, in theirs if it is one."""
    one = currency.nunique() == 1
    in_own = own.sum().cast(MONEY)
    return {
        "own": in_own,
        "amount": one.ifelse(amount.sum().cast(MONEY), in_own),
        "currency": one.ifelse(currency.max(), ibis.literal(company.currency)),
    }
