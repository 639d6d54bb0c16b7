"""The MRR ledger: who paid how much a month, from when until when. Everything contractual stands on it (metrics.md)."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.compute.money import FACTORED, MONEY
from mandegar.config.entities import INTERVAL_UNITS
from mandegar.metrics.contracts.policies import Policies, own_policies
from mandegar.metrics.frame.night import MeasuredNight, once_a_night
from mandegar.time.seconds import DAY, seconds

FEW = Decimal(100_000_000_000)  # below this an amount's ten-thousandths, times twice 365, fit into 64 bits
HIGH = 100_000_000  # larger amounts are divided in two parts: so many whole units, and the ten-thousandths that are left
LONGEST_INTERVAL = 366
PAYING = ("active", "past_due")
INVOLUNTARY_REASONS = ("payment_failed", "card_expired", "dunning_exhausted", "unpaid", "tax_location_invalid")
MONTHS_PER = {"day": Fraction(365, 12), "week": Fraction(52, 12), "month": Fraction(1), "year": Fraction(1, 12)}


def ledger(versions: ir.Table, policies: Policies, engine: Engine, closes: datetime, credits: ir.Table | None = None) -> ir.Table:
    """What every subscription was worth a month, over time.

    Grain: one row per interval of time in which a subscription paid, was on trial or paused, and, where credits reduce MRR,
    one per interval of time in which credit notes take from it.
    Columns: customer_id, subscription_id, plan, currency; from_at, until_at (excluded, empty while it lasts);
    mrr, per month in the contract's currency, decimal(24,4), 0 unless paying, negative of a credit; standing: active,
    past_due, paused, trial, credited.
    Formula: mrr = quantity x unit_price - discount, times 1/n (every n months), 1/12n (years), 52/12n (weeks), 365/12n
    (days), rounded half up to 4 decimals per subscription. Left out: tax, trials, one-off charges.
    Policies (contracts/policies.py; docs/metrics.md): by default a cancellation counts at the end of the paid service; past due
    counts for `dunning_days`; a pause is worth 0 and is not churn; a gap shorter than `gap_days` between two subscriptions
    of an account is bridged; a discount is subtracted while it lasts; credit notes do not move MRR. A contract that does not
    renew by itself ends with its term, unless a later version says that it was renewed.
    closes: the instant the night's day was over, by which a term has to be over. credits: credit notes on subscriptions
    (invoices), for conventions by which they reduce MRR.
    """
    counted = _cancelled(_past_due(_discounted(_lapsed(versions, closes), policies), policies), policies)
    amount = (counted.quantity.cast(FACTORED) * counted.unit_price - counted.discount.fill_null(0)).cast(MONEY)
    priced = counted.mutate(amount=ibis.greatest(amount, ibis.literal(0).cast(MONEY))).join(
        _factors(engine), ["interval_unit", "interval_count"], how="left"
    )
    unpaused = policies.pause == "unchanged"
    worth = ["active", *(["past_due"] if policies.past_due != "not_counted" else []), *(["paused"] if unpaused else [])]
    intervals = priced.mutate(
        mrr=priced.status.isin(worth).ifelse(_a_month(priced.amount, priced.months, priced.per), ibis.literal(0).cast(MONEY)),
        standing=priced.status.cases(
            ("trialing", "trial"),
            ("active", "active"),
            ("past_due", "past_due"),
            ("paused", "active" if unpaused else "paused"),
            else_="ended",
        ),
    ).filter(lambda t: (t.standing != "ended") & (t.until_at.isnull() | (t.until_at > t.from_at)))
    columns = ("customer_id", "subscription_id", "plan", "currency", "from_at", "until_at", "mrr", "standing")
    intervals = engine.keep(intervals.select(*columns))
    paid = _bridged(intervals.filter(intervals.mrr > 0), policies.gap_days)
    rest = intervals.filter(intervals.mrr == 0)
    if credits is None or policies.credits == "apart":
        return ibis.union(paid, rest)
    return ibis.union(paid, rest, _credited(paid, credits, priced).select(*columns))


def _a_month(amount: ir.DecimalValue, months: ir.IntegerValue, per: ir.IntegerValue) -> ir.DecimalValue:
    """What an amount per interval is a month, amount x months / per, exact and rounded half up to 4 decimals.

    In whole ten-thousandths, because engines divide wide decimals slowly or not exactly; an amount whose ten-thousandths do not
    fit into 64 bits is divided as one divides by hand, its high digits first and what they leave with the low ones.
    """
    few = _rounded(_ten_thousandths(amount) * months, per)
    high = ibis.greatest((amount.cast("float64") / HIGH).floor().cast("int64") - 1, 0)  # 1 less: a double may be off by one
    low = _ten_thousandths(amount - (high.cast("decimal(14, 0)") * HIGH).cast(MONEY))
    whole, left = _divided(high * months, per)
    many = (whole.cast("decimal(16, 0)") * HIGH).cast(MONEY) + _rounded(left * HIGH * 10_000 + low * months, per)
    return ibis.cases((months == per, amount), (amount < FEW, few), else_=many.cast(MONEY))


def _ten_thousandths(amount: ir.DecimalValue) -> ir.IntegerValue:
    """A small amount in ten-thousandths."""
    return (amount.cast(FACTORED) * 10_000).cast("int64")


def _divided(number: ir.IntegerValue, by: ir.IntegerValue) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    """A number divided, and the rest; what divides without rest is exact as a double."""
    rest = number % by
    return ((number - rest) / by).round().cast("int64"), rest


def _rounded(ten_thousandths: ir.IntegerValue, per: ir.IntegerValue) -> ir.DecimalValue:
    """Ten-thousandths divided, rounded half up, as money."""
    whole, _ = _divided(2 * ten_thousandths + per, 2 * per)
    return (whole * ibis.literal("0.0001").cast("decimal(4, 4)")).cast(MONEY)


def lapsed_at(versions: ir.Table, closes: datetime) -> ir.TimestampValue:
    """When the term of a contract that does not renew by itself ran out, on its last version; empty on all others.

    Only a term that was over when the day closed, and began before it ended; a later version says that it was renewed.
    """
    following = versions.valid_from.lead().over(group_by="subscription_id", order_by="valid_from")
    over = (versions.renews_at > versions.valid_from) & (versions.renews_at <= ibis.literal(closes))
    lasting = versions.status.isin(PAYING) & (versions.valid_to.isnull() | (versions.valid_to > versions.renews_at))
    lapsed = following.isnull() & lasting & over & ~versions.auto_renew.fill_null(True)
    return lapsed.fill_null(False).ifelse(versions.renews_at, ibis.null(versions.renews_at.type()))


def _lapsed(versions: ir.Table, closes: datetime) -> ir.Table:
    """The versions, where a contract that was not renewed ends with its term."""
    ends = versions.mutate(term_over_at=lapsed_at(versions, closes))
    return ends.mutate(valid_to=ends.term_over_at.coalesce(ends.valid_to)).drop("term_over_at")


@once_a_night
def mrr_intervals(night: MeasuredNight) -> ir.Table:
    """The MRR ledger of a night under the company's own policies (ledger)."""
    versions, policies = night.entities["subscription"], own_policies(night.company)
    return night.engine.keep(ledger(versions, policies, night.engine, night.closes, night.entities["invoice"]))


