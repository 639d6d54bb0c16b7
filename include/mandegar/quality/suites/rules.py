"""The rules of one source table on one night: those that follow from its entity's columns, and those of its suite.

A row that breaks a `fail` rule waits in quarantine; `warn` is counted and shown. What Great Expectations is asked stands in
`kind` and `settings`.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from mandegar.compute import money
from mandegar.config.company import Company
from mandegar.config.entities import Column, Entity
from mandegar.config.settings import EARLIEST
from mandegar.quality.language_catalogue import PERSIAN
from mandegar.quality.reading import PARSED, as_found, quote
from mandegar.quality.suites import vocabulary
from mandegar.quality.suites.suite_file import RuleLine

Severity = Literal["fail", "warn"]
YEARS_AHEAD = 10
AT_SOURCE = ("Correct it in the source.", "در منبع درستش کنید.")
# between the marks \u2066 and \u2069 digits stay in their order among Persian words
READABLE = {
    "map": ("a JSON object", "شیء JSON"),
    "boolean": ("yes or no", "بله یا خیر"),
    "decimal": (
        f"a number (of at most {money.READ_DIGITS} digits)",
        f"عددی با حداکثر {str(money.READ_DIGITS).translate(PERSIAN)} رقم",
    ),
    "rate": ("a number", "عدد"),
    "integer": ("a whole number", "عدد صحیح"),
    "date": ("a date of 1900 or later (write it as 2025-01-31)", "تاریخی از ۱۹۰۰ به بعد (بنویسید \u20662025-01-31\u2069)"),
    "timestamp": (
        "a timestamp of 1900 or later (write it as 2025-01-31 10:00:00)",
        "زمانی از ۱۹۰۰ به بعد (بنویسید \u20662025-01-31 10:00:00\u2069)",
    ),
}
PERSONAL = {
    "customer": ("name", "email", "phone", "birth_date", "attributes"),
    "ticket": ("subject", "body"),
    "survey": ("comment", "respondent_id"),
}


@dataclass(frozen=True)
class Rule:
    """One expectation.

    kind, settings: the name and the arguments of the Great Expectations class. column: whose value is shown.
    reason: what is wrong, read after the column's name; mend: what to do; fa: both in Persian.
    where: a column and the value it has in the rows that the rule is about; else all. sql: a condition that no row may
    meet, computed with the rows into a column `broken_by(name)`. fixed: what follows stands on it, so it stays `fail`.
    """

    name: str
    severity: Severity
    kind: str
    settings: dict[str, Any]
    column: str
    reason: str
    where: tuple[str, str] | None = None
    mend: str = AT_SOURCE[0]
    fa: tuple[str, str] = ("", "")
    sql: str | None = None
    fixed: bool = False

    def told(self, locale: str) -> tuple[str, str]:
        """What is wrong and what to do, in a language."""
        return (self.fa[0] or self.reason, self.fa[1] or self.mend) if locale == "fa" else (self.reason, self.mend)


def generated(entity: Entity, company: Company, as_of: date) -> list[Rule]:
    """The rules that follow from the entity itself and from the company's currency."""
    found = [rule for column in entity.columns for rule in _column_rules(column)]
    found += _born_in_time(entity, as_of) + _amounts_in_bounds(entity) + _rate_above_0(entity) + _texts_readable(entity)
    return found + _currency_known(entity, company)


def in_force(found: list[Rule], entity: Entity, lines: dict[str, RuleLine]) -> list[Rule]:
    """The rules with what a suite changes of them, and those that it adds; rules across entities are not among them."""
    known = {rule.name: rule for rule in found}
    for name, line in lines.items():
        if line.not_before is not None and line.not_before.through:
            continue
        if line.check:
            known[name] = vocabulary_rule(name, line, entity)
        elif name in known:
            known[name] = _changed(known[name], line)
        if line.severity == "off":
            known.pop(name, None)
    return list(known.values())


