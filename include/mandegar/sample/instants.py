"""Days and instants of the company's clock as whole numbers, and their spelling as text.

An instant is the number of seconds that the company's wall clock (Asia/Tehran) stands after 1970-01-01 00:00, a day the
number of days. `NONE` is "no such instant".
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

NONE = -(2**62)
DAY = 86_400
HOUR = 3_600
ZONE = ZoneInfo("Asia/Tehran")
DAWN, DUSK = HOUR + 300, 22 * HOUR + 55 * 60
OPENING, CLOSING = 7 * HOUR, 20 * HOUR
_FIRST, _LAST = date(1900, 1, 1), date(2110, 1, 1)


def day_number(day: date) -> int:
    """The day as a number."""
    return (day - date(1970, 1, 1)).days


def day_of(number: int) -> date:
    """The day that has this number."""
    return date(1970, 1, 1) + timedelta(days=int(number))


def month_number(day: np.ndarray) -> np.ndarray:
    """Calendar months since January 1970."""
    return day.astype("M8[D]").astype("M8[M]").astype(np.int64)


def month_start(month: np.ndarray) -> np.ndarray:
    """The first day of a month number."""
    return month.astype("M8[M]").astype("M8[D]").astype(np.int64)


def add_months(day: np.ndarray, months: np.ndarray) -> np.ndarray:
    """The same day so many months later; the month's last day where it has no such day."""
    month = month_number(day)
    inside = day - month_start(month)
    start = month_start(month + months)
    length = month_start(month + months + 1) - start
    return start + np.minimum(inside, length - 1)


def awake(instant: np.ndarray) -> np.ndarray:
    """The instant moved between 01:05 and 22:55 of its day: never at midnight, in a skipped hour or in a doubled one."""
    day, second = np.divmod(instant, DAY)
    return np.where(instant == NONE, NONE, day * DAY + np.clip(second, DAWN, DUSK))


@lru_cache
def _offsets() -> tuple[int, np.ndarray]:
    first = day_number(date(2010, 1, 1))
    days = range(first, day_number(date(2060, 1, 1)))
    noons = [datetime.combine(day_of(day), datetime.min.time(), ZONE) + timedelta(hours=12) for day in days]
    seconds = [(noon.utcoffset() or timedelta()).total_seconds() for noon in noons]
    return first, np.array(seconds, dtype=np.int64)


def offset(instant: np.ndarray) -> np.ndarray:
    """Seconds that the wall clock is ahead of UTC at an instant of the day's waking hours."""
    first, seconds = _offsets()
    return seconds[np.clip(instant // DAY - first, 0, len(seconds) - 1)]


def later(instant: np.ndarray, seconds: int) -> np.ndarray:
    """What the wall clock shows when so much time has really passed, summer time reckoned in."""
    shown = instant + seconds
    return shown + offset(shown) - offset(instant)


@lru_cache
def _day_letters() -> np.ndarray:
    days = np.arange(np.datetime64(_FIRST), np.datetime64(_LAST))
    return np.datetime_as_string(days).astype("U10").view(np.uint32).reshape(len(days), 10)


@lru_cache
def _second_letters() -> np.ndarray:
    seconds = np.datetime_as_string(np.arange(DAY).astype("M8[s]")).astype("U19")
    return np.ascontiguousarray(seconds.view(np.uint32).reshape(DAY, 19)[:, 11:])


def _texts(letters: np.ndarray, known: np.ndarray) -> np.ndarray:
    text = letters.view(f"U{letters.shape[1]}").ravel().astype(object)
    if not known.all():
        text[~known] = None
    return text


def dates(day: np.ndarray) -> np.ndarray:
    """Days as YYYY-MM-DD; None where there is none."""
    known = day != NONE
    return _texts(_day_letters()[np.where(known, day, 0) - day_number(_FIRST)], known)


def stamps(instant: np.ndarray, between: str = " ") -> np.ndarray:
    """Instants as YYYY-MM-DD HH:MM:SS of the wall clock; None where there is none."""
    known = instant != NONE
    day, second = np.divmod(np.where(known, instant, 0), DAY)
    letters = np.empty((len(instant), 19), dtype=np.uint32)
    letters[:, :10] = _day_letters()[day - day_number(_FIRST)]
    letters[:, 10] = ord(between)
    letters[:, 11:] = _second_letters()[second]
    return _texts(letters, known)


def stamps_with_offset(instant: np.ndarray) -> np.ndarray:
    """Instants as ISO 8601 with the offset from UTC; None where there is none."""
    known = instant != NONE
    text = stamps(instant, "T")
    minutes = offset(np.where(known, instant, 0)) // 60
    for value in np.unique(minutes):
        mask = known & (minutes == value)
        text[mask] = text[mask] + f"+{value // 60:02d}:{value % 60:02d}"
    return text


def numbered(prefix: str, number: np.ndarray, width: int) -> np.ndarray:
    """Numbers as text of fixed width behind a prefix: I-00000042."""
    letters = np.empty((len(number), len(prefix) + width), dtype=np.uint32)
    letters[:, : len(prefix)] = [ord(letter) for letter in prefix]
    rest = number.astype(np.int64)
    for place in range(len(prefix) + width - 1, len(prefix) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        letters[:, place] = digit + ord("0")
    return _texts(letters, np.ones(len(number), dtype=bool))


def utc_moment(instant: int) -> datetime:
    """The instant of the wall clock as a moment in UTC."""
    naive = datetime(1970, 1, 1) + timedelta(seconds=int(instant))
    return naive.replace(tzinfo=ZONE).astimezone(UTC)
