"""MRR at the boundaries of periods, and what became of it in between."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.dimensions import column_of, main_plan
from mandegar.metrics.fx import at_rate
from mandegar.money import MONEY

PERIOD = ("calendar", "period_kind", "period_start")
CELL = (*PERIOD, "dimension", "dimension_value")
MOVEMENTS = ("new", "reactivation", "resumed", "expansion", "contraction", "churn", "paused", "fx")
PLAN = column_of("plan")


def standing_at(stretches: ir.Table, instants: ir.Table, with_plan: bool = False) -> ir.Table:
    """Every account's MRR and standing just before the given instants.

    Grain: one row per at, customer_id and currency with any subscription. Columns: mrr in contract currency; paused,
    past_due, trial: whether some subscription of the account stood so; if asked for, `of plan`: what most is paid for.
    A change exactly at an instant comes after it.
    """
    there = stretches.join(
        instants,
        [stretches.from_at < instants["at"], stretches.until_at.isnull() | (stretches.until_at >= instants["at"])],
    )
    plan = {PLAN: main_plan(there)} if with_plan else {}
    return there.group_by("at", "customer_id", "currency").agg(
        mrr=there.mrr.sum().cast(MONEY),
        **{name: (there.standing == name).any() for name in ("paused", "past_due", "trial")},
        **plan,
    )


def positions(standing: ir.Table, periods: ir.Table, rates: ir.Table) -> ir.Table:
    """Every account's MRR in each currency at the two boundaries of every period.

    Grain: one row per period (its number), customer_id and currency with a subscription at either boundary.
    Columns: m0, m1 in contract currency; r0, r1 the same in the company's currency at the rate of each boundary; r0_now,
    m0 at the rate of the end; was_paused, is_paused, is_past_due, is_trial; `of plan`, of the start if anything was paid
    then, if standing has it. rates: at, currency, rate (metrics.fx).
    """
    spans = periods.select("period", "starts_at", "ends_at")
    with_plan = PLAN in standing.columns
    flags = ("mrr", "paused", "past_due", "trial", *([PLAN] if with_plan else []))
    opened = standing.join(spans, standing["at"] == spans.starts_at)
    opened = opened.select(period="period", customer_id="customer_id", currency="currency", **{f"{name}_before": name for name in flags})
    closed = standing.join(spans, standing["at"] == spans.ends_at)
    closed = closed.select(period_="period", customer_id_="customer_id", currency_="currency", **{f"{name}_after": name for name in flags})
    both = opened.outer_join(
        closed, [opened.period == closed.period_, opened.customer_id == closed.customer_id_, opened.currency == closed.currency_]
    )
    zero = ibis.literal(0).cast(MONEY)
    held = both.select(
        period=both.period.coalesce(both.period_),
        customer_id=both.customer_id.coalesce(both.customer_id_),
        currency=both.currency.coalesce(both.currency_),
        m0=both.mrr_before.fill_null(zero),
        m1=both.mrr_after.fill_null(zero),
        was_paused=both.paused_before.fill_null(False),
        is_paused=both.paused_after.fill_null(False),
        is_past_due=both.past_due_after.fill_null(False),
        is_trial=both.trial_after.fill_null(False),
        **({PLAN: (both.mrr_before > 0).ifelse(both[f"{PLAN}_before"], both[f"{PLAN}_after"])} if with_plan else {}),
    )
    return _reported(held.view(), spans, rates)  # else Ibis takes the next join for one more of this chain


def _reported(held: ir.Table, spans: ir.Table, rates: ir.Table) -> ir.Table:
    """MRR at both boundaries in the company's currency too: at the rate of each, and what was held before at the later one."""
    starts = rates.select(starts_at="at", of_currency="currency", rate_before="rate")
    ends = rates.select(ends_at="at", in_currency="currency", rate_after="rate")
    ending = spans.join(ends, "ends_at").select("period", "starts_at", currency="in_currency", rate_after="rate_after")
    both = ending.join(starts, [ending.starts_at == starts.starts_at, ending.currency == starts.of_currency])
    rated = both.select(of_period="period", of_currency="currency", rate_before="rate_before", rate_after="rate_after")
    valued = held.join(rated, [held.period == rated.of_period, held.currency == rated.of_currency])
    return valued.select(
        *held.columns,
        r0=at_rate(valued.m0, valued.rate_before),
        r1=at_rate(valued.m1, valued.rate_after),
        r0_now=at_rate(valued.m0, valued.rate_after),
    )


def accounts(held: ir.Table, periods: ir.Table, first_paid: ir.Table) -> ir.Table:
    """Every account at the two boundaries of every period, all its currencies together.

    Grain: one row per period and customer_id with a subscription at either boundary.
    Columns, in the company's currency: before, after, MRR at each boundary at its rate; base, the MRR before at the rate
    of the end; first_paid_at; ever_paid: paid at some time before the period; was_paused, is_paused, is_past_due, is_trial; `of plan`.
    """
    plan = {}
    if PLAN in held.columns:
        plan[PLAN] = held[PLAN].argmax(ibis.struct({"mrr": ibis.greatest(held.r0, held.r1), "plan": held[PLAN]}))
    summed = held.group_by("period", "customer_id").agg(
        before=held.r0.sum().cast(MONEY),
        after=held.r1.sum().cast(MONEY),
        base=held.r0_now.sum().cast(MONEY),
        **{name: held[name].any() for name in ("was_paused", "is_paused", "is_past_due", "is_trial")},
        **plan,
    )
    dated = summed.join(periods.select("period", *PERIOD, "starts_at", "ends_at"), "period")
    known = dated.join(first_paid, "customer_id", how="left")
    return known.select(*dated.columns, "first_paid_at", ever_paid=(known.first_paid_at < known.starts_at).fill_null(False))