@once_a_night
def first_payments(night: MeasuredNight) -> ir.Table:
    """When each customer first paid for a subscription (first_paid)."""
    return night.engine.keep(first_paid(mrr_intervals(night)))


def first_paid(intervals: ir.Table) -> ir.Table:
    """When each customer first paid. Grain: one row per customer_id that ever had MRR; column first_paid_at."""
    paid = intervals.filter(intervals.mrr > 0)
    return paid.group_by("customer_id").agg(first_paid_at=paid.from_at.min())


def returns(intervals: ir.Table) -> ir.Table:
    """When customers came back after they had stopped paying.

    Grain: one row per customer_id and at (the first instant paid again). Column: away_days, since what was paid last ended.
    """
    paid = intervals.filter(intervals.mrr > 0)
    inside = {"group_by": "customer_id", "order_by": [ibis.asc("from_at"), ibis.asc("subscription_id")]}
    ends = paid.mutate(reach=_ends(paid).max().over(ibis.cumulative_window(**inside)))
    ends = ends.mutate(last=ends.reach.lag().over(**inside))
    back = ends.filter((ends.from_at > ends["last"]).fill_null(False))
    days = (seconds(back.from_at) - seconds(back["last"])) / DAY
    return back.select("customer_id", at=back.from_at, away_days=days)


