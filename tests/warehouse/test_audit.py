"""Audit: a warehouse that differs from the lake, or that nobody could believe, is found out."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from mandegar.errors import IdentityBroken
from mandegar.storage.lake import Lake
from mandegar.warehouse.audit import audit, same_sums
from mandegar.warehouse.publish import publish

YEAR = "period_kind = 'year'"
FIRST, SECOND = date(2025, 3, 30), date(2025, 3, 31)


def change(connection: sa.Connection, statement: str) -> None:
    assert connection.execute(sa.text(statement)).rowcount >= 1


def failed(nights, connection: sa.Connection, as_of: date = SECOND) -> list[str]:
    """What an audit finds wrong: `table: rule (so many of so many)`."""
    results = audit(connection, nights.company, nights.lake, as_of)
    assert len(results) >= 18
    return [f"{row['entity']}: {row['rule']} ({row['unexpected']} of {row['evaluated']})" for row in results if row["status"] == "failed"]


def test_a_night_as_it_was_computed_passes(nights, undone, public, rows):
    assert failed(nights, undone) == []
    told = rows(public, "SELECT status, count(*), sum(unexpected) FROM data_quality_result WHERE source LIKE 'warehouse.%' GROUP BY status")
    [[status, count, broken]] = told
    assert (status, broken) == ("passed", 0)
    assert count >= 20  # those of the latest night hold more


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM customer_risk WHERE customer_id = 'c1'",
        "DELETE FROM kpi_period WHERE metric = 'mrr_end' AND period_kind = 'year'",
        "DELETE FROM dim_customer WHERE customer_id = 'c3'",
        "DELETE FROM customer_contact WHERE customer_id = 'c3'",
        "DELETE FROM fct_mrr_movement WHERE customer_id = 'c3' AND period_kind = 'month'",
        "DELETE FROM fct_customer_period WHERE customer_id = 'c3'",
        "DELETE FROM customer_segment WHERE customer_id = 'c1'",
        "UPDATE customer_segment SET segment = 'high_risk_low_value' WHERE customer_id = 'c1' AND kind = 'matrix'",
        "UPDATE customer_risk SET health_score = health_score - 1 WHERE customer_id = 'c1'",
        "UPDATE kpi_period SET value = value + 0.5 WHERE metric = 'mrr_end' AND period_kind = 'year'",
        "UPDATE kpi_period SET denominator = denominator + 1 WHERE metric = 'logo_churn_rate' AND period_kind = 'month'",
        "UPDATE fct_mrr_movement SET amount = amount + 1 WHERE customer_id = 'c1' AND period_kind = 'month'",
        "UPDATE fct_customer_period SET m1 = m1 + 0.01 WHERE customer_id = 'c1'",
    ],
)
def test_a_row_that_is_not_the_lakes_is_found_out(nights, undone, statement):
    table = statement.split()[2 if statement.startswith("DELETE") else 1]
    change(undone, statement)
    assert [line.split(" (")[0] for line in failed(nights, undone) if "same_as_lake" in line] == [f"{table}: same_as_lake"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE kpi_period SET value = 1.5 WHERE metric = 'logo_churn_rate'", "kpi_period: share_between_0_and_1"),
        ("UPDATE kpi_period SET value = -1 WHERE metric = 'mrr_end'", "kpi_period: not_negative"),
        ("UPDATE kpi_period SET period_end = period_start WHERE period_kind = 'year'", "kpi_period: ends_after_start"),
        (
            "UPDATE kpi_period SET numerator = numerator + 0.02 WHERE metric = 'new_mrr' AND period_kind = 'year'",
            "kpi_period: mrr_adds_up (1 of",
        ),
        (
            "UPDATE kpi_period SET numerator = 7 WHERE metric = 'customers_new' AND period_kind = 'year'",
            "kpi_period: customers_add_up (1 of",
        ),
        ("UPDATE kpi_period SET value = 0.4 WHERE metric = 'arpa' AND period_kind = 'year'", "kpi_period: value_is_the_quotient (1 of"),
        (
            "UPDATE fct_mrr_movement SET amount_reporting = 5 WHERE customer_id = 'c1' AND period_kind = 'year'",
            "fct_mrr_movement: movements_lead_to_mrr",
        ),
        ("UPDATE customer_risk SET health_score = 101", "customer_risk: score_in_bounds (3 of 3)"),
        ("UPDATE customer_risk SET risk_band = 'dire'", "customer_risk: band_known (3 of 3)"),
        ("UPDATE customer_risk SET customer_id = 'c9' WHERE customer_id = 'c3'", "customer_risk: customer_described (1 of 3)"),
        ("UPDATE customer_segment SET kind = 'mood'", "customer_segment: kind_known"),
        ("UPDATE customer_segment SET customer_id = 'c9' WHERE customer_id = 'c3'", "customer_segment: customer_described (1 of 3)"),
        ("UPDATE customer_contact SET customer_id = 'c9' WHERE customer_id = 'c3'", "customer_contact: customer_described (1 of 3)"),
        ("UPDATE fct_mrr_movement SET movement = 'unknown' WHERE customer_id = 'c1'", "fct_mrr_movement: movement_known"),
        ("UPDATE fct_customer_period SET status = 'lost' WHERE customer_id = 'c1'", "fct_customer_period: status_known"),
        ("UPDATE dim_date SET weekday = 8 WHERE jalali_day = 1", "dim_date: day_in_week"),
    ],
)
def test_figures_that_nobody_could_believe_are_found_out(nights, undone, statement, said):
    change(undone, statement)
    found = failed(nights, undone)
    assert [line for line in found if line.startswith(said)], found


def test_an_earlier_night_published_after_is_audited_for_its_own_rows(nights, published):
    publish(nights.company, nights.lake, published, FIRST)
    with published.begin() as connection:
        assert failed(nights, connection, FIRST) == []
        change(connection, f"DELETE FROM customer_risk WHERE as_of = '{FIRST}' AND customer_id = 'c1'")
        assert [line.split(" (")[0] for line in failed(nights, connection, FIRST)] == ["customer_risk: same_as_lake"]


def test_a_night_that_does_not_hold_is_never_public(nights, own_lake: Lake, target: sa.Engine, everything, rows):
    """The scores of 31 March come to 150: readers keep 30 March, every table; only the audit's own lines say what is wrong."""
    publish(nights.company, own_lake, target, FIRST)
    before = everything(target)
    [file] = own_lake.files("marts", "customer_risk", [SECOND])
    risks = pq.ParquetFile(file).read()
    place = risks.schema.get_field_index("health_score")
    spoilt = risks.set_column(place, "health_score", pa.array([150.0] * len(risks)))
    own_lake.replace("marts", "customer_risk", SECOND, own_lake.schema("marts", "customer_risk"), spoilt.to_batches())
    with pytest.raises(
        IdentityBroken, match=r"2025-03-31 is not published, readers keep the night of 2025-03-30: .*score_in_bounds \(3 of 3\)"
    ):
        publish(nights.company, own_lake, target, SECOND)
    after = everything(target)
    quality = ("data_quality_result", "quarantined_row")
    assert {name for name in after if after[name] != before[name]} <= set(quality)
    assert rows(target, "SELECT as_of FROM published_night") == [(FIRST,)] or rows(target, "SELECT as_of FROM published_night") == [
        (str(FIRST),)
    ]
    told = "SELECT source, rule FROM data_quality_result WHERE status = 'failed' AND as_of = '2025-03-31' AND source LIKE 'warehouse.%'"
    assert rows(target, told) == [("warehouse.customer_risk", "score_in_bounds")]


def test_a_churn_rate_above_1_is_no_fault_where_the_convention_says_so(nights, undone):
    """Under baremetrics four left of the one who was there; under the default nobody could."""
    statement = (
        "UPDATE kpi_period SET convention = 'baremetrics', value = 4, numerator = 4, denominator = 1 WHERE metric = 'logo_churn_rate'"
    )
    change(undone, statement)
    assert [line for line in failed(nights, undone) if "share" in line] == []
    change(undone, "UPDATE kpi_period SET convention = 'default' WHERE metric = 'logo_churn_rate'")
    assert [line for line in failed(nights, undone) if "share" in line]


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        ([3, 0.0, 4e12], [3, 0.0005, 4e12], True),  # trillions of rials that cancel out: the rest is what doubles lose
        ([3, 0.0, 4e12], [3, 5000.0, 4e12], False),
        ([3, 0.0, 4.0], [3, 0.0005, 4.0], False),
        ([3, 7.0, 7.0], [4, 7.0, 7.0], False),
        ([3, 0.0, 4e12], [3, 0.0, 5e12], False),
        ([3], [3], True),
        ([3], None, False),
    ],
)
def test_sums_are_held_to_the_size_of_what_they_are_made_of(here, there, same):
    assert same_sums(here, there) is same