def without_long_gone(there: ir.Table, returns: ir.Table, new_after_days: int) -> ir.Table:
    """The accounts, where whoever came back after more than so many days counts as never having paid before."""
    late = returns.filter(returns.away_days > new_after_days).select(returned="customer_id", returned_at="at")
    back = there.filter((there.before == 0) & (there.after > 0))
    inside = back.join(late, [back.customer_id == late.returned, back.starts_at <= late.returned_at, back.ends_at > late.returned_at])
    again = inside.select("period", "customer_id").distinct().mutate(anew=ibis.literal(True))
    joined = there.join(again, ["period", "customer_id"], how="left")
    ever_paid = joined.ever_paid & ~joined.anew.fill_null(False)
    return joined.select(*(name for name in there.columns if name != "ever_paid"), ever_paid=ever_paid)


def movements(held: ir.Table, there: ir.Table) -> ir.Table:
    """What became of each account's MRR in each period.

    Grain: one row per period, customer_id, currency and movement in which MRR changed.
    Columns: movement, one of MOVEMENTS; amount, signed, in the contract's currency (0 for fx); amount_reporting, signed,
    in the company's: the amount at the rate of the period's end, and for `fx` what the rate alone did to the MRR held;
    the traits that `there` has. Identity: m1 = m0 + sum(amount) and r1 = r0 + sum(amount_reporting) for every period
    (metrics.md, "Movements"). held: positions; there: accounts.
    """
    traits = [name for name in there.columns if name.startswith("of ")]
    changed = held.filter((held.m0 != held.m1) | (held.r0_now != held.r0)).select(
        "period", "customer_id", "currency", "m0", "m1", "r0", "r1", "r0_now"
    )
    known = there.select(
        "period",
        *PERIOD,
        "customer_id",
        "before",
        "after",
        "ever_paid",
        was="was_paused",
        now="is_paused",
        **{name: name for name in traits},
    )
    both = changed.join(known, ["period", "customer_id"])
    before, after = both.before > 0, both.after > 0
    moved = both.filter(both.m0 != both.m1).mutate(
        movement=ibis.cases(
            (~before & after & ~both.ever_paid, "new"),
            (~before & after & both.was, "resumed"),
            (~before & after, "reactivation"),
            (before & ~after & both.now, "paused"),
            (before & ~after, "churn"),
            (before & after & (both.m1 > both.m0), "expansion"),
            (before & after & (both.m1 < both.m0), "contraction"),
            else_="unknown",
        ),
        amount=(both.m1 - both.m0).cast(MONEY),
        amount_reporting=(both.r1 - both.r0_now).cast(MONEY),
    )
    rated = both.filter(both.r0_now != both.r0).mutate(
        movement=ibis.literal("fx"), amount=ibis.literal(0).cast(MONEY), amount_reporting=(both.r0_now - both.r0).cast(MONEY)
    )
    columns = (*PERIOD, "customer_id", "movement", "currency", "amount", "amount_reporting", *traits)
    return ibis.union(moved.select(*columns), rated.select(*columns))


def passing(first_paid: ir.Table, stretches: ir.Table, there: ir.Table, periods: ir.Table, rates: ir.Table) -> ir.Table:
    """Who came and went inside one period: first paid within it, and neither paying nor paused at its end.

    Grain: one row per period, customer_id and currency. Columns: first_paid_at; amount, the MRR first paid, in the
    contract's currency; amount_reporting, at the rate of the period's end.
    """
    spans = periods.select("period", *PERIOD, "starts_at", "ends_at")
    came = first_paid.join(spans, [first_paid.first_paid_at >= spans.starts_at, first_paid.first_paid_at < spans.ends_at])
    stayed = there.filter((there.after > 0) | there.is_paused).select("period", "customer_id")
    gone = came.anti_join(stayed, ["period", "customer_id"])
    paid = stretches.filter(stretches.mrr > 0).select("mrr", "currency", who="customer_id", began_at="from_at")
    known = gone.join(paid, [gone.customer_id == paid.who, gone.first_paid_at == paid.began_at])
    sums = known.group_by("period", *PERIOD, "customer_id", "currency", "first_paid_at", "ends_at").agg(amount=known.mrr.sum().cast(MONEY))
    ends = rates.select(ends_at=rates["at"], currency=rates.currency, end_rate=rates.rate)
    valued = sums.join(ends, ["ends_at", "currency"])
    return valued.select(
        *PERIOD, "customer_id", "currency", "first_paid_at", "amount", amount_reporting=at_rate(valued.amount, valued.end_rate)
    )


def unbalanced(there: ir.Table, moved: ir.Table) -> ir.Table:
    """The periods whose movements do not add up, to the last decimal, or hold an `unknown`; no row when all is well.

    Grain: one row per such period. Columns: r0, r1, and the sum of the movements between them, in the company's currency.
    """
    held = there.group_by(*PERIOD).agg(r0=there.before.sum(), r1=there.after.sum())
    changed = moved.group_by(*PERIOD).agg(moved=moved.amount_reporting.sum(), unknown=(moved.movement == "unknown").sum())
    both = held.join(changed, list(PERIOD), how="left").select(*PERIOD, "r0", "r1", "moved", "unknown")
    zero = ibis.literal(0).cast(MONEY)
    return both.filter((both.r1 != both.r0 + both.moved.coalesce(zero)) | (both.unknown.coalesce(0) > 0))
