"""The words of the Data Docs, in English and Persian."""

from datetime import date

from persiantools.jdatetime import JalaliDate

from mandegar.config.company import Company

PERSIAN_DIGITS = str.maketrans("0123456789.,", "۰۱۲۳۴۵۶۷۸۹٫٬")
WORDS = {
    "title": ("Data Docs", "اسناد داده"),
    "night": ("night of", "شب"),
    "nights": ("Nights", "شب‌ها"),
    "tables": ("Tables", "جدول‌ها"),
    "marts": ("Published tables", "جدول‌های منتشرشده"),
    "wrong": ("What is wrong", "ایرادها"),
    "nothing": ("Nothing is wrong.", "ایرادی نیست."),
    "source": ("table", "جدول"),
    "entity": ("entity", "موجودیت"),
    "owner": ("owner", "مسئول"),
    "rows": ("rows that go on", "سطرهای پذیرفته"),
    "refused": ("rows that wait", "سطرهای منتظر"),
    "rules": ("rules", "قاعده‌ها"),
    "rule": ("rule", "قاعده"),
    "column": ("column", "ستون"),
    "severity": ("severity", "شدت"),
    "status": ("status", "وضعیت"),
    "unexpected": ("broke it", "شکسته"),
    "evaluated": ("looked at", "بررسی‌شده"),
    "since": ("since", "از"),
    "reason": ("what is wrong", "ایراد"),
    "mend": ("what to do", "چه باید کرد"),
    "usual": ("The last nights", "شب‌های گذشته"),
    "volume": ("rows that came", "سطرهای رسیده"),
    "behind": ("hours behind", "ساعت تأخیر"),
    "waiting": ("Rows that wait (the first)", "سطرهای منتظر (نخستین‌ها)"),
    "row": ("row", "سطر"),
    "value": ("value", "مقدار"),
    "back": ("all tables", "همهٔ جدول‌ها"),
    "missing": ("did not come in", "دریافت نشد"),
    "passed": ("passed", "برقرار"),
    "warned": ("warned", "هشدار"),
    "quarantined": ("quarantined", "قرنطینه"),
    "failed": ("failed", "ناموفق"),
    "no history": ("no history", "بی‌سابقه"),
    "fail": ("fail", "خطا"),
    "warn": ("warn", "هشدار"),
    "personal": ("values of personal columns are not shown", "مقدار ستون‌های شخصی نشان داده نمی‌شود"),
}


class PageWords:
    """How the pages speak: words, numbers and days in the company's language and calendar."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.persian = company.locale == "fa"

    def __call__(self, key: str) -> str:
        """A word of the pages."""
        return WORDS[key][self.persian]

    def number(self, value: float | None, decimals: int = 0) -> str:
        """A number as the language writes it; a dash where there is none."""
        if value is None:
            return "–"
        text = f"{value:,.{decimals}f}"
        return text.translate(PERSIAN_DIGITS) if self.persian else text

    def day(self, day: date) -> str:
        """A day in the company's calendar."""
        text = JalaliDate(day).isoformat() if self._company.calendar == "jalali" else day.isoformat()
        return text.translate(PERSIAN_DIGITS) if self.persian else text
