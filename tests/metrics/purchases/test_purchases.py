"""Purchases and revenue, case by case; each case is one customer of one small table, computed once per engine."""

from datetime import date
from decimal import Decimal

import pytest
from tests.small_tables import Row, at, company, entity, figures, invoice, night, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.frame.periods import named, within
from mandegar.metrics.purchases.purchases import purchases, revenue, revenue_entries
from mandegar.metrics.purchases.refunds import chains, credited
from mandegar.metrics.run.measure import inactivity_marts
from mandegar.time.calendar import period_table

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
    # one credit note tells of one refund: the other two are given back beside it
    "three refunds and one credit note": (
        [SOLD, credit("2026-02-03", 20), *(payment(day, 20) for day in ("2026-02-03", "2026-02-03", "2026-02-05"))],
        {1: "100", 2: "-60"},
    ),
    "two refunds and two credit notes": (
        [
            SOLD,
            credit("2026-02-03", 20),
            credit("2026-02-03", 20) | {"invoice_id": "3"},
            payment("2026-02-03", 20),
            payment("2026-02-04", 20),
        ],
        {1: "100", 2: "-40"},
    ),
    # the refund of 28 January is more than 7 days before the note; that of 3 February is the note's
    "the refund that is near": (
        [SOLD, payment("2026-01-28", 20), payment("2026-02-03", 20), credit("2026-02-09", 20)],
        {1: "80", 2: "-20"},
    ),
    # the first refund must take the first note, or the second, which only the first note is near, would be left alone
    "each its own": (
        [
            SOLD,
            credit("2026-02-02", 20),
            credit("2026-02-09", 20) | {"invoice_id": "3"},
            payment("2026-02-08", 20),
            payment("2026-02-14", 20),
        ],
        {1: "100", 2: "-40"},
    ),
    "of another currency": ([SOLD, credit("2026-02-03", 20), payment("2026-02-03", 20, currency="EUR")], {1: "100", 2: "-40"}),
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
    entries = revenue_entries(invoices, payments, credited(invoices, payments, engine))
    for row in rows(engine, named(revenue(within(entries, "at", periods)), periods)):
        found[row["customer_id"]][row["period_start"].month] = row["revenue"]
    return found


@pytest.mark.parametrize("case", CASES)
def test_what_a_customer_brought_in(earned: dict[str, dict[int, Decimal]], case: str) -> None:
    assert earned[case] == {month: Decimal(amount) for month, amount in CASES[case][1].items()}


def test_credit_notes_gifts_and_what_was_voided_are_no_purchases(duckdb: Engine) -> None:
    which = ("sold", "credit of 30", "voided", "a gift")
    bought = purchases(duckdb.table(entity("invoice", book(which)[0])))
    assert sorted(row["invoice_id"] for row in rows(duckdb, bought)) == ["credit of 30 1", "sold 1"]


def test_a_refund_in_euros_is_its_credit_note_s_though_the_rate_moved_between(duckdb: Engine) -> None:
    """100 EUR at 1.10 less 100 credited at 1.10: nothing is left; the refund of the 15th, at 1.20, is the same event."""
    invoices = [invoice("1", "a", "2026-01-10", 100, currency="EUR"), invoice("2", "a", "2026-01-12", 100, currency="EUR", kind="credit")]
    back = [payment("2026-01-15", 100, customer_id="a", currency="EUR")]
    rates = [{"day": day, "currency": "EUR", "rate": rate} for day, rate in [("2026-01-05", "1.1"), ("2026-01-15", "1.2")]]
    given = {"invoice": invoices, "payment": back, "fx_rate": rates}
    marts = inactivity_marts(night(duckdb, company("inactivity"), "2026-01-01", "2026-01-31", **given))
    assert figures(rows(duckdb, marts["kpi_period"]), "2026-01-01")["revenue"] == 0


def test_a_changed_refund_reaches_as_far_as_its_customer_s_follow_one_another() -> None:
    """a's of the 1st, 7th and 14th follow one another, the 22nd is 8 days later; b's of the 7th is another customer's."""
    first, second, third, late = (at(day) for day in ("2026-01-01", "2026-01-07", "2026-01-14", "2026-01-22"))
    events = [("a", first), ("a", second), ("a", third), ("a", late), ("b", second)]
    assert chains(events, {("a", second)}) == [(first, third)]
    assert chains(events, {("a", late), ("b", second)}) == [(late, late), (second, second)]
    assert chains(events, set()) == []


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
