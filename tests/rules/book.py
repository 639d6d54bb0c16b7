"""Customers of a few rows each on the evening of 10 March 2026 in Tehran, and the rules that are held against them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from tests.small_tables import Row, company, entity, invoice, rows, version

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.risk.evening import Evening
from mandegar.rules.check import Named, problems
from mandegar.rules.compile import column_of, met
from mandegar.rules.fields import OF_CUSTOMER, Known
from mandegar.rules.words import Condition
from mandegar.time.calendar import day_end

AS_OF = date(2026, 3, 10)
FIELDS = OF_CUSTOMER | {"mrr": Known("number"), "plan": Known("text"), "risk_band": Known("text", ("high", "medium", "low"))}
# Tehran is 3:30 ahead of UTC: its midnight is 20:30 UTC of the day before
MIDNIGHT = "20:30"


def touch(number: str, who: str, kind: str, at: str, **more: Any) -> Row:
    """A touch by mail, unless it says otherwise."""
    return {"interaction_id": number, "customer_id": who, "channel": "email", "kind": kind, "occurred_at": at} | more


def visit(number: str, who: str, at: str, topic: str = "Pricing") -> Row:
    """A look at a page."""
    return touch(number, who, "visited", at, channel="web", topic=topic)


def use(who: str, day: str, events: int = 1, feature: str = "export") -> Row:
    return {"customer_id": who, "day": day, "feature": feature, "events": events}


def line(number: str, bill: str, category: str, net: Any, product: str = "thing") -> Row:
    told = {"invoice_line_id": number, "invoice_id": bill, "product": product, "category": category}
    return told | {"quantity": 1, "unit_price": net, "net_amount": net}


def pay(number: str, who: str, at: str, status: str = "succeeded", **more: Any) -> Row:
    return {"payment_id": number, "customer_id": who, "attempted_at": at, "amount": 10, "currency": "USD", "status": status} | more


def ask(number: str, who: str, at: str, **more: Any) -> Row:
    return {"ticket_id": number, "customer_id": who, "opened_at": at} | more


# who, mrr, plan, and what the CRM knows
CUSTOMERS: list[Row] = [
    {"customer_id": "ava", "mrr": "100.10", "plan": "Team", "country": "IR", "city": "تهران", "phone": "0912", "email_opt_in": True},
    {"customer_id": "ben", "mrr": "100", "plan": "basic", "country": "DE", "city": "كرج", "phone": "", "email_opt_in": False},
    {"customer_id": "cyrus", "mrr": "50", "plan": "گروه ۲", "country": "IR", "attributes": '{"tier": "طلايي", "seats": "۱۲", "vip": true}'},
    {"customer_id": "dina", "mrr": None, "plan": None, "country": None, "attributes": '{"tier": "silver", "seats": 7}'},
]
SIGNED_UP = {"ava": f"2026-02-08 {MIDNIGHT}", "ben": "2026-02-08 20:29", "cyrus": "2026-03-10 20:29", "dina": "2020-01-01"}
BORN = {"ava": "1990-03-11", "ben": "1990-03-10"}
GIVEN: dict[str, list[Row]] = {
    "fx_rate": [{"day": "2026-01-01", "currency": "EUR", "rate": "1.2"}],
    # the last 60 days that end with 10 March begin on 10 January
    "usage": [
        use("ava", "2026-01-10", 3),
        use("ben", "2026-01-09", 5),
        use("cyrus", "2026-03-01", 2),
        use("cyrus", "2026-03-02", 2),
        use("cyrus", "2026-03-02", 9, "گزارش ۱"),
    ],
    # the last 30 days begin at midnight of 9 February in Tehran, 20:30 UTC of the 8th
    "interaction": [
        touch("1", "ava", "visited", f"2026-02-08 {MIDNIGHT}", channel="web", topic="Pricing"),
        touch("2", "ava", "visited", "2026-03-01", channel="web", topic="pricing "),
        touch("3", "ben", "visited", "2026-02-08 20:29", channel="web", topic="pricing"),
        touch("4", "ben", "visited", "2026-03-02", channel="web", topic="docs"),
        touch("5", "cyrus", "visited", "2026-03-01", channel="web", topic="pricing"),
        touch("6", "cyrus", "opened", "2026-03-03", campaign_id="win_back"),
        touch("7", "cyrus", "clicked", "2026-03-03", campaign_id="win_back", topic="offer"),
        touch("8", "dina", "webinar", "2026-03-03", direction="in"),
    ],
    "subscription": [
        version("ava", "2025-06-01", "2026-02-01", 10, customer_id="ava"),
        version("ava", "2026-02-01", None, 20, plan="pro"),
        version("ben", "2025-06-01", "2026-03-01", 30, plan="pro"),
        version("ben", "2026-03-01", None, 20, plan="basic"),
        # 120 a month, then 1,200 a year: 100 a month, a step down; before, a dearer plan
        version("cyrus", "2025-06-01", "2026-03-02", 90, plan="solo"),
        version("cyrus", "2026-03-02", "2026-03-04", 120, plan="team"),
        version("cyrus", "2026-03-04", None, 1200, plan="team yearly", interval_unit="year"),
        version("dina", "2025-06-01", "2026-03-01", 30),
        version("dina", "2026-03-01", None, 300, plan="pro", currency="EUR"),
    ],
    "invoice": [
        invoice("a1", "ava", "2026-03-01", 100),
        invoice("a2", "ava", "2026-03-01", 100, currency="EUR"),
        invoice("a3", "ava", "2026-03-05", 50, kind="credit"),
        invoice("b1", "ben", "2026-03-01", 219),
        invoice("c1", "cyrus", "2026-03-01", 500, voided_at="2026-03-02"),
    ],
    "invoice_line": [
        line("1", "a1", "shoes", 60),
        line("2", "a1", "Shoes", 40, product="boot"),
        line("3", "a2", "کفش", 100),
        line("4", "b1", "hats", 219),
        line("5", "c1", "shoes", 500),
    ],
    "payment": [
        pay("1", "ava", "2026-03-01", method="Card"),
        pay("2", "ava", "2026-03-02", method="card", currency="EUR"),
        pay("3", "ben", "2026-03-01", "failed", failure_code="insufficient_funds"),
        pay("4", "ben", "2026-03-04", "failed", failure_code="card_expired"),
    ],
    "ticket": [
        ask("1", "ava", "2026-03-01", topic="billing", priority="critical"),
        ask("2", "ava", "2026-03-02", topic="Billing", priority="low", solved_at="2026-03-03"),
        ask("3", "ben", "2026-03-02", topic="bug", priority="low", solved_at="2026-03-03"),
    ],
    "survey": [{"response_id": "1", "customer_id": "dina", "kind": "nps", "score": 3, "answered_at": "2026-03-01"}],
}


def evening(engine: Engine, of: Company, given: dict[str, list[Row]], as_of: date = AS_OF) -> Evening:
    """The entities of an evening from rows."""
    return Evening(of, as_of, day_end(as_of, of.zone), {name: engine.table(entity(name, given.get(name, []))) for name in ENTITIES})


def tehran(**more: Any) -> Company:
    return company(time_zone="Asia/Tehran", **more)


def customers(engine: Engine) -> Any:
    """The wide table: one row per customer."""
    own = [{key: value for key, value in row.items() if key not in ("mrr", "plan")} for row in CUSTOMERS]
    told = [row | {"signed_up_at": SIGNED_UP[row["customer_id"]], "birth_date": BORN.get(row["customer_id"])} for row in own]
    table = entity("customer", told)
    worth = pa.array([None if row["mrr"] is None else Decimal(row["mrr"]) for row in CUSTOMERS], pa.decimal128(24, 4))
    return engine.table(table.append_column("mrr", worth).append_column("plan", pa.array([row["plan"] for row in CUSTOMERS], pa.string())))


def who_meets(
    engine: Engine, rules: dict[str, Row], named: dict[str, Row] | None = None, of: Company | None = None, on: date = AS_OF
) -> dict[str, str]:
    """Of every rule the customers who meet it, by their initials."""
    read = {name: Condition.model_validate(rule) for name, rule in rules.items()}
    stands: Named = {name: Condition.model_validate(rule) for name, rule in (named or {}).items()}
    assert [problem for rule in (*read.values(), *stands.values()) for problem in problems(rule, (), FIELDS, stands)] == []
    seen = evening(engine, of or tehran(), GIVEN).at(on)
    found = sorted(rows(engine, met(customers(engine), read, seen, engine, FIELDS, stands)), key=lambda row: row["customer_id"])
    return {name: "".join(row["customer_id"][0] for row in found if row[column_of(name)]) for name in read}
