"""Working time: the week, its holidays and breaks, clock changes, and the engine's reckoning of what lies between two instants."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import small_tables
from tests.small_tables import at

from mandegar.compute.engine import Engine
from mandegar.config import company as companies
from mandegar.config.company import Company
from mandegar.errors import CompanyError
from mandegar.time.working_time import clock, spans, worked_seconds

NIGHT_AND_DAY = {
    "days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    "from": "00:00",
    "to": "24:00",
}


def of(working_time: dict[str, Any] | None = None, zone: str = "UTC", calendar: str = "gregorian") -> Company:
    """A company with that working time."""
    return small_tables.company(time_zone=zone, calendar=calendar, working_time=working_time or {})


def hours(company: Company, first: str, last: str | None = None) -> list[str]:
    """The stretches worked, in local time: `Mon 09:00-17:00`."""
    found = spans(company, date.fromisoformat(first), date.fromisoformat(last or first))
    local = [(start.astimezone(company.zone), end.astimezone(company.zone)) for start, end in found]
    return [f"{start:%a %H:%M}-{end:%H:%M}" for start, end in local]


def worked(engine: Engine, company: Company, first: str, last: str, instants: list[datetime]) -> list[int | None]:
    """The clock's reading at instants."""
    ticking = engine.table(clock(company, date.fromisoformat(first), date.fromisoformat(last)))
    rows = engine.table(pa.table({"place": range(len(instants)), "at": pa.array(instants, pa.timestamp("us", "UTC"))}))
    return [row["worked"] for row in small_tables.rows(engine, worked_seconds(rows, ticking, "at", "worked").order_by("place"))]


def test_the_usual_week() -> None:
    """5 January 2026 was a Monday."""
    assert hours(of(), "2026-01-05", "2026-01-11") == [f"{day} 09:00-17:00" for day in ("Mon", "Tue", "Wed", "Thu", "Fri")]


def test_the_usual_jalali_week() -> None:
    """From Saturday; a Thursday of four hours; Friday is free."""
    assert hours(of(calendar="jalali", zone="Asia/Tehran"), "2026-01-03", "2026-01-09") == [
        *(f"{day} 09:00-17:00" for day in ("Sat", "Sun", "Mon", "Tue", "Wed")),
        "Thu 09:00-13:00",
    ]


def test_a_week_that_the_company_says() -> None:
    told = {"days": ["saturday", "sunday"], "from": "08:00", "to": "14:30", "other_hours": {"monday": {"from": "10:00", "to": "11:00"}}}
    assert hours(of(told, calendar="jalali"), "2026-01-03", "2026-01-09") == ["Sat 08:00-14:30", "Sun 08:00-14:30", "Mon 10:00-11:00"]


def test_breaks_are_taken_out_wherever_they_lie() -> None:
    """One before the day begins, one over its beginning, one inside, one over its end."""
    told = [{"from": "06:00", "to": "07:00"}, {"from": "08:30", "to": "09:15"}, {"from": "12:00", "to": "13:00"}]
    assert hours(of({"breaks": [*told, {"from": "16:30", "to": "18:00"}]}), "2026-01-05") == ["Mon 09:15-12:00", "Mon 13:00-16:30"]


def test_holidays_of_a_day_and_of_every_year() -> None:
    """Wednesday, 24 December 2025 to Friday, 2 January 2026; Christmas every year, 31 December once."""
    told = {"holidays": ["12-25", date(2025, 12, 31)]}
    assert hours(of(told), "2025-12-24", "2026-01-02") == [f"{day} 09:00-17:00" for day in ("Wed", "Fri", "Mon", "Tue", "Thu", "Fri")]


def test_nowruz_is_a_holiday_of_the_jalali_year() -> None:
    """Farvardin 1 is Saturday, 21 March 2026, and Monday, 21 March 2022."""
    company = of({"holidays": ["01-01"]}, calendar="jalali", zone="Asia/Tehran")
    assert hours(company, "2026-03-21", "2026-03-22") == ["Sun 09:00-17:00"]
    assert hours(company, "2022-03-20", "2022-03-21") == ["Sun 09:00-17:00"]


@pytest.mark.parametrize(
    ("zone", "day", "seconds"),
    [
        ("Europe/London", "2021-03-28", 23 * 3600),
        ("Europe/London", "2021-10-31", 25 * 3600),
        ("Asia/Tehran", "2022-03-22", 23 * 3600),  # begins at 01:00
        ("Asia/Tehran", "2022-09-21", 25 * 3600),  # 23:00 to 24:00 comes twice
        ("Asia/Tehran", "2023-03-22", 24 * 3600),  # no summer time any more
        ("America/Havana", "2021-11-07", 25 * 3600),  # 00:00 comes twice
        ("Pacific/Apia", "2011-12-30", 0),  # a day that was left out
    ],
)
def test_a_whole_day_lasts_as_long_as_the_clock_makes_it(zone: str, day: str, seconds: int) -> None:
    found = spans(of(NIGHT_AND_DAY, zone), date.fromisoformat(day), date.fromisoformat(day))
    assert sum((end - start).total_seconds() for start, end in found) == seconds


