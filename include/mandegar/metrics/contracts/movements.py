"""What became of MRR between the two boundaries of a period, account by account, to the last decimal."""

import ibis
import ibis.expr.types as ir

from mandegar.compute.exchange_rates import at_rate
from mandegar.compute.money import MONEY
from mandegar.metrics.frame.grain import PERIOD

MOVEMENTS = ("new", "reactivation", "resumed", "expansion", "contraction", "churn", "paused", "fx")
GRAIN = ("period", "customer_id", "currency")


def movements(held: ir.Table, there: ir.Table, paused: ir.Table, switched: ir.Table | None = None) -> ir.Table:
    """What became of each account's MRR in each period.

    Grain: one row per period, customer_id, currency and movement in which MRR changed.
    Columns: movement, one of MOVEMENTS; amount, signed, in the contract's currency; amount_reporting, signed, in the company's:
    the amount at the rate of the period's end; the traits that `there` has. Of `fx` amount_reporting is what rates alone did to
    the MRR held, and amount 0, or, where the account changed its currency, what went from the one to the other.
    Identity: m1 = m0 + sum(amount) and r1 = r0 + sum(amount_reporting) for every period.
    An account that stops paying has churned, but for what it paused (`newly_paused`); one that changes from one currency to
    another expands or contracts by the difference only (`switches`; None where all is in one currency).
    held: mrr.positions; there: mrr.accounts.
    """
    rows = _changed(held, there, paused, switched)
    traits = [name for name in there.columns if name.startswith("of ")]
    columns = (*PERIOD, "customer_id", "movement", "currency", "amount", "amount_reporting", *traits)
    net = rows.filter(rows.net != rows.parted).mutate(
        movement=_movement(rows),
        amount=(rows.net - rows.parted).cast(MONEY),
        amount_reporting=(rows.net_at_end - rows.parted_at_end).cast(MONEY),
    )
    rested = rows.filter(rows.parted != 0).mutate(movement=ibis.literal("paused"), amount=rows.parted, amount_reporting=rows.parted_at_end)
    rates = rows.filter((rows.by_rates != 0) | (rows.moved != 0)).mutate(
        movement=ibis.literal("fx"), amount=rows.moved, amount_reporting=rows.by_rates
    )
    return ibis.union(*(part.select(*columns) for part in (net, rested, rates)))


def _changed(held: ir.Table, there: ir.Table, paused: ir.Table, switched: ir.Table | None) -> ir.Table:
    """The accounts whose MRR changed in a currency, by itself or by its rate, and what the change is made of.

    Columns, in the contract's currency: moved to (or from) another currency; net, the rest; parted, what of it was paused. In the
    company's: net_at_end, parted_at_end, and by_rates, what exchange did.
    """
    traits = [name for name in there.columns if name.startswith("of ")]
    known = there.select(*PERIOD, "customer_id", "was_paying", "is_paying", "ever_paid", "was_paused", "is_paused", "back_soon", *traits)
    flags = [name for name in known.columns if name not in (*PERIOD, "customer_id")]
    changed = held.filter((held.m0 != held.m1) | (held.r0_now != held.r0))
    changed = changed.select(*GRAIN, "m0", "m1", "r0", "r1", "r0_now", "rate_end")
    both = changed.join(known, ["period", "customer_id"]).select(*changed.columns, *flags)
    rows = _beside(both, paused, "to_pause")
    zero = ibis.literal(0).cast(MONEY)
    rows = rows.mutate(moved=zero) if switched is None else _beside(rows, switched, "moved")
    whole = (rows.r1 - rows.r0_now).cast(MONEY)
    net = (rows.m1 - rows.m0 - rows.moved).cast(MONEY)
    rows = rows.mutate(net=net, net_at_end=(rows.moved == 0).ifelse(whole, at_rate(net, rows.rate_end)))
    stopped = rows.was_paying & ~rows.is_paying & rows.is_paused
    rows = rows.mutate(parted=stopped.ifelse(-ibis.least(rows.to_pause, -rows.net), zero).cast(MONEY))
    return rows.mutate(
        parted_at_end=(rows.parted == rows.net).ifelse(rows.net_at_end, at_rate(rows.parted, rows.rate_end)),
        by_rates=(rows.r1 - rows.r0 - rows.net_at_end).cast(MONEY),
    )


def _movement(rows: ir.Table) -> ir.StringValue:
    """What the net change of an account in a currency is called."""
    before, after = rows.was_paying, rows.is_paying
    return ibis.cases(
        (~before & after & ~rows.ever_paid, "new"),
        (~before & after & (rows.was_paused | rows.back_soon), "resumed"),
        (~before & after, "reactivation"),
        (before & ~after, "churn"),
        (before & after & (rows.net > 0), "expansion"),
        (before & after & (rows.net < 0), "contraction"),
        else_="unknown",
    )


def _beside(rows: ir.Table, part: ir.Table, column: str) -> ir.Table:
    """The rows with an amount of another table of the same grain; 0 where it has none."""
    other = part.select(column, **{f"{name}_": part[name] for name in GRAIN})
    joined = rows.join(other, [rows[name] == other[f"{name}_"] for name in GRAIN], how="left")
    return joined.select(*rows.columns, **{column: joined[column].fill_null(ibis.literal(0).cast(MONEY))})


