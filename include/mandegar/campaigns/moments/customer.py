"""Days of the customer: signing up, buying, and the days of the year that come round."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from persiantools.jdatetime import JalaliDate

from mandegar.campaigns.file.words import FEAST_DAYS
from mandegar.campaigns.moments.window import Window, one_each, told
from mandegar.compute.engine import Engine
from mandegar.metrics.purchases.purchases import purchases
from mandegar.risk.evening import Evening
from mandegar.time import calendar
from mandegar.time.local_days import local_day, number

OLDEST = 120  # years that a birthday or an anniversary may count


def sign_ups(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers who signed up in that time. Grain and columns as moments.window says."""
    customers = evening.entities["customer"]
    new = customers.filter(window.holds(customers.signed_up_at))
    return told(new, new.signed_up_at, "sign_up", "signed_up")


def last_purchases(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers whose last purchase lies in that time. Grain and columns as moments.window says; amount is the purchase's."""
    bought = purchases(evening.entities["invoice"])
    last = one_each(bought, bought.issued_at.desc(), bought.invoice_id.desc())
    found = last.filter(window.holds(last.issued_at))
    return told(found, found.issued_at, found.invoice_id, "purchase", found.net_amount, found.currency)


def birthdays(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers whose birthday, by the company's calendar, lies in that time. Grain and columns as moments.window says."""
    customers = evening.entities["customer"]
    people = customers.filter(customers.birth_date.notnull() & (customers.kind.fill_null("person") != "company"))
    began = people.birth_date.epoch_days().cast("int64")
    return _come_round(evening, window, engine, people.select("customer_id", began=began), "birthday")


def anniversaries(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers for whom full years have passed since they signed up. Grain and columns as moments.window says."""
    customers = evening.entities["customer"]
    began = local_day(customers.signed_up_at, evening.company.zone, evening.closes)
    return _come_round(evening, window, engine, customers.select("customer_id", began=began), "anniversary")


def day_of_year(evening: Evening, on: str, present: ir.Table) -> ir.Table:
    """Everyone who can still leave, if the day after the night is that day of the year; else nobody.

    on: nowruz or yalda, by the Jalali calendar, or month-day by the company's.
    """
    feast, tomorrow = FEAST_DAYS.get(on), evening.as_of + timedelta(days=1)
    is_it = _month_day(tomorrow, "jalali" if feast else evening.company.calendar) == (feast or on)
    found = present if is_it else present.limit(0)
    return told(found, ibis.literal(calendar.midnight(tomorrow, evening.company.zone)), on, on)


def every_night(evening: Evening, present: ir.Table) -> ir.Table:
    """Everyone who can still leave; the night itself is the moment."""
    return told(present, ibis.literal(calendar.midnight(evening.as_of, evening.company.zone)), "night", "night")


def _come_round(evening: Evening, window: Window, engine: Engine, customers: ir.Table, reason: str) -> ir.Table:
    """Whose day comes round in a time: the first such day, with the years that pass. customers: with `began`, the day's number."""
    company = evening.company
    first, last = (at.astimezone(company.zone).date() for at in (window.first, window.until))
    rows = []
    for on in calendar.days(first, last - timedelta(days=1)):
        at = calendar.midnight(on, company.zone)
        rows += [{"on": number(began), "at": at, "years": years} for began, years in earlier(on, company.calendar)]
    schema = pa.schema([("on", pa.int64()), ("at", pa.timestamp("us", "UTC")), ("years", pa.int64())])
    rounds = engine.table(pa.Table.from_pylist(rows, schema))
    joined = customers.join(rounds, customers.began == rounds["on"]).select("customer_id", "at", "years")
    first_each = one_each(joined, joined["at"].asc())
    return told(first_each, first_each["at"], reason + " " + first_each.years.cast("string"), reason)


def earlier(on: date, of: str) -> list[tuple[date, int]]:
    """The days whose round number of years a day is; a leap day comes round on the day after the shorter year's last."""
    found = []
    year, month, day = (JalaliDate(on).year, JalaliDate(on).month, JalaliDate(on).day) if of == "jalali" else (on.year, on.month, on.day)
    for years in range(1, OLDEST + 1):
        if (began := _day(year - years, month, day, of)) is not None:
            found.append((began, years))
        leap = (12, 30) if of == "jalali" else (2, 29)
        follows = (1, 1) if of == "jalali" else (3, 1)
        if (month, day) == follows and _day(year - (of == "jalali"), *leap, of) is None:
            began = _day(year - years - (of == "jalali"), *leap, of)
            if began is not None:
                found.append((began, years))
    return found


def _day(year: int, month: int, day: int, of: str) -> date | None:
    """A day of a calendar; None where the year has none such."""
    try:
        return JalaliDate(year, month, day).to_gregorian() if of == "jalali" else date(year, month, day)
    except ValueError:
        return None


def _month_day(on: date, of: str) -> str:
    shown = JalaliDate(on) if of == "jalali" else on
    return f"{shown.month:02d}-{shown.day:02d}"
