"""MRR at the boundaries of periods, and what became of it in between."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.ledger import MONEY

PERIOD = ("calendar", "period_kind", "period_start")
MOVEMENTS = ("new", "reactivation", "resumed", "expansion", "contraction", "churn", "paused", "fx")


def standing_at(stretches: ir.Table, instants: ir.Table) -> ir.Table:
    """Every account's MRR and standing just before the given instants.

    Grain: one row per at, customer_id and currency with any subscription. Columns: mrr in contract currency; paused,
    past_due, trial: whether some subscription of the account stood so. A change exactly at an instant comes after it.
    """
    there = stretches.join(
        instants,
        [stretches.from_at < instants["at"], stretches.until_at.isnull() | (stretches.until_at >= instants["at"])],
    )
    return there.group_by("at", "customer_id", "currency").agg(
        mrr=there.mrr.sum().cast(MONEY),
        **{name: (there.standing == name).any() for name in ("paused", "past_due", "trial")},
    )


def account_periods(standing: ir.Table, periods: ir.Table, rates: ir.Table, first_paid: ir.Table) -> ir.Table:
    """Every account's MRR at the two boundaries of every period.

    Grain: one row per period, customer_id and currency with a subscription at either boundary.
    Columns: m0, m1 in contract currency; r0, r1 the same in the company's currency at the rate of each boundary; r0_now,
    m0 at the rate of the end; account_before, account_after: the account's MRR in all currencies, in the company's;
    ever_paid: paid at some time before the period; was_paused, is_paused, is_past_due, is_trial.
    rates: at, currency, rate (metrics.fx).
    """
    zero, no = ibis.literal(0).cast(MONEY), ibis.literal(False)
    valued = standing.join(rates, ["at", "currency"])
    valued = valued.mutate(reporting=(valued.mrr * valued.rate).cast(MONEY))
    ends = rates.select(ends_at=rates["at"], currency=rates.currency, end_rate=rates.rate)
    opened = valued.join(periods, valued["at"] == periods.starts_at).join(ends, ["ends_at", "currency"])
    opened = opened.select(
        *PERIOD,
        "customer_id",
        "currency",
        m0=opened.mrr,
        m1=zero,
        r0=opened.reporting,
        r1=zero,
        r0_now=(opened.mrr * opened.end_rate).cast(MONEY),
        was_paused=opened.paused,
        is_paused=no,
        is_past_due=no,
        is_trial=no,
    )
    closed = valued.join(periods, valued["at"] == periods.ends_at)
    closed = closed.select(
        *PERIOD,
        "customer_id",
        "currency",
        m0=zero,
        m1=closed.mrr,
        r0=zero,
        r1=closed.reporting,
        r0_now=zero,
        was_paused=no,
        is_paused=closed.paused,
        is_past_due=closed.past_due,
        is_trial=closed.trial,
    )
    both = ibis.union(opened, closed)
    per_currency = both.group_by(*PERIOD, "customer_id", "currency").agg(
        **{name: both[name].sum().cast(MONEY) for name in ("m0", "m1", "r0", "r1", "r0_now")},
        **{name: both[name].any() for name in ("was_paused", "is_paused", "is_past_due", "is_trial")},
    )
    account = ibis.window(group_by=[*PERIOD, "customer_id"])
    totals = per_currency.mutate(
        account_before=per_currency.r0.sum().over(account).cast(MONEY),
        account_after=per_currency.r1.sum().over(account).cast(MONEY),
        **{name: per_currency[name].any().over(account) for name in ("was_paused", "is_paused", "is_past_due", "is_trial")},
    )
    known = totals.join(first_paid, "customer_id", how="left").join(periods.select(*PERIOD, "starts_at"), list(PERIOD))
    return known.mutate(ever_paid=(known.first_paid_at < known.starts_at).fill_null(False)).drop("first_paid_at", "starts_at")


def movements(accounts: ir.Table) -> ir.Table:
    """What became of each account's MRR in each period.

    Grain: one row per period, customer_id, currency and movement in which MRR changed.
    Columns: movement, one of MOVEMENTS; amount, signed, in the contract's currency (0 for fx); amount_reporting, signed,
    in the company's: the amount at the rate of the period's end, and for `fx` what the rate alone did to the MRR held.
    Identity: m1 = m0 + sum(amount) and r1 = r0 + sum(amount_reporting) for every period (metrics.md, "Movements").
    """
    before, after = accounts.account_before > 0, accounts.account_after > 0
    moved = accounts.filter(accounts.m0 != accounts.m1).mutate(
        movement=ibis.cases(
            (~before & after & ~accounts.ever_paid, "new"),
            (~before & after & accounts.was_paused, "resumed"),
            (~before & after, "reactivation"),
            (before & ~after & accounts.is_paused, "paused"),
            (before & ~after, "churn"),
            (before & after & (accounts.m1 > accounts.m0), "expansion"),
            (before & after & (accounts.m1 < accounts.m0), "contraction"),
            else_="unknown",
        ),
        amount=(accounts.m1 - accounts.m0).cast(MONEY),
        amount_reporting=(accounts.r1 - accounts.r0_now).cast(MONEY),
    )
    rated = accounts.filter(accounts.r0_now != accounts.r0).mutate(
        movement=ibis.literal("fx"), amount=ibis.literal(0).cast(MONEY), amount_reporting=(accounts.r0_now - accounts.r0).cast(MONEY)
    )
    columns = (*PERIOD, "customer_id", "movement", "currency", "amount", "amount_reporting")
    return ibis.union(moved.select(*columns), rated.select(*columns))


def unbalanced(accounts: ir.Table, moved: ir.Table) -> ir.Table:
    """The periods whose movements do not add up, to the last decimal, or hold an `unknown`; no row when all is well.

    Grain: one row per such period. Columns: r0, r1, and the sum of the movements between them, in the company's currency.
    """
    held = accounts.group_by(*PERIOD).agg(r0=accounts.r0.sum(), r1=accounts.r1.sum())
    changed = moved.group_by(*PERIOD).agg(moved=moved.amount_reporting.sum(), unknown=(moved.movement == "unknown").sum())
    both = held.join(changed, list(PERIOD), how="left").select(*PERIOD, "r0", "r1", "moved", "unknown")
    zero = ibis.literal(0).cast(MONEY)
    return both.filter((both.r1 != both.r0 + both.moved.coalesce(zero)) | (both.unknown.coalesce(0) > 0))
