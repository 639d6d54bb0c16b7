"""Amounts in a currency without a rate wait alone, and come in with its rate."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from test_conform import BY_CURSOR, CUSTOMERS, INACTIVITY, INVOICES, held, ids, run

from mandegar.errors import BrokenTable

pytestmark = pytest.mark.slow

MakeCompany = Callable[..., Path]
FIRST, SECOND = date(2026, 3, 10), date(2026, 3, 11)
RATES = "day,currency,rate\n2026-01-01,EUR,1.1\n"
SUBSCRIPTIONS = (
    "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
    "s1,2026-01-01,a,basic,1,10,USD,month,1,active,2026-01-01\n"
)


def invoice(number: str, currency: str, amount: str = "10", updated: str = "2026-03-02") -> str:
    return f"{number},a,one_off,2026-03-01,{amount},{currency},{updated}\n"


def waiting(night, as_of: date = FIRST) -> list[tuple]:
    return [(line["key"], line["column"], line["value"], line["rule"]) for line in held(night, "quarantine", "conform.invoice", as_of)]


@pytest.mark.parametrize("more", ["", BY_CURSOR.rstrip() + "\n      fx_rate: {file: fx_rate.csv}\n"], ids=["whole", "by cursor"])
def test_a_row_without_a_rate_waits_until_there_is_one(make_company: MakeCompany, more: str) -> None:
    rows = INVOICES + invoice("1", "USD") + invoice("2", "GBP") + invoice("3", "EUR")
    folder = make_company({"customer.csv": CUSTOMERS, "fx_rate.csv": RATES, "invoice.csv": rows}, churn=INACTIVITY, more=more)
    night = run(folder, FIRST)
    assert ids(night, "invoice", FIRST) == ["1", "3"]
    assert waiting(night) == [("2", "currency", "GBP", "rate_known")]
    [counted] = held(night, "quality", "conform.invoice.rates", FIRST)
    assert (counted["evaluated"], counted["unexpected"], counted["status"]) == (3, 1, "quarantined")
    (folder / "fx_rate.csv").write_text(RATES + "2026-01-01,GBP,1.3\n")
    night = run(folder, SECOND)
    assert ids(night, "invoice", SECOND) == ["1", "2", "3"]
    assert waiting(night, SECOND) == []


def test_a_rate_of_0_is_none(make_company: MakeCompany) -> None:
    files = {"customer.csv": CUSTOMERS, "fx_rate.csv": "day,currency,rate\n2026-01-01,EUR,0\n2026-01-01,GBP,2\n"}
    rows = INVOICES + invoice("1", "USD") + invoice("2", "EUR") + invoice("3", "GBP")
    night = run(make_company(files | {"invoice.csv": rows}, churn=INACTIVITY), FIRST)
    assert ids(night, "invoice", FIRST) == ["1", "3"]
    [line] = held(night, "quarantine", "files.fx_rate", FIRST)
    assert (line["column"], line["reason"]) == ("rate", "is not above 0")


def test_an_amount_that_its_rate_makes_too_long_waits(make_company: MakeCompany) -> None:
    """900,000,000,000 x 10,000,000 has nineteen digits."""
    files = {"customer.csv": CUSTOMERS, "fx_rate.csv": "day,currency,rate\n2026-01-01,EUR,10000000\n"}
    rows = INVOICES + invoice("1", "EUR", "900000000000") + invoice("2", "EUR", "1000")
    night = run(make_company(files | {"invoice.csv": rows}, churn=INACTIVITY), FIRST)
    assert ids(night, "invoice", FIRST) == ["2"]
    [line] = held(night, "quarantine", "conform.invoice", FIRST)
    assert "more than 18 digits" in line["reason"]


def test_a_version_without_a_rate_does_not_end_the_one_before_it(make_company: MakeCompany) -> None:
    rows = SUBSCRIPTIONS + "s1,2026-02-01,a,basic,1,10,GBP,month,1,active,2026-01-01\n"
    night = run(make_company({"customer.csv": CUSTOMERS, "fx_rate.csv": RATES, "subscription.csv": rows}), FIRST)
    [left] = held(night, "conformed", "subscription", FIRST)
    assert (left["currency"], left["valid_to"]) == ("USD", None)


def test_a_night_in_which_nearly_nothing_can_be_converted_is_not_measured(make_company: MakeCompany) -> None:
    rows = INVOICES + "".join(invoice(str(number), "GBP") for number in range(9)) + invoice("9", "USD")
    folder = make_company({"customer.csv": CUSTOMERS, "fx_rate.csv": RATES, "invoice.csv": rows}, churn=INACTIVITY)
    with pytest.raises(BrokenTable, match="fx_rate: 9 of 10 rows of invoice are in currencies without a rate on 2026-03-10"):
        run(folder, FIRST)
