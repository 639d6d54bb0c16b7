"""MRR at the boundaries of periods: what every account paid at both, in its currencies and in the company's."""

import ibis
import ibis.expr.types as ir

from mandegar.compute.exchange_rates import at_rate
from mandegar.compute.money import MONEY
from mandegar.metrics.contracts.policies import Policies
from mandegar.metrics.frame.dimensions import PLAN, main_plan
from mandegar.metrics.frame.grain import PERIOD
from mandegar.metrics.frame.periods import within

PLAN_AT_END = "plan_at_end"
STANDING = ("was_paused", "is_paused", "is_past_due", "is_trial")


def standing_at(intervals: ir.Table, instants: ir.Table, with_plan: bool = False) -> ir.Table:
    """Every account's MRR and standing just before the given instants.

    Grain: one row per at, customer_id and currency with any subscription. Columns: mrr in contract currency; paused,
    past_due, trial: whether some subscription of the account stood so; if asked for, `of plan`: what most is paid for.
    A change exactly at an instant comes after it.
    """
    there = intervals.join(
        instants,
        [intervals.from_at < instants["at"], intervals.until_at.isnull() | (intervals.until_at >= instants["at"])],
    )
    plan = {PLAN: main_plan(there)} if with_plan else {}
    return there.group_by("at", "customer_id", "currency").agg(
        mrr=there.mrr.sum().cast(MONEY),
        **{name: (there.standing == name).any() for name in ("paused", "past_due", "trial")},
        **plan,
    )


def positions(standing: ir.Table, periods: ir.Table, rates: ir.Table | None) -> ir.Table:
    """Every account's MRR in each currency at the two boundaries of every period.

    Grain: one row per period (its number), customer_id and currency with a subscription at either boundary.
    Columns: m0, m1 in contract currency; r0, r1 the same in the company's currency at the rate of each boundary; r0_now,
    m0 at the rate of the end; rate_end, that rate; was_paused, is_paused, is_past_due, is_trial; if standing has it, `of plan`,
    what most is paid for, of the start if anything was paid in that currency then, and plan_at_end.
    rates: at, currency, rate (compute.exchange_rates); None where all is in the company's currency, which then goes without saying.
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
        **(_plans(both) if with_plan else {}),
    )
    if rates is None:
        return held
    return _reported(held.view(), spans, rates)  # else Ibis takes the next join for one more of this chain


def _plans(both: ir.Table) -> dict[str, ir.StringValue]:
    """The plan of the start if anything was paid in a currency then, else that of the end; and that of the end."""
    before, after = both[f"{PLAN}_before"], both[f"{PLAN}_after"]
    return {PLAN: (both.mrr_before > 0).ifelse(before, after), PLAN_AT_END: (both.mrr_after > 0).ifelse(after, before)}


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
        rate_end=valued.rate_after,
    )


def accounts(held: ir.Table, periods: ir.Table, first_paid: ir.Table, one_currency: bool = False) -> ir.Table:
    """Every account at the two boundaries of every period, all its currencies together.

    Grain: one row per period and customer_id with a subscription at either boundary.
    Columns: was_paying, is_paying: whether anything was paid at each boundary, in whatever currency; in the company's currency
    before, after, MRR at each boundary at its rate (0 if it rounds to that), and base, the MRR before at the rate of the end;
    first_paid_at; ever_paid: paid at some time before the period; was_paused, is_paused, is_past_due, is_trial; `of plan`, what
    most was paid for at the start by whoever paid then, else at the end; plan_at_end likewise of the end.
    one_currency: an account has one position only, so that there is nothing to put together.
    """
    summed = _only_positions(held) if one_currency else _all_positions(held)
    dated = summed.join(periods.select(*PERIOD, "starts_at", "ends_at"), "period")
    known = dated.join(first_paid, "customer_id", how="left")
    ever_paid = (known.first_paid_at < known.starts_at).fill_null(False)
    return known.select(*dated.columns, "first_paid_at", ever_paid=ever_paid, back_soon=ibis.literal(False))


def _only_positions(held: ir.Table) -> ir.Table:
    """Accounts that have one position each, in the company's currency."""
    plans = (PLAN, PLAN_AT_END) if PLAN in held.columns else ()
    return held.select(
        "period", "customer_id", *STANDING, *plans, was_paying=held.m0 > 0, is_paying=held.m1 > 0, before="m0", after="m1", base="m0"
    )


