"""Churn without a contract: a customer is there while the last purchase is less than N days old."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.frame.grain import PERIOD
from mandegar.time.spans import day_by_day, falling


def active_at(bought: ir.Table, cutoffs: ir.Table, days: int) -> ir.Table:
    """Who is active at given instants.

    Grain: one row per at and customer_id with a purchase in cutoff_at <= issued_at < at; cutoff_at is the midnight N days
    before. Churned is: not active, and bought before.
    """
    inside = falling(bought.select("customer_id", "issued_at"), "issued_at", cutoffs, "cutoff_at", "at", days)
    return inside.select("at", "customer_id").distinct()


def used_lately(usage: ir.Table, periods: ir.Table, days: int) -> ir.Table:
    """Who used the product in the last days of a period. Grain: one row per period and customer_id.

    The days are those of the company's calendar, the period's last (or the night's) included.
    """
    last = periods.last_day.epoch_days().cast("int64")
    counted = day_by_day(periods.select(*PERIOD, "last_day"), last - (days - 1), last, days)
    used = usage.filter(usage.events > 0).select("customer_id", day_touched=usage.day.epoch_days().cast("int64"))
    return used.join(counted, "day_touched").select(*PERIOD, "customer_id").distinct()


def presence(active: ir.Table, bought: ir.Table, periods: ir.Table) -> ir.Table:
    """Whether each customer was there at the two boundaries of every period.

    Grain: one row per period and customer_id that was active at either boundary.
    Columns: before, after; ever_before: had bought before the period; was_paused, is_paused, back_soon, passed, involuntary,
    not_renewed: always false; starts_at, ends_at.
    """
    no = ibis.literal(False)
    first = bought.group_by("customer_id").agg(first_at=bought.issued_at.min())
    opened = active.join(periods, active["at"] == periods.starts_at).select(*PERIOD, "customer_id", before=ibis.literal(True), after=no)
    closed = active.join(periods, active["at"] == periods.ends_at).select(*PERIOD, "customer_id", before=no, after=ibis.literal(True))
    both = ibis.union(opened, closed)
    merged = both.group_by(*PERIOD, "customer_id").agg(before=both.before.any(), after=both.after.any())
    known = merged.join(first, "customer_id").join(periods.select(*PERIOD, "starts_at", "ends_at"), list(PERIOD))
    never = dict.fromkeys(("was_paused", "is_paused", "back_soon", "passed", "involuntary", "not_renewed"), no)
    return known.mutate(ever_before=known.first_at < known.starts_at, **never).drop("first_at")
