"""The words of the Data Docs."""

from datetime import date

from persiantools.jdatetime import JalaliDate

from mandegar.config.company import Company
from mandegar.language.catalogue import Said, digits, right_to_left

WORDS = {
    "title": Said("Data Docs"),
    "night": Said("night of"),
    "nights": Said("Nights"),
    "day": Said("night"),
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
    "ok": Said("ok"),
    "model": Said("The model of who leaves"),
    "looked at": Said("what was looked at"),
    "measured": Said("measured"),
    "limit": Said("limit"),
    "live": Said("what scores the night, and the churn share it learnt from"),
    "sentiment": Said("reading of texts"),
    "score_drift": Said("drift of the scores (PSI)"),
    "feature_drift": Said("drift of a feature (PSI)"),
    "feature_known": Said("share of customers of whom it is known"),
    "features_drifted": Said("features that drifted"),
    "matured_departures": Said("departures since the predictions of"),
    "matured_auc": Said("ranking of the predictions of (AUC)"),
    "matured_calibration_error": Said("calibration error of the predictions of"),
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

    def measured(self, value: float | None) -> str:
        """A measure with the digits that tell something: a count whole, a share or an index with three."""
        return self.number(value, 0 if value is not None and value == round(value) and abs(value) >= 1 else 3)

    def name(self, name: str) -> str:
        """Of what a measure is: a night as the company writes days; all of them, or the scores, by no name."""
        try:
            return self.day(date.fromisoformat(name))
        except ValueError:
            return "" if name.startswith("(") else name

    def day(self, day: date) -> str:
        """A day in the company's calendar."""
        text = JalaliDate(day).isoformat() if self._company.calendar == "jalali" else day.isoformat()
        return digits(self._company.locale, text)
