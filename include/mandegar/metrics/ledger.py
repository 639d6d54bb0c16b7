"""The MRR ledger: who paid how much a month, from when until when. Everything contractual stands on it (metrics.md)."""

from decimal import ROUND_HALF_EVEN, Decimal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.company import Churn
from mandegar.engine import Engine
from mandegar.entities import INTERVAL_UNITS

MONEY = "decimal(18, 4)"
FACTORED = "decimal(19, 4)"  # DuckDB keeps a product of two decimals of 18 digits at 18: a yearly price in rials would not fit
NEARLY_EXACT = "decimal(38, 12)"  # heals the factor's last digit, so that an exact half is rounded up
FACTOR = pa.decimal128(19, 17)
LONGEST_INTERVAL = 366
MONTHS_PER: dict[str, Decimal] = {"day": Decimal(365) / 12, "week": Decimal(52) / 12, "month": Decimal(1), "year": Decimal(1) / 12}


def ledger(versions: ir.Table, churn: Churn, engine: Engine) -> ir.Table:
    """What every subscription was worth a month, over time.

    Grain: one row per stretch of time in which a subscription paid, was on trial or paused.
    Columns: customer_id, subscription_id, plan, currency; from_at, until_at (excluded, empty while it lasts);
    mrr, per month in the contract's currency, decimal(18,4), 0 unless paying; standing: active, past_due, paused, trial.
    Formula: mrr = quantity x unit_price - discount, times 1/n (every n months), 1/12n (years), 52/12n (weeks), 365/12n
    (days), rounded half up to 4 decimals per subscription. Left out: tax, trials, one-off charges.
    Policies (metrics.md): a cancellation counts at the end of the paid service; past due counts for `dunning_days`;
    a pause is worth 0 and is not churn; a gap shorter than `gap_days` between two subscriptions of an account is bridged.
    """
    counted = _past_due_until_dunning_ends(versions, churn.dunning_days)
    amount = (counted.quantity.cast(FACTORED) * counted.unit_price - counted.discount.fill_null(0)).cast(MONEY)
    priced = counted.mutate(amount=ibis.greatest(amount, ibis.literal(0).cast(MONEY))).join(
        _factors(engine), ["interval_unit", "interval_count"], how="left"
    )
    paying = priced.status.isin(["active", "past_due"])
    stretches = priced.mutate(
        mrr=paying.ifelse((priced.amount * priced.factor).cast(NEARLY_EXACT).cast(MONEY), ibis.literal(0).cast(MONEY)),
        standing=priced.status.cases(
            ("trialing", "trial"), ("active", "active"), ("past_due", "past_due"), ("paused", "paused"), else_="ended"
        ),
    ).filter(lambda t: (t.standing != "ended") & (t.until_at.isnull() | (t.until_at > t.from_at)))
    columns = ("customer_id", "subscription_id", "plan", "currency", "from_at", "until_at", "mrr", "standing")
    paid = _bridged(stretches.filter(stretches.mrr > 0).select(*columns), churn.gap_days)
    return ibis.union(paid, stretches.filter(stretches.mrr == 0).select(*columns))


def first_paid(stretches: ir.Table) -> ir.Table:
    """When each customer first paid. Grain: one row per customer_id that ever had MRR; column first_paid_at."""
    paid = stretches.filter(stretches.mrr > 0)
    return paid.group_by("customer_id").agg(first_paid_at=paid.from_at.min())


def _factors(engine: Engine) -> ir.Table:
    """How many of an interval fit into a month, as exact a decimal as 17 places hold."""
    rows = [
        {
            "interval_unit": unit,
            "interval_count": count,
            "factor": (MONTHS_PER[unit] / count).quantize(Decimal(1).scaleb(-17), ROUND_HALF_EVEN),
        }
        for unit in INTERVAL_UNITS
        for count in range(1, LONGEST_INTERVAL + 1)
    ]
    return engine.table(
        pa.Table.from_pylist(rows, pa.schema([("interval_unit", pa.string()), ("interval_count", pa.int64()), ("factor", FACTOR)]))
    )


def _past_due_until_dunning_ends(versions: ir.Table, dunning_days: int) -> ir.Table:
    """from_at and until_at of every version; a run of past-due versions ends when dunning is exhausted."""
    order = ibis.window(group_by="subscription_id", order_by="valid_from")
    so_far = ibis.cumulative_window(group_by="subscription_id", order_by="valid_from")
    seen = versions.mutate(was=versions.status.lag().over(order))
    begins = (seen.status == "past_due") & (seen.was.isnull() | (seen.was != "past_due"))
    seen = seen.mutate(began_at=begins.ifelse(seen.valid_from, ibis.null(seen.valid_from.type())))
    seen = seen.mutate(since=seen.began_at.max().over(so_far))
    exhausted = (seen.status == "past_due").ifelse(seen.since + ibis.interval(days=dunning_days), ibis.null(seen.valid_from.type()))
    return seen.mutate(from_at=seen.valid_from, until_at=ibis.least(seen.valid_to, exhausted)).drop("was", "began_at", "since")


def _bridged(paid: ir.Table, gap_days: int) -> ir.Table:
    """Short gaps in an account's paid time are closed: what ended last before the gap lasts until its end."""
    forever = ibis.timestamp("9999-01-01 00:00:00").cast(paid.from_at.type())
    order = [ibis.asc("from_at"), ibis.asc("subscription_id")]
    inside = {"group_by": "customer_id", "order_by": order}
    so_far = ibis.cumulative_window(**inside)
    ends = paid.mutate(end_at=paid.until_at.coalesce(forever))
    ends = ends.mutate(reach=ends.end_at.max().over(so_far))
    ends = ends.mutate(next_at=ends.from_at.lead().over(**inside), first=(ends.from_at > ends.reach.lag().over(**inside)).fill_null(False))
    # stretches that touch or overlap are one run of paid time; a gap lies between two runs
    runs = ends.mutate(run=ends["first"].cast("int64").sum().over(so_far))
    short = (runs.next_at > runs.reach) & (runs.next_at < runs.reach + ibis.interval(days=gap_days))
    runs = runs.mutate(closed_at=short.ifelse(runs.next_at, ibis.null(runs.next_at.type())))
    run = ibis.window(group_by=["customer_id", "run"])
    runs = runs.mutate(until=runs.end_at.max().over(run), bridge=runs.closed_at.max().over(run))
    closed = (runs.end_at == runs.until) & runs.bridge.notnull()
    return runs.mutate(until_at=closed.ifelse(runs.bridge, runs.until_at)).select(*paid.columns)
