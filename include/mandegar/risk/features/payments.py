"""What payments show: failures, the card, and bills that are overdue."""

import ibis
import ibis.expr.types as ir

from mandegar.risk.evening import Evening

FAILED_WITHIN, FAILURES_OF = 60, 365


def payments(evening: Evening) -> ir.Table:
    """What the attempts to pay show, one row per customer_id that made any.

    failed_payments: failures of the past 60 days after the last payment that went through (one given back later did go through);
    failed_in_year: failures of the past 365 days; days_since_failure; card_days_expired: days since the card last tried ran out;
    card_days_left: days until it does, empty when it has.
    """
    tried = evening.entities["payment"]
    good = tried.filter(tried.status != "failed").group_by("customer_id").agg(good_at=ibis._.attempted_at.max())
    last = ibis.row_number().over(group_by="customer_id", order_by=[tried.attempted_at.desc(), tried.payment_id.desc()])
    marked = tried.mutate(place=last).join(good, "customer_id", how="left")
    failed = marked.status == "failed"
    after = failed & (marked.good_at.isnull() | (marked.attempted_at > marked.good_at))
    expired = ibis.literal(evening.as_of).delta(marked.card_expires_on, unit="day")
    of_last = (marked.place == 0).ifelse(expired, ibis.null("int64"))
    wide = marked.group_by("customer_id").agg(
        failed_payments=(after & (marked.attempted_at >= evening.since(FAILED_WITHIN))).sum().cast("float64"),
        failed_in_year=(failed & (marked.attempted_at >= evening.since(FAILURES_OF))).sum().cast("float64"),
        days_since_failure=evening.days_since(marked.attempted_at.max(where=failed)),
        card=of_last.max().cast("float64"),
    )
    empty = ibis.null("float64")
    return wide.mutate(
        card_days_expired=wide.card.notnull().ifelse(ibis.greatest(wide.card, 0.0), empty),
        card_days_left=(wide.card <= 0).ifelse(-wide.card, empty),
    ).drop("card")


def bills(evening: Evening) -> ir.Table:
    """bills_overdue: invoices past their due day and not paid; days_overdue: of the oldest of them."""
    billed = evening.entities["invoice"]
    open_ = billed.filter(
        (billed.kind != "credit") & billed.voided_at.isnull() & billed.paid_at.isnull() & (billed.due_at < evening.now).fill_null(False)
    )
    return open_.group_by("customer_id").agg(
        bills_overdue=open_.count().cast("float64"),
        days_overdue=evening.days_since(open_.due_at.min()),
    )
