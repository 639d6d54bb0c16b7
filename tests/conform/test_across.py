"""Rules across entities: a payment is not made before its invoice was issued."""

from datetime import date

import pyarrow.parquet as pq

from mandegar.config import company as companies
from mandegar.conform.across import hold_across
from mandegar.conform.conform import conform
from mandegar.quality.validate import validate
from mandegar.sources.extract import extract
from mandegar.storage.lake import Lake

NIGHT = date(2025, 3, 31)
FILES = {
    "customer.csv": "customer_id,name,signed_up_at\nc1,Sara,2025-01-15\n",
    "invoice.csv": "invoice_id,customer_id,kind,issued_at,net_amount,currency\n"
    "i1,c1,one_off,2025-02-01,10,USD\ni2,c1,one_off,2025-03-01,10,USD\n",
    "payment.csv": "payment_id,customer_id,invoice_id,attempted_at,amount,currency,status\n"
    "p1,c1,i1,2025-02-02,10,USD,succeeded\n"  # after its invoice
    "p2,c1,i2,2025-02-28,10,USD,succeeded\n"  # a day before
    "p3,c1,i9,2025-02-02,10,USD,succeeded\n"  # of an invoice that nobody knows
    "p4,c1,,2025-02-02,10,USD,succeeded\n",  # of none
}


def results(make_company, tmp_path, engine, more: dict[str, str]) -> list[tuple]:
    company = companies.load(make_company(FILES | more, churn="{kind: inactivity, days: 90}"))
    lake = Lake(tmp_path / "lake")
    for table in company.tables():
        extract(company, lake, table, NIGHT)
        validate(company, lake, table, NIGHT)
    conform(company, lake, engine, NIGHT)
    hold_across(company, lake, engine, NIGHT)
    found = [row for file in lake.files("quality", "conform.payment.across", [NIGHT]) for row in pq.ParquetFile(file).read().to_pylist()]
    return [(row["rule"], row["severity"], row["evaluated"], row["unexpected"], row["status"]) for row in found]


def test_a_payment_before_its_invoice_is_warned_of(make_company, tmp_path, engine):
    assert results(make_company, tmp_path, engine, {}) == [("attempted_at_not_before_its_invoice", "warn", 2, 1, "warned")]


def test_a_rule_across_entities_can_be_switched_off(make_company, tmp_path, duckdb):
    off = "entities:\n  payment:\n    rules:\n      attempted_at_not_before_its_invoice: {severity: off}\n"
    assert results(make_company, tmp_path, duckdb, {"quality.yaml": off}) == []
