"""Stripe held against localstripe, a Stripe that others wrote. (It has neither credit notes nor filters by time; those are left out.)"""

import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from tests.sources.servers import free_port
from tests.sources.vendors.foreign import running

SERVE = "import sys; from aiohttp import web; from localstripe.server import app; web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]))"
LEFT_OUT = "    tables: {credit_note: false, refund: false}\n"


@pytest.fixture
def localstripe(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    with running([sys.executable, "-c", SERVE, str(port)], port, tmp_path) as url:
        yield url


def test_customers_subscriptions_invoices_and_charges_of_a_stripe_that_others_wrote(vendor, valid, localstripe):
    def make(path: str, **given: object) -> str:
        answer = requests.post(f"{localstripe}/v1/{path}", data=given, auth=("sk_test_secret", ""), timeout=10)
        answer.raise_for_status()
        return answer.json()["id"]

    product = make("products", name="Basic", type="service")
    make("plans", id="basic", amount=1999, currency="usd", interval="month", product=product)
    ids = []
    for number in range(12):  # more than a page of theirs
        ids.append(make("customers", name=f"Customer {number}", email=f"c{number}@acme.example"))
    card = {"card[number]": "4242424242424242", "card[exp_month]": 12, "card[exp_year]": 2030, "card[cvc]": 123}
    make(f"customers/{ids[0]}/sources", source=make("tokens", **card))
    make("subscriptions", customer=ids[0], **{"items[0][plan]": "basic", "items[0][quantity]": 3})

    folder = vendor("stripe", localstripe, password="sk_test_secret", more=LEFT_OUT)
    found = {entity: valid(folder, f"stripe.{entity}", date(2030, 1, 1)) for entity in ("customer", "subscription", "invoice", "payment")}
    assert sorted(row["name"] for row in found["customer"]) == sorted(f"Customer {number}" for number in range(12))
    (one,) = found["subscription"]
    assert (one["customer_id"], one["quantity"], one["unit_price"], one["currency"], one["status"]) == (
        ids[0],
        Decimal(3),
        Decimal("19.99"),
        "USD",
        "active",
    )
    assert [(row["customer_id"], row["net_amount"]) for row in found["invoice"]] == [(ids[0], Decimal("59.97"))]
    assert [(row["amount"], row["status"]) for row in found["payment"]] == [(Decimal("59.97"), "succeeded")]