def _all_positions(held: ir.Table) -> ir.Table:
    """Accounts with their positions in all currencies added up."""
    plans = {}
    if PLAN in held.columns:
        start = ibis.struct({"paid": held.m0 > 0, "mrr": (held.m0 > 0).ifelse(held.r0, held.r1), "plan": held[PLAN]})
        end = ibis.struct({"paid": held.m1 > 0, "mrr": (held.m1 > 0).ifelse(held.r1, held.r0), "plan": held[PLAN_AT_END]})
        plans = {PLAN: held[PLAN].argmax(start), PLAN_AT_END: held[PLAN_AT_END].argmax(end)}
    return held.group_by("period", "customer_id").agg(
        was_paying=(held.m0 > 0).any(),
        is_paying=(held.m1 > 0).any(),
        before=held.r0.sum().cast(MONEY),
        after=held.r1.sum().cast(MONEY),
        base=held.r0_now.sum().cast(MONEY),
        **{name: held[name].any() for name in STANDING},
        **plans,
    )


def positions_of(there: ir.Table, currency: str) -> ir.Table:
    """The positions of accounts that have one each, in the company's currency; what `movements` asks of them."""
    return there.select(
        *PERIOD,
        "customer_id",
        currency=ibis.literal(currency),
        m0="before",
        m1="after",
        r0="before",
        r1="after",
        r0_now="base",
        rate_end=ibis.literal(1),
    )


def with_returns(there: ir.Table, back: ir.Table, policies: Policies) -> ir.Table:
    """The accounts, with how those who came back are looked at.

    Whoever was away for more than `new_after_days` counts as never having paid before; column back_soon: whoever was away for
    less than `reactivation_after_days`, who is resumed and not reactivated. back: ledger.returns.
    """
    late = back.away_days > policies.new_after_days if policies.new_after_days is not None else ibis.literal(False)
    known = back.select(returned="customer_id", returned_at="at", late=late, soon=back.away_days < policies.reactivation_after_days)
    came = there.filter(~there.was_paying & there.is_paying)
    inside = came.join(known, [came.customer_id == known.returned, came.starts_at <= known.returned_at, came.ends_at > known.returned_at])
    told = inside.group_by("period", "customer_id").agg(anew=inside.late.any(), again=inside.soon.any())
    joined = there.join(told, ["period", "customer_id"], how="left")
    ever_paid = joined.ever_paid & ~joined.anew.fill_null(False)
    kept = [name for name in there.columns if name not in ("ever_paid", "back_soon")]
    return joined.select(*kept, ever_paid=ever_paid, back_soon=joined.again.fill_null(False) & ever_paid)


def passing(first_paid: ir.Table, intervals: ir.Table, there: ir.Table, periods: ir.Table, rates: ir.Table) -> ir.Table:
    """Who came and went inside one period: first paid within it, and neither paying nor paused at its end.

    Grain: one row per period, customer_id and currency. Columns: first_paid_at; amount, the MRR first paid, in the
    contract's currency; amount_reporting, at the rate of the period's end.
    """
    came = within(first_paid, "first_paid_at", periods).join(periods.select(*PERIOD, "ends_at"), list(PERIOD))
    stayed = there.filter(there.is_paying | there.is_paused).select("period", "customer_id")
    gone = came.anti_join(stayed, ["period", "customer_id"])
    paid = intervals.filter(intervals.mrr > 0).select("mrr", "currency", who="customer_id", began_at="from_at")
    known = gone.join(paid, [gone.customer_id == paid.who, gone.first_paid_at == paid.began_at])
    sums = known.group_by(*PERIOD, "customer_id", "currency", "first_paid_at", "ends_at").agg(amount=known.mrr.sum().cast(MONEY))
    ends = rates.select(ends_at=rates["at"], currency=rates.currency, end_rate=rates.rate)
    valued = sums.join(ends, ["ends_at", "currency"])
    return valued.select(
        *PERIOD, "customer_id", "currency", "first_paid_at", "amount", amount_reporting=at_rate(valued.amount, valued.end_rate)
    )
