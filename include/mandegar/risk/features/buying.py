"""What purchases show of a customer without a contract."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.purchases.purchases import purchases
from mandegar.risk.evening import DAY, Evening
from mandegar.time.seconds import seconds

LATELY, YEAR = 90, 365


def buying(evening: Evening, invoices: ir.Table) -> ir.Table:
    """What the purchases show, one row per customer_id that bought. invoices: in the company's currency.

    days_since_purchase; percent_of_own_cycle: that against the customer's own mean gap (from three purchase days on);
    tenure_days: since the first purchase; purchase_days: with a purchase, ever; purchase_days_in_year; purchase_days_lately: in the
    past 90 days; order_value: the mean of the past 365 days; spend_percent_of_before: of the past 90 days against the mean of 90 days in
    the 270 before; gap_days: the mean gap; gap_spread: the standard deviation of gaps against their mean.
    """
    bought = purchases(invoices)
    day = bought.issued_at.truncate("D")
    amount = bought.net_amount.cast("float64")
    lately, in_year = bought.issued_at >= evening.since(LATELY), bought.issued_at >= evening.since(YEAR)
    sums = bought.group_by("customer_id").agg(
        first=seconds(bought.issued_at.min()),
        last=seconds(bought.issued_at.max()),
        times=day.nunique(),
        purchase_days_in_year=day.nunique(where=in_year).cast("float64"),
        purchase_days_lately=day.nunique(where=lately).cast("float64"),
        order_value=amount.mean(where=in_year),
        spent_lately=amount.sum(where=lately),
        spent_before=amount.sum(where=in_year & ~lately),
    )
    silent = (seconds(evening.now) - sums["last"]) / DAY
    gap = ((sums["last"] - sums["first"]) / DAY) / (sums.times - 1).nullif(0)
    tenure = (seconds(evening.now) - sums["first"]) / DAY
    windows = (ibis.least(tenure, float(YEAR)) - LATELY) / LATELY
    usual = sums.spent_before / (windows >= 1.0).ifelse(windows, ibis.null("float64"))
    wide = sums.select(
        "customer_id",
        "purchase_days_in_year",
        "purchase_days_lately",
        "order_value",
        days_since_purchase=silent,
        percent_of_own_cycle=(sums.times >= 3).ifelse(100.0 * silent / gap.nullif(0.0), ibis.null("float64")),
        tenure_days=tenure,
        purchase_days=sums.times.cast("float64"),
        spend_percent_of_before=100.0 * sums.spent_lately / usual.nullif(0.0),
        gap_days=gap,
    )
    spread = gaps(bought)
    joined = wide.left_join(spread, "customer_id")
    return joined.select(*wide.columns, "gap_spread")


def gaps(bought: ir.Table) -> ir.Table:
    """gap_spread: how unevenly each customer buys, the standard deviation of its gaps against their mean; from three gaps on."""
    days = bought.select("customer_id", day=seconds(bought.issued_at.truncate("D")) / DAY).distinct()
    gap = days.day - days.day.lag().over(group_by="customer_id", order_by="day")
    known = days.mutate(gap=gap).filter(lambda t: t.gap.notnull())
    spread = known.group_by("customer_id").agg(times=known.count(), mean=known.gap.mean(), deviation=known.gap.std(how="sample"))
    return spread.filter(spread.times >= 3).select("customer_id", gap_spread=spread.deviation / spread["mean"].nullif(0.0))


def returns(evening: Evening, invoices: ir.Table) -> ir.Table:
    """credits_in_year: credit notes of the past 365 days, not voided."""
    notes = invoices.filter((invoices.kind == "credit") & invoices.voided_at.isnull() & (invoices.issued_at >= evening.since(YEAR)))
    return notes.group_by("customer_id").agg(credits_in_year=notes.count().cast("float64"))
