"""Churn and retention, by count (logo) and by money (GRR, NRR)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir

from mandegar.compute.money import MONEY, SUM
from mandegar.metrics.contracts.ledger import INVOLUNTARY_REASONS, lapsed_at
from mandegar.metrics.contracts.movements import MOVEMENTS
from mandegar.metrics.contracts.policies import Policies
from mandegar.metrics.frame.dimensions import Dimension, beside, totals
from mandegar.metrics.frame.grain import CELL, PERIOD
from mandegar.metrics.frame.periods import within

NOT_RENEWED_REASONS = ("not_renewed", "non_renewal", "expired", "term_ended")
CANCELLED_REASONS = ("cancelled", "canceled")


def contract_presence(there: ir.Table, endings: ir.Table, passing: ir.Table, periods: ir.Table) -> ir.Table:
    """Whether each account was paying at the two boundaries of every period, and why it left.

    Grain: one row per period and customer_id. Columns: before, after (MRR above 0); ever_before: had paid before the
    period; was_paused, is_paused; back_soon: back too soon to be reactivated; passed: came and went within the period (before and
    after are false); involuntary: its last subscription in the period ended without the customer's will; not_renewed: it ended
    with its term, unasked; the traits that `there` has.
    there: mrr.accounts; passing: mrr.passing with the same traits.
    """
    traits = [name for name in there.columns if name.startswith("of ")]
    flags = ("before", "after", "ever_before", "was_paused", "is_paused", "back_soon", "passed")
    columns = (*PERIOD, "customer_id", *flags, *traits)
    no = ibis.literal(False)
    held = there.mutate(before=there.was_paying, after=there.is_paying, ever_before=there.ever_paid, passed=no).select(*columns)
    gone = passing.mutate(**dict.fromkeys(flags, no)).mutate(passed=ibis.literal(True))
    seen = held.anti_join(gone, [*PERIOD, "customer_id"])  # a trial or a pause at a boundary, and paid in between
    both = ibis.union(seen, gone.select(*columns).distinct())
    inside = within(endings, "at", periods)
    last = ibis.row_number().over(
        group_by=[*PERIOD, "customer_id"], order_by=[inside["at"].desc(), inside.stated.desc(), inside.involuntary.desc()]
    )
    final = inside.mutate(place=last).filter(lambda t: t.place == 0).select(*PERIOD, "customer_id", "involuntary", "not_renewed")
    joined = both.join(final, [*PERIOD, "customer_id"], how="left")
    return joined.select(
        *columns, involuntary=joined.involuntary.fill_null(False), not_renewed=joined.not_renewed.fill_null(False) & ~joined.involuntary
    )


def endings(versions: ir.Table, intervals: ir.Table, closes: datetime) -> ir.Table:
    """When subscriptions ended, whether against the customer's will, and whether because a term was not renewed.

    Grain: one row per stated end; per past-due interval after which the subscription went on in no way (dunning exhausted, if
    nothing else is stated); and per term that ran out. Columns: customer_id, at, involuntary, not_renewed, stated (the source
    gives a reason; it goes before what is inferred). Not renewed is an end for a reason that says so; or, where the reason says
    neither that nor that it was cancelled, an end not before the term's of a contract that does not renew by itself and that
    nobody asked to cancel.
    """
    over = (versions.ended_at >= versions.renews_at) & ~versions.auto_renew & versions.cancel_requested_at.isnull()
    told = versions.ended_reason.isin(CANCELLED_REASONS).fill_null(False)
    said_so = versions.ended_reason.isin(NOT_RENEWED_REASONS).fill_null(False)
    stated = versions.filter(versions.ended_at.notnull()).select(
        "customer_id",
        at=versions.ended_at,
        involuntary=versions.ended_reason.isin(INVOLUNTARY_REASONS).fill_null(False),
        not_renewed=said_so | (~told & over.fill_null(False)),
        stated=versions.ended_reason.notnull(),
    )
    no, yes = ibis.literal(False), ibis.literal(True)
    going_on = intervals.select(following="subscription_id", begins_at="from_at")
    unpaid = intervals.filter((intervals.standing == "past_due") & intervals.until_at.notnull())
    given_up = unpaid.anti_join(going_on, [unpaid.subscription_id == going_on.following, unpaid.until_at == going_on.begins_at])
    inferred = given_up.select("customer_id", at=given_up.until_at, involuntary=yes, not_renewed=no, stated=no)
    terms = versions.select("customer_id", at=lapsed_at(versions, closes))
    lapsed = terms.filter(terms["at"].notnull()).select("customer_id", "at", involuntary=no, not_renewed=yes, stated=no)
    return ibis.union(stated, inferred, lapsed)


def logo(presence: ir.Table, at_end: ir.Table, dimensions: Sequence[Dimension] = (), policies: Policies | None = None) -> ir.Table:
    """How many customers came, stayed and went.

    Grain: one row per period, dimension and dimension_value. Columns, all counts: customers_start; customers_end, by what they
    were at the end; customers_churned (there at the start, or paused then, and at the end neither), churned_from_pause (those of
    them who were paused); churn_base, what churn is divided by: customers_start and churned_from_pause; retained, those of the
    base who did not leave, and retention_base; involuntary and not_renewed (of the churned); customers_new,
    customers_reactivated, customers_resumed, customers_paused, customers_new_and_gone (first there and gone again within the
    period: apart from all others). All but customers_end go by what a customer was at the start, or at the end if not there before.
    Identity, over the whole company: end = start + new + reactivated + resumed + churned_from_pause - churned - paused.
    Policies: `new_and_gone: counted` adds the last to the new and to the churned; `churn_base: start_and_new` adds the new
    ones to what churn is divided by. Counted and not in the base, churn may be more than all there were: what was retained is
    not defined then, and its base 0.
    at_end: a row per period and customer there at the end, with its traits then.
    """
    policies = policies or Policies()
    counted, wide = policies.new_and_gone == "counted", policies.churn_base == "start_and_new"

    def counts(rows: ir.Table) -> dict[str, ir.Value]:
        from_pause = ~rows.before & ~rows.after & rows.was_paused & rows.ever_before & ~rows.is_paused & ~rows.passed
        left = (rows.before & ~rows.after & ~rows.is_paused) | from_pause
        came = ~rows.before & rows.after
        new = came & ~rows.ever_before
        if counted:
            left, new = left | rows.passed, new | rows.passed
        base = rows.before | from_pause | new if wide else rows.before | from_pause
        nobody = base & ~base
        return {
            "customers_start": rows.before.sum(),
            "customers_churned": left.sum(),
            "churned_from_pause": from_pause.sum(),
            "churn_base": base.sum(),
            "retained": (base & ~left).sum(),
            "retention_base": (nobody if counted and not wide else base).sum(),
            "involuntary": (left & rows.involuntary).sum(),
            "not_renewed": (left & rows.not_renewed).sum(),
            "customers_paused": (rows.before & ~rows.after & rows.is_paused).sum(),
            "customers_new": new.sum(),
            "customers_resumed": (came & rows.ever_before & (rows.was_paused | rows.back_soon)).sum(),
            "customers_reactivated": (came & rows.ever_before & ~rows.was_paused & ~rows.back_soon).sum(),
            "customers_new_and_gone": rows.passed.sum(),
        }

    ends = totals(at_end, dimensions, lambda rows: {"customers_end": rows.count()}, PERIOD)
    return beside(CELL, totals(presence, dimensions, counts, PERIOD), ends)


@dataclass(frozen=True)
class Pool:
    """Who can be brought back, period by period: one row per period and customer_id each, with the traits of its start.

    ever: first seen before the period; there: those there or paused at its start; back: those who came back within it.
    """

    ever: ir.Table
    there: ir.Table
    back: ir.Table


def there_at_start(presence: ir.Table) -> ir.Table:
    """Who was there, or paused, at the start of a period. Grain: one row per period and customer_id."""
    return presence.filter(presence.before | (presence.was_paused & presence.ever_before)).select(*PERIOD, "customer_id")


def came_back(presence: ir.Table) -> ir.Table:
    """Who came back after having left. Grain: one row per period and customer_id."""
    back = ~presence.before & presence.after & presence.ever_before & ~presence.was_paused & ~presence.back_soon
    return presence.filter(back).select(*PERIOD, "customer_id")


def churned_pool(pool: Pool, dimensions: Sequence[Dimension] = ()) -> ir.Table:
    """How many customers had left by the start of every period, and how many of these came back.

    Grain: one row per period, dimension and dimension_value; columns pool, pool_back. Formula: customers first seen before the
    period, less those there or paused at its start. Both go by the traits of the start, so that a share of them is one. Whoever
    has left has no plan: by plan both stand under `(none)`.
    """
    seen = totals(pool.ever, dimensions, lambda rows: {"ever": rows.count()}, PERIOD)
    there = totals(pool.there, dimensions, lambda rows: {"there": rows.count()}, PERIOD)
    back = totals(pool.back, dimensions, lambda rows: {"pool_back": rows.count()}, PERIOD)
    wide = beside(CELL, seen, there, back)
    return wide.select(*CELL, "pool_back", pool=ibis.greatest(wide.ever - wide.there, 0).cast("int64"))


def money(there: ir.Table, at_end: ir.Table, moved: ir.Table, dimensions: Sequence[Dimension] = ()) -> ir.Table:
    """MRR at the boundaries of every period, its movements, and what of the opening MRR was kept.

    Grain: one row per period, dimension and dimension_value. Columns, in the company's currency: mrr_start; mrr_end, by what
    customers were at the end; one per movement, as a positive magnitude (fx signed); base, the opening MRR at the closing rate;
    kept, sum of min(M1, M0); grown, sum of M1, both over accounts with M0 > 0. GRR = kept / base, NRR = grown / base.
    All but mrr_end go by what a customer was at the start, or at the end if not there before.
    at_end: a row per period and customer paying at the end, with its MRR (`after`) and its traits then.
    """
    nothing = ibis.literal(0).cast(SUM)

    def held(rows: ir.Table) -> dict[str, ir.Value]:
        was = rows.was_paying
        return {
            "mrr_start": rows.before.sum(),
            "base": was.ifelse(rows.base, nothing).sum(),
            "kept": was.ifelse(ibis.least(rows.base, rows.after), nothing).sum(),
            "grown": was.ifelse(rows.after, nothing).sum(),
        }

    def changed(rows: ir.Table) -> dict[str, ir.Value]:
        zero = ibis.literal(0).cast(MONEY)
        return {name: (rows.movement == name).ifelse(rows.amount_reporting, zero).sum() for name in MOVEMENTS}

    sums = totals(moved, dimensions, changed, PERIOD)
    magnitudes = sums.mutate(**{name: sums[name].abs() for name in MOVEMENTS if name != "fx"})
    ends = totals(at_end, dimensions, lambda rows: {"mrr_end": rows.after.sum()}, PERIOD)
    return beside(CELL, totals(there, dimensions, held, PERIOD), ends, magnitudes)
