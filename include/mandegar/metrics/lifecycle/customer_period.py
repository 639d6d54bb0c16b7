"""Customers, by period and as a dimension; what identifies a person is kept in a table of its own."""

import ibis
import ibis.expr.types as ir

from mandegar.compute.money import MONEY
from mandegar.config.company import Company
from mandegar.metrics.frame.grain import PERIOD, PERIOD_NAME
from mandegar.metrics.frame.periods import named

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


def contract(accounts: ir.Table, periods: ir.Table, revenues: ir.Table, used: ir.Table | None, company: Company) -> ir.Table:
    """What each customer was worth and how it stood, month by month of the company's calendar.

    Grain: one row per month and customer_id with a subscription at either boundary.
    Columns: status at the end (trial, active, inactive, past_due, paused, churned, prospect); m0, m1, MRR in the company's
    currency; revenue of the month. Inactive is who pays, has paid for longer than the company's inactive days, and has not
    used the product in them (used: activity.used_lately; without it nobody is inactive).
    """
    of_month = _months(periods, company)
    of_month = of_month.select(*PERIOD, silent_from=of_month.ends_at - ibis.interval(days=company.churn.silent_days))
    joined = accounts.join(of_month, list(PERIOD))
    months = joined.select(*accounts.columns, "silent_from")
    paying = months.is_paying
    if used is None:
        silent = ibis.literal(False)
    else:
        seen = months.join(used.mutate(used=ibis.literal(True)), [*PERIOD, "customer_id"], how="left")
        months = seen.select(*months.columns, used=seen.used.fill_null(False))
        paying = months.is_paying
        silent = (months.first_paid_at < months.silent_from).fill_null(False) & ~months.used
    stated = months.select(
        *PERIOD,
        "customer_id",
        m0="before",
        m1="after",
        status=ibis.cases(
            (paying & months.is_past_due, "past_due"),
            (paying & silent, "inactive"),
            (paying, "active"),
            (months.is_paused, "paused"),
            (months.is_trial, "trial"),
            (months.ever_paid | months.was_paying, "churned"),
            else_="prospect",
        ),
    )
    return _with_revenue(stated, periods, revenues)


def inactivity(presence: ir.Table, periods: ir.Table, revenues: ir.Table, lately: ir.Table, company: Company) -> ir.Table:
    """How each customer stood, month by month; columns as in `contract`, m0 and m1 empty.

    Grain: one row per month and customer_id active at either boundary. status: active, inactive (bought within the
    company's days, but not within its inactive days; lately: activity.active_at of those) or churned.
    """
    months = presence.semi_join(_months(periods, company), list(PERIOD))
    seen = lately.select(ends_at=lately["at"], customer_id=lately.customer_id, lately=ibis.literal(True))
    joined = months.join(seen, ["ends_at", "customer_id"], how="left")
    status = ibis.cases((joined.after & joined.lately.fill_null(False), "active"), (joined.after, "inactive"), else_="churned")
    empty = ibis.null(MONEY)
    return _with_revenue(joined.select(*PERIOD, "customer_id", status=status, m0=empty, m1=empty), periods, revenues)


def _months(periods: ir.Table, company: Company) -> ir.Table:
    return periods.filter((periods.period_kind == "month") & (periods.calendar == company.calendar))


def _with_revenue(stated: ir.Table, periods: ir.Table, revenues: ir.Table) -> ir.Table:
    earned = stated.join(revenues, [*PERIOD, "customer_id"], how="left").select(*stated.columns, "revenue")
    joined = named(earned, periods, "period_end", "is_complete")
    nothing = ibis.literal(0).cast(MONEY)
    return joined.select(
        *PERIOD_NAME,
        "period_end",
        "is_complete",
        "customer_id",
        "status",
        m0=joined.m0.cast(MONEY),
        m1=joined.m1.cast(MONEY),
        revenue=joined.revenue.fill_null(nothing),
    )


def dim_customer(customers: ir.Table) -> ir.Table:
    """What is known of a customer without saying who it is. Grain: one row per customer_id."""
    return customers.select(*DIMENSION)


def customer_contact(customers: ir.Table) -> ir.Table:
    """Who a customer is and how to reach them: personal data, with grants of its own. Grain: one row per customer_id."""
    return customers.select(*CONTACT)
