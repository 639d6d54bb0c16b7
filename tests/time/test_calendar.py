"""Periods: cut at the company's midnight, in its calendar, the end excluded."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mandegar.config import company as companies
from mandegar.errors import CompanyError
from mandegar.time.calendar import LONGEST, day_end, midnight, period_of, period_table, periods

TEHRAN, LONDON, HAVANA = ZoneInfo("Asia/Tehran"), ZoneInfo("Europe/London"), ZoneInfo("America/Havana")


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("day", date(2024, 2, 29), date(2024, 3, 1)),
        ("week", date(2024, 2, 26), date(2024, 3, 4)),  # 29 February 2024 was a Thursday
        ("month", date(2024, 2, 1), date(2024, 3, 1)),
        ("quarter", date(2024, 1, 1), date(2024, 4, 1)),
        ("year", date(2024, 1, 1), date(2025, 1, 1)),
    ],
)
def test_the_gregorian_periods_of_a_leap_day(kind: str, start: date, end: date) -> None:
    found = period_of(date(2024, 2, 29), kind, "gregorian")
    assert (found.start, found.end) == (start, end)


@pytest.mark.parametrize(
    ("day", "start", "end", "days"),
    [
        (date(2024, 3, 19), date(2024, 2, 20), date(2024, 3, 20), 29),  # Esfand 1402, a common year, ends on the 29th
        (date(2025, 3, 20), date(2025, 2, 19), date(2025, 3, 21), 30),  # Esfand 30, 1403: a leap year
        (date(2026, 3, 20), date(2026, 2, 20), date(2026, 3, 21), 29),  # Esfand 29, 1404
        (date(2025, 3, 21), date(2025, 3, 21), date(2025, 4, 21), 31),  # Nowruz: Farvardin 1, 1404
        (date(2025, 9, 22), date(2025, 8, 23), date(2025, 9, 23), 31),  # Shahrivar, the last month of 31
        (date(2025, 9, 23), date(2025, 9, 23), date(2025, 10, 23), 30),  # Mehr, the first of 30
    ],
)
def test_jalali_months(day: date, start: date, end: date, days: int) -> None:
    found = period_of(day, "month", "jalali")
    assert (found.start, found.end, (found.end - found.start).days) == (start, end, days)


@pytest.mark.parametrize(
    ("day", "kind", "start", "end"),
    [
        (date(2025, 3, 20), "year", date(2024, 3, 20), date(2025, 3, 21)),  # 1403, 366 days
        (date(2025, 3, 21), "year", date(2025, 3, 21), date(2026, 3, 21)),  # 1404, 365 days
        (date(2025, 3, 20), "quarter", date(2024, 12, 21), date(2025, 3, 21)),  # winter: Dey, Bahman, Esfand
        (date(2025, 3, 21), "quarter", date(2025, 3, 21), date(2025, 6, 22)),  # spring
    ],
)
def test_jalali_years_and_quarters_turn_at_nowruz(day: date, kind: str, start: date, end: date) -> None:
    found = period_of(day, kind, "jalali")
    assert (found.start, found.end) == (start, end)


@pytest.mark.parametrize(
    ("day", "start"),
    [
        (date(2025, 3, 21), date(2025, 3, 15)),  # Nowruz 1404 was a Friday, the last day of its week
        (date(2025, 3, 22), date(2025, 3, 22)),
        (date(2025, 3, 28), date(2025, 3, 22)),
    ],
)
def test_weeks_from_saturday(day: date, start: date) -> None:
    found = period_of(day, "week", "jalali", week_start="saturday")
    assert (found.start, found.end) == (start, start + timedelta(days=7))


@pytest.mark.parametrize(
    ("day", "kind", "start", "end"),
    [
        (date(2025, 3, 31), "year", date(2024, 4, 1), date(2025, 4, 1)),
        (date(2025, 4, 1), "year", date(2025, 4, 1), date(2026, 4, 1)),
        (date(2025, 3, 31), "quarter", date(2025, 1, 1), date(2025, 4, 1)),
        (date(2025, 2, 10), "month", date(2025, 2, 1), date(2025, 3, 1)),
    ],
)
def test_a_fiscal_year_from_april(day: date, kind: str, start: date, end: date) -> None:
    found = period_of(day, kind, "gregorian", fiscal_year_start=4)
    assert (found.start, found.end) == (start, end)


def test_a_fiscal_year_from_february_has_quarters_that_cross_new_year() -> None:
    found = period_of(date(2025, 1, 15), "quarter", "gregorian", fiscal_year_start=2)
    assert (found.start, found.end) == (date(2024, 11, 1), date(2025, 2, 1))


def test_a_jalali_fiscal_year_from_mehr() -> None:
    """Mehr 1, 1403 to Shahrivar 31, 1404."""
    found = period_of(date(2025, 3, 20), "year", "jalali", fiscal_year_start=7)
    assert (found.start, found.end) == (date(2024, 9, 22), date(2025, 9, 23))


def test_periods_join_without_gap_and_the_last_holds_the_day() -> None:
    found = periods(date(2025, 1, 31), date(2025, 4, 1), "month", "gregorian")
    assert [period.start for period in found] == [date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1)]
    assert [period.end for period in found] == [date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1), date(2025, 5, 1)]


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2022, 3, 21), TEHRAN, datetime(2022, 3, 20, 20, 30, tzinfo=UTC)),  # +03:30
        (date(2022, 3, 22), TEHRAN, datetime(2022, 3, 21, 20, 30, tzinfo=UTC)),  # 00:00 does not exist: 01:00 +04:30 is first
        (date(2022, 3, 23), TEHRAN, datetime(2022, 3, 22, 19, 30, tzinfo=UTC)),  # +04:30
        (date(2022, 9, 22), TEHRAN, datetime(2022, 9, 21, 20, 30, tzinfo=UTC)),  # back to +03:30 an hour before
        (date(2023, 3, 22), TEHRAN, datetime(2023, 3, 21, 20, 30, tzinfo=UTC)),  # no summer time any more
        (date(2021, 3, 28), LONDON, datetime(2021, 3, 28, 0, 0, tzinfo=UTC)),  # the clock changes at 01:00 of this day
        (date(2021, 3, 29), LONDON, datetime(2021, 3, 28, 23, 0, tzinfo=UTC)),
        (date(2021, 10, 31), LONDON, datetime(2021, 10, 30, 23, 0, tzinfo=UTC)),
        (date(2021, 11, 1), LONDON, datetime(2021, 11, 1, 0, 0, tzinfo=UTC)),
        (date(2021, 11, 7), HAVANA, datetime(2021, 11, 7, 4, 0, tzinfo=UTC)),  # 00:00 comes twice: the first one
    ],
)
def test_midnight(day: date, zone: ZoneInfo, instant: datetime) -> None:
    assert midnight(day, zone) == instant


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2022, 3, 21), TEHRAN, 24),
        (date(2022, 3, 22), TEHRAN, 23),  # begins at 01:00
        (date(2022, 9, 21), TEHRAN, 25),
        (date(2021, 3, 28), LONDON, 23),
        (date(2021, 10, 31), LONDON, 25),
    ],
)
def test_a_day_lasts_until_the_next_begins(day: date, zone: ZoneInfo, hours: int) -> None:
    assert day_end(day, zone) - midnight(day, zone) == timedelta(hours=hours)


def test_the_table_of_periods_ends_with_the_night(make_company: Callable[..., Path]) -> None:
    """Tehran 2022, closed on 22 March: February is complete; March runs, and ends with that day of 23 hours."""
    folder = make_company({"subscription.csv": "subscription_id\n"}, more="periods: [month]\n")
    table = period_table(companies.load(folder), date(2022, 2, 15), date(2022, 3, 22))
    assert table.column("period_start").to_pylist() == [date(2022, 2, 1), date(2022, 3, 1)]
    assert table.column("period_end").to_pylist() == [date(2022, 3, 1), date(2022, 4, 1)]
    assert table.column("starts_at").to_pylist() == [datetime(2022, 1, 31, 20, 30, tzinfo=UTC), datetime(2022, 2, 28, 20, 30, tzinfo=UTC)]
    assert table.column("ends_at").to_pylist() == [datetime(2022, 2, 28, 20, 30, tzinfo=UTC), datetime(2022, 3, 22, 19, 30, tzinfo=UTC)]
    assert table.column("is_complete").to_pylist() == [True, False]


def test_both_calendars_are_measured_when_asked_for(make_company: Callable[..., Path]) -> None:
    """On 21 March 2025, Nowruz: the Gregorian March and the first day of Farvardin."""
    folder = make_company({"subscription.csv": "subscription_id\n"}, calendar="jalali", more="periods: [month]\ncalendars: [gregorian]\n")
    table = period_table(companies.load(folder), date(2025, 3, 21), date(2025, 3, 21))
    assert list(zip(table.column("calendar").to_pylist(), table.column("period_start").to_pylist(), strict=True)) == [
        ("jalali", date(2025, 3, 21)),
        ("gregorian", date(2025, 3, 1)),
    ]


def test_an_unknown_time_zone_is_refused_with_line_key_and_mend(make_company: Callable[..., Path]) -> None:
    folder = make_company({"subscription.csv": "subscription_id\n"}, time_zone="Iran/Teheran")
    with pytest.raises(CompanyError) as problem:
        companies.load(folder)
    assert str(problem.value) == (
        "company.yaml, line 2: time_zone: found 'Iran/Teheran', which is not a time zone. Write an IANA name such as Asia/Tehran or UTC."
    )


@pytest.mark.parametrize("calendar", ["gregorian", "jalali"])
@pytest.mark.parametrize("kind", ["day", "week", "month", "quarter", "year"])
def test_no_period_is_longer_than_the_longest(calendar: str, kind: str) -> None:
    lengths = {
        (found.end - found.start).days
        for start in (1, 4, 12)
        for found in periods(date(1999, 1, 1), date(2040, 1, 1), kind, calendar, fiscal_year_start=start)
    }
    longest = {"day": 1, "week": 7, "month": 31, "quarter": 93 if calendar == "jalali" else 92, "year": 366}
    assert max(lengths) == longest[kind] <= LONGEST
