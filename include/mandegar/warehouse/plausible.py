"""What has to hold of published figures, whatever they are: shares are shares, movements add up, every customer is known."""

from datetime import date

import sqlalchemy as sa

from mandegar.config.company import Company
from mandegar.metrics.contracts.policies import Policies, conventions
from mandegar.warehouse import tables
from mandegar.warehouse.parts import latest_night

CHURN = ("logo_churn_rate", "voluntary_churn_rate", "involuntary_churn_rate", "cancellation_rate", "non_renewal_rate")
SHARES = (*CHURN, "logo_retention_rate", "gross_revenue_retention", "reactivation_rate")
NEVER_NEGATIVE = (
    "customers_start",
    "customers_end",
    "customers_churned",
    "mrr_start",
    "mrr_end",
    "new_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churned_mrr",
)
# what leads from one figure to another, by metric and sign; what a company does not have counts as 0
IDENTITIES = {
    "customers_add_up": {
        **dict.fromkeys(("customers_start", "customers_new", "customers_reactivated", "customers_resumed"), 1),
        **{"customers_churned_from_pause": 1, "customers_churned": -1, "customers_paused": -1, "customers_end": -1},
    },
    "mrr_adds_up": {
        **dict.fromkeys(("mrr_start", "new_mrr", "reactivation_mrr", "resumed_mrr", "expansion_mrr", "fx_mrr"), 1),
        **dict.fromkeys(("contraction_mrr", "churned_mrr", "paused_mrr", "mrr_end"), -1),
    },
}
CENT = 0.01
NEARLY = 1e-9  # SQLite keeps doubles


def shares(connection: sa.Connection, company: Company) -> list[dict]:
    """Shares lie between 0 and 1, and what cannot be negative is not.

    A churn rate may be above 1 under a convention that counts who came and went against those who were there at the start.
    """
    table = tables.kpi_period
    open_ended = [name for name, policies in conventions(company).items() if _may_exceed(policies)]
    may = table.c.metric.in_(CHURN) & table.c.convention.in_(open_ended)
    wrong = {
        "share_between_0_and_1": (SHARES, (table.c.value < 0) | ((table.c.value > 1) & ~may)),
        "not_negative": (NEVER_NEGATIVE, table.c.value < 0),
    }
    found = []
    for rule, (metrics, condition) in wrong.items():
        counted = sa.select(sa.func.count(), sa.func.count(sa.case((condition, 1)))).where(table.c.metric.in_(metrics))
        found.append(result(table.name, rule, "fail", *connection.execute(counted).one()))
    return found


def _may_exceed(policies: Policies) -> bool:
    return policies.new_and_gone == "counted" and policies.churn_base == "start"


def identities(connection: sa.Connection, as_of: date) -> list[dict]:
    """What has to add up does, to the cent: customers and MRR from one boundary to the next, quotients, and customers everywhere."""
    kpi, moved = tables.kpi_period, tables.fct_mrr_movement
    cell = (kpi.c.convention, kpi.c.calendar, kpi.c.period_kind, kpi.c.period_start)
    whole = kpi.c.dimension == "all"
    found = []
    for rule, signs in IDENTITIES.items():
        signed = sa.case(*((kpi.c.metric == metric, kpi.c.numerator * sign) for metric, sign in signs.items()), else_=0)
        size = sa.func.max(sa.case((kpi.c.metric.in_(signs), sa.func.abs(kpi.c.numerator)), else_=0))
        sums = sa.select(sa.func.sum(signed).label("rest"), size.label("size")).where(whole).group_by(*cell).subquery()
        found.append(_counted(connection, kpi, rule, sums, sa.func.abs(sums.c.rest) > CENT + NEARLY * sums.c.size))
    quotient = kpi.c.numerator / sa.func.nullif(kpi.c.denominator, 0)
    apart = sa.func.abs(kpi.c.value - quotient) > NEARLY * (1 + sa.func.abs(kpi.c.value))
    divided = sa.select(sa.case((apart, 1), else_=0).label("apart")).where(kpi.c.denominator != 0, kpi.c.value.is_not(None)).subquery()
    found.append(_counted(connection, kpi, "value_is_the_quotient", divided, divided.c.apart == 1))
    period = (moved.c.calendar, moved.c.period_kind, moved.c.period_start)
    by_customer = sa.select(*period, sa.func.sum(moved.c.amount_reporting).label("moved")).group_by(*period).subquery()
    ends = _ends()
    both = (
        sa.select((ends.c.change - sa.func.coalesce(by_customer.c.moved, 0)).label("rest"), ends.c.size)
        .select_from(ends.outerjoin(by_customer, sa.and_(*(ends.c[key.name] == by_customer.c[key.name] for key in period))))
        .subquery()
    )
    found.append(_counted(connection, moved, "movements_lead_to_mrr", both, sa.func.abs(both.c.rest) > CENT + NEARLY * both.c.size))
    return found + _customers_known(connection, as_of)


def _customers_known(connection: sa.Connection, as_of: date) -> list[dict]:
    """Whoever has a contact, a standing in the period that still runs, or a risk or a segment tonight, is a customer."""
    if latest_night(connection) != as_of:
        return []  # a night made again: its risks speak of whoever was there then
    known, found = tables.dim_customer.c.customer_id, []
    for table, now in (
        (tables.customer_contact, sa.true()),
        (tables.fct_customer_period, tables.fct_customer_period.c.is_complete.is_(False)),
        (tables.customer_risk, tables.customer_risk.c.as_of == as_of),
        (tables.customer_segment, tables.customer_segment.c.as_of == as_of),
    ):
        named = sa.select(table.c.customer_id).where(now).distinct().subquery()
        rows = sa.select(known.label("known")).select_from(named.outerjoin(tables.dim_customer, named.c.customer_id == known)).subquery()
        found.append(_counted(connection, table, "customer_described", rows, rows.c.known.is_(None)))
    return found


def _ends() -> sa.Subquery:
    """How much MRR changed in every period, by the default convention's key figures."""
    kpi = tables.kpi_period
    signed = sa.case((kpi.c.metric == "mrr_end", kpi.c.numerator), else_=-kpi.c.numerator)
    return (
        sa.select(kpi.c.calendar, kpi.c.period_kind, kpi.c.period_start)
        .add_columns(sa.func.sum(signed).label("change"), sa.func.max(kpi.c.numerator).label("size"))
        .where(kpi.c.dimension == "all", kpi.c.convention == "default", kpi.c.metric.in_(("mrr_start", "mrr_end")))
        .group_by(kpi.c.calendar, kpi.c.period_kind, kpi.c.period_start)
        .subquery()
    )


def _counted(connection: sa.Connection, table: sa.Table, rule: str, rows: sa.Subquery, wrong: sa.ColumnElement[bool]) -> dict:
    """The rows of a query that break a rule, counted."""
    counted = sa.select(sa.func.count(), sa.func.count(sa.case((wrong, 1)))).select_from(rows)
    return result(table.name, rule, "fail", *connection.execute(counted).one())


def result(table: str, rule: str, severity: str, evaluated: int, unexpected: int) -> dict:
    """A line of data_quality_result."""
    return {
        "source": f"warehouse.{table}",
        "entity": table,
        "rule": rule,
        "severity": severity,
        "evaluated": evaluated,
        "unexpected": unexpected,
        "status": "passed" if not unexpected else {"fail": "failed", "warn": "warned"}[severity],
    }
