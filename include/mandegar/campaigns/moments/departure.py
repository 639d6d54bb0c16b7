"""Customers who left, by contract, or fell silent."""

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.moments.window import COLUMNS, Window, amounts, rates, with_rate
from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.metrics.contracts.ledger import ledger
from mandegar.metrics.contracts.policies import own_policies
from mandegar.metrics.purchases.purchases import purchases
from mandegar.risk.evening import Evening


def departures(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """Who left in that time, by contract (departed) or by silence (silent)."""
    return (departed if evening.company.churn.kind == "contract" else silent)(evening, window, engine)


def departed(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers who stopped paying in that time, with the reason the source gives.

    Grain: one row per customer_id. Columns as in `renewals`: event_at is the end of the last paid time; amount what was paid a
    month then, in its currency, or in the company's if it was paid in several; value 12 times that in the company's currency;
    already: never, because who pays again has not stopped.
    """
    versions, closes = evening.entities["subscription"], evening.closes
    intervals = engine.keep(ledger(versions, own_policies(evening.company), engine, closes, evening.entities["invoice"]))
    now = ibis.literal(closes)
    forever = ibis.timestamp("9999-01-01 00:00:00").cast(intervals.from_at.type())
    paid = intervals.filter(intervals.mrr > 0).mutate(end_at=lambda t: t.until_at.coalesce(forever))
    last = paid.group_by("customer_id").agg(event_at=paid.end_at.max())
    left = with_rate(evening, engine, paid.join(last, "customer_id").filter(lambda t: t.end_at == t.event_at))
    worth = left.group_by("customer_id", "event_at").agg(
        **amounts(left, left.mrr, exchange_rates.at_rate(left.mrr, left.rate), left.currency, evening.company),
        event_key=left.subscription_id.max(),
        unpaid=(left.standing == "past_due").any(),
    )
    gone = worth.filter(window.holds(worth.event_at))
    paused = (
        intervals.filter((intervals.standing == "paused") & (intervals.until_at.isnull() | (intervals.until_at >= now)))
        .select("customer_id")
        .distinct()
    )
    gone = gone.anti_join(paused, "customer_id")
    why = versions.group_by("subscription_id").agg(reason=versions.ended_reason.max())
    joined = gone.join(why, gone.event_key == why.subscription_id, how="left")
    reason = joined.reason.coalesce(joined.unpaid.ifelse("payment_failed", "not_given"))
    named = joined.mutate(reason_code=reason, value=(joined.own * 12).cast(MONEY), already=ibis.literal(False))
    return named.select(*COLUMNS)


def silent(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers who fell silent: N days without a purchase, in that time.

    Grain: one row per customer_id. Columns as in `departed`: event_at is the last purchase plus N days; amount the last
    purchase; value what was bought in the 365 days before it, each purchase at the rate of its day.
    """
    company = evening.company
    invoices = purchases(evening.entities["invoice"])
    kept = engine.keep(
        invoices.select("customer_id", "issued_at", "currency", "net_amount", own=invoices.net_amount, paid_in=invoices.currency)
    )
    bought = exchange_rates.in_own_currency(company, engine, kept, "issued_at", ("own",), rates(evening, engine))
    last = bought.group_by("customer_id").agg(last_at=bought.issued_at.max())
    joined = bought.join(last, "customer_id")
    in_year = joined.issued_at >= joined.last_at - ibis.interval(days=365)
    nothing = ibis.literal(0).cast(MONEY)
    lately = joined.issued_at == joined.last_at
    sums = joined.group_by("customer_id", "last_at").agg(
        value=in_year.ifelse(joined.own, nothing).sum().cast(MONEY),
        **amounts(
            joined,
            lately.ifelse(joined.net_amount, nothing),
            lately.ifelse(joined.own, nothing),
            lately.ifelse(joined.paid_in, ibis.null("string")),
            company,
        ),
    )
    since = sums.mutate(event_at=sums.last_at + ibis.interval(days=company.churn.days))
    gone = since.filter(window.holds(since.event_at))
    return gone.select(
        "customer_id",
        "event_at",
        "amount",
        "currency",
        "value",
        event_key=ibis.literal("silent"),
        reason_code=ibis.literal("silent"),
        already=ibis.literal(False),
    )
