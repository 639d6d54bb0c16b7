"""Working time: when the company works, and how much of it lies between two instants, computed by the engine."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import ibis.expr.types as ir
import pyarrow as pa
from persiantools.jdatetime import JalaliDate

from mandegar.config.company import Company
from mandegar.time import calendar
from mandegar.time.seconds import DAY, seconds

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# 44 hours are the longest week that Iranian labour law allows: five days of eight hours, and a Thursday of four
JALALI_DAYS = ("saturday", "sunday", "monday", "tuesday", "wednesday")
JALALI_THURSDAY = (9 * 60, 13 * 60)
GREGORIAN_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
CLOCK_SCHEMA = pa.schema([(name, pa.int64()) for name in ("utc_day", "from_second", "until_second", "worked_before", "works")])
Span = tuple[datetime, datetime]


def spans(company: Company, first: date, last: date) -> Iterator[Span]:
    """The stretches in which the company works on the days from first to last, both included.

    Gives starts_at and ends_at (excluded) in UTC, in order and without overlap. A stretch never leaves its day: a clock
    change makes it longer or shorter, and a time that the clock skips counts as the one just as much later.
    """
    week, breaks = _week(company), [(free.start, free.end) for free in company.working_time.breaks]
    worked_until = calendar.midnight(first, company.zone)
    for day in calendar.days(first, last):
        hours = week.get(WEEKDAYS[day.weekday()])
        if hours is None or _is_holiday(company, day):
            continue
        dawn, dusk = calendar.midnight(day, company.zone), calendar.midnight(day + timedelta(days=1), company.zone)
        for opens, closes in _without(hours, breaks):
            starts_at = max(_instant(day, opens, company.zone), dawn, worked_until)
            ends_at = min(_instant(day, closes, company.zone), dusk)
            if starts_at < ends_at:
                yield starts_at, ends_at
                worked_until = ends_at


def clock(company: Company, first: date, last: date) -> pa.Table:
    """The company's working time as it runs on, for `worked_seconds`.

    Grain: one row per UTC day, and part of it in which the company works throughout or not at all; without gap from first
    to last, both included. Columns, int64: utc_day, days since 1970; from_second, until_second (excluded), seconds since
    1970; worked_before, seconds worked from the table's beginning to from_second; works, 1 or 0.
    """
    begin = int(calendar.midnight(first, company.zone).timestamp()) // DAY * DAY
    end = -(-int(calendar.midnight(last + timedelta(days=1), company.zone).timestamp()) // DAY) * DAY
    working = [(int(starts_at.timestamp()), int(ends_at.timestamp())) for starts_at, ends_at in spans(company, first, last)]
    starts, cuts = {start for start, _ in working}, sorted({*range(begin, end + 1, DAY), *(cut for span in working for cut in span)})
    stops = {stop for _, stop in working}
    rows, worked, works = [], 0, False
    for cut, following in pairwise(cuts):
        works = cut in starts or (works and cut not in stops)
        rows.append((cut // DAY, cut, following, worked, int(works)))
        worked += (following - cut) * works
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(column, pa.int64()) for column in columns], schema=CLOCK_SCHEMA)


def worked_seconds(rows: ir.Table, ticking: ir.Table, at: str, name: str) -> ir.Table:
    """Rows with a time, and beside it the seconds worked from the beginning of the clock to that time.

    Grain: that of rows. Further column: name, int64; empty where the time is, or lies outside the clock. Formula: working
    time between two instants = the later one's seconds - the earlier one's; fractions of a second are cut off.
    ticking: `clock` as a table of the engine. The join is one of equal days, so that it stays fast with millions of rows.
    """
    second = seconds(rows[at])
    timed = rows.mutate(clock_second=second, clock_day=second // DAY)
    joined = timed.left_join(
        ticking,
        [timed.clock_day == ticking.utc_day, timed.clock_second >= ticking.from_second, timed.clock_second < ticking.until_second],
    )
    return joined.select(
        *rows.columns, **{name: (joined.worked_before + joined.works * (joined.clock_second - joined.from_second)).cast("int64")}
    )


def _week(company: Company) -> dict[str, tuple[int, int]]:
    """The hours of every working day, in minutes after midnight."""
    told = company.working_time
    jalali = company.calendar == "jalali"
    usual = JALALI_DAYS if jalali else GREGORIAN_DAYS
    week = dict.fromkeys(usual if told.days is None else told.days, (told.start, told.end))
    if jalali and told.days is None and told.other_hours is None:
        week["thursday"] = JALALI_THURSDAY
    return week | {day: (hours.start, hours.end) for day, hours in (told.other_hours or {}).items()}


def _is_holiday(company: Company, day: date) -> bool:
    if company.calendar == "jalali":
        jalali = JalaliDate(day)
        yearly = f"{jalali.month:02}-{jalali.day:02}"
    else:
        yearly = f"{day:%m-%d}"
    return day in company.working_time.holidays or yearly in company.working_time.holidays


def _without(hours: tuple[int, int], breaks: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The hours less the breaks."""
    opens, closes = hours
    for start, end in sorted(breaks):
        if opens < min(start, closes):
            yield opens, min(start, closes)
        opens = max(opens, end)
    if opens < closes:
        yield opens, closes


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """A local time of a day, in UTC; of one that the clock passes twice the first."""
    midnight = datetime(day.year, day.month, day.day)
    return (midnight + timedelta(minutes=minutes)).replace(tzinfo=zone).astimezone(UTC)
