"""Spells: from which day until which day a customer was there without a break, whatever makes it a customer."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.contracts.ledger import mrr_intervals
from mandegar.metrics.frame.night import MeasuredNight, once_a_night
from mandegar.metrics.purchases.purchases import purchase_days
from mandegar.time.local_days import NEVER, local_day, number


def spans(night: MeasuredNight) -> ir.Table:
    """On which days customers were there, one row per reason to be.

    Grain: one row per paid or paused interval of a subscription; without contracts one per day with a purchase.
    Columns: customer_id; from_day, until_day (excluded; NEVER while it lasts) in days since 1970-01-01, of the company's own
    days; paid, false for a pause. A interval that ends on day D no longer counts at the end of D. A purchase counts for
    `churn.days` days, its own among them.
    """
    if night.contractual:
        there = mrr_intervals(night).filter((mrr_intervals(night).mrr > 0) | (mrr_intervals(night).standing == "paused"))
        return there.select(
            "customer_id",
            from_day=_day(night, there.from_at),
            until_day=there.until_at.isnull().ifelse(NEVER, _day(night, there.until_at.fill_null(night.now))).cast("int64"),
            paid=there.mrr > 0,
        )
    bought = purchase_days(night)
    return bought.select(
        "customer_id", from_day="day", until_day=(bought.day + night.company.churn.days).cast("int64"), paid=ibis.literal(True)
    )


@once_a_night
def customer_spells(night: MeasuredNight) -> ir.Table:
    """The spells of all customers (spells)."""
    return night.engine.keep(spells(spans(night)))


def spells(rows: ir.Table) -> ir.Table:
    """Spans that touch or overlap are one spell.

    Grain: one row per customer_id and spell that was paid at some time. Columns: from_day, until_day (as in `spans`), paid_day (the
    first day paid for), spell (0 for the customer's first, and so on).
    """
    before = ibis.window(group_by="customer_id", order_by="from_day", preceding=(None, 1))
    so_far = ibis.cumulative_window(group_by="customer_id", order_by="from_day")
    starts = rows.group_by("customer_id", "from_day").agg(until_day=rows.until_day.max(), paid=rows.paid.any())
    begun = starts.mutate(reach=starts.until_day.max().over(before))
    begun = begun.mutate(begins=(begun.reach.isnull() | (begun.from_day > begun.reach)).cast("int64"))
    numbered = begun.mutate(run=begun.begins.sum().over(so_far))
    whole = numbered.group_by("customer_id", "run").agg(
        from_day=numbered.from_day.min(),
        until_day=numbered.until_day.max(),
        paid_day=numbered.from_day.min(where=numbered.paid),
    )
    paid = whole.filter(whole.paid_day.notnull())
    return paid.select(
        "customer_id",
        "from_day",
        "until_day",
        "paid_day",
        spell=ibis.row_number().over(group_by="customer_id", order_by=paid["run"]).cast("int64"),
    )


def today(night: MeasuredNight) -> int:
    """The number of the day after `as_of`: what ends before it has ended."""
    return number(night.as_of) + 1


def _day(night: MeasuredNight, at: ir.TimestampValue) -> ir.IntegerValue:
    return local_day(at, night.company.zone, night.closes)
