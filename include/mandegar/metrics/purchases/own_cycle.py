"""Churn by each customer's own repurchase cycle as the period: who is overdue by his own habit, not by the company's days."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.frame.dimensions import totals
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.grain import PERIOD
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.purchases.purchases import purchase_days
from mandegar.time.local_days import NEVER, local_day

FEWEST_GAPS = 3  # below, a customer's cycle cannot be told
LAST_GAPS = 10
OWN_CYCLE = (
    Metric("customers_in_own_cycle", "in_cycle", None, "customers at the start whose own repurchase cycle can be told and is not over"),
    Metric("own_cycle_churn_rate", "overdue", "in_cycle", "of them, those overdue at the end: their own cycle passed without a purchase"),
)


def own_cycle(night: MeasuredNight) -> ir.Table:
    """How many customers let their own repurchase cycle pass without buying.

    Grain: one row per period, dimension and dimension_value (the customer's traits at the start) with such a customer. Columns (int64):
    in_cycle, customers within their own cycle at the start; overdue, of them those who are not at the end. Of a running period: so far.
    Formula: own_cycle_churn_rate = overdue / in_cycle. Source: invoices by which a customer is seen to buy. A cycle is the longest of a
    customer's last ten gaps between days with a purchase, as known on the last of these days, and told from the third gap on; whoever
    has fewer is left out above and below the line. A purchase counts for the days of the cycle, its own among them.
    """
    spans = night.engine.keep(cycles(night))
    zone, closes = night.company.zone, night.closes
    periods = night.periods.select(*PERIOD, "starts_at", "ends_at")
    dated = night.engine.keep(
        periods.select(
            *PERIOD,
            first_day=local_day(periods.starts_at, zone, closes),
            last_day=local_day(periods.ends_at - ibis.interval(microseconds=1), zone, closes),
        )
    )
    began = spans.join(dated, [spans.from_day < dated.first_day, spans.until_day >= dated.first_day])
    began = night.engine.keep(night.as_they_began(began.select(*PERIOD, "customer_id").distinct()))
    ended = spans.join(dated, [spans.from_day <= dated.last_day, spans.until_day > dated.last_day])
    still = ended.select(*PERIOD, "customer_id").distinct().mutate(still=ibis.literal(True))
    joined = began.left_join(still, [*PERIOD, "customer_id"])
    marked = night.engine.keep(joined.select(*began.columns, overdue=(~joined.still.fill_null(False)).cast("int64")))
    night.small_cells.speak_of(FAMILY.title, marked)
    return totals(
        marked, night.dimensions, lambda rows: {"in_cycle": rows.count().cast("int64"), "overdue": rows.overdue.sum().cast("int64")}, PERIOD
    )


def cycles(night: MeasuredNight) -> ir.Table:
    """From which day until which a customer is within his own cycle.

    Grain: one row per customer_id and day with a purchase at which the cycle can be told. Columns: from_day, the day of the purchase;
    until_day, excluded, the next purchase or the day on which the cycle is over, whichever comes first; in days since 1970-01-01.
    """
    bought = purchase_days(night)
    in_order = ibis.window(group_by="customer_id", order_by="day")
    gaps = bought.mutate(gap=bought.day - bought.day.lag().over(in_order), after=bought.day.lead().over(in_order))
    lately = ibis.window(group_by="customer_id", order_by="day", preceding=LAST_GAPS - 1, following=0)
    told = gaps.mutate(longest=gaps.gap.max().over(lately), told=gaps.gap.count().over(lately))
    told = told.filter(told.told >= FEWEST_GAPS)
    until = ibis.least(told.day + told.longest, told.after.fill_null(NEVER))
    return told.select("customer_id", from_day="day", until_day=until.cast("int64"))


def _family(night: MeasuredNight, _: Given) -> Found:
    return Found(night.engine.keep(own_cycle(night)))


FAMILY = Family("Own cycles", "purchases.own_cycle.own_cycle", OWN_CYCLE, _family, needs=("invoice",), kind="inactivity")
