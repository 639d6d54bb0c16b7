"""What each customer's purchases say about it: how many, how often, how lately, for how much, without what was taken back."""

import ibis
import ibis.expr.types as ir

from mandegar.compute.money import MONEY
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.purchases.purchases import invoices_of
from mandegar.time.local_days import local_day, number


def kept_purchases(invoices: ir.Table) -> ir.Table:
    """The purchases that were not cancelled.

    Grain: one row per invoice that counts as a purchase (metrics.purchases.purchases) and was not taken back whole. Columns:
    customer_id, issued_at, net_amount.
    Policy: a credit note takes back the latest purchase before it of the same customer and the same net amount that is not
    taken back yet; one of another amount is a discount or part of a purchase, and lowers revenue only.
    """
    valid = invoices.filter(invoices.voided_at.isnull())
    credit = valid.kind == "credit"
    steps = valid.mutate(size=valid.net_amount.abs(), step=credit.ifelse(-1, 1).cast("int64"), credit=credit)
    steps = steps.filter(steps.credit | (steps.net_amount > 0))
    # a purchase and its credit note stand like brackets: it was taken back when the balance later falls below that after it
    order = [ibis.asc("issued_at"), ibis.asc("credit"), ibis.asc("invoice_id")]
    group = ["customer_id", "size"]
    steps = steps.mutate(balance=steps.step.sum().over(ibis.cumulative_window(group_by=group, order_by=order)))
    steps = steps.mutate(later=steps.balance.min().over(ibis.window(group_by=group, order_by=order, following=(1, None))))
    kept = steps.filter(~steps.credit & (steps.later.isnull() | (steps.later >= steps.balance)))
    return kept.select("customer_id", "issued_at", "net_amount")


def buying_days(night: MeasuredNight) -> ir.Table:
    """What each customer bought on each of its days, without what was taken back.

    Grain: one row per customer_id and day. Columns: day, since 1970-01-01, of the company's days; purchases, a count; value.
    """
    kept = kept_purchases(invoices_of(night))
    dated = kept.mutate(day=local_day(kept.issued_at, night.company.zone, night.closes))
    return dated.group_by("customer_id", "day").agg(purchases=dated.count(), value=dated.net_amount.sum().cast(MONEY))


def histories(days: ir.Table, last_day: int) -> ir.Table:
    """Each buyer's history as buyer models take it.

    Grain: one row per customer_id with a purchase. Columns: purchases, a count; frequency, days with a purchase after the
    first (x); first_day, last_day, since 1970-01-01; recency, days from the first to the last (t_x); age, days from the first
    until `last_day` (T); recency_days, days from the last until `last_day`; value, of all purchases; repeat_value, the mean
    value of a day with a purchase after the first, empty where there is none.
    days: as buying_days gives them; last_day: the last observed day.
    """
    firsts = days.mutate(first_day=days.day.min().over(ibis.window(group_by="customer_id")))
    again = firsts.day > firsts.first_day
    summed = firsts.group_by("customer_id").agg(
        purchases=firsts.purchases.sum().cast("int64"),
        frequency=again.sum().cast("int64"),
        first_day=firsts.first_day.min(),
        last_day=firsts.day.max(),
        value=firsts.value.sum().cast(MONEY),
        repeated=firsts.value.sum(where=again),
    )
    return summed.select(
        "customer_id",
        "purchases",
        "frequency",
        "first_day",
        "last_day",
        recency=summed.last_day - summed.first_day,
        age=last_day - summed.first_day,
        recency_days=last_day - summed.last_day,
        value="value",
        repeat_value=summed.repeated.cast("float64") / summed.frequency.nullif(0),
    )


def last_observed(night: MeasuredNight) -> int:
    """The number of the night's day."""
    return number(night.as_of)
