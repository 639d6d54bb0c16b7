"""Whether those who were kept are those worth keeping: retention weighted by the sales and the profit of the period before."""

from collections.abc import Sequence
from datetime import timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.money import MONEY, SUM
from mandegar.metrics.frame.dimensions import Dimension, totals
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.grain import PERIOD, PERIOD_NAME
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.purchases.purchases import revenue_entries_of
from mandegar.metrics.value.costs import cost_to_serve
from mandegar.time.calendar import midnight, period_of

WORTH_KEEPING = (
    Metric("sales_retention_rate", "sales_kept", "sales_base", "last period's sales to those kept / to all there at the start"),
    Metric("profit_retention_rate", "profit_kept", "profit_base", "last period's profit from those kept / from all there at the start"),
)


def base_values(night: MeasuredNight) -> ir.Table:
    """What each customer was worth in the period before each period to compute.

    Grain: one row per period and customer_id that brought in or cost anything in the period before it. Columns: revenue (net of
    tax, credit notes and refunds), profit (revenue - cost of goods - cost to serve), in the company's currency.
    """
    before = night.engine.table(_before(night))
    nothing = ibis.literal(0).cast(MONEY)
    sold, served = revenue_entries_of(night), cost_to_serve(night)
    income = sold.select("customer_id", "at", "amount", cost="cost_of_goods")
    entries = ibis.union(income, served.select("customer_id", "at", amount=nothing, cost="cost_to_serve"))
    inside = entries.join(before, [entries["at"] >= before.base_from, entries["at"] < before.base_until])
    return inside.group_by(*PERIOD, "customer_id").agg(
        revenue=inside.amount.sum().cast(MONEY), profit=(inside.amount.sum() - inside.cost.sum()).cast(MONEY)
    )


def worth_keeping(presence: ir.Table, values: ir.Table, dimensions: Sequence[Dimension] = ()) -> ir.Table:
    """Sales and profit retention.

    Grain: one row per period, dimension and dimension_value. Columns, in the company's currency: sales_base, profit_base, of the
    period before, of all customers there at the start; sales_kept, profit_kept, of those of them who did not leave (as in
    logo_retention_rate a pause is not leaving).
    Formula: kept / base; a customer without value in the period before weighs nothing. A base that is no profit but a loss has
    no rate: both parts are 0.
    presence: PERIOD, customer_id, before, after, is_paused, and the traits of the dimensions; values: as base_values gives them.
    Source: Buttle, Customer Relationship Management (sales-adjusted and profit-adjusted retention rate).
    """
    there = presence.filter(presence.before).mutate(kept=presence.after | presence.is_paused)
    joined = there.left_join(values.select(*PERIOD, "customer_id", "revenue", "profit"), [*PERIOD, "customer_id"])
    nothing = ibis.literal(0).cast(MONEY)
    valued = joined.select(*there.columns, sales=joined.revenue.fill_null(nothing), profit=joined.profit.fill_null(nothing))

    def sums(rows: ir.Table) -> dict[str, ir.Value]:
        return {
            f"{name}_{part}": (rows[name] if part == "base" else rows.kept.ifelse(rows[name], nothing)).sum().cast(SUM)
            for name in ("sales", "profit")
            for part in ("base", "kept")
        }

    summed = totals(valued, dimensions, sums, PERIOD)
    none = ibis.literal(0).cast(SUM)
    # of a loss there is nothing to keep, and a quotient of losses would turn the meaning round
    return summed.mutate(
        **{
            f"{name}_{part}": (summed[f"{name}_base"] > 0).ifelse(summed[f"{name}_{part}"], none)
            for name in ("sales", "profit")
            for part in ("base", "kept")
        }
    )


def _before(night: MeasuredNight) -> pa.Table:
    """The period before each: its number, base_from, base_until."""
    company = night.company
    rows = []
    for row in night.engine.arrow(night.periods.select(*PERIOD, *PERIOD_NAME)).to_pylist():
        last = row["period_start"] - timedelta(days=1)
        before = period_of(last, row["period_kind"], row["calendar"], company.fiscal_year_start, company.week_start)
        rows.append(
            {"period": row["period"], "base_from": midnight(before.start, company.zone), "base_until": midnight(before.end, company.zone)}
        )
    instant = pa.timestamp("us", "UTC")
    return pa.Table.from_pylist(rows, pa.schema([("period", pa.int32()), ("base_from", instant), ("base_until", instant)]))


def _family(night: MeasuredNight, given: Given) -> Found:
    assert given.presence is not None
    values = night.engine.keep(base_values(night))
    weighed = given.presence.filter(given.presence.before).semi_join(values, [*PERIOD, "customer_id"])
    night.small_cells.speak_of(FAMILY.title, weighed)
    return Found(night.engine.keep(worth_keeping(given.presence, values, night.dimensions)))


FAMILY = Family(
    "Retention by sales and by profit",
    "value.worth_keeping.worth_keeping",
    WORTH_KEEPING,
    _family,
    needs=("invoice",),
    stands_on=("invoice", "payment", "ticket"),
    of_money=True,
    reaches_on=True,
)
