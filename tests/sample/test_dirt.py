"""Each kind of dirt is there, is listed, and stands where the list says."""

import csv
import json
import re
import sqlite3
from collections import Counter
from pathlib import Path

import duckdb
import pytest

HANDFUL = 6
KINDS = [
    ("customer", "stale_duplicate", "merged"),
    ("customer", "phone_spelling", "normalised"),
    ("customer", "arabic_letters", "normalised"),
    ("subscription", "reversed_interval", "quarantined"),
    ("subscription", "wrong_currency", "quarantined"),
    ("invoice", "orphan", "quarantined"),
    ("payment", "exact_duplicate", "deduplicated"),
    ("payment", "orphan", "quarantined"),
    ("payment", "impossible_date", "quarantined"),
    ("payment", "far_future", "quarantined"),
    ("ticket", "exact_duplicate", "deduplicated"),
    ("ticket", "orphan", "quarantined"),
    ("ticket", "late", "accepted"),
    ("survey", "exact_duplicate", "deduplicated"),
    ("survey", "text_for_number", "quarantined"),
    ("usage", "late", "accepted"),
]


@pytest.fixture(scope="module")
def listed(sample: Path) -> list[dict[str, str]]:
    """The rows of truth/dirt.csv."""
    with (sample / "truth" / "dirt.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def ids(listed: list[dict[str, str]], entity: str, kind: str) -> list[str]:
    """The ids listed under one kind of dirt."""
    return [row["id"] for row in listed if (row["entity"], row["kind"]) == (entity, kind)]


def test_the_list_names_exactly_these_kinds(listed: list[dict[str, str]]) -> None:
    assert {(row["entity"], row["kind"], row["outcome"]) for row in listed} == set(KINDS)


@pytest.mark.parametrize(("entity", "kind", "outcome"), KINDS)
def test_there_is_a_handful_of_it(listed: list[dict[str, str]], entity: str, kind: str, outcome: str) -> None:
    assert len(ids(listed, entity, kind)) >= HANDFUL


def test_rows_written_twice_are_those_listed(sample: Path, billing: sqlite3.Connection, listed: list[dict[str, str]]) -> None:
    twice = [row[0] for row in billing.execute("SELECT payment_id FROM payments GROUP BY payment_id HAVING count(*) > 1")]
    assert sorted(twice) == sorted(ids(listed, "payment", "exact_duplicate"))
    lines = Counter((sample / "tickets.jsonl").read_text("utf-8").splitlines())
    again = [json.loads(line)["id"] for line, count in lines.items() if count > 1]
    assert sorted(again) == sorted(ids(listed, "ticket", "exact_duplicate"))


def test_orphans_belong_to_nobody(sample: Path, billing: sqlite3.Connection, listed: list[dict[str, str]]) -> None:
    crm = sqlite3.connect(sample / "crm.db")
    known = {row[0] for row in crm.execute("SELECT account_no FROM accounts")}
    for table, key, entity in (("invoices", "invoice_no", "invoice"), ("payments", "payment_id", "payment")):
        orphans = [row[0] for row in billing.execute(f"SELECT {key}, client FROM {table}") if row[1] not in known]
        assert sorted(orphans) == sorted(ids(listed, entity, "orphan"))


def test_the_newest_row_of_a_doubled_account_is_unique(sample: Path, listed: list[dict[str, str]]) -> None:
    crm = sqlite3.connect(sample / "crm.db")
    doubled = crm.execute("SELECT account_no, count(*), count(DISTINCT changed) FROM accounts GROUP BY 1 HAVING count(*) > 1").fetchall()
    assert sorted(row[0] for row in doubled) == sorted(ids(listed, "customer", "stale_duplicate"))
    assert {row[1:] for row in doubled} == {(2, 2)}


def test_phones_of_one_person_are_equal_once_folded(sample: Path, listed: list[dict[str, str]]) -> None:
    crm = sqlite3.connect(sample / "crm.db")
    digits = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
    spelled, folded = [], Counter()
    for account in ids(listed, "customer", "phone_spelling"):
        (phone,) = crm.execute("SELECT mobile FROM accounts WHERE account_no = ? ORDER BY changed DESC", (account,)).fetchone()
        spelled.append(phone)
        folded[re.sub(r"\D", "", phone.translate(digits))[-10:]] += 1
    assert len(set(spelled)) == len(spelled)
    assert set(folded.values()) == {2}


def test_bad_contracts_stand_under_ids_of_their_own(billing: sqlite3.Connection, listed: list[dict[str, str]]) -> None:
    reversed_ = [r[0] for r in billing.execute("SELECT subscription_id FROM subscription_versions WHERE valid_to < valid_from")]
    strange = [r[0] for r in billing.execute("SELECT subscription_id FROM subscription_versions WHERE currency IN ('XXX', 'Toman')")]
    assert sorted(reversed_) == sorted(ids(listed, "subscription", "reversed_interval"))
    assert sorted(strange) == sorted(ids(listed, "subscription", "wrong_currency"))
    assert all(name.startswith("SX-") for name in reversed_ + strange)


def test_bad_dates_and_words_for_numbers_are_those_listed(sample: Path, billing: sqlite3.Connection, listed: list[dict[str, str]]) -> None:
    missing = [r[0] for r in billing.execute("SELECT payment_id FROM payments WHERE attempted_at LIKE '2026-02-30%'")]
    far = [r[0] for r in billing.execute("SELECT payment_id FROM payments WHERE attempted_at LIKE '2099-%'")]
    assert sorted(missing) == sorted(ids(listed, "payment", "impossible_date"))
    assert sorted(far) == sorted(ids(listed, "payment", "far_future"))
    with (sample / "surveys.csv").open(encoding="utf-8") as file:
        words = [row["response_id"] for row in csv.DictReader(file) if not row["score"].isdigit()]
    assert sorted(words) == sorted(ids(listed, "survey", "text_for_number"))


def test_late_usage_is_learnt_one_to_three_days_after_its_day(sample: Path, listed: list[dict[str, str]]) -> None:
    late = duckdb.sql(
        f"SELECT account || '|' || day || '|' || feature, date_diff('day', day, loaded_at) FROM '{sample}/usage.parquet'"
        " WHERE loaded_at::date > day"
    ).fetchall()
    assert sorted(row[0] for row in late) == sorted(ids(listed, "usage", "late"))
    assert {row[1] for row in late} == {1, 2, 3}
