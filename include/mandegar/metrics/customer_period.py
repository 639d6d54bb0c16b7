"""Customers, by period and as a dimension; what identifies a person is kept in a table of its own."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.mrr import PERIOD

PERSONAL = ("name", "email", "phone", "birth_date")
DIMENSION = (
    "customer_id",
    "kind",
    "country",
    "region",
    "city",
    "language",
    "time_zone",
    "segment",
    "industry",
    "acquisition_channel",
    "signed_up_at",
    "owner",
    "strategic_role",
    "deleted_at",
    "attributes",
)
CONTACT = (
    "customer_id",
    "name",
    "email",
    "phone",
    "birth_date",
    "preferred_channel",
    "preferred_hour",
    "email_opt_in",
    "sms_opt_in",
    "call_opt_in",
    "consent_at",
    "do_not_contact",
)


def contract(accounts: ir.Table, periods: ir.Table, revenues: ir.Table, company_calendar: str) -> ir.Table:
    """What each customer was worth and how it stood, month by month of the company's calendar.

    Grain: one row per month and customer_id with a subscription at either boundary, or revenue within.
    Columns: status at the end (trial, active, past_due, paused, churned, prospect); m0, m1, MRR in the company's currency;
    revenue of the month.
    """
    months = accounts.filter((accounts.period_kind == "month") & (accounts.calendar == company_calendar))
    held = months.group_by(*PERIOD, "customer_id").agg(
        m0=months.r0.sum(),
        m1=months.r1.sum(),
        ever=months.ever_paid.any(),
        **{name: months[name].any() for name in ("is_paused", "is_past_due", "is_trial")},
    )
    paying = held.m1 > 0
    stated = held.mutate(
        status=ibis.cases(
            (paying & held.is_past_due, "past_due"),
            (paying, "active"),
            (held.is_paused, "paused"),
            (held.is_trial, "trial"),
            (held.ever | (held.m0 > 0), "churned"),
            else_="prospect",
        )
    )
    return _with_revenue(stated.select(*PERIOD, "customer_id", "status", "m0", "m1"), periods, revenues)


def inactivity(presence: ir.Table, periods: ir.Table, revenues: ir.Table, company_calendar: str) -> ir.Table:
    """How each customer stood, month by month; columns as in `contract`, m0 and m1 empty.

    Grain: one row per month and customer_id active at either boundary. status: active or churned.
    """
    months = presence.filter((presence.period_kind == "month") & (presence.calendar == company_calendar))
    empty = ibis.null("decimal(38, 4)")
    stated = months.select(*PERIOD, "customer_id", status=months.after.ifelse("active", "churned"), m0=empty, m1=empty)
    return _with_revenue(stated, periods, revenues)


def _with_revenue(stated: ir.Table, periods: ir.Table, revenues: ir.Table) -> ir.Table:
    joined = stated.join(revenues, [*PERIOD, "customer_id"], how="left").join(
        periods.select(*PERIOD, "period_end", "is_complete"), list(PERIOD)
    )
    nothing = ibis.literal(0).cast("decimal(18, 4)")
    return joined.select(
        *PERIOD,
        "period_end",
        "is_complete",
        "customer_id",
        "status",
        m0=joined.m0.cast("decimal(18, 4)"),
        m1=joined.m1.cast("decimal(18, 4)"),
        revenue=joined.revenue.fill_null(nothing),
    )


def dim_customer(customers: ir.Table) -> ir.Table:
    """What is known of a customer without saying who it is. Grain: one row per customer_id."""
    return customers.select(*DIMENSION)


def customer_contact(customers: ir.Table) -> ir.Table:
    """Who a customer is and how to reach them: personal data, with grants of its own. Grain: one row per customer_id."""
    return customers.select(*CONTACT)
