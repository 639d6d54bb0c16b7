"""When people may be written to: on no weekday off, on no holiday of the company or of its country, and not at night."""

import functools
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

from mandegar.config.company import Company
from mandegar.errors import CompanyError

FURTHEST = 30
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def next_sending_day(company: Company, as_of: date) -> date:
    """The first day after a night that is open for messages; where a month holds none, the day after the night."""
    for ahead in range(1, FURTHEST + 1):
        day = as_of + timedelta(days=ahead)
        if not is_closed(company, day):
            return day
    return as_of + timedelta(days=1)


def next_open(company: Company, zone: ZoneInfo, at: datetime) -> datetime:
    """The first instant from `at` on that lies within the hours in which somebody of a time zone may be written to, on an open day.

    Where a month holds none, the first within the hours.
    """
    local, settings = at.astimezone(zone), company.contacting
    hours = []
    for ahead in range(FURTHEST + 1):
        day = local.date() + timedelta(days=ahead)
        midnight = datetime.combine(day, time(), zone)
        opens, closes = (midnight + timedelta(minutes=minutes) for minutes in (settings.start, settings.end))
        if local < closes:
            hours.append(max(at, opens))
            if not is_closed(company, day):
                return hours[-1]
    return hours[0]


def is_closed(company: Company, day: date) -> bool:
    """Whether nobody is written to on a day. Errors: CompanyError for a country whose holidays are not known."""
    settings = company.contacting
    if WEEKDAYS[day.weekday()] in settings.days_off:
        return True
    shown = JalaliDate(day) if company.calendar == "jalali" else day
    own = {f"{shown.month:02d}-{shown.day:02d}", day}
    if any(holiday in own for holiday in company.working_time.holidays):
        return True
    if settings.public_holidays is None:
        return False
    try:
        public = _public_holidays(settings.public_holidays, day.year)
    except NotImplementedError as problem:  # the library's, of a country that it does not know
        raise CompanyError(
            f"company.yaml: contacting.public_holidays: the holidays of {settings.public_holidays!r} are not known. "
            "Write another country, or the days themselves under working_time.holidays."
        ) from problem
    return day in public


@functools.lru_cache(maxsize=64)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays(country, years=year))
