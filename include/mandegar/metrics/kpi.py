"""The tall table of key figures: which metrics there are, and what each is divided by."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from mandegar.metrics.mrr import PERIOD

FIGURE = "decimal(38, 4)"
ALL = "all"


@dataclass(frozen=True)
class Metric:
    """A key figure: numerator / denominator, or the numerator alone. Both are sums of columns, `a + b - c`."""

    name: str
    numerator: str
    denominator: str | None
    says: str


LOGO = (
    Metric("customers_start", "customers_start", None, "customers at the start of the period"),
    Metric("customers_end", "customers_end", None, "customers at its end"),
    Metric("customers_churned", "customers_churned", None, "there at the start, gone at the end, not paused"),
    Metric("customers_new", "customers_new", None, "there at the end for the first time ever"),
    Metric("customers_reactivated", "customers_reactivated", None, "back after having left"),
    Metric("logo_churn_rate", "customers_churned", "customers_start", "share of the customers at the start who left"),
    Metric("logo_retention_rate", "customers_start - customers_churned", "customers_start", "1 - logo_churn_rate"),
    Metric("reactivation_rate", "customers_reactivated", "pool", "reactivated of all who had left by the start"),
)
CONTRACT = (
    Metric("customers_paused", "customers_paused", None, "paying at the start, paused at the end"),
    Metric("customers_resumed", "customers_resumed", None, "paused at the start, paying at the end"),
    Metric("voluntary_churn_rate", "customers_churned - involuntary", "customers_start", "left by their own will"),
    Metric("involuntary_churn_rate", "involuntary", "customers_start", "left because a payment failed or the like"),
    Metric("mrr_start", "mrr_start", None, "MRR at the start, M0"),
    Metric("mrr_end", "mrr_end", None, "MRR at the end, M1"),
    Metric("new_mrr", "new", None, "MRR of customers who never paid before"),
    Metric("expansion_mrr", "expansion", None, "MRR added by customers who paid at both ends"),
    Metric("contraction_mrr", "contraction", None, "MRR taken off by customers who paid at both ends"),
    Metric("churned_mrr", "churn", None, "MRR of those who left"),
    Metric("reactivation_mrr", "reactivation", None, "MRR of those who came back"),
    Metric("paused_mrr", "paused", None, "MRR that was paused"),
    Metric("resumed_mrr", "resumed", None, "MRR that was resumed"),
    Metric("fx_mrr", "fx", None, "what exchange rates did to the MRR held (signed)"),
    Metric("gross_revenue_retention", "kept", "base", "sum of min(M1, M0) / sum of M0, over customers with M0 > 0"),
    Metric("net_revenue_retention", "grown", "base", "sum of M1 / sum of M0, over customers with M0 > 0"),
    Metric("arpa", "mrr_end", "customers_end", "MRR per paying account at the end"),
    Metric("quick_ratio", "new + expansion + reactivation", "contraction + churn", "MRR won / MRR lost"),
)
REVENUE = (
    Metric("revenue", "revenue", None, "invoiced net of tax, less credit notes and refunds"),
    Metric("customers_buying", "customers_buying", None, "customers with at least one purchase in the period"),
)


def tall(wide: ir.Table, metrics: tuple[Metric, ...], periods: ir.Table, convention: str = "default") -> ir.Table:
    """One row per metric from a wide table of one row per period.

    Grain: one row per convention, calendar, period, dimension value and metric (here of the whole company: `all`).
    Columns: those of kpi_period (design.md); numerator and denominator exact, value = numerator / denominator, empty
    where the denominator is 0; of a metric without a denominator the numerator.
    """
    dated = wide.join(periods.select(*PERIOD, "period_end", "is_complete"), list(PERIOD))
    return (
        ibis.union(*(_rows(dated, metric, convention) for metric in metrics)) if len(metrics) > 1 else _rows(dated, metrics[0], convention)
    )


def _rows(wide: ir.Table, metric: Metric, convention: str) -> ir.Table:
    numerator = _sum(wide, metric.numerator)
    if metric.denominator is None:
        denominator, value = ibis.null(FIGURE), numerator.cast("float64")
    else:
        denominator = _sum(wide, metric.denominator)
        value = numerator.cast("float64") / denominator.nullif(ibis.literal(0).cast(FIGURE)).cast("float64")
    return wide.select(
        "calendar",
        "period_kind",
        "period_start",
        "period_end",
        "is_complete",
        convention=ibis.literal(convention),
        dimension=ibis.literal(ALL),
        dimension_value=ibis.literal(ALL),
        metric=ibis.literal(metric.name),
        numerator=numerator,
        denominator=denominator,
        value=value,
    )


def _sum(wide: ir.Table, formula: str) -> ir.Value:
    """`a + b - c` of the wide table's columns, exactly."""
    words = formula.split()
    total = wide[words[0]].cast(FIGURE)
    for sign, column in zip(words[1::2], words[2::2], strict=True):
        part = wide[column].cast(FIGURE)
        total = (total + part if sign == "+" else total - part).cast(FIGURE)
    return total
