"""Each planted cause shows in what the company's systems know, before anybody leaves over it."""

import json
import sqlite3
from datetime import date, datetime
from pathlib import Path
from statistics import median

import duckdb


def planted(sample: Path, cause: str, columns: str) -> list[tuple]:
    """Columns of the customers with that cause."""
    return duckdb.sql(f"SELECT {columns} FROM '{sample}/truth/customer.parquet' WHERE {cause}").fetchall()


def test_a_failed_card_had_run_out_when_payments_failed(sample: Path, billing: sqlite3.Connection) -> None:
    left = {row[0] for row in planted(sample, "left_because = 'failed_card'", "customer_id")}
    failures = billing.execute(
        "SELECT client, count(*), sum(card_expires_on < attempted_at) FROM payments WHERE failure_code = 'card_expired' GROUP BY client"
    ).fetchall()
    seen = {client: (count, expired) for client, count, expired in failures}
    assert len(left) > 50
    assert min(seen[client][0] for client in left) >= 5
    assert all(count == expired for count, expired in seen.values())


def test_slow_support_answers_after_more_than_a_day(sample: Path) -> None:
    spans = {c: (begin, end) for c, begin, end in planted(sample, "slow_support", "customer_id, slow_support_from, slow_support_to")}
    waits: dict[bool, list[float]] = {True: [], False: []}
    for line in (sample / "tickets.jsonl").read_text("utf-8").splitlines():
        ticket = json.loads(line)
        if ticket["first_reply_at"] is None:
            continue
        opened, answered = datetime.fromisoformat(ticket["created_at"]), datetime.fromisoformat(ticket["first_reply_at"])
        begin, end = spans.get(ticket["account"], (date.max, date.max))
        waits[begin <= opened.date() < end].append((answered - opened).total_seconds() / 3600)
    assert len(waits[True]) > 500
    assert min(waits[True]) > 24
    assert median(waits[False]) < 3


def test_falling_usage_falls_to_a_fraction(sample: Path) -> None:
    before, after, customers = duckdb.sql(
        f"""WITH struck AS (SELECT customer_id, falling_usage_from AS f FROM '{sample}/truth/customer.parquet'
                            WHERE falling_usage AND falling_usage_to >= falling_usage_from + 100
                              AND signed_up_at::date <= falling_usage_from - 50 AND falling_usage_from >= '2025-01-01')
            SELECT sum(events) FILTER (day BETWEEN f - 42 AND f - 1), sum(events) FILTER (day BETWEEN f + 58 AND f + 99),
                   count(DISTINCT customer_id)
            FROM '{sample}/usage.parquet' u JOIN struck ON customer_id = u.account"""
    ).fetchone()
    assert customers > 60
    assert after < 0.35 * before


def test_a_price_rise_stands_in_the_versions(sample: Path, billing: sqlite3.Connection) -> None:
    risen = {row[0] for row in planted(sample, "price_rise", "customer_id")}
    seen = billing.execute(
        "WITH v AS (SELECT *, lag(price) OVER w AS old, lag(plan) OVER w AS old_plan FROM clean"
        " WINDOW w AS (PARTITION BY subscription_id ORDER BY valid_from))"
        " SELECT DISTINCT client FROM v WHERE plan = old_plan AND price > old"
    ).fetchall()
    assert len(risen) > 100
    assert {client for (client,) in seen} == risen
