"""Churn and retention, by count (logo) and by money (GRR, NRR)."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from mandegar.metrics.dimensions import Dimension, beside, totals
from mandegar.metrics.ledger import INVOLUNTARY_REASONS
from mandegar.metrics.mrr import CELL, MOVEMENTS, PERIOD
from mandegar.metrics.policies import Policies
from mandegar.money import MONEY, SUM


def contract_presence(there: ir.Table, endings: ir.Table, passing: ir.Table, periods: ir.Table) -> ir.Table:
    """Whether each account was paying at the two boundaries of every period, and why it left.

    Grain: one row per period and customer_id. Columns: before, after (MRR above 0); ever_before: had paid before the
    period; was_paused, is_paused; passed: came and went within the period (before and after are false); involuntary: its
    last subscription in the period ended without the customer's will; the traits that `there` has.
    there: mrr.accounts; passing: mrr.passing with the same traits.
    """
    traits = [name for name in there.columns if name.startswith("of ")]
    columns = (*PERIOD, "customer_id", "before", "after", "ever_before", "was_paused", "is_paused", "passed", *traits)
    no = ibis.literal(False)
    held = there.mutate(before=there.before > 0, after=there.after > 0, ever_before=there.ever_paid, passed=no).select(*columns)
    gone = passing.mutate(before=no, after=no, ever_before=no, was_paused=no, is_paused=no, passed=ibis.literal(True))
    seen = held.anti_join(gone, [*PERIOD, "customer_id"])  # a trial or a pause at a boundary, and paid in between
    both = ibis.union(seen, gone.select(*columns).distinct())
    inside = endings.join(periods, [endings["at"] >= periods.starts_at, endings["at"] < periods.ends_at])
    last = ibis.row_number().over(
        group_by=[*PERIOD, "customer_id"], order_by=[inside["at"].desc(), inside.stated.desc(), inside.involuntary.desc()]
    )
    final = inside.mutate(place=last).filter(lambda t: t.place == 0).select(*PERIOD, "customer_id", "involuntary")
    joined = both.join(final, [*PERIOD, "customer_id"], how="left")
    return joined.select(*columns, involuntary=joined.involuntary.fill_null(False))


def endings(versions: ir.Table, stretches: ir.Table) -> ir.Table:
    """When subscriptions ended, and whether against the customer's will.

    Grain: one row per stated end, and per past-due stretch that ended (dunning exhausted, if nothing else is stated).
    Columns: customer_id, at, involuntary, stated (the source gives a reason; it goes before what is inferred).
    """
    stated = versions.filter(versions.ended_at.notnull()).select(
        "customer_id",
        at=versions.ended_at,
        involuntary=versions.ended_reason.isin(INVOLUNTARY_REASONS).fill_null(False),
        stated=versions.ended_reason.notnull(),
    )
    unpaid = stretches.filter((stretches.standing == "past_due") & stretches.until_at.notnull())
    inferred = unpaid.select("customer_id", at=unpaid.until_at, involuntary=ibis.literal(True), stated=ibis.literal(False))
    return ibis.union(stated, inferred)


def logo(presence: ir.Table, dimensions: Sequence[Dimension] = (), policies: Policies | None = None) -> ir.Table:
    """How many customers came, stayed and went.

    Grain: one row per period, dimension and dimension_value. Columns, all counts: customers_start, customers_end,
    customers_churned (there at the start, gone at the end, not paused), churn_base (what churn is divided by:
    customers_start), involuntary (of the churned), customers_new, customers_reactivated, customers_resumed,
    customers_paused, customers_new_and_gone (first there and gone again within the period: apart from all others).
    Identity: end = start + new + reactivated + resumed - churned - paused.
    Policies: `new_and_gone: counted` adds the last to the new and to the churned; `churn_base: start_and_new` adds the new
    ones to what churn is divided by.
    """
    policies = policies or Policies()

    def counts(rows: ir.Table) -> dict[str, ir.Value]:
        left = rows.before & ~rows.after & ~rows.is_paused
        came = ~rows.before & rows.after
        new = came & ~rows.ever_before
        if policies.new_and_gone == "counted":
            left, new = left | rows.passed, new | rows.passed
        base = rows.before | new if policies.churn_base == "start_and_new" else rows.before
        return {
            "customers_start": rows.before.sum(),
            "customers_end": rows.after.sum(),
            "customers_churned": left.sum(),
            "churn_base": base.sum(),
            "involuntary": (left & rows.involuntary).sum(),
            "customers_paused": (rows.before & ~rows.after & rows.is_paused).sum(),
            "customers_new": new.sum(),
            "customers_resumed": (came & rows.ever_before & rows.was_paused).sum(),
            "customers_reactivated": (came & rows.ever_before & ~rows.was_paused).sum(),
            "customers_new_and_gone": rows.passed.sum(),
        }

    return totals(presence, dimensions, counts, PERIOD)


def churned_pool(ever: ir.Table, presence: ir.Table, dimensions: Sequence[Dimension] = ()) -> ir.Table:
    """How many customers had left by the start of every period: those whom a reactivation can bring back.

    Grain: one row per period, dimension and dimension_value; column pool. Formula: customers first seen before the period,
    less those there or paused at its start. ever: a row per period and customer first seen before it, with the traits of
    its start. Whoever has left has no plan, so by plan the pool stands under `(none)`.
    """
    seen = totals(ever, dimensions, lambda rows: {"ever": rows.count()}, PERIOD)
    there = totals(presence, dimensions, lambda rows: {"there": (rows.before | (rows.was_paused & rows.ever_before)).sum()}, PERIOD)
    joined = seen.join(there, list(CELL), how="left")
    left = ibis.greatest(joined.ever - joined.there.fill_null(0), 0)
    return joined.select(*CELL, pool=left.cast("int64"))


def with_pool(counts: ir.Table, ever: ir.Table, presence: ir.Table, dimensions: Sequence[Dimension] = ()) -> ir.Table:
    """The counts of `logo` with the pool of those who had left beside them. Grain and columns: those of logo, and pool."""
    return beside(CELL, counts, churned_pool(ever, presence, dimensions))


def sizes(presence: ir.Table, dimensions: Sequence[Dimension]) -> ir.Table:
    """How many customers a cell speaks of. Grain: one row per period, dimension and dimension_value; column customers."""
    return totals(presence, dimensions, lambda rows: {"customers": rows.count()}, PERIOD)


def money(there: ir.Table, moved: ir.Table, dimensions: Sequence[Dimension] = ()) -> ir.Table:
    """MRR at the boundaries of every period, its movements, and what of the opening MRR was kept.

    Grain: one row per period, dimension and dimension_value. Columns, in the company's currency: mrr_start, mrr_end; one
    per movement, as a positive magnitude (fx signed); base, the opening MRR at the closing rate; kept, sum of min(M1, M0);
    grown, sum of M1, both over accounts with M0 > 0. GRR = kept / base, NRR = grown / base.
    """
    nothing = ibis.literal(0).cast(SUM)

    def held(rows: ir.Table) -> dict[str, ir.Value]:
        was = rows.before > 0
        return {
            "mrr_start": rows.before.sum(),
            "mrr_end": rows.after.sum(),
            "base": was.ifelse(rows.base, nothing).sum(),
            "kept": was.ifelse(ibis.least(rows.base, rows.after), nothing).sum(),
            "grown": was.ifelse(rows.after, nothing).sum(),
        }

    def changed(rows: ir.Table) -> dict[str, ir.Value]:
        zero = ibis.literal(0).cast(MONEY)
        sums = {name: (rows.movement == name).ifelse(rows.amount_reporting, zero).sum() for name in MOVEMENTS}
        return {name: value if name == "fx" else value.abs() for name, value in sums.items()}

    return beside(CELL, totals(there, dimensions, held, PERIOD), totals(moved, dimensions, changed, PERIOD))
