"""The company's own days as whole numbers, so that ages and tenures are plain differences on every engine."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from mandegar.time.seconds import DAY, seconds

EPOCH = date(1970, 1, 1)
NEVER = 10_000_000  # the number of a day that no calendar reaches: "it lasts"


def number(day: date) -> int:
    """A day as the number of days since 1970-01-01."""
    return (day - EPOCH).days


def date_of(number: int) -> date:
    """The day of that number."""
    return EPOCH + timedelta(days=int(number))


def local_day(at: ir.TimestampValue, zone: ZoneInfo, until: datetime) -> ir.IntegerValue:
    """The company's day in which an instant falls, as the number of days since 1970-01-01.

    until: an instant after which no change of the clock matters. The zone's rules are those of Python's time zone data, as
    everywhere in Mandegar: an engine's own data may be older.
    """
    first, *later = _literals(zone.key, until.date() + timedelta(days=2))
    offset = ibis.cases(*((at >= since, shift) for since, shift in reversed(later)), else_=first[1]) if later else first[1]
    return ((seconds(at) + offset) / DAY).floor().cast("int64")  # exact: whole numbers far below 2**53


@lru_cache(maxsize=16)
def _literals(zone_name: str, last: date) -> list[tuple[ir.TimestampScalar, ir.IntegerScalar]]:
    """The same as _offsets: made once, where a night asks for days some thirty times and Tehran has changed its clock seventy."""
    return [(ibis.literal(since), ibis.literal(shift)) for since, shift in _offsets(zone_name, last)]


def _offsets(zone_name: str, last: date) -> list[tuple[datetime, int]]:
    """Since when which offset from UTC holds, in seconds, oldest first."""
    zone = ZoneInfo(zone_name)
    at = datetime.combine(EPOCH, time(), UTC)
    found = [(at, _seconds(at, zone))]
    while at.date() <= last:
        if _seconds(at + timedelta(days=1), zone) != found[-1][1]:
            changed = _first_change(at, zone)
            found.append((changed, _seconds(changed, zone)))
        at += timedelta(days=1)
    return found


def _first_change(day: datetime, zone: ZoneInfo) -> datetime:
    """The second within a day at which the offset becomes another."""
    was = _seconds(day, zone)
    second = bisect_left(range(DAY), True, key=lambda passed: _seconds(day + timedelta(seconds=passed), zone) != was)
    return day + timedelta(seconds=second)


def _seconds(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
