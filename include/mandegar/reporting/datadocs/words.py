"""The words of the Data Docs."""

from datetime import date

from persiantools.jdatetime import JalaliDate

from mandegar.config.company import Company
from mandegar.language.catalogue import Said, digits, right_to_left

WORDS = {
    "title": Said("Data Docs"),
    "night": Said("night of"),
    "nights": Said("Nights"),
    "tables": Said("Tables"),
    "marts": Said("Published tables"),
    "wrong": Said("What is wrong"),
    "nothing": Said("Nothing is wrong."),
    "source": Said("table"),
    "entity": Said("entity"),
    "owner": Said("owner"),
    "rows": Said("rows that go on"),
    "refused": Said("rows that wait"),
    "rules": Said("rules"),
    "rule": Said("rule"),
    "column": Said("column"),
    "severity": Said("severity"),
    "status": Said("status"),
    "unexpected": Said("broke it"),
    "evaluated": Said("looked at"),
    "since": Said("since"),
    "reason": Said("what is wrong"),
    "mend": Said("what to do"),
    "usual": Said("The last nights"),
    "volume": Said("rows that came"),
    "behind": Said("hours behind"),
    "waiting": Said("Rows that wait (the first)"),
    "row": Said("row"),
    "value": Said("value"),
    "back": Said("all tables"),
    "missing": Said("did not come in"),
    "passed": Said("passed"),
    "warned": Said("warned"),
    "quarantined": Said("quarantined"),
    "failed": Said("failed"),
    "no history": Said("no history"),
    "fail": Said("fail"),
    "warn": Said("warn"),
    "personal": Said("values of personal columns are not shown"),
}


class PageWords:
    """How the pages speak: words, numbers and days in the company's language and calendar."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.direction = "rtl" if right_to_left(company.locale) else "ltr"

    def __call__(self, key: str) -> str:
        """A word of the pages."""
        return WORDS[key].told(self._company.locale)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """A number as the language writes it; a dash where there is none."""
        if value is None:
            return "–"
        text = f"{value:,.{decimals}f}"
        return digits(self._company.locale, text)

    def day(self, day: date) -> str:
        """A day in the company's calendar."""
        text = JalaliDate(day).isoformat() if self._company.calendar == "jalali" else day.isoformat()
        return digits(self._company.locale, text)
