"""The tall table of key figures: which metrics there are, and what each is divided by."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from mandegar.metrics.frame.dimensions import ALL, beside
from mandegar.metrics.frame.grain import CELL, DEFAULT, FIGURE, PERIOD, PERIOD_NAME
from mandegar.metrics.frame.periods import named


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
    Metric("customers_churned", "customers_churned", None, "there or paused at the start, and neither at the end"),
    Metric("customers_churned_from_pause", "churned_from_pause", None, "of the churned, those who were paused at the start"),
    Metric("customers_new", "customers_new", None, "there at the end for the first time ever"),
    Metric("customers_reactivated", "customers_reactivated", None, "back after having left"),
    Metric("customers_new_and_gone", "customers_new_and_gone", None, "came for the first time and left within the period: no churn"),
    Metric("logo_churn_rate", "customers_churned", "churn_base", "share of the customers at the start who left"),
    Metric("logo_retention_rate", "retained", "retention_base", "1 - logo_churn_rate"),
    Metric("reactivation_rate", "pool_back", "pool", "reactivated of all who had left by the start, by what they were then"),
    Metric(
        "customers_moved",
        "customers_end - customers_start - customers_new - customers_reactivated - customers_resumed - churned_from_pause "
        "+ customers_churned + customers_paused",
        None,
        "of a dimension: came from other values of it, less those who went to others; of the whole company 0",
    ),
)
CONTRACT = (
    Metric("customers_paused", "customers_paused", None, "paying at the start, paused at the end"),
    Metric("customers_resumed", "customers_resumed", None, "paused at the start, paying at the end"),
    Metric("customers_cancelled", "customers_churned - involuntary - not_renewed", None, "of the churned, those who cancelled"),
    Metric("customers_not_renewed", "not_renewed", None, "of the churned, those whose term ran out unrenewed"),
    Metric("cancellation_rate", "customers_churned - involuntary - not_renewed", "churn_base", "left by cancelling"),
    Metric("non_renewal_rate", "not_renewed", "churn_base", "left by not renewing"),
    Metric("voluntary_churn_rate", "customers_churned - involuntary", "churn_base", "left by their own will, in either way"),
    Metric("involuntary_churn_rate", "involuntary", "churn_base", "left because a payment failed or the like"),
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
    Metric(
        "mrr_moved",
        "mrr_end - mrr_start - new - reactivation - resumed - expansion - fx + contraction + churn + paused",
        None,
        "of a dimension: MRR that came from other values of it, less what went to others; of the whole company 0",
    ),
    Metric("gross_revenue_retention", "kept", "base", "sum of min(M1, M0) / sum of M0, over customers with M0 > 0"),
    Metric("net_revenue_retention", "grown", "base", "sum of M1 / sum of M0, over customers with M0 > 0"),
    Metric("arpa", "mrr_end", "customers_end", "MRR per paying account at the end"),
    Metric("quick_ratio", "new + expansion + reactivation", "contraction + churn", "MRR won / MRR lost"),
)
REVENUE = (
    Metric("revenue", "revenue", None, "invoiced net of tax, less credit notes and refunds"),
    Metric("customers_buying", "customers_buying", None, "customers with at least one purchase in the period"),
)


def side_by_side(periods: ir.Table, *parts: ir.Table) -> ir.Table:
    """Wide tables side by side: every period for the whole company, and every cell that some part knows.

    Grain: one row per CELL. What a part does not know of a cell is 0.
    """
    whole = periods.select(*PERIOD, dimension=ibis.literal(ALL), dimension_value=ibis.literal(ALL))
    exact = [part.select(*CELL, **{name: part[name].cast(FIGURE) for name in part.columns if name not in CELL}) for part in parts]
    return beside(CELL, whole, *exact)


def tall(wide: ir.Table, metrics: tuple[Metric, ...], periods: ir.Table, convention: str = DEFAULT) -> ir.Table:
    """One row per metric from a wide table of one row per cell.

    Grain: one row per convention, calendar, period, dimension value and metric.
    Columns: those of kpi_period (docs/warehouse.md) and the period's number; numerator and denominator exact, value = numerator /
    denominator, empty where the denominator is 0 or either is not known; of a metric without a denominator the numerator.
    """
    figures = ibis.array([_figure(wide, metric) for metric in metrics]).unnest()
    unfolded = wide.select(*CELL, figure=figures)
    dated = named(unfolded, periods, "period_end", "is_complete")
    numerator, denominator = dated.figure["numerator"], dated.figure["denominator"]
    quotient = numerator.cast("float64") / denominator.nullif(ibis.literal(0).cast(FIGURE)).cast("float64")
    return dated.select(
        *PERIOD,
        *PERIOD_NAME,
        "period_end",
        "is_complete",
        "dimension",
        "dimension_value",
        convention=ibis.literal(convention),
        metric=dated.figure["metric"],
        numerator=numerator,
        denominator=denominator,
        value=dated.figure["divided"].ifelse(quotient, numerator.cast("float64")),
    )


def _figure(wide: ir.Table, metric: Metric) -> ir.StructValue:
    return ibis.struct(
        {
            "metric": ibis.literal(metric.name),
            "numerator": _sum(wide, metric.numerator),
            "denominator": _sum(wide, metric.denominator) if metric.denominator else ibis.null(FIGURE),
            "divided": ibis.literal(metric.denominator is not None),
        }
    )


def _sum(wide: ir.Table, formula: str) -> ir.Value:
    """`a + b - c` of the wide table's columns, exactly."""
    words = formula.split()
    total = wide[words[0]].cast(FIGURE)
    for sign, column in zip(words[1::2], words[2::2], strict=True):
        part = wide[column].cast(FIGURE)
        total = (total + part if sign == "+" else total - part).cast(FIGURE)
    return total
