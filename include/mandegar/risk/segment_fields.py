"""The fields that rules of segments may name: what the CRM says of a customer, what is measured, and what was judged."""

from typing import get_args

import ibis
import ibis.expr.types as ir

from mandegar.metrics.contracts.ledger import PAYING
from mandegar.risk.evening import Evening
from mandegar.risk.health import FEATURES, Action
from mandegar.risk.value_tier import TIERS
from mandegar.rules.fields import OF_CUSTOMER, Known, kind_of

BANDS = ("high", "medium", "low")
RISK = ("health_score", "risk_band", "churn_probability", "action", "reason_code_1", "reason_code_2", "reason_code_3")
SIGNALS = (  # of risk.features, beside those that health.yaml may name
    *("days_overdue", "days_since_failure", "days_since_open", "days_since_rise", "days_since_survey", "days_since_ticket", "tenure_days"),
    *("auto_renew", "bills_overdue", "called", "card_days_left", "ces_last", "channel_churn_percent", "cohort_churn_percent"),
    *("credits_in_year", "critical_open", "csat_last", "days_of_use", "days_past_due", "days_since_key_feature"),
    *("days_to_discount_end", "days_to_renewal", "discount_percent", "events_a_week", "events_a_week_before", "failed_in_year"),
    *("features_percent_of_before", "features_used", "gap_days", "gap_spread", "interval_months", "last_rise_percent"),
    *("mails_opened_percent", "minutes_a_week", "nps_change", "order_value", "owner_churn_percent", "pauses", "price_visits"),
    *("purchase_days", "purchase_days_in_year", "purchase_days_lately", "reopened", "response_hours_before"),
    *("response_unanswered", "seats", "seats_percent_of_before", "sentiment_change", "sentiment_texts"),
    *("spend_percent_of_before", "subscriptions", "survey_sentiment", "ticket_csat", "ticket_sentiment", "tickets"),
    *("tickets_before", "tickets_open", "usage_percent_in_fortnight", "visits"),
)
MEASURED: dict[str, Known] = {
    **dict.fromkeys((*FEATURES, *SIGNALS, "annual_value", "mrr", "health_score", "churn_probability"), Known("number")),
    **dict.fromkeys(("plan", "reason_code_1", "reason_code_2", "reason_code_3"), Known("text")),
    "renews_at": Known("time"),
    "risk_band": Known("text", BANDS),
    "value_tier": Known("text", TIERS),
    "action": Known("text", get_args(Action)),
}
FIELDS: dict[str, Known] = OF_CUSTOMER | MEASURED


def fields_of(wide: ir.Table) -> dict[str, Known]:
    """The fields of a night: those that are always known of, and whatever else is measured."""
    found = {name: Known(kind) for name, type_ in wide.schema().items() if (kind := kind_of(type_)) is not None}
    return found | FIELDS


def wide_table(evening: Evening, features: ir.Table, risk: ir.Table) -> ir.Table:
    """All that a field can be, side by side.

    Grain: one row per customer_id of `features`, those who can still leave. Columns: theirs; of customer_risk RISK, value_tier and cell
    (its segment); with contracts renews_at, when the next term ends; those of the customer entity. risk: rows of customer_risk.
    """
    tiers = [(risk.segment.endswith(f"_{tier}_value"), tier) for tier in TIERS]
    judged = risk.select("customer_id", *RISK, cell="segment", value_tier=ibis.cases(*tiers, else_=ibis.null("string")))
    wide = features.drop(*(name for name in judged.columns if name in features.columns and name != "customer_id"))
    by_contract = [_terms(evening)] if evening.company.churn.kind == "contract" else []
    for part in (judged, *by_contract, evening.entities["customer"]):
        joined = wide.join(part, "customer_id", how="left")
        wide = joined.select(*wide.columns, *(name for name in part.columns if name not in wide.columns))
    return wide


def _terms(evening: Evening) -> ir.Table:
    """When the next term ends. Grain: one row per customer_id with a present contract that says so. Column: renews_at."""
    versions = evening.entities["subscription"]
    present = versions.filter(versions.valid_to.isnull() & versions.status.isin(PAYING) & (versions.renews_at >= evening.now))
    return present.group_by("customer_id").agg(renews_at=present.renews_at.min())