def _changed(rule: Rule, line: RuleLine) -> Rule:
    """A known rule under another severity or other words."""
    reason, mend = line.reason, line.mend
    return replace(
        rule,
        severity="fail" if rule.fixed else _grave(line, rule.severity),
        reason=reason.en if reason else rule.reason,
        mend=mend.en if mend else rule.mend,
        fa=(reason.fa if reason else rule.fa[0], mend.fa if mend else rule.fa[1]),
    )


def vocabulary_rule(name: str, line: RuleLine, entity: Entity) -> Rule:
    """A rule of the suite file as an expectation."""
    asked = vocabulary.expectation(name, line, entity)
    reason, mend = line.reason, line.mend
    return Rule(
        name,
        _grave(line, "warn"),
        asked.kind,
        asked.settings,
        asked.column,
        reason.en if reason else asked.reason[0],
        next(iter(line.where.items()), None),
        mend.en if mend else AT_SOURCE[0],
        (reason.fa if reason else asked.reason[1], mend.fa if mend else AT_SOURCE[1]),
        line.never,
    )


def _grave(line: RuleLine, otherwise: Severity) -> Severity:
    return otherwise if line.severity in (None, "off") else line.severity  # type: ignore[return-value]


def _column_rules(column: Column) -> list[Rule]:
    """The rules that follow from how an entity describes its column."""
    name = column.name
    found = []

    def rule(
        ending: str,
        kind: str,
        settings: dict[str, Any],
        reason: tuple[str, str],
        mend: tuple[str, str] = AT_SOURCE,
        severity: Severity = "fail",
    ) -> None:
        full = {"column": name} | settings
        found.append(
            Rule(f"{name}_{ending}", severity, kind, full, name, reason[0], None, mend[0], (reason[1], mend[1]), None, column.required)
        )

    if column.type in PARSED:
        english, persian = READABLE[column.type]
        mend = (
            "Correct it in the source, or read it by an expression in the mapping.",
            "در منبع درستش کنید یا در نگاشت با عبارتی بخوانیدش.",
        )
        reason = (f"is not {english}", f"{persian} نیست")
        severity: Severity = "warn" if column.spare else "fail"
        rule("readable", "ExpectColumnValuesToBeNull", {"column": as_found(name)}, reason, mend, severity)
    if column.required:
        mend = (
            "Fill it in at the source, or map the column that holds it.",
            "در منبع پرش کنید یا ستونی را که آن را دارد نگاشت کنید.",
        )
        rule("given", "ExpectColumnValuesToNotBeNull", {}, ("is empty; it is needed", "خالی است و لازم است"), mend)
    if column.allowed:
        listed = ", ".join(column.allowed)
        mend = (
            "Turn the source's own words into these in the mapping.",
            "در نگاشت، واژه‌های منبع را به این‌ها تبدیل کنید.",
        )
        rule(
            "known",
            "ExpectColumnValuesToBeInSet",
            {"value_set": list(column.allowed)},
            (f"is none of {listed}", f"هیچ‌یک از {listed} نیست"),
            mend,
        )
    if column.minimum is not None or column.maximum is not None:
        reason = vocabulary.out_of_bounds(column.minimum, column.maximum)
        rule("in_bounds", "ExpectColumnValuesToBeBetween", {"min_value": column.minimum, "max_value": column.maximum}, reason)
    return found


def _born_in_time(entity: Entity, as_of: date) -> list[Rule]:
    """No row is born before 1900 or years after the night: such a date is a slip of the pen."""
    if entity.born is None:
        return []
    latest = as_of + timedelta(days=366 * YEARS_AHEAD)
    low, high = (datetime(day.year, day.month, day.day) for day in (EARLIEST, latest))
    return [
        Rule(
            f"{entity.born}_plausible",
            "fail",
            "ExpectColumnValuesToBeBetween",
            {"column": entity.born, "min_value": low, "max_value": high},
            entity.born,
            f"lies before {EARLIEST.year} or more than {YEARS_AHEAD} years ahead; dates are Gregorian",
            None,
            "Correct it in the source; a Jalali date has to be turned into a Gregorian one.",
            (
                "پیش از ۱۹۰۰ یا بیش از ۱۰ سال جلوتر است؛ تاریخ‌ها میلادی‌اند",
                "در منبع درستش کنید؛ تاریخ شمسی باید به میلادی تبدیل شود.",
            ),
            None,
            True,
        )
    ]


