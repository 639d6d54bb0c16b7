"""The words of the summary in both languages: what figures are called, how numbers, months and days are written."""

from dataclasses import dataclass
from datetime import date

from persiantools.jdatetime import JalaliDate

SHOWN = (
    ("customers_end", "customers", "مشتری", "count"),
    ("customers_buying", "bought", "خریدار", "count"),
    ("mrr_end", "MRR", "درآمد ماهانهٔ تکرارشونده", "money"),
    ("new_mrr", "  new", "  تازه", "money"),
    ("expansion_mrr", "  expansion", "  رشد", "money"),
    ("reactivation_mrr", "  reactivation", "  بازگشت", "money"),
    ("resumed_mrr", "  resumed", "  ازسرگیری", "money"),
    ("contraction_mrr", "  contraction", "  کاهش", "money"),
    ("churned_mrr", "  churned", "  از دست رفته", "money"),
    ("paused_mrr", "  paused", "  متوقف", "money"),
    ("fx_mrr", "  exchange rates", "  نرخ ارز", "money"),
    ("logo_churn_rate", "logo churn", "ریزش مشتری", "share"),
    ("involuntary_churn_rate", "  involuntary", "  ناخواسته", "share"),
    ("gross_revenue_retention", "GRR", "حفظ ناخالص درآمد", "share"),
    ("net_revenue_retention", "NRR", "حفظ خالص درآمد", "share"),
    ("revenue", "revenue", "درآمد", "money"),
    ("nps", "NPS", "شاخص خالص مروجان (NPS)", "points"),
    ("first_response_minutes_median", "first answer (median)", "نخستین پاسخ (میانه)", "minutes"),
)
OTHERS = (
    ("customers_start", "customers at the start", "مشتریان آغاز دوره", "count"),
    ("customers_churned", "customers lost", "مشتریان ازدست‌رفته", "count"),
    ("customers_new", "new customers", "مشتریان تازه", "count"),
    ("logo_retention_rate", "logo retention", "حفظ مشتری", "share"),
    ("voluntary_churn_rate", "voluntary churn", "ریزش خودخواسته", "share"),
    ("sales_retention_rate", "sales retention", "حفظ فروش", "share"),
    ("profit_retention_rate", "profit retention", "حفظ سود", "share"),
    ("activation_30_rate", "activated in 30 days", "فعال‌شده در ۳۰ روز", "share"),
    ("csat", "CSAT", "رضایت مشتری", "share"),
    ("clv_to_cac", "CLV : CAC", "ارزش عمر به هزینهٔ جذب", "ratio"),
)
KINDS = {metric: kind for metric, _, _, kind in (*SHOWN, *OTHERS)}
RARE = ("reactivation_mrr", "resumed_mrr", "paused_mrr", "fx_mrr")  # shown in months that have any
GREGORIAN_IN_PERSIAN = (
    *("ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن"),
    *("ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر"),
)
PERSIAN_DIGITS = str.maketrans("0123456789.,", "۰۱۲۳۴۵۶۷۸۹٫٬")
PERIODS = {
    "day": ("day", "روز"),
    "week": ("week of", "هفتهٔ"),
    "month": ("month", "ماه"),
    "quarter": ("quarter from", "فصل از"),
    "year": ("year from", "سال از"),
}
HEADINGS = {
    "comma": (",", "،"),
    "figures": ("Key figures", "شاخص‌ها"),
    "figure": ("figure", "شاخص"),
    "so far": ("so far", "تا امروز"),
    "risk": ("At high risk: {count} customers, worth {worth} {currency} a year", "در خطر زیاد: {count} مشتری، {worth} {currency} در سال"),
    "customer": ("customer", "مشتری"),
    "health": ("health", "سلامت"),
    "worth": ("worth a year", "ارزش سالانه"),
    "why": ("why", "چرا"),
    "targets": ("Targets", "هدف‌ها"),
    "target": ("target", "هدف"),
    "actual": ("so far", "تا امروز"),
    "projected": ("at this rate", "با این روند"),
    "kept": ("on track", "در مسیر"),
    "ahead": ("Churn to expect (with 80 % certainty)", "ریزش پیش‌بینی‌شده (با اطمینان ۸۰٪)"),
    "month": ("month", "ماه"),
    "leave": ("customers", "مشتری"),
    "share": ("of the customers", "سهم از مشتریان"),
    "restated": ("Restated, of closed periods: {count}", "شاخص‌های دوره‌های بسته که تغییر کردند: {count}"),
    "was": ("was", "بود"),
    "now": ("is", "شد"),
    "lists": ("Lists", "فهرست‌ها"),
    "campaign": ("campaign", "کارزار"),
    "send": ("send", "ارسال"),
    "holdout": ("holdout", "گروه شاهد"),
    "suppressed": ("suppressed", "کنارگذاشته"),
    "where": ("where", "کجا"),
    "dry run": ("dry run", "آزمایشی"),
    "live": ("live", "واقعی"),
    "parts": ("Churn by part, {period}", "ریزش به تفکیک، {period}"),
    "part": ("by", "به تفکیک"),
    "most": ("most", "بیشترین"),
    "least": ("least", "کمترین"),
    "conventions": ("By other conventions, {period}", "با قراردادهای دیگر محاسبه، {period}"),
    "convention": ("convention", "قرارداد محاسبه"),
    "bridge": ("Why they differ: {command}", "چرا فرق دارند: {command}"),
    "rest": (
        "All of it: {tables}; what they mean: docs/metrics.md, docs/warehouse.md",
        "همه‌چیز: {tables}؛ معنای هر عدد: docs/metrics.md و docs/warehouse.md",
    ),
    "more": ("{count} more", "{count} مورد دیگر"),
    "refused": ("Waiting in quarantine", "در قرنطینه"),
    "missing": ("Did not come in", "دریافت نشد"),
    "rows": ("rows", "سطر"),
    "source": ("source", "منبع"),
    "reason": ("reason", "علت"),
    "saved": ("This summary is in {path}; the tables are in {tables}.", "این خلاصه در {path} و جدول‌ها در {tables} است."),
    "docs": ("Data Docs: {path}", "اسناد داده: {path}"),
}


