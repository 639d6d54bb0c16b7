"""Stripe end to end: three nights of events up to the entities, with what Stripe does to amounts, periods, pauses and discounts."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tests.sources.vendors.fake_stripe import FakeStripe, at, charge, customer, invoice, price, subscription

from mandegar.errors import SourceError
from mandegar.sources.vendors.stripe_money import minor_units, unit_amount

FIRST, SECOND, THIRD = date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 12)
BASIC, PRO = price("basic", 1000), price("pro", 2550)


@pytest.fixture
def stripe(httpserver: HTTPServer) -> FakeStripe:
    fake = FakeStripe()
    httpserver.expect_request("/v1/customers").respond_with_handler(fake)
    for kind in ("subscriptions", "invoices", "credit_notes", "charges", "refunds", "events"):
        httpserver.expect_request(f"/v1/{kind}").respond_with_handler(fake)
    return fake


@pytest.fixture
def folder(vendor, httpserver: HTTPServer) -> Path:
    return vendor("stripe", httpserver.url_for(""), password="rk_test_secret")


def raw_versions(take, folder: Path, *names: str) -> list[tuple]:
    """Columns of the versions that the first night reads, as text, oldest first."""
    rows = take(folder, "stripe.subscription", FIRST)
    return [tuple(row.get(name) for name in names) for row in sorted(rows, key=lambda row: row["valid_from"])]


def versions(rows: dict, *names: str) -> list[tuple]:
    """Columns of the subscription's versions, oldest first."""
    return [tuple(row.get(name) for name in names) for row in sorted(rows["subscription"], key=lambda row: row["valid_from"])]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def three_days(stripe: FakeStripe) -> list:
    """What happens before the first, the second and the third night."""
    acme = subscription("sub_1", "acme", "2025-11-01", (BASIC, 3))

    def before_first() -> None:
        for name in ("acme", "beta", "gone"):
            stripe.tell("customers", "customer.created", "2025-11-01", customer(name, "2025-11-01"))
        stripe.events.clear()  # Stripe keeps events for 30 days
        stripe.tell("subscriptions", "customer.subscription.updated", "2026-03-05T10:00", acme, items=_items((BASIC, 1)))
        stripe.objects["subscriptions"]["sub_2"] = subscription("sub_2", "beta", "2025-12-01", (PRO, 1))
        stripe.tell("invoices", "invoice.finalized", "2026-03-09", invoice("in_1", "acme", "2026-03-09", 3300, tax=300))

    def before_second() -> None:
        paid = {"finalized_at": at("2026-03-09"), "paid_at": at("2026-03-11T08:00"), "voided_at": None}
        stripe.tell(
            "invoices", "invoice.paid", "2026-03-11T08:00", invoice("in_1", "acme", "2026-03-09", 3300, tax=300, status_transitions=paid)
        )
        stripe.tell("charges", "charge.succeeded", "2026-03-11T08:00", charge("ch_1", "acme", "2026-03-11T08:00", 3300))
        stripe.tell("customers", "customer.deleted", "2026-03-11T09:00", stripe.objects["customers"]["gone"])

    def before_third() -> None:
        asked = {"cancel_at_period_end": True, "canceled_at": at("2026-03-12T07:00"), "cancellation_details": {"feedback": "too_expensive"}}
        stripe.tell("subscriptions", "customer.subscription.updated", "2026-03-12T07:00", acme | asked, cancel_at_period_end=False)
        stripe.tell("charges", "charge.failed", "2026-03-11T23:00", charge("ch_2", "beta", "2026-03-11T23:00", 2550, **_failed()))  # late

    return [before_first, before_second, before_third]


def _items(*items: tuple) -> dict:
    return subscription("x", "x", "2026-01-01", *items)["items"]


def _failed() -> dict:
    return {"status": "failed", "failure_code": None, "outcome": {"reason": "insufficient_funds"}}


