"""Subscription versions and bills: no overlap, no knowledge of the future, nothing after the end of history."""

import sqlite3

import pytest


def one(connection: sqlite3.Connection, query: str) -> int:
    """The single number that a query gives."""
    return connection.execute(query).fetchone()[0]


def test_versions_of_a_subscription_follow_each_other_without_gap_or_overlap(billing: sqlite3.Connection) -> None:
    pairs = billing.execute(
        "SELECT valid_to, lead(valid_from) OVER (PARTITION BY subscription_id ORDER BY valid_from), valid_from FROM clean"
    ).fetchall()
    assert len(pairs) > 4000
    assert [pair for pair in pairs if pair[0] != pair[1] or (pair[0] is not None and pair[0] <= pair[2])] == []


IMPOSSIBLE = {
    "a cancellation known before it was asked for": "cancel_requested_at > valid_from",
    "an end known before it came": "ended_at IS NOT NULL AND (status <> 'ended' OR ended_at <> valid_from)",
    "an ended version that goes on": "status = 'ended' AND (valid_to IS NOT NULL OR ended_at IS NULL OR ended_reason IS NULL)",
    "a reason without a request": "cancel_reason IS NOT NULL AND cancel_requested_at IS NULL",
    "a yearly contract without a renewal": "status = 'active' AND interval_unit = 'year' AND renews_at IS NULL",
    "a term that is over": "renews_at <= valid_from",
    "a beginning after the end of history": "valid_from >= '2026-11-01' OR valid_to >= '2026-11-01' OR changed >= '2026-11-01'",
    "a trial that is paid": "status = 'active' AND valid_from < trial_ends_at",
    "a discount above the price": "discount >= seats * price",
    "more than two decimals": "round(price, 2) <> price OR round(coalesce(discount, 0), 2) <> coalesce(discount, 0)",
    "a midnight": "time(valid_from) < '00:05:00' OR time(valid_from) > '23:55:00'",
    "dunning beyond thirty days": "status = 'past_due' AND julianday(valid_to) - julianday(valid_from) > 30.0001",
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_no_version_holds(billing: sqlite3.Connection, what: str) -> None:
    assert one(billing, "SELECT count(*) FROM clean") > 4000
    assert one(billing, f"SELECT count(*) FROM clean WHERE {IMPOSSIBLE[what]}") == 0


def test_a_cancellation_opens_its_version(billing: sqlite3.Connection) -> None:
    asked = one(billing, "SELECT count(DISTINCT subscription_id) FROM clean WHERE cancel_requested_at IS NOT NULL")
    opened = one(billing, "SELECT count(*) FROM clean WHERE cancel_requested_at = valid_from")
    assert asked == opened > 200


def test_service_goes_on_some_days_after_the_request(billing: sqlite3.Connection) -> None:
    days = billing.execute(
        "SELECT julianday(ended_at) - julianday(cancel_requested_at) FROM clean WHERE ended_reason = 'cancelled'"
        " AND cancel_requested_at IS NOT NULL"
    ).fetchall()
    assert len(days) > 150
    assert min(days)[0] > 3
    assert max(days)[0] < 100


def test_many_renewals_are_near_and_some_do_not_renew_by_themselves(billing: sqlite3.Connection) -> None:
    near = "status = 'active' AND valid_to IS NULL AND renews_at BETWEEN '2026-11-01' AND '2027-01-30'"
    assert one(billing, f"SELECT count(*) FROM clean WHERE auto_renew = 1 AND {near}") > 40
    assert one(billing, f"SELECT count(*) FROM clean WHERE auto_renew = 0 AND {near}") > 40


def test_a_price_rise_is_fifteen_to_twenty_five_per_cent_at_a_renewal(billing: sqlite3.Connection) -> None:
    rises = billing.execute(
        "WITH v AS (SELECT *, lag(price) OVER w AS old, lag(plan) OVER w AS old_plan FROM clean"
        " WINDOW w AS (PARTITION BY subscription_id ORDER BY valid_from))"
        " SELECT 1.0 * price / old FROM v WHERE plan = old_plan AND price <> old"
    ).fetchall()
    assert len(rises) > 80
    assert min(rises)[0] > 1.149
    assert max(rises)[0] < 1.256


def test_every_invoice_belongs_to_a_paying_version(billing: sqlite3.Connection) -> None:
    billed = "FROM invoices i WHERE i.kind = 'subscription' AND i.invoice_no LIKE 'I-%'"
    assert one(billing, f"SELECT count(*) {billed}") > 10_000
    rows = billing.execute(
        "SELECT count(*) FROM invoices i JOIN clean v ON v.subscription_id = i.subscription_id AND v.status = 'active'"
        " AND v.valid_from <= i.issued_at AND (v.valid_to IS NULL OR v.valid_to > i.issued_at)"
        " AND abs(v.seats * v.price - coalesce(v.discount, 0) - i.net) < 0.005"
        " WHERE i.kind = 'subscription' AND i.invoice_no LIKE 'I-%'"
    ).fetchone()
    assert rows[0] == one(billing, f"SELECT count(*) {billed}")


def test_a_paid_invoice_has_one_successful_payment_of_its_amount(billing: sqlite3.Connection) -> None:
    paid = one(billing, "SELECT count(*) FROM invoices WHERE paid_at IS NOT NULL AND invoice_no LIKE 'I-%'")
    matched = one(
        billing,
        "SELECT count(DISTINCT payment_id) FROM payments p JOIN invoices i USING (invoice_no) WHERE p.status = 'succeeded'"
        " AND p.payment_id LIKE 'P-%' AND p.attempted_at = i.paid_at AND abs(p.amount - i.net - i.tax) < 0.005",
    )
    assert paid == matched > 10_000
