"""Whom serving costs more than it returns, with the figures that say so."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.purchases.purchases import revenue_entries_of
from mandegar.metrics.value.costs import cost_to_serve
from mandegar.risk.evening import Evening
from mandegar.risk.segment_file import LetGo
from mandegar.time.calendar import PERIOD_SCHEMA

FIGURES = ("revenue", "cost_of_goods", "cost_to_serve", "returned")


def returns(evening: Evening, engine: Engine, days: int) -> ir.Table:
    """What every customer brought in and cost in the last so many days.

    Grain: one row per customer_id that brought in or cost anything. Columns, in the company's currency: revenue (net of tax, credit notes
    and refunds), cost_of_goods, cost_to_serve (the work on tickets), returned (revenue less both).
    evening: with amounts in the currencies they were billed in.
    """
    night = MeasuredNight(
        evening.company, engine, evening.as_of, evening.closes, evening.entities, engine.table(PERIOD_SCHEMA.empty_table()), []
    )
    sold, served = revenue_entries_of(night), cost_to_serve(night)
    nothing = ibis.literal(0).cast(MONEY)
    income = sold.select("customer_id", "at", revenue=sold.amount, cost_of_goods=sold.cost_of_goods, cost_to_serve=nothing)
    spent = served.select("customer_id", "at", revenue=nothing, cost_of_goods=nothing, cost_to_serve=served.cost_to_serve)
    both = ibis.union(income, spent)
    inside = both.filter(both["at"] >= evening.since(days))
    sums = inside.group_by("customer_id").agg(**{name: inside[name].sum().cast(MONEY) for name in FIGURES[:3]})
    return sums.mutate(returned=(sums.revenue - sums.cost_of_goods - sums.cost_to_serve).cast(MONEY))


def to_let_go(evening: Evening, engine: Engine, there: ir.Table, rule: LetGo, kept: list[str]) -> ir.Table:
    """The customers whom to let go.

    Grain: one row per customer_id. Columns: figures, a JSON object: days, revenue, cost_of_goods, cost_to_serve, returned.
    there: the customers who can still leave and have no strategic role, with signed_up_at. kept: those whom a person keeps.
    Nobody, where no source tells of invoices: what a customer brings in is then not known.
    """
    if not evening.company.has("invoice"):
        return engine.table(pa.table({"customer_id": pa.array([], pa.string()), "figures": pa.array([], pa.string())}))
    figures = returns(evening, engine, rule.days)
    long_there = there.filter(there.signed_up_at <= evening.since(rule.there_for_days)).select("customer_id")
    found = figures.semi_join(long_there, "customer_id")
    loss, brought_in = -found.returned.cast("float64"), ibis.greatest(found.revenue.cast("float64"), 0.0)
    found = found.filter((found.returned < 0) & (loss > rule.loss_above) & (loss > brought_in * rule.loss_share))
    if kept:
        found = found.filter(~found.customer_id.isin(kept))
    told = ibis.literal(f'{{"days": {rule.days}')
    for name in FIGURES:
        told = told + f', "{name}": ' + found[name].cast("string")
    return found.select("customer_id", figures=told + "}")