def _computed(name: str, sql: str, column: str, reason: vocabulary.Said, mend: vocabulary.Said) -> Rule:
    """A rule that no row may meet a condition, and that cannot be switched off."""
    settings = {"column": vocabulary.broken_by(name), "value_set": [False]}
    return Rule(name, "fail", "ExpectColumnValuesToBeInSet", settings, column, reason[0], None, mend[0], (reason[1], mend[1]), sql, True)


def _amounts_in_bounds(entity: Entity) -> list[Rule]:
    """What a subscription comes to in a month has no more digits than an amount may have."""
    if not {"quantity", "unit_price", "interval_unit"} <= set(entity.names):
        return []
    times = "abs(CAST(quantity AS DOUBLE) * CAST({} AS DOUBLE))".format(quote("unit_price as typed"))
    in_a_month = f"{times} * CASE interval_unit WHEN 'day' THEN 31 WHEN 'week' THEN 5 ELSE 1 END"
    digits = str(money.READ_DIGITS)
    return [
        _computed(
            "amount_in_bounds",
            f"{in_a_month} >= {money.READ_LIMIT}",
            "unit_price",
            (
                f"times quantity has more than {digits} digits in a month",
                f"ضرب در تعداد، در ماه بیش از {digits.translate(PERSIAN)} رقم دارد",
            ),
            ("Correct the quantity or the price in the source.", "تعداد یا بها را در منبع درست کنید."),
        )
    ]


def _rate_above_0(entity: Entity) -> list[Rule]:
    """A currency is worth something: at a rate of 0 amounts would be gone."""
    if entity.name != "fx_rate":
        return []
    settings = {"column": "rate", "min_value": 0, "strict_min": True}
    reason, mend = ("is not above 0", "بیشتر از ۰ نیست"), ("Write what one unit of the currency is worth.", "ارزش یک واحد ارز را بنویسید.")
    return [
        Rule(
            "rate_above_0",
            "fail",
            "ExpectColumnValuesToBeBetween",
            settings,
            "rate",
            reason[0],
            None,
            mend[0],
            (reason[1], mend[1]),
            None,
            True,
        )
    ]


def _texts_readable(entity: Entity) -> list[Rule]:
    """No text has a NUL character, which PostgreSQL cannot hold."""
    texts = ", ".join(quote(column.name) for column in entity.columns if column.type in ("text", "map"))
    return [
        _computed(
            "texts_without_nul",
            f"contains(concat_ws('', {texts}), chr(0))",
            entity.key[0],
            ("stands in a row with a NUL character", "در سطری با نویسهٔ NUL است"),
            ("Remove the character; the export is damaged, or not a text file.", "نویسه را حذف کنید؛ خروجی آسیب دیده یا فایل متنی نیست."),
        )
    ]


def _currency_known(entity: Entity, company: Company) -> list[Rule]:
    """Amounts are in the company's currency, or in any that fx_rate can convert."""
    if "currency" not in entity.names or entity.name == "fx_rate":
        return []
    settings: dict[str, Any]
    if company.has("fx_rate"):
        kind, settings = "ExpectColumnValuesToMatchRegex", {"column": "currency", "regex": "^[A-Z]{3}$"}
        reason = ("is not a code of ISO 4217 such as USD", "کد ISO 4217 مانند USD نیست")
        mend = ("Write the three letters, in the source or in the mapping.", "سه حرف کد را در منبع یا نگاشت بنویسید.")
    else:
        kind, settings = "ExpectColumnValuesToBeInSet", {"column": "currency", "value_set": [company.currency]}
        reason = (
            f"is not {company.currency}, and there is no fx_rate source to convert it",
            f"{company.currency} نیست و منبع fx_rate برای تبدیل آن وجود ندارد",
        )
        mend = ("Add a source of fx_rate, or correct the currency.", "منبع fx_rate اضافه کنید یا ارز را درست کنید.")
    return [Rule("currency_known", "fail", kind, settings, "currency", reason[0], None, mend[0], (reason[1], mend[1]), None, True)]
