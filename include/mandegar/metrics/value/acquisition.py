"""What it costs to win a customer, and whether the customer is worth it."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute import exchange_rates
from mandegar.compute.money import SUM
from mandegar.metrics.frame.dimensions import ALL, NONE
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.grain import CELL, PERIOD, PERIOD_NAME
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.frame.periods import named, within
from mandegar.metrics.lifecycle.survival import origins
from mandegar.time.calendar import midnight

CHANNEL = "acquisition_channel"
ACQUISITION = (
    Metric("acquisition_spend", "acquisition_spend", None, "spent on channels that win customers"),
    Metric("customers_acquired", "customers_acquired", None, "customers who first paid or bought in the period"),
    Metric("cac", "acquisition_spend", "customers_acquired", "acquisition spend / customers acquired"),
    Metric("clv_to_cac", "clv_acquired", "acquisition_spend", "lifetime value of those acquired / what was spent in the period"),
)


def acquisition(night: MeasuredNight, values: ir.Table) -> ir.Table:
    """What was spent on winning customers, and who was won.

    Grain: one row per period, dimension (all, and acquisition_channel) and dimension_value with spend or a new customer. Columns:
    acquisition_spend, in the company's currency at each day's rate; customers_acquired, who first paid or bought in the period;
    clv_acquired, their lifetime value as of the night, in the company's currency.
    Formula: CAC = acquisition_spend / customers_acquired; CLV:CAC = clv_acquired / acquisition_spend, which is mean CLV / CAC of the
    period's cohort. Policy: channels named under acquisition.retention_channels are no acquisition spend; an account older than the
    data was not acquired in any period. A customer's channel is its acquisition_channel, spelt as `spend` spells it.
    values: customer_id and lifetime_value (metrics.value.value).
    """
    nothing, nobody = ibis.literal(0).cast(SUM), ibis.literal(0).cast("int64")
    spent = within(_spend(night), "at", night.periods)
    won = within(_won(night, values), "at", night.periods)
    rows = night.engine.keep(
        ibis.union(
            spent.select(*PERIOD, "channel", acquisition_spend=spent.amount.cast(SUM), customers_acquired=nobody, clv_acquired=nothing),
            won.select(
                *PERIOD,
                "channel",
                acquisition_spend=nothing,
                customers_acquired=ibis.literal(1).cast("int64"),
                clv_acquired=won.lifetime_value,
            ),
        )
    )
    whole = rows.mutate(dimension=ibis.literal(ALL), dimension_value=ibis.literal(ALL)).drop("channel")
    apart = rows.mutate(dimension=ibis.literal(CHANNEL), dimension_value=rows.channel).drop("channel")
    both = ibis.union(whole, apart.select(*whole.columns))
    summed = both.group_by(*CELL).agg(
        acquisition_spend=both.acquisition_spend.sum().cast(SUM),
        customers_acquired=both.customers_acquired.sum().cast("int64"),
        clv_acquired=both.clv_acquired.sum().cast(SUM),
    )
    night.small_cells.counted("Acquisition", summed.select(*CELL, customers="customers_acquired"))
    return summed


def acquisition_period(wide: ir.Table, periods: ir.Table) -> ir.Table:
    """The mart acquisition_period: each period's cohort and channel, with its ratios.

    Grain: one row per period and channel (`all` for all of them). Columns: period_end, is_complete; acquisition_spend,
    customers_acquired, clv_acquired (see `acquisition`); cac, empty without a new customer; clv_to_cac, empty without spend;
    below_1, whether clv_to_cac is under 1: the customers cost more than they are worth; empty without spend.
    """
    dated = named(wide, periods, "period_end", "is_complete")
    spend = dated.acquisition_spend.cast("float64")
    ratio = dated.clv_acquired.cast("float64") / spend.nullif(0.0)
    return dated.select(
        *PERIOD_NAME,
        "period_end",
        "is_complete",
        channel="dimension_value",
        acquisition_spend="acquisition_spend",
        customers_acquired="customers_acquired",
        clv_acquired="clv_acquired",
        cac=spend / dated.customers_acquired.nullif(0),
        clv_to_cac=ratio,
        below_1=ratio < 1,
    )


def _spend(night: MeasuredNight) -> ir.Table:
    """What was spent on winning customers: at, channel, amount, in the company's currency."""
    spend = night.entities["spend"]
    bought = spend.filter(~spend.channel.isin(night.company.acquisition.retention_channels)) if _keeping(night) else spend
    days = night.engine.arrow(bought.select("day").distinct()).column("day").to_pylist()
    starts = pa.table(
        {
            "day": pa.array(days, pa.date32()),
            "at": pa.array([midnight(day, night.company.zone) for day in days], pa.timestamp("us", "UTC")),
        }
    )
    dated = bought.join(night.engine.table(starts), "day").select("at", "channel", "amount", "currency")
    own = exchange_rates.in_own_currency(night.company, night.engine, dated, "at", ("amount",), night.known_rates)
    return own.select("at", "channel", "amount")


def _keeping(night: MeasuredNight) -> bool:
    return bool(night.company.acquisition.retention_channels)


def _won(night: MeasuredNight, values: ir.Table) -> ir.Table:
    """Who was won when, by which channel: customer_id, at, channel, lifetime_value."""
    found = origins(night)
    new = found.filter(found.seen_day <= found.origin_day).select("customer_id", at="origin_at")
    customers = night.entities["customer"].select("customer_id", channel=night.entities["customer"].acquisition_channel.nullif(""))
    known = new.left_join(customers, "customer_id").select("customer_id", "at", "channel")
    worth = known.left_join(values.select("customer_id", "lifetime_value"), "customer_id")
    return worth.select(
        "customer_id",
        "at",
        channel=worth.channel.fill_null(NONE),
        lifetime_value=worth.lifetime_value.fill_null(ibis.literal(0).cast(SUM)).cast(SUM),
    )


def _family(night: MeasuredNight, given: Given) -> Found:
    wide = night.engine.keep(acquisition(night, given.marts["customer_value"]))
    shown = night.small_cells.without(wide, FAMILY.title)
    return Found(wide, {"acquisition_period": acquisition_period(shown, night.periods)})


FAMILY = Family(
    "Acquisition",
    "value.acquisition.acquisition",
    ACQUISITION,
    _family,
    needs=("spend",),
    settles="never",
    stands_on=("spend", "customer"),
    of_money=True,
)
