"""The next day on which people may be written to: no weekday off, no holiday of the company or of its country."""

from datetime import date, timedelta

import holidays
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
        public = holidays.country_holidays(settings.public_holidays, years=day.year)
    except NotImplementedError as problem:
        raise CompanyError(
            f"company.yaml: contacting.public_holidays: the holidays of {settings.public_holidays!r} are not known. "
            "Write another country, or the days themselves under working_time.holidays."
        ) from problem
    return day in public
