"""The truth: its movements add up, and an independent query over the raw tables finds the same MRR."""

import csv
import sqlite3
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest

PLUS = ("new_mrr", "reactivation_mrr", "resumed_mrr", "expansion_mrr")
MINUS = ("contraction_mrr", "churned_mrr", "paused_mrr")


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("name", "months"), [("mrr_monthly.csv", 24), ("mrr_monthly_jalali.csv", 23)])
def test_movements_add_up_exactly_and_months_join(sample: Path, name: str, months: int) -> None:
    table = rows(sample / "truth" / name)
    assert len(table) == months
    for row in table:
        moved = sum(Decimal(row[c]) for c in PLUS) - sum(Decimal(row[c]) for c in MINUS)
        assert Decimal(row["mrr_start"]) + moved == Decimal(row["mrr_end"])
    assert [row["mrr_end"] for row in table[:-1]] == [row["mrr_start"] for row in table[1:]]
    assert [row["customers_end"] for row in table[:-1]] == [row["customers_start"] for row in table[1:]]


def test_every_movement_happens(sample: Path) -> None:
    table = rows(sample / "truth" / "mrr_monthly.csv")
    never = [c for c in (*PLUS, *MINUS, "new_and_gone", "customers_churned") if sum(Decimal(row[c]) for row in table) == 0]
    assert never == []


@pytest.mark.parametrize(("row", "boundary"), [(-1, "2026-11-01 00:00:00"), (0, "2024-12-01 00:00:00"), (11, "2025-11-01 00:00:00")])
def test_mrr_at_a_boundary_is_what_sql_finds_in_the_raw_versions(
    sample: Path, billing: sqlite3.Connection, row: int, boundary: str
) -> None:
    found = billing.execute(
        "SELECT client, seats, price, coalesce(discount, 0), interval_unit FROM clean"
        " WHERE status IN ('active', 'past_due') AND valid_from < ? AND (valid_to IS NULL OR valid_to >= ?)",
        (boundary, boundary),
    ).fetchall()
    months = {"month": Decimal(1), "year": Decimal(12)}
    amounts = [
        ((seats * Decimal(str(price)) - Decimal(str(discount))) / months[unit]).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        for _, seats, price, discount, unit in found
    ]
    expected = rows(sample / "truth" / "mrr_monthly.csv")[row]
    assert sum(amounts) == Decimal(expected["mrr_end"])
    assert len({client for client, *_ in found}) == int(expected["customers_end"])


def test_churned_customers_of_a_month_are_those_sql_finds(sample: Path, billing: sqlite3.Connection) -> None:
    at = "valid_from < :{0} AND (valid_to IS NULL OR valid_to >= :{0})"
    paying = "SELECT client FROM clean WHERE status IN ('active', 'past_due') AND " + at
    paused = "SELECT client FROM clean WHERE status = 'paused' AND " + at
    for row in rows(sample / "truth" / "mrr_monthly.csv")[11:23]:
        year, month = int(row["month"][:4]), int(row["month"][5:7])
        bounds = {"start": f"{row['month']} 00:00:00", "end": f"{year + month // 12}-{month % 12 + 1:02d}-01 00:00:00"}
        query = f"{paying.format('start')} EXCEPT {paying.format('end')} EXCEPT {paused.format('end')}"
        assert len(billing.execute(query, bounds).fetchall()) == int(row["customers_churned"])


def test_monthly_churn_lies_where_a_company_of_this_kind_has_it(sample: Path) -> None:
    last_year = rows(sample / "truth" / "mrr_monthly.csv")[12:]
    churned, start = (sum(int(row[c]) for row in last_year) for c in ("customers_churned", "customers_start"))
    assert 0.018 < churned / start < 0.035


CAUSES = ("failed_card", "slow_support", "falling_usage", "price_rise")


@pytest.mark.parametrize("cause", CAUSES)
def test_the_planted_leave_at_least_twice_as_often(sample: Path, cause: str) -> None:
    (planted, spared, count) = duckdb.sql(
        f"""SELECT avg((left_at IS NOT NULL)::int) FILTER ({cause}),
                   avg((left_at IS NOT NULL)::int) FILTER (NOT ({" OR ".join(CAUSES)})),
                   count(*) FILTER ({cause})
            FROM '{sample}/truth/customer.parquet' WHERE present OR left_at IS NOT NULL"""
    ).fetchone()
    assert count > 100
    assert planted > 2 * spared


@pytest.mark.parametrize("cause", CAUSES)
def test_some_are_still_there_with_a_cause_at_work(sample: Path, cause: str) -> None:
    (still,) = duckdb.sql(
        f"SELECT count(*) FROM '{sample}/truth/customer.parquet' WHERE present AND {cause} AND {cause}_to > '2026-10-31'"
    ).fetchone()
    assert still >= 20


def test_left_customers_have_no_running_subscription_and_present_ones_have(sample: Path, billing: sqlite3.Connection) -> None:
    running = {
        client
        for (client,) in billing.execute("SELECT client FROM clean WHERE valid_to IS NULL AND status IN ('active', 'past_due', 'paused')")
    }
    truth = duckdb.sql(f"SELECT customer_id FROM '{sample}/truth/customer.parquet' WHERE present").fetchall()
    assert len(running) > 1000
    assert {client for (client,) in truth} == running


def test_left_at_is_the_end_of_the_last_subscription(sample: Path, billing: sqlite3.Connection) -> None:
    ended = dict(billing.execute("SELECT client, max(ended_at) FROM clean WHERE status = 'ended' GROUP BY client").fetchall())
    left = duckdb.sql(
        f"SELECT customer_id, strftime(left_at, '%Y-%m-%d %H:%M:%S') FROM '{sample}/truth/customer.parquet' WHERE left_at NOT NULL"
    )
    found = left.fetchall()
    assert len(found) > 300
    assert [customer for customer, at in found if ended[customer] != at] == []


def test_involuntary_leaving_is_a_failed_payment_after_thirty_days(billing: sqlite3.Connection) -> None:
    lasted = billing.execute(
        "SELECT count(*), min(strftime('%s', e.ended_at) - strftime('%s', p.valid_from)),"
        " max(strftime('%s', e.ended_at) - strftime('%s', p.valid_from)) FROM clean e"
        " JOIN clean p ON p.subscription_id = e.subscription_id AND p.valid_to = e.valid_from AND p.status = 'past_due'"
        " WHERE e.ended_reason = 'payment_failed'"
    ).fetchone()
    assert lasted[0] > 30
    assert lasted[1:] == (30 * 86400, 30 * 86400)
