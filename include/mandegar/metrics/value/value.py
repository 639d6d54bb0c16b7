"""What each customer was worth, and is expected to be."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.money import MONEY
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.purchases.purchase_history import buying_days, histories, last_observed
from mandegar.metrics.purchases.purchases import revenue_entries_of
from mandegar.metrics.purchases.rfm import rfm
from mandegar.metrics.value.costs import cost_to_serve
from mandegar.metrics.value.future_value import SUM, FutureValue, Parameter, contractual, non_contractual

CONTRACTUAL = ("mrr", "clv_contractual", "clv_contractual_with_first", "clv_sbg")
PARAMETERS = pa.schema(
    [("model", pa.string()), ("parameter", pa.string()), ("value", pa.float64()), ("std_error", pa.float64()), ("no_model", pa.string())]
)


def valuation(night: MeasuredNight) -> dict[str, ir.Table]:
    """The marts customer_value and value_model, as of the night.

    customer_value. Grain: one row per customer_id that is known of. Columns, money in the company's currency:
    revenue, cost_of_goods, cost_to_serve, historic_clv (revenue less both), of all time; purchases, a count; frequency, days with
    a purchase after the first; recency_days since the last purchase and age_days since the first, empty without one;
    recency_score, frequency_score, monetary_score (1 to 5), rfm_segment; with contracts mrr, clv_contractual,
    clv_contractual_with_first and clv_sbg; without, p_alive, expected_purchases (in the next year), expected_value and clv_non_contractual;
    lifetime_value, historic_clv + clv_contractual or clv_non_contractual (0 where there is none).
    value_model. Grain: one row per model and parameter the values stand on. Columns: value, std_error (empty where it has none),
    no_model, why there is none.
    Policy: purchases are net of cancellations (metrics.purchases.purchase_history); the margin on future revenue is the company's own over
    all customers and time, (revenue - cost of goods - cost to serve) / revenue, and 1 where there is no revenue.
    """
    engine = night.engine
    past = engine.keep(_past(night))
    margin = _margin(night, past)
    bought = engine.keep(histories(buying_days(night), last_observed(night)))
    scored = engine.keep(rfm(_with_revenue(bought, past)))
    future = contractual(night, margin) if night.contractual else non_contractual(night, bought, margin)
    rows = _everybody(night, past)
    for part in (past, _named(bought), scored, engine.keep(future.customers)):
        rows = _beside(rows, part)
    if night.contractual:  # who pays nothing is expected to bring in nothing
        lost = rows.mrr.isnull()
        none = ibis.literal(0)
        rows = rows.mutate(**{name: lost.ifelse(none.cast(rows[name].type()), rows[name]) for name in CONTRACTUAL})
    return {"customer_value": _valued(rows), "value_model": _model(night, future, margin)}


def _past(night: MeasuredNight) -> ir.Table:
    """What every customer brought in and cost: revenue, cost_of_goods, cost_to_serve."""
    sold, served = revenue_entries_of(night), cost_to_serve(night)
    nothing = ibis.literal(0).cast(SUM)
    names = ("revenue", "cost_of_goods", "cost_to_serve")
    income = sold.select("customer_id", revenue=sold.amount.cast(SUM), cost_of_goods=sold.cost_of_goods.cast(SUM), cost_to_serve=nothing)
    spent = served.select("customer_id", revenue=nothing, cost_of_goods=nothing, cost_to_serve=served.cost_to_serve.cast(SUM))
    both = ibis.union(income, spent)
    return both.group_by("customer_id").agg(**{name: both[name].sum().cast(SUM) for name in names})


def _margin(night: MeasuredNight, past: ir.Table) -> float:
    """What is left of revenue after costs, as a share, over all customers and time."""
    names = ("revenue", "cost_of_goods", "cost_to_serve")
    found = night.engine.arrow(past.agg(**{name: past[name].sum().cast(SUM) for name in names})).to_pylist()[0]
    if not found["revenue"] or found["revenue"] <= 0:
        return 1.0
    return float((found["revenue"] - found["cost_of_goods"] - found["cost_to_serve"]) / found["revenue"])


def _with_revenue(bought: ir.Table, past: ir.Table) -> ir.Table:
    joined = bought.left_join(past, "customer_id")
    return joined.select("customer_id", "recency_days", "purchases", revenue=joined.revenue.fill_null(ibis.literal(0).cast(SUM)))


def _named(bought: ir.Table) -> ir.Table:
    return bought.select("customer_id", "purchases", "frequency", "recency_days", age_days="age")


def _everybody(night: MeasuredNight, past: ir.Table) -> ir.Table:
    """Every customer that is known of. Column: customer_id."""
    customers, subscribed = night.entities["customer"], night.entities["subscription"]
    parts = [part.select("customer_id") for part in (customers, past, subscribed)]
    return ibis.union(*parts, distinct=True)


def _beside(rows: ir.Table, part: ir.Table) -> ir.Table:
    joined = rows.left_join(part, "customer_id")
    return joined.select(*rows.columns, *(name for name in part.columns if name != "customer_id"))


def _valued(rows: ir.Table) -> ir.Table:
    """The mart's columns in their order; money that never was is 0."""
    nothing = ibis.literal(0).cast(SUM)
    kinds = {
        "mrr": MONEY,
        "clv_contractual": SUM,
        "clv_contractual_with_first": SUM,
        "clv_sbg": SUM,
        "p_alive": "float64",
        "expected_purchases": "float64",
        "expected_value": "float64",
        "clv_non_contractual": SUM,
    }
    known = {name: rows[name].cast(kind) if name in rows.columns else ibis.null(kind) for name, kind in kinds.items()}
    past = {name: rows[name].fill_null(nothing) for name in ("revenue", "cost_of_goods", "cost_to_serve")}
    counts = {name: rows[name].fill_null(0).cast("int64") for name in ("purchases", "frequency")}
    told = rows.mutate(**past, **counts, **known)
    historic = (told.revenue - told.cost_of_goods - told.cost_to_serve).cast(SUM)
    ahead = told.clv_contractual.coalesce(told.clv_non_contractual, nothing)
    return told.mutate(historic_clv=historic, lifetime_value=(historic + ahead).cast(SUM)).select(
        "customer_id",
        *past,
        "historic_clv",
        *counts,
        "recency_days",
        "age_days",
        "recency_score",
        "frequency_score",
        "monetary_score",
        "rfm_segment",
        *kinds,
        "lifetime_value",
    )


def _model(night: MeasuredNight, future: FutureValue, margin: float) -> ir.Table:
    told = (Parameter("all", "margin", margin), *future.parameters)
    rows = [
        {"model": each.model, "parameter": each.name, "value": each.value, "std_error": each.std_error, "no_model": each.no_model}
        for each in told
    ]
    return night.engine.table(pa.Table.from_pylist(rows, PARAMETERS))


def _family(night: MeasuredNight, _: Given) -> Found:
    found = valuation(night)
    return Found(marts=found | {"customer_value": night.engine.keep(found["customer_value"])})


FAMILY = Family("The value of customers", "value.value.valuation", compute=_family, settles="never")
