"""churn_driver: a mart that some nights write stands in the warehouse beside those of other nights, and is audited."""

from datetime import UTC, datetime

import pandas as pd
import pytest
import sqlalchemy as sa
from tests.warehouse.conftest import FIRST, SECOND

from mandegar.compute.engine import Engine
from mandegar.errors import IdentityBroken
from mandegar.risk.drivers.drivers import MART, SCHEMA, Drivers, drivers, write_drivers
from mandegar.storage.lake import Lake
from mandegar.warehouse.audit import audit
from mandegar.warehouse.publish import publish

pytestmark = pytest.mark.slow

CLOSES = datetime(2025, 3, 31, 20, 30, tzinfo=UTC)
TOLD = (
    "SELECT feature, band, band_order, customers, churned, churn_rate, lift, is_notable, kind FROM churn_driver ORDER BY as_of, band_order"
)
ROWS = [
    ("asked", "no", 1, 500, 50, 0.1, 0.4, True, "association"),
    ("asked", "yes", 2, 500, 200, 0.4, 1.6, True, "association"),
]


@pytest.fixture(scope="session")
def found() -> Drivers:
    """200 of 500 who asked left, and 50 of 500 who did not."""
    customers = [f"c{number}" for number in range(1000)]
    left = [number < 200 or 500 <= number < 550 for number in range(1000)]
    return drivers(pd.DataFrame({"customer_id": customers, "as_of": SECOND, "left": left, "asked": [True] * 500 + [False] * 500}))


@pytest.fixture
def lake_with_drivers(own_lake: Lake, duckdb: Engine, found: Drivers) -> Lake:
    """A lake whose night of 31 March has drivers."""
    assert write_drivers(own_lake, duckdb, found, SECOND, CLOSES) == 2
    return own_lake


def test_drivers_are_published_with_their_night(nights, target, lake_with_drivers, rows) -> None:
    for _ in range(2):
        publish(nights.company, lake_with_drivers, target, SECOND)
    assert rows(target, TOLD) == ROWS
    publish(nights.company, lake_with_drivers, target, FIRST)  # a night without adds none, and leaves those of others
    assert rows(target, TOLD) == ROWS


def test_a_night_without_drivers_is_whole(nights, published, rows) -> None:
    assert rows(published, "SELECT count(*) FROM churn_driver") == [(0,)]
    assert rows(published, "SELECT count(*) FROM published_night") == [(1,)]


def test_where_nobody_left_a_night_publishes_no_driver(nights, target, own_lake, duckdb, rows) -> None:
    assert write_drivers(own_lake, duckdb, Drivers(SCHEMA.empty_table()), SECOND, CLOSES) == 0
    publish(nights.company, own_lake, target, SECOND)
    assert rows(target, TOLD) == []


def test_drivers_that_are_not_signed_are_not_there(nights, target, lake_with_drivers, rows) -> None:
    lake_with_drivers.withdraw("marts", MART, SECOND)
    publish(nights.company, lake_with_drivers, target, SECOND)
    assert rows(target, TOLD) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE churn_driver SET churn_rate_high = 1.5 WHERE band_order = 2", {"churn_rate_high_is_a_share"}),
        ("UPDATE churn_driver SET adjusted_low = 0", {"odds_above_0"}),
        ("UPDATE churn_driver SET kind = 'cause'", {"kind_known"}),
        ("DELETE FROM churn_driver WHERE band_order = 1", {"same_as_lake"}),
        ("UPDATE churn_driver SET lift = lift * 1.001", {"same_as_lake"}),
    ],
)
def test_drivers_that_nobody_could_believe_are_found_out(nights, target: sa.Engine, lake_with_drivers, statement, said) -> None:
    publish(nights.company, lake_with_drivers, target, SECOND)
    with target.begin() as connection:
        connection.execute(sa.text(statement))
        lines = audit(connection, nights.company, lake_with_drivers, SECOND)
    wrong = {line["rule"] for line in lines if line["entity"] == MART and line["status"] == "failed"}
    assert wrong == said


def test_a_night_whose_drivers_do_not_hold_is_not_public(nights, target, own_lake, duckdb, found, rows) -> None:
    cause = found.rows.set_column(found.rows.column_names.index("kind"), "kind", [["cause", "cause"]])
    write_drivers(own_lake, duckdb, Drivers(cause), SECOND, CLOSES)
    with pytest.raises(IdentityBroken, match=r"warehouse\.churn_driver: kind_known \(2 of 2\)"):
        publish(nights.company, own_lake, target, SECOND)
    assert rows(target, TOLD) == []
