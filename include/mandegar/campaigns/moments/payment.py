"""Payments that failed, and cards that expire."""

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.moments.window import Window, one_each, told
from mandegar.compute.engine import Engine
from mandegar.risk.evening import Evening

NO_INVOICE = "p "


def failures(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers with an invoice whose payment first failed in that time, or without one, a payment that did.

    Grain and columns as moments.window says: event_at is the first attempt that failed, amount what the last one asked for, reason_code
    its failure_code; already: a later attempt succeeded, or the invoice was paid or voided. Of several the one that still fails, then
    the oldest.
    """
    seen = failed_payments(evening, window)
    first = one_each(seen, seen.already.asc(), seen.event_at.asc(), seen.about.asc())
    return told(first, first.event_at, first.about, first.code.coalesce("payment_failed"), first.amount, first.currency, first.already)


def failed_payments(evening: Evening, window: Window) -> ir.Table:
    """What was asked for in vain, first within that time.

    Grain: one row per customer_id and about: the invoice_id, or "p " and the payment_id without one. Columns: event_at, of the first
    attempt that failed; last_at, of the last; amount, currency and code of the last; paid_at; already: a later attempt succeeded, or the
    invoice was paid or voided.
    """
    payments, invoices = evening.entities["payment"], evening.entities["invoice"]
    about = payments.mutate(about=payments.invoice_id.coalesce(NO_INVOICE + payments.payment_id))
    tried = about.filter(about.status.isin(["failed", "succeeded"]))
    failed = tried.status == "failed"
    sums = tried.group_by("customer_id", "about").agg(
        event_at=tried.attempted_at.min(where=failed),
        last_at=tried.attempted_at.max(where=failed),
        paid_at=tried.attempted_at.max(where=~failed),
        amount=tried.amount.argmax(tried.attempted_at, where=failed),
        currency=tried.currency.argmax(tried.attempted_at, where=failed),
        code=tried.failure_code.argmax(tried.attempted_at, where=failed),
    )
    closed = invoices.filter(invoices.paid_at.notnull() | invoices.voided_at.notnull()).select(
        about="invoice_id", closed=ibis.literal(True)
    )
    joined = sums.filter(window.holds(sums.event_at)).join(closed.distinct(), "about", how="left").select(*sums.columns, "closed")
    return joined.mutate(already=joined.closed.fill_null(False) | (joined.paid_at > joined.last_at).fill_null(False))


def card_expiries(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers whose card, by their last payment, expires in that time. Grain and columns as moments.window says."""
    payments = evening.entities["payment"]
    carded = payments.filter(payments.card_expires_on.notnull())
    last = one_each(carded, carded.attempted_at.desc(), carded.payment_id.desc())
    at = (last.card_expires_on.cast("timestamp") + ibis.interval(hours=12)).cast("timestamp('UTC')")  # the same day in every zone
    found = last.mutate(at=at).filter(lambda t: window.holds(t.at))
    return told(found, found.at, "card", "card_expires")