def _ends(paid: ir.Table) -> ir.TimestampColumn:
    """When each interval ends; what lasts ends never."""
    return paid.until_at.coalesce(ibis.timestamp("9999-01-01 00:00:00").cast(paid.from_at.type()))


def _factors(engine: Engine) -> ir.Table:
    """How many of an interval fit into a month: months / per."""
    rows = []
    for unit in INTERVAL_UNITS:
        for count in range(1, LONGEST_INTERVAL + 1):
            months = MONTHS_PER[unit] / count
            rows.append({"interval_unit": unit, "interval_count": count, "months": months.numerator, "per": months.denominator})
    schema = pa.schema([("interval_unit", pa.string()), ("interval_count", pa.int64()), ("months", pa.int64()), ("per", pa.int64())])
    return engine.table(pa.Table.from_pylist(rows, schema))


def _discounted(versions: ir.Table, policies: Policies) -> ir.Table:
    """The versions with the discount that counts; a version whose discount ends before it does is two."""
    if policies.discounts != "subtracted":
        nothing = ibis.null(versions.discount.type())
        forever = versions.discount_ends_at.isnull() if policies.discounts == "forever_only" else ibis.literal(False)
        return versions.mutate(discount=forever.ifelse(versions.discount, nothing))
    ends_at, lasts_to = versions.discount_ends_at, versions.valid_to
    over = versions.discount.notnull() & (ends_at <= versions.valid_from).fill_null(False)
    within = versions.discount.notnull() & (ends_at > versions.valid_from).fill_null(False) & (lasts_to.isnull() | (ends_at < lasts_to))
    first = versions.mutate(
        discount=over.ifelse(ibis.null(versions.discount.type()), versions.discount), valid_to=within.ifelse(ends_at, lasts_to)
    )
    second = versions.filter(within).mutate(discount=ibis.null(versions.discount.type()), valid_from=lambda t: t.discount_ends_at)
    return ibis.union(first, second)


def _past_due(versions: ir.Table, policies: Policies) -> ir.Table:
    """from_at and until_at of every version; a run of past-due versions ends when dunning is exhausted."""
    if policies.past_due != "until_dunning_ends":
        return versions.mutate(from_at=versions.valid_from, until_at=versions.valid_to)
    order = ibis.window(group_by="subscription_id", order_by="valid_from")
    so_far = ibis.cumulative_window(group_by="subscription_id", order_by="valid_from")
    seen = versions.mutate(was=versions.status.lag().over(order))
    begins = (seen.status == "past_due") & (seen.was.isnull() | (seen.was != "past_due"))
    seen = seen.mutate(began_at=begins.ifelse(seen.valid_from, ibis.null(seen.valid_from.type())))
    seen = seen.mutate(since=seen.began_at.max().over(so_far))
    last_day = ibis.interval(days=policies.dunning_days)
    exhausted = (seen.status == "past_due").ifelse(seen.since + last_day, ibis.null(seen.valid_from.type()))
    return seen.mutate(from_at=seen.valid_from, until_at=ibis.least(seen.valid_to, exhausted)).drop("was", "began_at", "since")


def _cancelled(versions: ir.Table, policies: Policies) -> ir.Table:
    """until_at by when a cancellation counts; by default when the service ends, which is what the versions say."""
    if policies.cancellation == "at_request":
        asked = versions.cancel_requested_at
        counts_at = asked.notnull().ifelse(ibis.greatest(asked, versions.from_at), ibis.null(asked.type()))
        return versions.mutate(until_at=ibis.least(versions.until_at, counts_at))
    if policies.cancellation == "at_billing_end":
        last = (versions.ended_at == versions.until_at) & ~versions.ended_reason.isin(INVOLUNTARY_REASONS).fill_null(False)
        billed = (last & (versions.status == "active") & (versions.renews_at > versions.until_at)).fill_null(False)
        following = ibis.window(group_by="subscription_id", order_by="from_at")
        again_at = (versions.status != "ended").ifelse(versions.from_at, ibis.null(versions.from_at.type())).lead().over(following)
        return versions.mutate(until_at=billed.ifelse(ibis.least(versions.renews_at, again_at), versions.until_at))
    return versions


