"""Purchases and revenue, case by case; each case is one customer of one small table, computed once per engine."""

from datetime import date
from decimal import Decimal

import pytest
from tests.small_tables import Row, company, entity, figures, invoice, night, rows

from mandegar.calendar import period_table
from mandegar.engine import Engine
from mandegar.metrics.measure import inactivity_marts
from mandegar.metrics.purchases import purchases, revenue, revenue_entries, within

SOLD = invoice("1", "", "2026-01-10", 100)


def credit(issued_at: str, net: object) -> Row:
    """A credit note."""
    return invoice("2", "", issued_at, net, kind="credit")


def payment(attempted_at: str, amount: object, status: str = "refunded", **more: object) -> Row:
    """A refund of an amount with its tax, or another payment."""
    return {"payment_id": "p", "attempted_at": attempted_at, "amount": amount, "currency": "USD", "status": status} | more


CASES: dict[str, tuple[list[Row], dict[int, str]]] = {
    "sold": ([SOLD], {1: "100"}),
    "credit of -30": ([SOLD, credit("2026-02-05", -30)], {1: "100", 2: "-30"}),
    "credit of 30": ([SOLD, credit("2026-02-05", 30)], {1: "100", 2: "-30"}),
    "voided": ([SOLD | {"voided_at": "2026-01-12"}], {}),
    "voided credit note": ([SOLD, credit("2026-02-05", 30) | {"voided_at": "2026-02-06"}], {1: "100"}),
    "paid": ([SOLD, payment("2026-01-11", 110, "succeeded"), payment("2026-01-11", 110, "failed")], {1: "100"}),
    # 110 given back of 100 and 10 of tax: 100 net
    "refund alone": ([SOLD | {"tax_amount": 10}, payment("2026-02-03", 110, invoice_id="1")], {1: "100", 2: "-100"}),
    "half a refund": ([SOLD | {"tax_amount": 10}, payment("2026-02-03", 55, invoice_id="1")], {1: "100", 2: "-50"}),
    "refund that names no invoice": ([SOLD, payment("2026-02-03", 40)], {1: "100", 2: "-40"}),
    "refund with its credit note": (
        [SOLD | {"tax_amount": 10}, credit("2026-02-03", 100), payment("2026-02-05", 110, invoice_id="1")],
        {1: "100", 2: "-100"},
    ),
    "refund 7 days after its credit note": ([SOLD, credit("2026-02-03", 100), payment("2026-02-10", 100)], {1: "100", 2: "-100"}),
    "refund 8 days after a credit note": ([SOLD, credit("2026-02-03", 100), payment("2026-02-11", 100)], {1: "100", 2: "-200"}),
    "refund and another's credit note": ([SOLD, credit("2026-02-03", 30), payment("2026-02-04", 40)], {1: "100", 2: "-70"}),
    "at midnight": ([invoice("1", "", "2026-02-01", 100)], {2: "100"}),
    "a gift": ([invoice("1", "", "2026-01-10", 0)], {1: "0"}),
}


def book(which: tuple[str, ...]) -> tuple[list[Row], list[Row]]:
    """The invoices and the payments of all cases; a customer is called as its case."""
    invoices, payments = [], []
    for name in which:
        for place, row in enumerate(CASES[name][0]):
            named = row | {"customer_id": name} | ({"invoice_id": f"{name} {row['invoice_id']}"} if "invoice_id" in row else {})
            if "payment_id" in row:
                payments.append(named | {"payment_id": f"{name} {place}"})
            else:
                invoices.append(named)
    return invoices, payments


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def earned(request: pytest.FixtureRequest) -> dict[str, dict[int, Decimal]]:
    """The revenue of every case by month of 2026, on both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    invoices, payments = (engine.table(entity(name, table)) for name, table in zip(("invoice", "payment"), book(tuple(CASES)), strict=True))
    periods = engine.table(period_table(company(), date(2026, 1, 1), date(2026, 3, 31)))
    found: dict[str, dict[int, Decimal]] = {name: {} for name in CASES}
    for row in rows(engine, revenue(within(revenue_entries(invoices, payments), "at", periods))):
        found[row["customer_id"]][row["period_start"].month] = row["revenue"]
    return found


@pytest.mark.parametrize("case", CASES)
def test_what_a_customer_brought_in(earned: dict[str, dict[int, Decimal]], case: str) -> None:
    assert earned[case] == {month: Decimal(amount) for month, amount in CASES[case][1].items()}


def test_credit_notes_gifts_and_what_was_voided_are_no_purchases(duckdb: Engine) -> None:
    which = ("sold", "credit of 30", "voided", "a gift")
    bought = purchases(duckdb.table(entity("invoice", book(which)[0])))
    assert sorted(row["invoice_id"] for row in rows(duckdb, bought)) == ["credit of 30 1", "sold 1"]


def test_invoices_in_euros_are_reckoned_at_the_rate_of_their_day(duckdb: Engine) -> None:
    """100 EUR at 1.10 on the 10th, at 1.20 on the 15th, when the new rate came: 230 dollars, and 7 of dollars."""
    invoices = [
        invoice("1", "a", "2026-01-10", 100, currency="EUR"),
        invoice("2", "a", "2026-01-15", 100, currency="EUR"),
        invoice("3", "b", "2026-01-15", 7),
    ]
    rates = [{"day": day, "currency": "EUR", "rate": rate} for day, rate in [("2026-01-05", "1.1"), ("2026-01-15", "1.2")]]
    marts = inactivity_marts(night(duckdb, company("inactivity"), "2026-01-01", "2026-01-31", invoice=invoices, fx_rate=rates))
    assert figures(rows(duckdb, marts["kpi_period"]), "2026-01-01")["revenue"] == 237
