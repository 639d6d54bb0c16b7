"""Churn and retention, by count (logo) and by money (GRR, NRR)."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.ledger import MONEY
from mandegar.metrics.mrr import MOVEMENTS, PERIOD

INVOLUNTARY_REASONS = ("payment_failed", "card_expired", "dunning_exhausted", "unpaid", "tax_location_invalid")


def contract_presence(accounts: ir.Table, endings: ir.Table, periods: ir.Table) -> ir.Table:
    """Whether each account was paying at the two boundaries of every period, and why it left.

    Grain: one row per period and customer_id. Columns: before, after (MRR above 0); ever_before: had paid before the
    period; was_paused, is_paused; involuntary: its last subscription in the period ended without the customer's will.
    """
    held = accounts.group_by(*PERIOD, "customer_id").agg(
        before=accounts.account_before.max() > 0,
        after=accounts.account_after.max() > 0,
        ever_before=accounts.ever_paid.any(),
        was_paused=accounts.was_paused.any(),
        is_paused=accounts.is_paused.any(),
    )
    inside = endings.join(periods, [endings["at"] >= periods.starts_at, endings["at"] < periods.ends_at])
    last = ibis.row_number().over(
        group_by=[*PERIOD, "customer_id"], order_by=[inside["at"].desc(), inside.stated.desc(), inside.involuntary.desc()]
    )
    final = inside.mutate(place=last).filter(lambda t: t.place == 0).select(*PERIOD, "customer_id", "involuntary")
    joined = held.join(final, [*PERIOD, "customer_id"], how="left")
    return joined.select(*held.columns, involuntary=joined.involuntary.fill_null(False))


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


def logo(presence: ir.Table) -> ir.Table:
    """How many customers came, stayed and went.

    Grain: one row per period. Columns, all counts: customers_start, customers_end, customers_churned (there at the start,
    gone at the end, not paused), involuntary (of the churned), customers_new, customers_reactivated, customers_resumed,
    customers_paused.
    Identity: end = start + new + reactivated + resumed - churned - paused.
    """
    left = presence.before & ~presence.after
    came = ~presence.before & presence.after
    return presence.group_by(*PERIOD).agg(
        customers_start=presence.before.sum(),
        customers_end=presence.after.sum(),
        customers_churned=(left & ~presence.is_paused).sum(),
        involuntary=(left & ~presence.is_paused & presence.involuntary).sum(),
        customers_paused=(left & presence.is_paused).sum(),
        customers_new=(came & ~presence.ever_before).sum(),
        customers_resumed=(came & presence.ever_before & presence.was_paused).sum(),
        customers_reactivated=(came & presence.ever_before & ~presence.was_paused).sum(),
    )


def churned_pool(first_seen: ir.Table, presence: ir.Table, periods: ir.Table) -> ir.Table:
    """How many customers had left by the start of every period: those whom a reactivation can bring back.

    Grain: one row per period; column pool. Formula: customers first seen before the period, less those there or paused at
    its start. first_seen: customer_id, first_at.
    """
    before = first_seen.join(periods, first_seen.first_at < periods.starts_at)
    ever = before.group_by(*PERIOD).agg(ever=before.count())
    there = presence.group_by(*PERIOD).agg(there=(presence.before | (presence.was_paused & presence.ever_before)).sum())
    joined = ever.join(there, list(PERIOD), how="left")
    return joined.select(*PERIOD, pool=(joined.ever - joined.there.fill_null(0)).cast("int64"))


def money(accounts: ir.Table, moved: ir.Table) -> ir.Table:
    """MRR at the boundaries of every period, its movements, and what of the opening MRR was kept.

    Grain: one row per period. Columns, in the company's currency: mrr_start, mrr_end; one per movement, as a positive
    magnitude (fx signed); base, the opening MRR at the closing rate; kept, sum of min(M1, M0); grown, sum of M1, both over
    accounts with M0 > 0. GRR = kept / base, NRR = grown / base.
    """
    per_account = accounts.group_by(*PERIOD, "customer_id").agg(
        before=accounts.account_before.max(),
        after=accounts.account_after.max(),
        base=accounts.r0_now.sum(),
        r0=accounts.r0.sum(),
        r1=accounts.r1.sum(),
    )
    there = per_account.before > 0
    nothing = ibis.literal(0).cast("decimal(38, 4)")
    held = per_account.group_by(*PERIOD).agg(
        mrr_start=per_account.r0.sum(),
        mrr_end=per_account.r1.sum(),
        base=there.ifelse(per_account.base, nothing).sum(),
        kept=there.ifelse(ibis.least(per_account.base, per_account.after), nothing).sum(),
        grown=there.ifelse(per_account.after, nothing).sum(),
    )
    sums = moved.group_by(*PERIOD).agg(
        **{name: (moved.movement == name).ifelse(moved.amount_reporting, ibis.literal(0).cast(MONEY)).sum() for name in MOVEMENTS}
    )
    joined = held.join(sums, list(PERIOD), how="left")
    zero = ibis.literal(0).cast("decimal(38, 4)")
    return joined.select(
        *held.columns,
        **{name: joined[name].coalesce(zero) if name == "fx" else joined[name].coalesce(zero).abs() for name in MOVEMENTS},
    )