def newly_paused(intervals: ir.Table, periods: ir.Table) -> ir.Table:
    """What was paid at the start of a period for subscriptions that are paused at its end.

    Grain: one row per period, customer_id and currency. Column: to_pause, in the contract's currency.
    """
    spans = periods.select("period", "starts_at", "ends_at")
    resting = intervals.filter(intervals.standing == "paused").select(resting="subscription_id", since="from_at", till="until_at")
    at_end = resting.join(spans, [resting.since < spans.ends_at, resting.till.isnull() | (resting.till >= spans.ends_at)])
    at_end = at_end.select("resting", "period", "starts_at").view()
    paid = intervals.filter(intervals.mrr > 0).select("subscription_id", "customer_id", "currency", "mrr", "from_at", "until_at")
    both = at_end.join(
        paid,
        [
            at_end.resting == paid.subscription_id,
            paid.from_at < at_end.starts_at,
            paid.until_at.isnull() | (paid.until_at >= at_end.starts_at),
        ],
    )
    return both.group_by(*GRAIN).agg(to_pause=both.mrr.sum().cast(MONEY))


def switches(held: ir.Table, intervals: ir.Table, periods: ir.Table, daily: ir.Table) -> ir.Table:
    """What accounts that changed from one currency to another took with them, at the rate of that day.

    Grain: one row per period, customer_id and currency of an account whose MRR fell in one currency and rose in another.
    Column: moved, signed, in the contract's currency: the whole change of the smaller side, and as much of the other's.
    The day is the first on which anything new was paid in a currency that rose. daily: exchange_rates.daily_rates.
    """
    changed = held.filter(held.m0 != held.m1)
    sides = changed.group_by("period", "customer_id").agg(rose=(changed.m1 > changed.m0).any(), fell=(changed.m1 < changed.m0).any())
    both = sides.filter(sides.rose & sides.fell).select("period", "customer_id")
    rows = changed.semi_join(both, ["period", "customer_id"]).select(*GRAIN, change=(changed.m1 - changed.m0).cast(MONEY))
    valued = _valued(rows, intervals, periods.select("period", "starts_at", "ends_at"), daily)
    zero = ibis.literal(0).cast(MONEY)
    sums = valued.group_by("period", "customer_id").agg(
        rose=(valued.change > 0).ifelse(valued.value, zero).sum().cast(MONEY),
        fell=(valued.change < 0).ifelse(valued.value, zero).sum().cast(MONEY),
    )
    weighed = valued.join(sums, ["period", "customer_id"])
    side, offset = (weighed.change > 0).ifelse(weighed.rose, weighed.fell), ibis.least(weighed.rose, weighed.fell)
    share = weighed.change.cast("float64") * (offset.cast("float64") / side.cast("float64").nullif(0.0))
    moved = (side == offset).ifelse(weighed.change, share.round(4).cast(MONEY).fill_null(zero))
    return weighed.select(*GRAIN, moved=(offset > 0).ifelse(moved, zero))


def _valued(rows: ir.Table, intervals: ir.Table, spans: ir.Table, daily: ir.Table) -> ir.Table:
    """Changes with their size in the company's currency on the day an account began to pay in another: column value."""
    dated = rows.join(spans, "period").select(*rows.columns, "starts_at", "ends_at")
    paid = intervals.filter(intervals.mrr > 0).select("from_at", who="customer_id", paid_in="currency")
    rising = dated.filter(dated.change > 0).select("period", "customer_id", "currency", "starts_at", "ends_at").view()
    within = [paid.from_at >= rising.starts_at, paid.from_at < rising.ends_at]
    began = rising.join(paid, [rising.customer_id == paid.who, rising.currency == paid.paid_in, *within])
    first = began.group_by("period", "customer_id").agg(began_at=began.from_at.min())
    known = dated.join(first, ["period", "customer_id"], how="left")
    timed = known.select(*rows.columns, at=known.began_at.coalesce(known.starts_at)).view()
    rated = timed.join(daily, [timed.currency == daily.of, timed["at"] >= daily.since, timed["at"] < daily.till])
    return rated.select(*rows.columns, value=at_rate(rated.change.abs(), rated.rate))


def unbalanced(there: ir.Table, moved: ir.Table) -> ir.Table:
    """The periods whose movements do not add up, to the last decimal, or hold an `unknown`; no row when all is well.

    Grain: one row per such period. Columns: r0, r1, and the sum of the movements between them, in the company's currency.
    """
    held = there.group_by(*PERIOD).agg(r0=there.before.sum(), r1=there.after.sum())
    changed = moved.group_by(*PERIOD).agg(moved=moved.amount_reporting.sum(), unknown=(moved.movement == "unknown").sum())
    both = held.join(changed, list(PERIOD), how="left").select(*PERIOD, "r0", "r1", "moved", "unknown")
    zero = ibis.literal(0).cast(MONEY)
    return both.filter((both.r1 != both.r0 + both.moved.coalesce(zero)) | (both.unknown.coalesce(0) > 0))
