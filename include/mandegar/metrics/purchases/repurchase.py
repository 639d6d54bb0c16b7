"""The repurchase cycle: after how many days without a purchase a customer who would buy again has bought again."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.purchases.purchases import purchase_days, purchases_of
from mandegar.time.local_days import local_day

WHOLE_COMPANY = "all"
FALL_BACK_DAYS = 90
PARTS = 10_000  # shares in whole parts: 0.55 x 100 is not 55 in floating point


def repurchase_cycle(night: MeasuredNight) -> ir.Table:
    """How long customers take between purchases, of the company and of every category, as of the night.

    Grain: one row per category, and `all` for purchases of whatever category. Columns: gaps, how many there are; customers, of
    how many; percentile, the share of gaps meant; cycle_days, the smallest whole number of days that covers that share of gaps,
    empty where there are fewer gaps than repurchase.minimum_gaps; median_days, the same for one half.
    Gap: days from one day with a purchase of a customer (in the category) to its next. Formula: the percentile is that of the
    inverse distribution function, an observed gap. A category is what invoice lines say; a line without one counts in `all` only.
    """
    settings = night.company.repurchase
    gaps = night.engine.keep(_gaps(_bought(night)))
    counts = gaps.group_by("category", "gap").agg(times=gaps.count(), of=gaps.customer_id.nunique())
    # the value at a rank, from counts per value: exact, the same on every engine, and small
    so_far = counts.times.sum().over(ibis.cumulative_window(group_by="category", order_by="gap"))
    ranked = counts.mutate(so_far=so_far, total=counts.times.sum().over(ibis.window(group_by="category")))
    covers = {
        name: ranked.so_far * PARTS >= ranked.total * round(share * PARTS)
        for name, share in (("cycle", settings.percentile), ("median", 0.5))
    }
    cycles = ranked.group_by("category").agg(
        gaps=ranked.times.sum().cast("int64"),
        **{f"{name}_days": ranked.gap.min(where=covered).cast("int64") for name, covered in covers.items()},
    )
    people = gaps.group_by("category").agg(customers=gaps.customer_id.nunique().cast("int64"))
    joined = cycles.join(people, "category")
    enough = joined.gaps >= settings.minimum_gaps
    none = ibis.null("int64")
    return joined.select(
        "category",
        "gaps",
        "customers",
        percentile=ibis.literal(str(settings.percentile)).cast("float64"),  # a number would reach the engine as a decimal
        cycle_days=enough.ifelse(joined.cycle_days, none),
        median_days=enough.ifelse(joined.median_days, none),
    )


def inactivity_days(night: MeasuredNight) -> int:
    """After how many days without a purchase a customer counts as lost, estimated: the company's repurchase cycle.

    FALL_BACK_DAYS where there are too few gaps to tell; never below 1.
    """
    cycles = repurchase_cycle(night)
    found = night.engine.arrow(cycles.filter(cycles.category == WHOLE_COMPANY)).to_pylist()
    days = found[0]["cycle_days"] if found else None
    return FALL_BACK_DAYS if days is None else max(days, 1)


def _bought(night: MeasuredNight) -> ir.Table:
    """The days on which a customer bought, of each category and of any. Grain: customer_id, category, day."""
    any_ = purchase_days(night).select("customer_id", "day", category=ibis.literal(WHOLE_COMPANY))
    lines = night.entities["invoice_line"]
    told = lines.filter(lines.category.notnull() & (lines.category != "") & (lines.quantity > 0) & (lines.net_amount > 0))
    lined = purchases_of(night).select("invoice_id", "customer_id", "issued_at").join(told.select("invoice_id", "category"), "invoice_id")
    dated = lined.select("customer_id", day=local_day(lined.issued_at, night.company.zone, night.closes), category=lined.category)
    return ibis.union(any_, dated.distinct())


def _gaps(bought: ir.Table) -> ir.Table:
    before = bought.day.lag().over(group_by=["category", "customer_id"], order_by="day")
    return bought.mutate(gap=bought.day - before).filter(lambda t: t.gap.notnull()).select("category", "customer_id", "gap")


def _family(night: MeasuredNight, _: Given) -> Found:
    return Found(marts={"repurchase_cycle": repurchase_cycle(night)})


FAMILY = Family("The repurchase cycle", "purchases.repurchase.repurchase_cycle", compute=_family, needs=("invoice",), settles="never")
