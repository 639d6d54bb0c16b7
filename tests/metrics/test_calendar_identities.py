"""What holds of all periods: they follow each other without gap or overlap, in every calendar and time zone, 2015 to 2040."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from persiantools.jdatetime import JalaliDate
from tests.small_tables import Row, company

from mandegar.time.calendar import Period, day_end, days, midnight, period_of, period_table, periods

ZONES = ("Asia/Tehran", "America/Havana", "Europe/London", "Pacific/Apia")
# The leap years of the Jalali calendar as the Calendar Centre of the University of Tehran gives them
LEAP_YEARS = {1395, 1399, 1403, 1408, 1412, 1416}
# Nowruz (Farvardin 1), published by the same: the day of March
NOWRUZ = {1394: 21, 1395: 20, 1396: 21, 1397: 21, 1398: 21, 1399: 20, 1400: 21, 1401: 21, 1402: 21, 1403: 20, 1404: 21, 1405: 21}
CHECKED = settings(derandomize=True, deadline=None, max_examples=60)

first_day, last_day = date(2015, 1, 1), date(2040, 12, 31)
spans = st.tuples(st.dates(first_day, last_day), st.integers(0, 800)).map(lambda span: (span[0], span[0] + timedelta(days=span[1])))
kinds = st.sampled_from(["day", "week", "month", "quarter", "year"])
systems = st.sampled_from(["gregorian", "jalali"])
months = st.integers(1, 12)
week_starts = st.sampled_from(["saturday", "monday"])


def month_of(day: date, calendar: str) -> int:
    """Its month in that calendar."""
    return day.month if calendar == "gregorian" else JalaliDate(day).month


def is_first_of_month(day: date, calendar: str) -> bool:
    """Whether it begins a month of that calendar."""
    return (day.day if calendar == "gregorian" else JalaliDate(day).day) == 1


@CHECKED
@given(span=spans, kind=kinds, system=systems, fiscal=months, week=week_starts)
def test_periods_cover_every_day_once(span: tuple[date, date], kind: str, system: str, fiscal: int, week: str) -> None:
    found = periods(*span, kind, system, fiscal, week)
    assert found[0].start <= span[0] < found[0].end
    assert found[-1].start <= span[1] < found[-1].end
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(period.start < period.end for period in found)


@CHECKED
@given(day=st.dates(first_day, last_day), kind=kinds, system=systems, fiscal=months, week=week_starts)
def test_every_day_of_a_period_says_the_same_period(day: date, kind: str, system: str, fiscal: int, week: str) -> None:
    found = period_of(day, kind, system, fiscal, week)
    assert found.start <= day < found.end
    inside = list(days(found.start, found.end - timedelta(days=1)))
    assert {period_of(other, kind, system, fiscal, week) for other in inside} == {found}


@CHECKED
@given(day=st.dates(first_day, last_day), system=systems)
def test_a_month_is_all_days_of_one_month(day: date, system: str) -> None:
    found = period_of(day, "month", system)
    inside = list(days(found.start, found.end - timedelta(days=1)))
    assert {month_of(other, system) for other in inside} == {month_of(day, system)}
    assert [is_first_of_month(other, system) for other in inside] == [True] + [False] * (len(inside) - 1)
    assert is_first_of_month(found.end, system)


def parts(whole: Period, kind: str, fiscal: int) -> list[Period]:
    """The periods of a kind from the beginning of a longer one to its last day."""
    return periods(whole.start, whole.end - timedelta(days=1), kind, whole.calendar, fiscal)


@CHECKED
@given(day=st.dates(first_day, last_day), system=systems, fiscal=months)
def test_a_quarter_is_three_months_and_a_fiscal_year_four_quarters(day: date, system: str, fiscal: int) -> None:
    quarter, year = (period_of(day, kind, system, fiscal) for kind in ("quarter", "year"))
    for whole, kind, count in ((quarter, "month", 3), (year, "quarter", 4), (year, "month", 12)):
        found = parts(whole, kind, fiscal)
        assert len(found) == count
        assert (found[0].start, found[-1].end) == (whole.start, whole.end)
    assert month_of(year.start, system) == fiscal
    assert year.start <= quarter.start < quarter.end <= year.end


@CHECKED
@given(day=st.dates(first_day, last_day), system=systems, week=week_starts)
def test_a_week_is_seven_days_from_its_first(day: date, system: str, week: str) -> None:
    found = period_of(day, "week", system, week_start=week)
    assert (found.end - found.start, f"{found.start:%A}".lower()) == (timedelta(days=7), week)


@pytest.mark.parametrize("year", range(1394, 1420))
def test_esfand_has_thirty_days_in_leap_years(year: int) -> None:
    esfand = period_of(JalaliDate(year, 12, 29).to_gregorian(), "month", "jalali")
    whole = period_of(JalaliDate(year, 1, 1).to_gregorian(), "year", "jalali")
    leap = year in LEAP_YEARS
    assert ((esfand.end - esfand.start).days, (whole.end - whole.start).days) == ((30, 366) if leap else (29, 365))


@pytest.mark.parametrize("year", NOWRUZ)
def test_nowruz(year: int) -> None:
    """The Jalali year y begins in March of y + 621."""
    day = date(year + 621, 3, NOWRUZ[year])
    assert period_of(day, "year", "jalali").start == day
    assert period_of(day - timedelta(days=1), "year", "jalali").end == day


@pytest.mark.parametrize("year", range(2015, 2041))
def test_february_has_29_days_in_leap_years(year: int) -> None:
    found = period_of(date(year, 2, 28), "month", "gregorian")
    assert (found.end - found.start).days == (29 if year in (2016, 2020, 2024, 2028, 2032, 2036, 2040) else 28)


def local_days(zone: str) -> Iterator[tuple[datetime, date]]:
    """Every midnight from 2015 to 2040 with its day."""
    for day in days(first_day, last_day):
        yield midnight(day, ZoneInfo(zone)), day


@pytest.mark.parametrize("zone", ZONES)
def test_midnight_is_the_first_instant_of_its_day(zone: str) -> None:
    """At it the clock shows that day, an instant before it the day before."""
    there, found = ZoneInfo(zone), list(local_days(zone))
    assert len(found) == 9497  # 26 years, 7 of them leap years
    wrong = [
        day
        for instant, day in found
        if instant.astimezone(there).date() != day
        or (instant - timedelta(microseconds=1)).astimezone(there).date() != day - timedelta(days=1)
    ]
    assert wrong == []


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_ends_when_the_next_begins_after_23_to_25_hours(zone: str) -> None:
    lengths = {following - instant for (instant, _), (following, _) in pairwise(local_days(zone))}
    assert lengths <= {timedelta(hours=hours) for hours in (23, 24, 25)}
    assert timedelta(hours=23) in lengths  # each of them has changed its clock since 2015
    assert timedelta(hours=25) in lengths


@settings(CHECKED, max_examples=40)
@given(span=spans, zone=st.sampled_from(ZONES), fiscal=months, week=week_starts, calendars=st.permutations(["gregorian", "jalali"]))
def test_the_table_of_periods_cuts_time_once(span: tuple[date, date], zone: str, fiscal: int, week: str, calendars: list[str]) -> None:
    """Of each calendar and kind: the instants follow each other, the last ends with the night, and only it can be running."""
    first, as_of = span[0], min(span[1], span[0] + timedelta(days=400))
    of = company(
        time_zone=zone,
        fiscal_year_start=fiscal,
        week_start=week,
        calendar=calendars[0],
        calendars=calendars[1:],
        periods=["week", "month", "quarter", "year"],
    )
    table: list[Row] = period_table(of, first, as_of).to_pylist()
    series = {
        key: [row for row in table if (row["calendar"], row["period_kind"]) == key]
        for key in {(r["calendar"], r["period_kind"]) for r in table}
    }
    assert len(series) == 8
    night = day_end(as_of, ZoneInfo(zone))
    for rows in series.values():
        assert rows[0]["starts_at"] <= midnight(first, ZoneInfo(zone)) < rows[0]["ends_at"]
        assert all(one["ends_at"] == other["starts_at"] and one["period_end"] == other["period_start"] for one, other in pairwise(rows))
        assert all(row["is_complete"] for row in rows[:-1])
        last = rows[-1]
        assert last["ends_at"] == night
        assert last["starts_at"] < night
        assert last["is_complete"] == (last["period_end"] == as_of + timedelta(days=1))


@CHECKED
@given(day=st.dates(first_day, last_day), zone=st.sampled_from(ZONES), kind=kinds, system=systems)
def test_a_period_runs_until_the_night_of_its_last_day(day: date, zone: str, kind: str, system: str) -> None:
    found = period_of(day, kind, system)
    of = company(time_zone=zone, calendar=system, periods=[kind])
    before, closed = (
        period_table(of, day, last).column("is_complete").to_pylist()[0]
        for last in (found.end - timedelta(days=2), found.end - timedelta(days=1))
    )
    assert (before, closed) == (False, True)