@dataclass(frozen=True)
class SummaryWords:
    """The summary's language."""

    locale: str

    def __getitem__(self, key: str) -> str:
        return HEADINGS[key][self.locale == "fa"]

    def period(self, kind: str) -> str:
        """A kind of period."""
        return PERIODS[kind][self.locale == "fa"]

    def metric(self, name: str) -> str:
        """A figure as people call it; its own name where it has none."""
        known = ((one, english, persian) for one, english, persian, _ in (*SHOWN, *OTHERS))
        return next(((persian if self.locale == "fa" else english).strip() for one, english, persian in known if one == name), name)

    def left_to_right(self, text: str) -> str:
        """A path or a command, which runs from left to right within Persian too."""
        return f"\u2066{text}\u2069" if self.locale == "fa" else text

    def month(self, calendar: str, start: date) -> str:
        """A month by the company's calendar: by its name in Persian and of the Jalali calendar, else as 2026-10."""
        if calendar == "jalali":
            return JalaliDate(start).strftime("%B %Y", locale=self.locale)
        return self.digits(f"{GREGORIAN_IN_PERSIAN[start.month - 1]} {start.year}") if self.locale == "fa" else start.strftime("%Y-%m")

    def trait(self, dimension: str) -> str:
        """What figures are broken down by, as people call it."""
        names = {"plan": "پلن", "country": "کشور", "region": "استان", "segment": "بخش", "acquisition_channel": "راه جذب", "owner": "مسئول"}
        names |= {"tenure": "مدت عضویت", "industry": "صنعت", "city": "شهر", "language": "زبان", "kind": "نوع", "strategic_role": "نقش"}
        return names.get(dimension, dimension) if self.locale == "fa" else dimension.replace("_", " ")

    def number(self, value: float | None, kind: str) -> str:
        """A figure as people of that language write it; a dash where there is none."""
        if value is None:
            return "–"
        if kind == "minutes":
            return self.minutes(value)
        text = {
            "count": f"{value:,.0f}",
            "money": f"{value:,.0f}",
            "points": f"{value:.0f}",
            "share": f"{100 * value:.2f} %",
            "ratio": f"{value:.1f}",
        }[kind]
        return self.digits(text).replace("%", "٪") if self.locale == "fa" else text

    def minutes(self, value: float) -> str:
        """A length of time in hours and minutes."""
        hours, minutes = divmod(round(value), 60)
        text = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
        if self.locale == "fa":
            text = f"{hours} ساعت و {minutes} دقیقه" if hours else f"{minutes} دقیقه"
        return self.digits(text)

    def digits(self, text: str) -> str:
        """The text with the digits of the language."""
        return text.translate(PERSIAN_DIGITS) if self.locale == "fa" else text

    def listed(self, parts: list[str]) -> str:
        """Several things after one another, apart as the language does it."""
        return ("؛ " if self.locale == "fa" else "; ").join(parts)
