"""Stripe held against stripe-stateful-mock, which speaks the version 2020-08-27: periods on the subscription, items with plans.

It has no events (an empty list stands in for them), no invoices and no credit notes. It forgets a new customer's name, a subscription's
currency and a charge's customer, lists the oldest first, filters and expands nothing, and writes a plan's amount_decimal in dollars.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from tests.sources.servers import free_port
from tests.sources.vendors.foreign import installed, running

from mandegar.errors import SourceError

KEY = "sk_test_secret"
NIGHT = date(2040, 1, 1)  # it dates everything by its own clock
SERVE = """
const [parts, port] = process.argv.slice(1), outer = require(parts + '/express')();
outer.get('/v1/events', (asked, answer) => answer.json({object: 'list', data: [], has_more: false}));
outer.use(require(parts + '/stripe-stateful-mock').createExpressApp());
outer.listen(+port, '127.0.0.1');
"""


@pytest.fixture
def stateful(tmp_path: Path) -> Iterator[str]:
    parts, port = installed("node_modules"), free_port()
    with running(["node", "-e", SERVE, str(parts), str(port)], port, tmp_path) as url:
        yield url


def make(url: str, path: str, **given: object) -> str:
    """Makes an object; gives its id."""
    answer = requests.post(f"{url}/v1/{path}", data=given, auth=(KEY, ""), timeout=10)
    answer.raise_for_status()
    return answer.json()["id"]


def test_two_pages_of_customers_and_a_subscription_of_a_stripe_that_others_wrote(vendor, valid, stateful):
    for number in range(101):
        make(stateful, "customers", id=f"cus_{number:03}", email=f"c{number:03}@acme.example", source="tok_visa")
    product = make(stateful, "products", name="Basic")
    make(stateful, "plans", id="basic", product=product, amount=1999, currency="usd", interval="month")  # it wants both
    price = make(stateful, "prices", product=product, unit_amount=1999, currency="usd", **{"recurring[interval]": "month"})
    make(stateful, "subscriptions", id="sub_1", customer="cus_007", **{"items[0][plan]": "basic", "items[0][price]": price})
    folder = vendor("stripe", stateful, password=KEY)
    assert sorted(row["name"] for row in valid(folder, "stripe.customer", NIGHT)) == [f"c{number:03}@acme.example" for number in range(101)]
    (one,) = valid(folder, "stripe.subscription", NIGHT)
    assert (one["subscription_id"], one["customer_id"], one["quantity"], one["unit_price"], one["currency"], one["status"]) == (
        "sub_1",
        "cus_007",
        Decimal(1),
        Decimal("19.99"),
        "USD",
        "active",
    )
    assert (one["interval_unit"], one["renews_at"] > one["started_at"]) == ("month", True)


def test_charges_of_a_stripe_that_others_wrote(vendor, take, stateful):
    make(stateful, "charges", source="tok_visa", amount=5997, currency="usd")
    (paid,) = take(vendor("stripe", stateful, password=KEY), "stripe.payment", NIGHT)
    assert (paid["amount"], paid["minor_units"], paid["status"], paid["payment_method_details.type"]) == (
        "5997",
        "100",
        "succeeded",
        "card",
    )


def test_a_key_that_it_does_not_take_is_told(vendor, take, stateful):
    with pytest.raises(SourceError, match=r"refuses the credentials \(401: Invalid API Key provided"):
        take(vendor("stripe", stateful, password="rk_other_secret"), "stripe.payment", NIGHT)