def test_three_nights_with_a_late_charge_a_deleted_customer_and_a_cancellation_and_the_second_made_again(vendor, night, httpserver, stripe):
    folder = vendor("stripe", httpserver.url_for(""), password="rk_test_secret", more="    tables: {credit_note: false, refund: false}\n")
    found = []
    for happens, as_of in zip(three_days(stripe), (FIRST, SECOND, THIRD), strict=True):
        happens()
        found.append(night(folder, as_of))
    first, second, third = found
    assert versions(first, "subscription_id", "valid_from", "valid_to", "quantity", "unit_price") == [
        ("sub_1", moment("2025-11-01"), moment("2026-03-05T10:00"), Decimal(1), Decimal(10)),
        ("sub_2", moment("2025-12-01"), None, Decimal(1), Decimal("25.5")),
        ("sub_1", moment("2026-03-05T10:00"), None, Decimal(3), Decimal(10)),
    ]
    assert "paid_at" not in first["invoice"][0] and second["invoice"][0]["paid_at"] == moment("2026-03-11T08:00")
    assert (second["invoice"][0]["net_amount"], second["invoice"][0]["tax_amount"]) == (Decimal(30), Decimal(3))
    assert [row.get("deleted_at") for row in second["customer"]] == [None, None, moment("2026-03-11T09:00")]
    assert [(row["payment_id"], row["status"], row.get("failure_code")) for row in third["payment"]] == [
        ("ch_1", "succeeded", None),
        ("ch_2", "failed", "insufficient_funds"),
    ]
    assert third["payment"][0]["card_expires_on"] == date(2028, 2, 29)
    assert versions(third, "auto_renew", "cancel_requested_at", "cancel_reason")[-1] == (
        False,
        moment("2026-03-12T07:00"),
        "too_expensive",
    )
    stripe.events.pop()  # the late charge was not known on the second evening
    assert night(folder, SECOND, again=True) == second


def test_later_nights_read_events_and_list_nothing(folder, take, stripe):
    first, second, _ = three_days(stripe)
    first()
    take(folder, "stripe.customer", FIRST)
    second()
    stripe.asked.clear()
    assert [row["id"] for row in take(folder, "stripe.customer", SECOND)] == ["gone"]
    assert stripe.asked == ["events", "events"]  # the newest, to know what Stripe still has, and those of the window


@pytest.mark.parametrize("place", ["item", "subscription"])
def test_the_period_is_found_on_the_items_and_on_the_subscription(folder, take, stripe, place):
    given = subscription("sub_1", "acme", "2026-03-01", (BASIC, 1))
    if place == "subscription":  # as older versions of Stripe's interface write it
        del given["items"]["data"][0]["current_period_end"]
        given["current_period_end"] = at("2026-04-01")
    stripe.tell("subscriptions", "customer.subscription.created", "2026-03-01", given)
    assert raw_versions(take, folder, "renews_at") == [("2026-04-01 00:00:00+00:00",)]


DISCOUNT = {"id": "di_1", "end": at("2026-06-01"), "coupon": {"percent_off": 20, "duration": "repeating"}}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"status": "trialing", "trial_end": at("2026-03-15")}, {"status": "trialing", "trial_ends_at": "2026-03-15 00:00:00+00:00"}),
        ({"pause_collection": {"behavior": "void"}}, {"status": "paused"}),
        ({"status": "unpaid"}, {"status": "past_due"}),
        ({"discount": DISCOUNT}, {"discount": "4", "discount_ends_at": "2026-06-01 00:00:00+00:00"}),
        ({"discounts": [DISCOUNT | {"coupon": {"amount_off": 150}}]}, {"discount": "1.5"}),
        (
            {"discounts": [{"id": "d", "source": {"coupon": {"percent_off": 50, "duration": "once"}}}]},
            {"discount": "10", "discount_ends_at": "2026-04-01 00:00:00+00:00"},
        ),
        (
            {"status": "canceled", "ended_at": at("2026-03-08"), "cancellation_details": {"reason": "payment_failed"}},
            {"status": "ended", "ended_at": "2026-03-08 00:00:00+00:00", "ended_reason": "payment_failed", "auto_renew": "false"},
        ),
    ],
)
def test_what_a_subscription_says_of_itself(folder, take, stripe, more, expected):
    given = subscription("sub_1", "acme", "2026-03-01", (BASIC, 2), **more)
    stripe.tell("subscriptions", "customer.subscription.created", "2026-03-01", given)
    assert raw_versions(take, folder, *expected) == [tuple(expected.values())]