def test_hours_within_a_skipped_hour_do_not_run_backwards() -> None:
    """London, Sunday 28 March 2021: 01:00 to 02:00 does not exist; 01:15 to 01:45 counts as 02:15 to 02:45, and 02:30 comes after."""
    told = {"days": ["sunday"], "from": "01:15", "to": "03:00", "breaks": [{"from": "01:45", "to": "02:30"}]}
    assert hours(of(told, "Europe/London"), "2021-03-28") == ["Sun 02:15-02:45", "Sun 02:45-03:00"]


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("2026-01-05 10:00", "2026-01-05 10:30", 30),
        ("2026-01-05 08:00", "2026-01-05 09:10", 10),  # before the day begins
        ("2026-01-05 16:50", "2026-01-06 09:05", 15),  # over a night
        ("2026-01-09 16:00", "2026-01-12 10:00", 120),  # over a weekend
        ("2026-01-10 10:00", "2026-01-11 20:00", 0),  # within it
        ("2026-01-05 00:00", "2026-01-12 00:00", 2400),  # a week of 5 x 8 hours
        ("2026-01-05 17:00", "2026-01-06 09:00", 0),
    ],
)
def test_working_time_between_two_instants(engine: Engine, since: str, until: str, minutes: int) -> None:
    start, end = worked(engine, of(), "2026-01-01", "2026-01-31", [at(since), at(until)])
    assert start is not None
    assert end is not None
    assert (end - start) / 60 == minutes


def test_over_a_clock_change_in_tehran(engine: Engine) -> None:
    """Monday, 21 March 2022, 16:00 (+03:30) to Tuesday 10:00 (+04:30): an hour each, at 12:30 and at 05:30 UTC."""
    company = of(zone="Asia/Tehran")
    start, end = worked(engine, company, "2022-03-01", "2022-03-31", [at("2022-03-21 12:30"), at("2022-03-22 05:30")])
    assert start is not None
    assert end is not None
    assert end - start == 2 * 3600


def test_a_time_that_is_empty_or_outside_the_clock_reads_nothing(engine: Engine) -> None:
    instants: list[Any] = [None, at("2025-12-31 23:59"), at("2026-01-01"), at("2026-02-01")]
    assert worked(engine, of(), "2026-01-01", "2026-01-31", instants) == [None, None, 0, None]


def test_the_clock_has_a_row_for_every_change_and_every_utc_day() -> None:
    """Monday and Tuesday, 09:00-17:00: three rows each."""
    table = clock(of(), date(2026, 1, 5), date(2026, 1, 6))
    assert [column.to_pylist() for column in (table["worked_before"], table["works"])] == [
        [0, 0, 28_800, 28_800, 28_800, 57_600],
        [0, 1, 0, 0, 1, 0],
    ]


BASE = datetime(2022, 3, 15, tzinfo=UTC)  # Tehran's last changes of the clock lie on 21 March and 21 September 2022
instants = st.integers(0, 200 * 86_400).map(lambda seconds: BASE + timedelta(seconds=seconds))
weeks = st.sampled_from(
    [
        {},
        NIGHT_AND_DAY,
        {"from": "00:30", "to": "23:45", "breaks": [{"from": "12:00", "to": "13:00"}], "holidays": ["03-22", "09-21", "04-01"]},
        {"days": ["friday"], "from": "09:00", "to": "10:00"},
    ]
)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(
    times=st.lists(instants, min_size=2, max_size=12),
    week=weeks,
    zone=st.sampled_from(["UTC", "Asia/Tehran", "America/Havana", "Europe/London", "Pacific/Apia"]),
    calendar=st.sampled_from(["gregorian", "jalali"]),
)
def test_working_time_adds_up_is_never_negative_and_never_more_than_time(
    duckdb: Engine, times: list[datetime], week: dict[str, Any], zone: str, calendar: str
) -> None:
    """Whatever instants lie between two, the readings rise with them, by no more than the time that passed."""
    times = sorted(times)
    read = worked(duckdb, of(week, zone, calendar), "2022-03-14", "2022-10-03", times)
    assert None not in read
    for (one, before), (other, after) in pairwise(zip(times, read, strict=True)):
        assert 0 <= (after or 0) - (before or 0) <= (other - one).total_seconds()


@settings(deadline=None, derandomize=True, max_examples=25)
@given(times=st.lists(instants, min_size=2, max_size=2, unique=True), zone=st.sampled_from(["Asia/Tehran", "Europe/London"]))
def test_who_works_night_and_day_works_all_the_time(duckdb: Engine, times: list[datetime], zone: str) -> None:
    times = sorted(times)
    start, end = worked(duckdb, of(NIGHT_AND_DAY, zone), "2022-03-14", "2022-10-03", times)
    assert (end or 0) - (start or 0) == (times[1] - times[0]).total_seconds()


WRONG = {
    '{from: "9", to: "17:00"}': "found '9'. Write hours and minutes in quotes",
    "{from: 17:00, to: 09:00}": "`from` is not before `to`",
    "{days: [sonday]}": "found 'sonday'. Write 'monday', 'tuesday'",
    "{holidays: [1405-01-01]}": "Write a Gregorian day such as 2026-03-21",
    '{holidays: ["13-01"]}': "found '13-01'",
    '{holidays: ["02-30"]}': "02-30 is no day of the gregorian calendar",
    '{form: "09:00"}': "working_time.form: there is no such key. Did you mean `from`?",
}


@pytest.mark.parametrize("told", WRONG)
def test_what_cannot_be_is_refused_with_the_mend(make_company: Callable[..., Path], told: str) -> None:
    folder = make_company({"subscription.csv": "subscription_id\n"}, more=f"working_time: {told}\n")
    with pytest.raises(CompanyError) as problem:
        companies.load(folder)
    assert WRONG[told] in str(problem.value)


def test_hours_without_quotes_are_read_as_they_are_meant(make_company: Callable[..., Path]) -> None:
    folder = make_company({"subscription.csv": "subscription_id\n"}, more="working_time: {from: 08:30, to: 17:00}\n")
    assert hours(companies.load(folder), "2026-01-05") == ["Mon 08:30-17:00"]
