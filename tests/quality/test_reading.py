"""Reading: what a source writes becomes the entity's numbers, times, dates and flags."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from mandegar.errors import BrokenTable

SUBSCRIPTION = {"subscription.csv": "subscription_id\n"}
CUSTOMER = "customer_id,name,signed_up_at"
SPEND = "day,channel,amount,currency\n"


def amounts(*written: str) -> dict[str, str]:
    """spend.csv with the amounts as written."""
    return SUBSCRIPTION | {"spend.csv": SPEND + "".join(f'2025-03-01,c{number},"{text}",USD\n' for number, text in enumerate(written))}


def test_a_number_is_read_however_it_is_written(make_company, check):
    meant = {
        "1250.5": "1250.5",
        "1,250.50": "1250.5",
        "12,34,567": "1234567",
        "۱۲۵۰٫۵": "1250.5",
        "۱٬۲۵۰": "1250",
        "١٢٥٠": "1250",
        " 1 250 ": "1250",
        "1.25E+3": "1250",
    }
    good = check(make_company(amounts(*meant)), "files.spend").good
    assert [row["amount"] for row in good] == [Decimal(number) for number in meant.values()]


def test_a_number_that_could_mean_another_is_not_guessed(make_company, check):
    """`10,50` is ten and a half in half of Europe: to drop the comma would make it a hundred times as much."""
    found = check(make_company(amounts("1", "10,50", "1.250,50", "12 USD", "NaN")), "files.spend")
    assert [row["amount"] for row in found.good] == [Decimal(1)]
    assert [(line["row"], line["column"], line["value"], line["reason"]) for line in found.waiting] == [
        (3, "amount", "10,50", "is not a number (of at most 18 digits)"),
        (4, "amount", "1.250,50", "is not a number (of at most 18 digits)"),
        (5, "amount", "12 USD", "is not a number (of at most 18 digits)"),
        (6, "amount", "NaN", "is not a number (of at most 18 digits)"),
    ]


def customer_with(column: str, *values: str) -> dict[str, str]:
    rows = "".join(f'c{number},n,2025-01-01,"{value}"\n' for number, value in enumerate(values))
    return SUBSCRIPTION | {"customer.csv": f"{CUSTOMER},{column}\n" + rows}


def test_yes_and_no_are_read_in_both_languages(make_company, check):
    written = ("true", "FALSE", "yes", "n", "۱", "0", "بله", "خیر", "")
    good = check(make_company(customer_with("email_opt_in", *written)), "files.customer").good
    assert [row["email_opt_in"] for row in good] == [True, False, True, False, True, False, True, False, None]


def test_a_time_without_zone_is_the_company_s(make_company, check):
    """Tehran is 3 hours 30 minutes ahead of UTC."""
    instants = {
        "2025-03-01 09:00:00": datetime(2025, 3, 1, 5, 30, tzinfo=UTC),
        "2025-03-01": datetime(2025, 2, 28, 20, 30, tzinfo=UTC),
        "2025-03-01T09:00:00Z": datetime(2025, 3, 1, 9, tzinfo=UTC),
        "2025-03-01 09:00:00+01:00": datetime(2025, 3, 1, 8, tzinfo=UTC),
        "۲۰۲۵-۰۳-۰۱ ۰۹:۰۰:۰۰": datetime(2025, 3, 1, 5, 30, tzinfo=UTC),
    }
    good = check(make_company(customer_with("consent_at", *instants)), "files.customer").good
    assert [row["consent_at"] for row in good] == list(instants.values())


def test_a_date_is_read_from_a_time_too(make_company, check):
    good = check(make_company(customer_with("birth_date", "1990-05-17", "1990-05-17 00:00:00", "۱۹۹۰-۰۵-۱۷")), "files.customer").good
    assert [row["birth_date"] for row in good] == [date(1990, 5, 17)] * 3


MAPPED = """sources:
  shop:
    kind: files
    tables:
      customer:
        file: clients.csv
        {more}
      subscription: {{file: subscription.csv}}
"""
CLIENTS = "id,first,last,since,state\n1,Sara,Karimi,2025-03-01 09:00:00,live\n2,Ali,Ahmadi,2025-03-02 09:00:00,test\n"


def names(make_company, check, more: str, clients: str = CLIENTS) -> list[tuple]:
    folder = make_company(SUBSCRIPTION | {"clients.csv": clients}, more=MAPPED.format(more=more))
    return [(row["customer_id"], row["name"], row["country"], row["signed_up_at"]) for row in check(folder, "shop.customer").good]


def test_columns_can_be_computed_given_and_filtered(make_company, check):
    more = (
        "columns: {customer_id: id, name: {sql: \"first || ' ' || last\"}, signed_up_at: since, country: {value: IR}}\n"
        "        where: \"state <> 'test'\""
    )
    assert names(make_company, check, more) == [("1", "Sara Karimi", "IR", datetime(2025, 3, 1, 5, 30, tzinfo=UTC))]


def test_times_are_read_in_the_table_s_own_zone(make_company, check):
    more = "columns: {customer_id: id, name: first, signed_up_at: since}\n        time_zone: Asia/Tokyo\n        where: id = '1'"
    assert names(make_company, check, more) == [("1", "Sara", None, datetime(2025, 3, 1, tzinfo=UTC))]


def test_one_row_per_key_gathers_the_others(make_company, check):
    more = "columns: {customer_id: id, name: first, signed_up_at: {sql: min(since)}}\n        one_row_per: [customer_id]"
    clients = "id,first,since\n1,Sara,2025-03-05\n1,Sara,2025-03-01\n2,Ali,2025-03-02\n"
    assert [(*row[:2], row[3].day) for row in names(make_company, check, more, clients)] == [("1", "Sara", 28), ("2", "Ali", 1)]


def test_distinct_takes_equal_rows_once(make_company, check):
    more = "columns: {customer_id: id, name: first, signed_up_at: since}\n        distinct: true"
    clients = "id,first,since\n1,Sara,2025-03-01\n1,Sara,2025-03-01\n2,Ali,2025-03-02\n"
    assert [row[0] for row in names(make_company, check, more, clients)] == ["1", "2"]


def test_an_expression_that_does_not_compute_is_named(make_company, check):
    with pytest.raises(BrokenTable, match=r"clients\.csv: the mapping in company\.yaml does not compute: .*firs"):
        names(make_company, check, "columns: {customer_id: id, name: {sql: upper(firs)}, signed_up_at: since}")
