"""Publish: a night is in the warehouse whole or not at all; run twice, nothing changes."""

import threading
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from mandegar.errors import BrokenTable
from mandegar.storage.receipts import Receipt
from mandegar.warehouse import publish as publishing
from mandegar.warehouse import tables
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.publish import publish

FIRST, SECOND = date(2025, 3, 30), date(2025, 3, 31)


def test_a_night_s_figures_are_there_to_be_read(public, rows):
    """c1 pays 10.10 since January, c2 20.20 since February, c3 0.03 since the last of March."""
    monthly = "SELECT period_start, customers_end, mrr_end, new_mrr FROM kpi_monthly WHERE calendar = 'gregorian' ORDER BY period_start"
    found = [(str(start)[:10], end, round(mrr, 4), round(new, 4)) for start, end, mrr, new in rows(public, monthly)]
    assert found == [("2025-01-01", 1, 10.1, 10.1), ("2025-02-01", 2, 30.3, 20.2), ("2025-03-01", 3, 30.33, 0.03)]


def test_money_is_exact_in_postgresql(public, rows):
    """In floating point 10.1 + 20.2 + 0.03 is 30.33 less a little; PostgreSQL holds 30.3300."""
    query = "SELECT numerator FROM kpi_period WHERE metric = 'mrr_end' AND period_kind = 'month' AND period_start = '2025-03-01'"
    [[total]] = rows(public, query)
    if public.dialect.name == "postgresql":
        assert isinstance(total, Decimal)
        assert total == Decimal("30.33")
    else:
        assert total == 30.33  # the nearest float, as a person types it


def test_movements_are_one_row_per_customer_and_month(public, rows):
    query = "SELECT customer_id, movement, amount FROM fct_mrr_movement WHERE period_kind = 'month' ORDER BY customer_id"
    found = [(who, what, round(float(amount), 4)) for who, what, amount in rows(public, query)]
    assert found == [("c1", "new", 10.1), ("c2", "new", 20.2), ("c3", "new", 0.03)]


def test_who_a_customer_is_stands_apart_from_what_is_known(public, rows):
    assert rows(public, "SELECT customer_id, name, email FROM customer_contact ORDER BY 1")[1] == ("c2", "علی", "ali@example.com")
    assert rows(public, "SELECT customer_id, country FROM dim_customer ORDER BY 1") == [("c1", "IR"), ("c2", "NA"), ("c3", "IR")]
    assert not {"name", "email", "phone", "birth_date"} & set(tables.dim_customer.columns.keys())


def test_instants_are_utc(public, rows):
    [signed, *_] = rows(public, sa.select(tables.dim_customer.c.signed_up_at).order_by("customer_id").compile(public).string)
    text = str(signed[0])
    assert text.startswith("2025-01-14 20:30:00")


def test_quarantined_rows_are_told_without_the_row_itself(public, rows):
    query = "SELECT source, row_number, column_name, value, reason FROM quarantined_row"
    assert rows(public, query) == [("files.subscription", 5, "quantity", "one", "is not a number (of at most 18 digits)")]
    assert "record" not in tables.quarantined_row.columns


@pytest.mark.parametrize(
    ("day", "gregorian", "jalali", "weekday"),
    [
        (date(2025, 3, 20), (2025, 3, 1), (1403, 12, 30, 4, "1403-12-30"), 4),
        (date(2025, 3, 21), (2025, 3, 1), (1404, 1, 1, 1, "1404-01-01"), 5),
        (date(2025, 1, 15), (2025, 1, 1), (1403, 10, 26, 4, "1403-10-26"), 3),
    ],
)
def test_a_day_is_described_in_both_calendars(public, rows, day, gregorian, jalali, weekday):
    """1403 was a leap year: its last day, 30 Esfand, was Thursday 20 March 2025; the next day was Nowruz."""
    [found] = [row for row in rows(public, tables.dim_date) if row[0] == day]
    assert found == (day, *gregorian, *jalali, weekday)


def test_the_days_run_from_the_first_period_to_the_night(public, rows):
    """January 2025 is in the year, the quarter and the month that begin on 1 January; 31 + 28 + 31 days."""
    days = [row[0] for row in rows(public, tables.dim_date)]
    assert (days[0], days[-1], len(days)) == (date(2025, 1, 1), date(2025, 3, 31), 90)


def test_publishing_twice_gives_equal_tables(nights, published, everything):
    before = everything(published)
    publish(nights.company, nights.lake, published, SECOND)
    assert everything(published) == before
    assert len(before["kpi_period"]) > 50


