"""What Stripe is asked, held against its own OpenAPI specification by Prism, which stands between the connector and our fake.

Prism knows paths, types, allowed values and credentials; parameters that the specification does not know pass it, and so do texts
where a filter of time wants a number, so these are looked at here. Answers are not held against it: the fake's objects are not whole.
"""

import json
from collections.abc import Iterator
from datetime import date
from urllib.parse import parse_qsl

import pytest
import requests
from pytest_httpserver import HTTPServer
from tests.sources.servers import free_port
from tests.sources.vendors.fake_stripe import FakeStripe, at, charge, customer, invoice, price, subscription
from tests.sources.vendors.foreign import installed, running

FIRST, SECOND = date(2026, 3, 10), date(2026, 3, 11)
TABLES = ("customer", "subscription", "invoice", "credit_note", "payment", "refund")
KINDS = ("customers", "subscriptions", "invoices", "credit_notes", "charges", "refunds", "events")
PRISM = "node_modules/@stoplight/prism-cli/dist/index.js"


@pytest.fixture(scope="module")
def specification() -> dict:
    """The specification of the lists that are asked for: with all of it, Prism takes more than half a minute to start."""
    whole = json.loads(installed("stripe.com.json").read_text(encoding="utf-8"))
    paths = {}
    for kind in KINDS:
        asked = whole["paths"][f"/v1/{kind}"]["get"]
        paths[f"/v1/{kind}"] = {"get": {"parameters": asked["parameters"], "responses": {"200": {"description": "a list"}}}}
    schemes = {"securitySchemes": whole["components"]["securitySchemes"]}
    return {**{key: whole[key] for key in ("openapi", "info", "security")}, "paths": paths, "components": schemes}


@pytest.fixture(scope="module")
def prism(specification: dict, make_httpserver: HTTPServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Prism in front of the tests' server: what the specification does not allow it answers itself, with 422."""
    folder, port = tmp_path_factory.mktemp("prism"), free_port()
    (folder / "stripe.json").write_text(json.dumps(specification))
    told = ["--errors", "--host", "127.0.0.1", "--port", str(port), "stripe.json", make_httpserver.url_for("")]
    with running(["node", str(installed(PRISM)), "proxy", *told], port, folder) as url:
        yield url


def names(specification: dict, path: str) -> set[str]:
    """The parameters of a list, as a request spells them."""
    found = set()
    for one in specification["paths"][path]["get"]["parameters"]:
        schema = one["schema"]
        kinds = schema.get("anyOf", [schema])
        found |= {f"{one['name']}[{part}]" for kind in kinds for part in kind.get("properties", ())}
        found.add(f"{one['name']}[]" if schema.get("type") == "array" else one["name"])
    return found


def test_every_list_is_asked_for_as_the_specification_has_it_on_first_and_later_nights(vendor, take, prism, httpserver, specification):
    fake = FakeStripe()
    for kind in KINDS:
        httpserver.expect_request(f"/v1/{kind}").respond_with_handler(fake)
    made = "2026-03-01"
    refund = {"id": "re_1", "object": "refund", "created": at("2026-03-06"), "currency": "usd", "amount": 5, "status": "succeeded"}
    note = {"id": "cn_1", "object": "credit_note", "created": at(made), "customer": "acme1", "currency": "usd", "total": 5}
    for number in (1, 2, 3):  # two pages
        fake.tell("customers", "customer.updated", "2026-03-11", customer(f"acme{number}", made))
    sold = subscription("sub_1", "acme1", made, (price("basic", 1000), 1))
    fake.tell("subscriptions", "customer.subscription.updated", "2026-03-11", sold)
    fake.tell("invoices", "invoice.updated", "2026-03-11", invoice("in_1", "acme1", made, 1000))
    fake.tell("credit_notes", "credit_note.updated", "2026-03-11", note)
    fake.tell("charges", "charge.updated", "2026-03-11", charge("ch_1", "acme1", made, 1000))
    fake.objects["refunds"] = {"re_1": refund | {"charge": fake.objects["charges"]["ch_1"]}}
    folder = vendor("stripe", prism, password="rk_test_secret")
    for night in (FIRST, SECOND):
        for table in TABLES:
            take(folder, f"stripe.{table}", night)
    asked = [(request.path, dict(parse_qsl(request.query_string.decode()))) for request, _ in httpserver.log]
    assert {path for path, _ in asked} == {f"/v1/{kind}" for kind in KINDS} and len(asked) > 2 * len(TABLES)
    assert [(path, set(given) - names(specification, path)) for path, given in asked if set(given) - names(specification, path)] == []
    times = [value for _, given in asked for name, value in given.items() if name.startswith("created[")]
    assert len(times) > 0 and all(value.isdigit() for value in times)


@pytest.mark.parametrize(
    ("asked", "headers", "status"),
    [
        ("subscriptions?status=gone", {"Authorization": "Bearer rk_test_secret"}, 422),
        ("events?limit=many", {"Authorization": "Bearer rk_test_secret"}, 422),
        ("subscription", {"Authorization": "Bearer rk_test_secret"}, 404),
        ("events", {}, 401),
    ],
)
def test_prism_refuses_what_the_specification_does_not_know(prism, asked, headers, status):
    assert requests.get(f"{prism}/v1/{asked}", headers=headers, timeout=10).status_code == status
