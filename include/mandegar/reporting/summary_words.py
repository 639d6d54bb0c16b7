"""The words of the summary: what figures are called, how numbers, months and days are written."""

from dataclasses import dataclass
from datetime import date

from persiantools.jdatetime import JalaliDate

from mandegar.language.catalogue import COMMA, ENGLISH, LANGUAGE, Said, digits, gregorian_month, isolated, said, separator, translated

SHOWN = (
    ("customers_end", Said("customers"), "count", False),
    ("customers_buying", Said("bought"), "count", False),
    ("mrr_end", Said("MRR"), "money", False),
    ("new_mrr", Said("new"), "money", True),
    ("expansion_mrr", Said("expansion"), "money", True),
    ("reactivation_mrr", Said("reactivation"), "money", True),
    ("resumed_mrr", Said("resumed"), "money", True),
    ("contraction_mrr", Said("contraction"), "money", True),
    ("churned_mrr", Said("churned"), "money", True),
    ("paused_mrr", Said("paused"), "money", True),
    ("fx_mrr", Said("exchange rates"), "money", True),
    ("logo_churn_rate", Said("logo churn"), "share", False),
    ("involuntary_churn_rate", Said("involuntary"), "share", True),
    ("gross_revenue_retention", Said("GRR"), "share", False),
    ("net_revenue_retention", Said("NRR"), "share", False),
    ("revenue", Said("revenue"), "money", False),
    ("nps", Said("NPS"), "points", False),
    ("first_response_minutes_median", Said("first answer (median)"), "minutes", False),
)
OTHERS = (
    ("customers_start", Said("customers at the start"), "count"),
    ("customers_churned", Said("customers lost"), "count"),
    ("customers_new", Said("new customers"), "count"),
    ("logo_retention_rate", Said("logo retention"), "share"),
    ("voluntary_churn_rate", Said("voluntary churn"), "share"),
    ("sales_retention_rate", Said("sales retention"), "share"),
    ("profit_retention_rate", Said("profit retention"), "share"),
    ("activation_30_rate", Said("activated in 30 days"), "share"),
    ("csat", Said("CSAT"), "share"),
    ("clv_to_cac", Said("CLV : CAC"), "ratio"),
)
NAMES = {metric: name for metric, name, *_ in (*SHOWN, *OTHERS)}
KINDS = {metric: kind for metric, _, kind, *_ in (*SHOWN, *OTHERS)}
INDENT = "  "
RARE = ("reactivation_mrr", "resumed_mrr", "paused_mrr", "fx_mrr")  # shown in months that have any
PERIODS = {
    "day": Said("day"),
    "week": Said("week of"),
    "month": Said("month"),
    "quarter": Said("quarter from"),
    "year": Said("year from"),
}
HEADINGS = {
    "figures": Said("Key figures"),
    "figure": Said("figure"),
    "so far": Said("so far"),
    "risk": Said("At high risk: {count} customers, worth {worth} {currency} a year"),
    "customer": Said("customer"),
    "leaves": Said("will leave"),
    "health": Said("health"),
    "loss": Said(
        "Within {days} days some {count} customers will leave, and {loss} {currency} with them ({low} – {high} with 80 % certainty)."
    ),
    "no model": Said("Told by the health score: {why}"),
    "held": Said("Such bounds held {share} of {count} past forecasts."),
    "worth": Said("worth a year"),
    "why": Said("why"),
    "targets": Said("Targets"),
    "target": Said("target"),
    "actual": Said("so far"),
    "projected": Said("at this rate"),
    "kept": Said("on track"),
    "ahead": Said("Churn to expect (with 80 % certainty)"),
    "month": Said("month"),
    "leave": Said("customers"),
    "share": Said("of the customers"),
    "restated": Said("Restated, of closed periods: {count}"),
    "was": Said("was"),
    "now": Said("is"),
    "lists": Said("Lists"),
    "campaign": Said("campaign"),
    "send": Said("send"),
    "holdout": Said("holdout"),
    "suppressed": Said("suppressed"),
    "where": Said("where"),
    "nobody": Said("{campaign} can be sent to nobody; {count} are kept back by the rule {rule}."),
    "results": Said("Campaigns judged: who came to the goal, against those held out"),
    "effect": Said("effect in points"),
    "verdict": Said("says"),
    "helps": Said("helps"),
    "harms": Said("harms"),
    "stopped": Said("harms; has stopped itself"),
    "not clear": Said("not clear yet"),
    "too few": Said("too few yet"),
    "not by chance": Said("not divided by chance; do not trust it"),
    "dry run": Said("dry run"),
    "live": Said("live"),
    "parts": Said("Churn by part, {period}"),
    "part": Said("by"),
    "most": Said("most"),
    "least": Said("least"),
    "conventions": Said("By other conventions, {period}"),
    "convention": Said("convention"),
    "bridge": Said("Why they differ: {command}"),
    "rest": Said("All of it: {tables}; what they mean: docs/metrics.md, docs/warehouse.md"),
    "more": Said("{count} more"),
    "refused": Said("Waiting in quarantine"),
    "missing": Said("Did not come in"),
    "rows": Said("rows"),
    "source": Said("source"),
    "reason": Said("reason"),
    "saved": Said("This summary is in {path}; the tables are in {tables}."),
    "docs": Said("Data Docs: {path}"),
}


@dataclass(frozen=True)
class SummaryWords:
    """The summary's language."""

    locale: str

    def __getitem__(self, key: str) -> str:
        return HEADINGS[key].told(self.locale)

    @property
    def comma(self) -> str:
        """What stands before a word that belongs to the one before."""
        return translated(self.locale, COMMA, LANGUAGE)

    def period(self, kind: str) -> str:
        """A kind of period."""
        return PERIODS[kind].told(self.locale)

    def metric(self, name: str) -> str:
        """A figure as people call it; its own name where it has none."""
        return NAMES[name].told(self.locale) if name in NAMES else name

    def left_to_right(self, text: str) -> str:
        """A path or a command, which runs from left to right within Persian too."""
        return isolated(self.locale, text)

    def month(self, calendar: str, start: date) -> str:
        """A month by the company's calendar: by its name in Persian and of the Jalali calendar, else as 2026-10."""
        if calendar == "jalali":
            return JalaliDate(start).strftime("%B %Y", locale=self.locale)
        return start.strftime("%Y-%m") if self.locale == ENGLISH else self.digits(f"{gregorian_month(self.locale, start)} {start.year}")

    def trait(self, dimension: str) -> str:
        """What figures are broken down by, as people call it."""
        return Said(dimension.replace("_", " "), context="dimension").told(self.locale)

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
            "gain": f"{100 * value:+.1f}",
            "share": f"{100 * value:.2f} %",
            "whole share": f"{100 * value:.0f} %",
            "ratio": f"{value:.1f}",
        }[kind]
        return self.digits(text)

    def minutes(self, value: float) -> str:
        """A length of time in hours and minutes."""
        hours, minutes = divmod(round(value), 60)
        if hours:
            return said("{} h {} min", str(hours), f"{minutes:02d}").told(self.locale)
        return said("{} min", str(minutes)).told(self.locale)

    def digits(self, text: str) -> str:
        """The text with the digits of the language."""
        return digits(self.locale, text)

    def listed(self, parts: list[str]) -> str:
        """Several things after one another, apart as the language does it."""
        return separator(self.locale).join(parts)