def test_a_later_night_replaces_the_current_truth_and_keeps_the_risks_of_the_earlier(nights, target, rows):
    for night in (FIRST, SECOND):
        publish(nights.company, nights.lake, target, night)
    found = rows(
        target, "SELECT DISTINCT period_start, as_of FROM kpi_period WHERE period_kind = 'month' AND metric = 'mrr_end' ORDER BY 1"
    )
    stands = [(date(2025, 1, 1), FIRST), (date(2025, 2, 1), FIRST), (date(2025, 3, 1), SECOND)]  # January and February were over
    assert [tuple(map(str, row)) for row in found] == [tuple(map(str, row)) for row in stands]
    assert [count for _, count in rows(target, "SELECT as_of, count(*) FROM customer_risk GROUP BY as_of ORDER BY as_of")] == [2, 3]


def test_an_earlier_night_adds_its_risks_and_leaves_the_current_truth_alone(nights, published, everything):
    before = everything(published)
    publish(nights.company, nights.lake, published, FIRST)
    after = everything(published)
    current = ("kpi_period", "fct_mrr_movement", "fct_customer_period", "dim_customer", "customer_contact", "dim_date")
    assert {name: after[name] for name in current} == {name: before[name] for name in current}
    cells = [(row[0], row[1]) for row in after["customer_segment"] if row[3] == "matrix"]
    assert cells == [(FIRST, "c1"), (FIRST, "c2"), (SECOND, "c1"), (SECOND, "c2"), (SECOND, "c3")]
    assert [row[:2] for row in after["customer_risk"]] == [(FIRST, "c1"), (FIRST, "c2"), (SECOND, "c1"), (SECOND, "c2"), (SECOND, "c3")]
    assert [row[0] for row in after["published_night"]] == [FIRST, SECOND]


def test_a_night_without_all_its_marts_is_not_published(nights, target, own_lake):
    own_lake.withdraw("marts", "customer_risk", SECOND)
    with pytest.raises(BrokenTable, match=r"The mart customer_risk of 2025-03-31 is not complete; run measure and score"):
        publish(nights.company, own_lake, target, SECOND)


def spoil(lake, mart: str, column: str) -> None:
    """Empties a column that must not be empty in the night of 31 March."""
    [file] = lake.files("marts", mart, [SECOND])
    rows = pq.ParquetFile(file).read()
    place = rows.schema.get_field_index(column)
    rows = rows.set_column(place, column, pa.nulls(rows.num_rows, rows.schema.field(place).type))
    lake.replace("marts", mart, SECOND, rows.schema, rows.to_batches())
    lake.sign("marts", mart, Receipt(SECOND, "all", None, datetime.fromisoformat("2025-03-31T20:30:00+00:00"), rows.num_rows))


@pytest.mark.parametrize(("mart", "column"), [("customer_risk", "health_score"), ("dim_customer", "signed_up_at")])
def test_a_failure_in_the_middle_leaves_the_night_before_whole(nights, target, own_lake, everything, mart, column):
    publish(nights.company, own_lake, target, FIRST)
    before = everything(target)
    spoil(own_lake, mart, column)
    with pytest.raises(sa.exc.SQLAlchemyError if target.dialect.name == "sqlite" else Exception, match=column):
        publish(nights.company, own_lake, target, SECOND)
    assert everything(target) == before
    assert [row[0] for row in before["published_night"]] == [FIRST]


def test_a_reader_sees_the_night_before_whole_while_a_night_is_published(nights, warehouse_url, target, everything, monkeypatch):
    """Publishing is held just before its last table is written: the other connection still reads the night of 30 March."""
    publish(nights.company, nights.lake, target, FIRST)
    before = everything(target)
    reached, go_on = threading.Event(), threading.Event()
    real = publishing._dates

    def held(first: date, last: date):
        reached.set()
        assert go_on.wait(30)
        return real(first, last)

    monkeypatch.setattr(publishing, "_dates", held)
    thread = threading.Thread(target=publish, args=(nights.company, nights.lake, target, SECOND))
    thread.start()
    try:
        assert reached.wait(30)
        with warehouse(warehouse_url) as reader:
            during = everything(reader)
    finally:
        go_on.set()
        thread.join()
    assert during == before
    after = everything(target)
    assert ([row[0] for row in after["published_night"]], len(after["customer_risk"])) == ([FIRST, SECOND], 5)
