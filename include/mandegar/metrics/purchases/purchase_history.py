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
    columns, group = ("customer_id", "issued_at", "net_amount"), ["customer_id", "size"]
    valid = invoices.filter(invoices.voided_at.isnull())
    valid = valid.mutate(size=valid.net_amount.abs(), credit=valid.kind == "credit")
    bought, credits = valid.filter(~valid.credit & (valid.net_amount > 0)), valid.filter(valid.credit)
    # only where there is a credit note of that amount something can have been taken back
    told = credits.select(*group).distinct()
    steps = ibis.union(bought.semi_join(told, group).mutate(step=1), credits.mutate(step=-1))
    # a purchase and its credit note stand like brackets: it was taken back when the balance later falls below that after it
    order = [ibis.asc("issued_at"), ibis.asc("credit"), ibis.asc("invoice_id")]
    steps = steps.mutate(balance=steps.step.sum().over(ibis.cumulative_window(group_by=group, order_by=order)))
    steps = steps.mutate(later=steps.balance.min().over(ibis.window(group_by=group, order_by=order, following=(1, None))))
    kept = steps.filter(~steps.credit & (steps.later.isnull() | (steps.later >= steps.balance)))
    return ibis.union(bought.anti_join(told, group).select(*columns), kept.select(*columns))


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
    summed = days.group_by("customer_id").agg(
        purchases=days.purchases.sum().cast("int64"),
        frequency=days.count().cast("int64") - 1,
        first_day=days.day.min(),
        last_day=days.day.max(),
        value=days.value.sum().cast(MONEY),
        first_value=days.value.argmin(days.day),
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
        repeat_value=(summed.value - summed.first_value).cast("float64") / summed.frequency.nullif(0),
    )


def last_observed(night: MeasuredNight) -> int:
    """The number of the night's day."""
    return number(night.as_of)