def _credited(paid: ir.Table, credits: ir.Table, priced: ir.Table) -> ir.Table:
    """Credit notes on subscriptions as negative MRR for one billing interval; together never more than the subscription is worth.

    An interval of months or years is reckoned at 30 and 365 days. Grain: one row per interval of `paid` and span of time in
    which the same notes take from it.
    """
    notes = credits.filter((credits.kind == "credit") & credits.voided_at.isnull() & credits.subscription_id.notnull())
    notes = notes.select(credited="subscription_id", credited_at="issued_at", net=notes.net_amount.abs())
    length = priced.interval_count.cast("int64") * priced.interval_unit.cases(("day", 1), ("week", 7), ("month", 30), else_=365)
    billed = priced.select(version_of="subscription_id", since="from_at", till="until_at", months="months", per="per", length=length)
    dated = notes.join(
        billed,
        [notes.credited == billed.version_of, notes.credited_at >= billed.since, billed.till.isnull() | (notes.credited_at < billed.till)],
    ).drop("version_of", "since", "till")
    there = paid.join(
        dated,
        [
            paid.subscription_id == dated.credited,
            paid.from_at <= dated.credited_at,
            paid.until_at.isnull() | (paid.until_at > dated.credited_at),
        ],
    )
    monthly = _a_month(there.net, there.months, there.per)
    over_at = ibis.least(there.until_at, there.credited_at + there.length.as_interval("D"))
    kept = [name for name in paid.columns if name not in ("until_at", "standing")]
    steps = ibis.union(
        there.select(*kept, at=there.credited_at, step=monthly.cast(MONEY)), there.select(*kept, at=over_at, step=(-monthly).cast(MONEY))
    )
    summed = steps.group_by(*kept, "at").agg(step=steps.step.sum().cast(MONEY))
    order = {"group_by": ["subscription_id", "from_at"], "order_by": "at"}
    running = summed.mutate(
        owed=summed.step.sum().over(ibis.cumulative_window(**order)).cast(MONEY), next_at=summed["at"].lead().over(**order)
    )
    taking = running.filter(running.owed > 0)
    return taking.mutate(
        from_at=taking["at"],
        until_at=taking.next_at,
        mrr=(-ibis.least(taking.mrr, taking.owed)).cast(MONEY),
        standing=ibis.literal("credited"),
    )


def _bridged(paid: ir.Table, gap_days: int) -> ir.Table:
    """Short gaps in an account's paid time are closed: what ended last before the gap lasts until its end."""
    order = [ibis.asc("from_at"), ibis.asc("subscription_id")]
    inside = {"group_by": "customer_id", "order_by": order}
    so_far = ibis.cumulative_window(**inside)
    ends = paid.mutate(end_at=_ends(paid))
    ends = ends.mutate(reach=ends.end_at.max().over(so_far))
    ends = ends.mutate(next_at=ends.from_at.lead().over(**inside), first=(ends.from_at > ends.reach.lag().over(**inside)).fill_null(False))
    # intervals that touch or overlap are one run of paid time; a gap lies between two runs
    runs = ends.mutate(run=ends["first"].cast("int64").sum().over(so_far))
    short = (runs.next_at > runs.reach) & (runs.next_at < runs.reach + ibis.interval(days=gap_days))
    runs = runs.mutate(closed_at=short.ifelse(runs.next_at, ibis.null(runs.next_at.type())))
    run = ibis.window(group_by=["customer_id", "run"])
    runs = runs.mutate(until=runs.end_at.max().over(run), bridge=runs.closed_at.max().over(run))
    closed = (runs.end_at == runs.until) & runs.bridge.notnull()
    return runs.mutate(until_at=closed.ifelse(runs.bridge, runs.until_at)).select(*paid.columns)