def test_a_subscription_whose_first_payment_is_awaited_is_none_yet(folder, take, stripe):
    for id_, status in (("sub_1", "incomplete"), ("sub_2", "active")):
        given = subscription(id_, "acme", "2026-03-01", (BASIC, 2), status=status)
        stripe.tell("subscriptions", "customer.subscription.created", "2026-03-01", given)
    assert raw_versions(take, folder, "subscription_id") == [("sub_2",)]


def test_several_items_are_one_row_at_the_price_of_all(folder, take, stripe):
    yearly = price("support", 12_000, interval="year")
    metered = price("calls", 5, recurring={"interval": "month", "interval_count": 1, "usage_type": "metered"})
    given = subscription("sub_1", "acme", "2026-03-01", (BASIC, 2), (yearly, 1), (metered, None))
    stripe.tell("subscriptions", "customer.subscription.created", "2026-03-01", given)
    assert raw_versions(take, folder, "plan", "quantity", "unit_price", "interval_unit") == [
        ("basic + support + calls", "1", "30", "month")
    ]


def test_of_two_changes_in_one_second_the_last_one_holds(folder, take, stripe):
    stripe.tell("subscriptions", "customer.subscription.created", "2026-03-01", subscription("sub_1", "acme", "2026-03-01", (BASIC, 1)))
    for quantity in (2, 5):
        changed = subscription("sub_1", "acme", "2026-03-01", (BASIC, quantity))
        stripe.tell("subscriptions", "customer.subscription.updated", "2026-03-02", changed, items=_items((BASIC, 1)))
    assert raw_versions(take, folder, "quantity") == [("1",), ("5",)]


@pytest.mark.parametrize(("currency", "units"), [("usd", 100), ("irr", 100), ("jpy", 1), ("kwd", 1000)])
def test_amounts_are_in_the_currencys_smallest_unit(currency, units):
    assert minor_units(currency) == units


def test_a_tiered_price_has_no_single_amount():
    assert unit_amount({"billing_scheme": "tiered", "unit_amount": None, "recurring": {"usage_type": "licensed"}}) is None


def test_a_night_of_which_stripe_has_no_events_any_more_stays_as_it_is(folder, take, stripe):
    three_days(stripe)[0]()
    take(folder, "stripe.subscription", FIRST)
    stripe.tell("payouts", "payout.paid", "2026-04-20", {"id": "po_1", "object": "payout"})
    with pytest.raises(SourceError, match="this night needs events since 2026-03-08, and Stripe keeps them for 30 days"):
        take(folder, "stripe.subscription", SECOND)


def test_a_revoked_key_is_told_without_the_key(vendor, take, httpserver, stripe):
    folder = vendor("stripe", httpserver.url_for(""), password="rk_test_revoked")
    with pytest.raises(SourceError, match=r"refuses the credentials \(401: Invalid API Key provided\)") as caught:
        take(folder, "stripe.customer", FIRST)
    assert "rk_test" not in str(caught.value)


def test_a_discount_known_by_its_id_alone_is_asked_for(folder, take, httpserver, stripe):
    given = subscription("sub_1", "acme", "2026-03-01", (BASIC, 2), discounts=["di_1"])
    stripe.tell("subscriptions", "customer.subscription.created", "2026-03-01", given)
    httpserver.expect_request("/v1/subscriptions/sub_1").respond_with_json(given | {"discounts": [DISCOUNT]})
    assert raw_versions(take, folder, "discount") == [("4",)]


def test_credit_notes_and_refunds_are_credits_and_payments_back(folder, valid, stripe):
    note = {"id": "cn_1", "object": "credit_note", "created": at("2026-03-05"), "customer": "acme", "currency": "usd", "total": 500}
    stripe.objects["credit_notes"] = {"cn_1": note}
    paid = charge("ch_1", "acme", "2026-03-04", 1000)
    refund = {"id": "re_1", "object": "refund", "created": at("2026-03-06"), "currency": "usd", "amount": 500, "status": "succeeded"}
    stripe.objects["refunds"] = {"re_1": refund | {"charge": paid}}
    credits, refunds = (valid(folder, f"stripe.{table}", FIRST) for table in ("credit_note", "refund"))
    assert [(row["kind"], row["net_amount"]) for row in credits] == [("credit", Decimal(5))]
    assert [(row["status"], row["customer_id"], row["amount"]) for row in refunds] == [("refunded", "acme", Decimal(5))]
