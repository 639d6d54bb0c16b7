"""Cursor windows: the first night takes all, a later one what is new and a look-back; no row falls between two nights."""

import sqlite3
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from mandegar.errors import SourceError

HEADER = "customer_id,name,signed_up_at,changed\n"
FILES = """sources:
  crm:
    kind: files
    tables:
      customer: {{file: customer.csv, cursor: changed, look_back_days: {look_back}}}
      subscription: {{file: subscription.csv}}
"""
SUBSCRIPTION = {"subscription.csv": "subscription_id\n"}


def customers(*changed: str) -> dict[str, str]:
    """customer.csv with c1, c2 …, changed at the given times."""
    rows = (f"c{number},n,2025-01-01,{when}\n" for number, when in enumerate(changed, start=1))
    return SUBSCRIPTION | {"customer.csv": HEADER + "".join(rows)}


def test_the_first_night_takes_all_that_came_before_its_end(make_company, take):
    folder = make_company(customers("2020-01-01 08:00:00", "2025-03-31 23:59:59", "2025-04-01 00:00:00"), more=FILES.format(look_back=1))
    assert [row["customer_id"] for row in take(folder, "crm.customer", date(2025, 3, 31))] == ["c1", "c2"]


def test_the_second_night_takes_its_day_and_the_look_back(make_company, take):
    folder = make_company(customers("2025-03-29 10:00:00"), more=FILES.format(look_back=1))
    take(folder, "crm.customer", date(2025, 3, 31))
    make_company(
        customers("2025-03-30 23:59:59", "2025-03-31 00:00:00", "2025-04-01 12:00:00", "2025-04-02 00:00:00"),
        more=FILES.format(look_back=1),
    )
    assert [row["customer_id"] for row in take(folder, "crm.customer", date(2025, 4, 1))] == ["c2", "c3"]


def test_a_skipped_night_leaves_no_hole(make_company, take):
    """31 March, then 3 April: what changed on 1 and 2 April is taken on 3 April."""
    folder = make_company(customers("2025-03-01 10:00:00"), more=FILES.format(look_back=0))
    take(folder, "crm.customer", date(2025, 3, 31))
    make_company(
        customers("2025-03-31 10:00:00", "2025-04-01 00:00:00", "2025-04-02 09:00:00", "2025-04-03 09:00:00"),
        more=FILES.format(look_back=0),
    )
    assert [row["customer_id"] for row in take(folder, "crm.customer", date(2025, 4, 3))] == ["c2", "c3", "c4"]


@pytest.mark.parametrize("midnight", ["2025-04-01", "2025-04-01 00:00:00", "2025-04-01T00:00:00"])
def test_midnight_belongs_to_the_day_it_begins_however_it_is_written(make_company, take, midnight):
    folder = make_company(customers("2025-03-01", midnight), more=FILES.format(look_back=0))
    assert [row["customer_id"] for row in take(folder, "crm.customer", date(2025, 3, 31))] == ["c1"]
    assert [row["customer_id"] for row in take(folder, "crm.customer", date(2025, 4, 1))] == ["c2"]


def test_a_row_whose_cursor_is_empty_is_taken_every_night(make_company, take):
    folder = make_company(customers("2025-03-01", ""), more=FILES.format(look_back=0))
    take(folder, "crm.customer", date(2025, 3, 31))
    assert [row["customer_id"] for row in take(folder, "crm.customer", date(2025, 4, 1))] == ["c2"]


def test_a_cursor_that_the_file_does_not_have_is_named(make_company, take):
    folder = make_company(customers("2025-03-01"), more=FILES.format(look_back=0).replace("cursor: changed", "cursor: change"))
    with pytest.raises(
        SourceError, match=r"has no column 'change', needed for the cursor\. It has: customer_id, name, signed_up_at, changed"
    ):
        take(folder, "crm.customer")


SQL = """sources:
  billing:
    kind: sql
    {reach}
    tables:
      customer: {{{taken}, cursor: changed, look_back_days: 0}}
      subscription: {{table: subscription}}
"""


def test_midnight_in_sqlite_belongs_to_the_day_it_begins(make_company, take, tmp_path: Path):
    folder = make_company({}, more=SQL.format(reach="url: sqlite:///b.db", taken="table: customer"))
    with sqlite3.connect(folder / "b.db") as connection:
        connection.execute("CREATE TABLE customer (customer_id TEXT, name TEXT, signed_up_at DATETIME, changed DATETIME)")
        changed = ("2025-03-01 10:00:00", "2025-04-01 00:00:00")
        connection.executemany("INSERT INTO customer VALUES (?, 'n', '2025-01-01', ?)", zip(("c1", "c2"), changed, strict=True))
    connection.close()
    assert [row["customer_id"] for row in take(folder, "billing.customer", date(2025, 3, 31))] == ["c1"]
    assert [row["customer_id"] for row in take(folder, "billing.customer", date(2025, 4, 1))] == ["c2"]


@pytest.mark.parametrize("taken", ["table: customer", "query: SELECT * FROM customer"])
@pytest.mark.parametrize("kind", ["timestamptz", "timestamp"])
def test_a_night_in_postgresql_ends_at_the_company_s_midnight(make_company, take, postgres_url, monkeypatch, taken, kind):
    """c2 changed at 2025-04-01 01:00 in Tehran, which is still 31 March in UTC."""
    monkeypatch.setenv("AIRFLOW_CONN_B", postgres_url)
    folder = make_company({}, more=SQL.format(reach="connection: b", taken=taken))
    engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    zone = "+03:30" if kind == "timestamptz" else ""
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE TABLE customer (customer_id text, name text, signed_up_at {kind}, changed {kind})"))
        for customer, changed in (("c1", "2025-03-31 23:00:00"), ("c2", "2025-04-01 01:00:00")):
            row = {"customer": customer, "changed": changed + zone}
            connection.execute(sa.text(f"INSERT INTO customer VALUES (:customer, 'n', '2025-01-01', CAST(:changed AS {kind}))"), row)
    engine.dispose()
    assert [row["customer_id"] for row in take(folder, "billing.customer", date(2025, 3, 31))] == ["c1"]
    assert [row["customer_id"] for row in take(folder, "billing.customer", date(2025, 4, 1))] == ["c2"]


def test_a_window_that_could_not_be_validated_is_asked_for_again(make_company, take):
    """The rows of 1 April came in and went no further: 2 April takes them again."""
    folder = make_company(customers("2025-03-01 10:00:00"), more=FILES.format(look_back=0))
    take(folder, "crm.customer", date(2025, 3, 31))
    make_company(customers("2025-03-01 10:00:00", "2025-04-01 09:00:00", "2025-04-02 09:00:00"), more=FILES.format(look_back=0))
    assert [row["customer_id"] for row in take(folder, "crm.customer", date(2025, 4, 1), validated=False)] == ["c2"]
    assert [row["customer_id"] for row in take(folder, "crm.customer", date(2025, 4, 2))] == ["c2", "c3"]
