"""Days as numbers: the company's own, whatever the clock does."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mandegar.compute.engine import Engine
from mandegar.time.local_days import date_of, local_day, number

UNTIL = datetime(2027, 1, 1, tzinfo=UTC)
ZONES = ["UTC", "Asia/Tehran", "America/Havana", "Australia/Lord_Howe", "Africa/Monrovia", "Pacific/Apia"]


def days(engine: Engine, zone: str, instants: list[datetime]) -> list[date]:
    """The company's days of instants."""
    table = engine.table(pa.table({"n": range(len(instants)), "at": pa.array(instants, pa.timestamp("us", "UTC"))}))
    found = engine.arrow(table.select("n", day=local_day(table["at"], ZoneInfo(zone), UNTIL)).order_by("n"))
    return [date_of(day) for day in found["day"].to_pylist()]


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("UTC", "2026-01-31 23:59:59.999999", "2026-01-31"),  # the last microsecond is not rounded into the next day
        ("UTC", "2026-02-01 00:00", "2026-02-01"),
        ("UTC", "1969-12-31 12:00", "1969-12-31"),
        ("Asia/Tehran", "2026-01-31 20:29:59", "2026-01-31"),  # UTC+3:30
        ("Asia/Tehran", "2026-01-31 20:30", "2026-02-01"),
        ("Asia/Tehran", "2022-06-30 19:30", "2022-07-01"),  # the last summer time, UTC+4:30
        ("Asia/Tehran", "2023-06-30 20:29", "2023-06-30"),  # none since
        ("Pacific/Apia", "2011-12-30 09:59", "2011-12-29"),  # Samoa left out 30 December 2011
        ("Pacific/Apia", "2011-12-30 10:00", "2011-12-31"),
        ("Asia/Tehran", "2024-02-28 21:00", "2024-02-29"),
    ],
)
def test_the_day_of_an_instant(engine: Engine, zone: str, at: str, day: str) -> None:
    assert days(engine, zone, [datetime.fromisoformat(at).replace(tzinfo=UTC)]) == [date.fromisoformat(day)]


@pytest.mark.parametrize("zone", ZONES)
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(instants=st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2026, 12, 30)), min_size=1, max_size=50))
def test_it_is_the_day_of_pythons_own_clock(duckdb: Engine, zone: str, instants: list[datetime]) -> None:
    aware = [instant.replace(tzinfo=UTC) for instant in instants]
    assert days(duckdb, zone, aware) == [instant.astimezone(ZoneInfo(zone)).date() for instant in aware]


def test_numbers_count_from_1970() -> None:
    assert (number(date(1970, 1, 1)), number(date(1970, 2, 1)), date_of(number(date(2024, 2, 29)))) == (0, 31, date(2024, 2, 29))
