"""Audit: a warehouse that differs from the lake, or that nobody could believe, is found out."""

from datetime import date

import pytest
import sqlalchemy as sa

from mandegar.errors import IdentityBroken
from mandegar.warehouse.audit import audit
from mandegar.warehouse.publish import publish

FIRST, SECOND = date(2025, 3, 30), date(2025, 3, 31)


def change(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount >= 1


def test_a_night_as_it_was_computed_passes(nights, published, rows):
    done = audit(nights.lake, published, SECOND)
    assert done["warnings"] == 0
    [[count, broken]] = rows(
        published, "SELECT count(*), sum(unexpected) FROM data_quality_result WHERE source LIKE 'warehouse.%' AND status = 'passed'"
    )
    assert (count, broken) == (done["checks"], 0)
    assert count >= 15


def test_auditing_twice_writes_its_results_once(nights, published, everything):
    audit(nights.lake, published, SECOND)
    before = everything(published)
    audit(nights.lake, published, SECOND)
    assert everything(published) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM customer_risk WHERE customer_id = 'c1'",
        "DELETE FROM kpi_period WHERE metric = 'mrr_end' AND period_kind = 'year'",
        "DELETE FROM dim_customer WHERE customer_id = 'c3'",
        "DELETE FROM customer_contact WHERE customer_id = 'c3'",
        "DELETE FROM fct_mrr_movement WHERE customer_id = 'c3' AND period_kind = 'month'",
        "DELETE FROM fct_customer_period WHERE customer_id = 'c3'",
        "UPDATE customer_risk SET health_score = health_score - 1 WHERE customer_id = 'c1'",
        "UPDATE kpi_period SET value = value + 0.5 WHERE metric = 'mrr_end' AND period_kind = 'year'",
        "UPDATE kpi_period SET denominator = denominator + 1 WHERE metric = 'logo_churn_rate' AND period_kind = 'month'",
        "UPDATE fct_mrr_movement SET amount = amount + 1 WHERE customer_id = 'c1' AND period_kind = 'month'",
        "UPDATE fct_customer_period SET m1 = m1 + 0.01 WHERE customer_id = 'c1'",
    ],
)
def test_a_row_deleted_or_changed_since_is_found_out(nights, published, rows, statement):
    table = statement.split()[2 if statement.startswith("DELETE") else 1]
    change(published, statement)
    with pytest.raises(IdentityBroken, match=rf"The audit of the published night 2025-03-31 failed: .*warehouse\.{table}: same_as_lake"):
        audit(nights.lake, published, SECOND)
    query = "SELECT source FROM data_quality_result WHERE rule = 'same_as_lake' AND status = 'failed'"
    assert rows(published, query) == [(f"warehouse.{table}",)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE kpi_period SET value = 1.5 WHERE metric = 'logo_churn_rate'", r"warehouse\.kpi_period: share_between_0_and_1"),
        ("UPDATE kpi_period SET value = -1 WHERE metric = 'mrr_end'", r"warehouse\.kpi_period: not_negative"),
        ("UPDATE customer_risk SET health_score = 101", r"warehouse\.customer_risk: score_in_bounds \(3 of 3\)"),
        ("UPDATE customer_risk SET risk_band = 'dire'", r"warehouse\.customer_risk: band_known \(3 of 3\)"),
        ("UPDATE fct_mrr_movement SET movement = 'unknown' WHERE customer_id = 'c1'", r"warehouse\.fct_mrr_movement: movement_known"),
    ],
)
def test_figures_that_nobody_could_believe_are_found_out(nights, published, statement, said):
    change(published, statement)
    with pytest.raises(IdentityBroken, match=said):
        audit(nights.lake, published, SECOND)


def test_an_earlier_night_published_after_is_audited_for_its_own_rows(nights, published):
    publish(nights.company, nights.lake, published, FIRST)
    assert audit(nights.lake, published, FIRST)["warnings"] == 0
    change(published, f"DELETE FROM customer_risk WHERE as_of = '{FIRST}' AND customer_id = 'c1'")
    with pytest.raises(IdentityBroken, match=r"warehouse\.customer_risk: same_as_lake"):
        audit(nights.lake, published, FIRST)
