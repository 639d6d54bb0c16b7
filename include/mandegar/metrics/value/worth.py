"""What one point of churn is worth: the money that a hundredth less of it would keep in a year."""

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.grain import CELL, FIGURE, PERIOD
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.purchases import purchases

POINT = Decimal("0.01")
MONTHS = 12
MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
WORTH = (
    Metric("churn_point_customers", "churn_point_customers", None, "customers a month that one point of monthly churn is"),
    Metric("churn_point_worth", "churn_point_worth", None, "what they would pay in a year: customers x ARPA x 0.01 x 12"),
)


def worth_of_points(customers: Decimal, arpa: Decimal, points: Decimal = Decimal(1)) -> Decimal:
    """What so many points of monthly churn are worth in a year, in the currency of arpa.

    Formula: customers x ARPA (per month) x points / 100 x 12: each customer kept pays for a year. Source: metrics.md.
    """
    return customers * arpa * points * POINT * MONTHS


def worth(wide: ir.Table) -> ir.Table:
    """What one point of churn is worth, from figures of the same cells.

    Grain: one row per CELL of wide. Columns (decimal(38,4)): churn_point_customers = customers_end x 0.01, and
    churn_point_worth = customers_end x ARPA x 0.01 x 12, which is mrr_end x 0.12, in the company's currency; empty without
    customers. wide: CELL, customers_end, mrr_end.
    """
    there = wide.customers_end.cast(FIGURE)
    return wide.select(
        *CELL,
        churn_point_customers=_if_any(there, there * ibis.literal(POINT)),
        churn_point_worth=_if_any(there, wide.mrr_end.cast(FIGURE) * ibis.literal(POINT * MONTHS)),
    )


def worth_without_contracts(wide: ir.Table, periods: ir.Table) -> ir.Table:
    """What one point of churn is worth where customers have no contract.

    Grain: one row per CELL of wide in a closed month, quarter or year. Columns: those of `worth`, ARPA being the period's
    revenue per month and customer at its end. wide: CELL, customers_end, revenue.
    """
    months = periods.period_kind.cases(*MONTHS_IN.items())
    closed = periods.filter(periods.is_complete & periods.period_kind.isin(tuple(MONTHS_IN))).select(*PERIOD, months=months)
    told = wide.join(closed, list(PERIOD))
    there = told.customers_end.cast(FIGURE)
    return told.select(
        *CELL,
        churn_point_customers=_if_any(there, there * ibis.literal(POINT)),
        # twelve months of a third of a quarter's revenue are four quarters': no division that could not be exact
        churn_point_worth=_if_any(
            there,
            told.months.cases(
                *((length, told.revenue.cast(FIGURE) * ibis.literal(POINT * (MONTHS // length))) for length in MONTHS_IN.values())
            ),
        ),
    )


def _if_any(customers: ir.DecimalValue, value: ir.DecimalValue) -> ir.DecimalValue:
    return (customers > 0).ifelse(value.cast(FIGURE), ibis.null(FIGURE)).cast(FIGURE)


def _family(night: MeasuredNight, given: Given) -> Found:
    """With contracts its small cells are those of the core, else those of the revenue it is made of."""
    assert given.wide is not None
    if night.contractual:
        return Found(night.engine.keep(worth(given.wide)), hidden_with=())
    if not purchases.FAMILY.applies_to(night):
        return Found()
    return Found(night.engine.keep(worth_without_contracts(given.wide, night.periods)), hidden_with=(purchases.FAMILY.title,))


FAMILY = Family("What a point of churn is worth", "value.worth.worth", WORTH, _family, without_contracts=("payment",), of_money=True)
