"""Periods: day, week, month, quarter and year, Gregorian and Jalali, cut at midnight of the company's time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
from persiantools.jdatetime import JalaliDate

from mandegar.config.company import Company
from mandegar.errors import BrokenTable

PERIOD_SCHEMA = pa.schema(
    [
        ("calendar", pa.string()),
        ("period_kind", pa.string()),
        ("period_start", pa.date32()),
        ("period_end", pa.date32()),
        ("starts_at", pa.timestamp("us", "UTC")),
        ("ends_at", pa.timestamp("us", "UTC")),
        ("is_complete", pa.bool_()),
        ("period", pa.int32()),
        ("last_day", pa.date32()),
    ]
)
MOST_PERIODS = 20_000  # of one kind: half a century of days
LONGEST = 366  # days of a period, whatever its kind and calendar
SHORTEST = {"day": 1, "week": 7, "month": 28, "quarter": 89, "year": 365}
MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Period:
    """A half-open span of days, start <= day < end, of one calendar."""

    calendar: str
    kind: str
    start: date
    end: date


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC. Where a clock change skips midnight, the first instant that exists."""
    local = datetime.combine(day, time(), zone)
    return local.astimezone(UTC)


def day_end(as_of: date, zone: ZoneInfo) -> datetime:
    """The instant at which the business day `as_of` is over, excluded: midnight of the next day, in UTC."""
    return midnight(as_of + timedelta(days=1), zone)


def period_of(day: date, kind: str, calendar: str, fiscal_year_start: int = 1, week_start: str = "monday") -> Period:
    """The period of that kind and calendar in which a day falls."""
    if kind == "day":
        return Period(calendar, kind, day, day + timedelta(days=1))
    if kind == "week":
        first = {"monday": 0, "saturday": 5}[week_start]
        start = day - timedelta(days=(day.weekday() - first) % 7)
        return Period(calendar, kind, start, start + timedelta(days=7))
    months = MONTHS_IN[kind]
    year, month = _year_month(day, calendar)
    since = (month - fiscal_year_start) % 12 % months
    return Period(calendar, kind, first_of(year, month - since, calendar), first_of(year, month - since + months, calendar))


def periods(first: date, as_of: date, kind: str, calendar: str, fiscal_year_start: int = 1, week_start: str = "monday") -> list[Period]:
    """Every period of that kind from the one that holds `first` to the one that holds `as_of`, in order."""
    found = [period_of(first, kind, calendar, fiscal_year_start, week_start)]
    while found[-1].end <= as_of:
        found.append(period_of(found[-1].end, kind, calendar, fiscal_year_start, week_start))
    return found


def period_table(company: Company, first: date, as_of: date) -> pa.Table:
    """The periods a night measures.

    Grain: one row per calendar and period from the one holding `first` to the one holding `as_of`.
    Columns: period_start and period_end (dates, end excluded); starts_at and ends_at, the instants between which the
    period's events lie, ends_at never later than the end of `as_of`; is_complete, false for the period still running;
    period, its number in this table; last_day, the last day of it that is over.
    """
    closed = day_end(as_of, company.zone)
    _countable(company, first, as_of)
    rows: list[dict] = []
    for calendar in dict.fromkeys((company.calendar, *company.calendars)):
        for kind in company.periods:
            for period in periods(first, as_of, kind, calendar, company.fiscal_year_start, company.week_start):
                ends_at = midnight(period.end, company.zone)
                rows.append(
                    {
                        "calendar": calendar,
                        "period_kind": kind,
                        "period_start": period.start,
                        "period_end": period.end,
                        "starts_at": midnight(period.start, company.zone),
                        "ends_at": min(ends_at, closed),
                        "is_complete": ends_at <= closed,
                        "period": len(rows),
                        "last_day": min(period.end - timedelta(days=1), as_of),
                    }
                )
    return pa.Table.from_pylist(rows, schema=PERIOD_SCHEMA)


def _countable(company: Company, first: date, as_of: date) -> None:
    """There are not more periods than can be computed. Errors: BrokenTable."""
    for kind in company.periods:
        count = (as_of - first).days // SHORTEST[kind]
        if count > MOST_PERIODS:
            raise BrokenTable(
                f"periods: from {first} to {as_of} there are about {count:,} of kind {kind}, and at most {MOST_PERIODS:,} are measured. "
                f"Write a later day under `data_from:` in company.yaml, or leave {kind} out of `periods:`."
            )


def days(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _year_month(day: date, calendar: str) -> tuple[int, int]:
    if calendar == "jalali":
        jalali = JalaliDate(day)
        return jalali.year, jalali.month
    return day.year, day.month


def first_of(year: int, month: int, calendar: str) -> date:
    """The first day of a month; months before 1 and after 12 run into the neighbouring years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    if calendar == "jalali":
        return JalaliDate(year, month, 1).to_gregorian()
    return date(year, month, 1)
