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
from mandegar.language.catalogue import Said, said
from mandegar.quality.reading import PARSED, as_found, quote
from mandegar.quality.suites import vocabulary
from mandegar.quality.suites.suite_file import RuleLine

Severity = Literal["fail", "warn"]
YEARS_AHEAD = 10
AT_SOURCE = Said("Correct it in the source.")
READABLE = {
    "map": Said("is not a JSON object"),
    "boolean": Said("is not yes or no"),
    "decimal": said("is not a number (of at most {} digits)", str(money.READ_DIGITS)),
    "rate": Said("is not a number"),
    "integer": Said("is not a whole number"),
    "date": Said("is not a date of 1900 or later (write it as 2025-01-31)"),
    "timestamp": Said("is not a timestamp of 1900 or later (write it as 2025-01-31 10:00:00)"),
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
    reason: what is wrong, read after the column's name; mend: what to do.
    where: a column and the value it has in the rows that the rule is about; else all. sql: a condition that no row may
    meet, computed with the rows into a column `broken_by(name)`. fixed: what follows stands on it, so it stays `fail`.
    """

    name: str
    severity: Severity
    kind: str
    settings: dict[str, Any]
    column: str
    reason: Said
    where: tuple[str, str] | None = None
    mend: Said = AT_SOURCE
    sql: str | None = None
    fixed: bool = False

    def told(self, locale: str) -> tuple[str, str]:
        """What is wrong and what to do, in a language."""
        return self.reason.told(locale), self.mend.told(locale)


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
        reason=reason.said if reason else rule.reason,
        mend=mend.said if mend else rule.mend,
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
        reason.said if reason else asked.reason,
        next(iter(line.where.items()), None),
        mend.said if mend else AT_SOURCE,
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
        reason: Said,
        mend: Said = AT_SOURCE,
        severity: Severity = "fail",
    ) -> None:
        full = {"column": name} | settings
        found.append(Rule(f"{name}_{ending}", severity, kind, full, name, reason, None, mend, None, column.required))

    if column.type in PARSED:
        mend, reason = Said("Correct it in the source, or read it by an expression in the mapping."), READABLE[column.type]
        severity: Severity = "warn" if column.spare else "fail"
        rule("readable", "ExpectColumnValuesToBeNull", {"column": as_found(name)}, reason, mend, severity)
    if column.required:
        mend = Said("Fill it in at the source, or map the column that holds it.")
        rule("given", "ExpectColumnValuesToNotBeNull", {}, Said("is empty; it is needed"), mend)
    if column.allowed:
        mend = Said("Turn the source's own words into these in the mapping.")
        rule(
            "known",
            "ExpectColumnValuesToBeInSet",
            {"value_set": list(column.allowed)},
            said("is none of {listed}", listed=", ".join(column.allowed)),
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
            said("lies before {} or more than {} years ahead; dates are Gregorian", str(EARLIEST.year), str(YEARS_AHEAD)),
            None,
            Said("Correct it in the source; a Jalali date has to be turned into a Gregorian one."),
            None,
            True,
        )
    ]


def _computed(name: str, sql: str, column: str, reason: Said, mend: Said) -> Rule:
    """A rule that no row may meet a condition, and that cannot be switched off."""
    settings = {"column": vocabulary.broken_by(name), "value_set": [False]}
    return Rule(name, "fail", "ExpectColumnValuesToBeInSet", settings, column, reason, None, mend, sql, True)


def _amounts_in_bounds(entity: Entity) -> list[Rule]:
    """What a subscription comes to in a month has no more digits than an amount may have."""
    if not {"quantity", "unit_price", "interval_unit"} <= set(entity.names):
        return []
    times = "abs(CAST(quantity AS DOUBLE) * CAST({} AS DOUBLE))".format(quote("unit_price as typed"))
    in_a_month = f"{times} * CASE interval_unit WHEN 'day' THEN 31 WHEN 'week' THEN 5 ELSE 1 END"
    return [
        _computed(
            "amount_in_bounds",
            f"{in_a_month} >= {money.READ_LIMIT}",
            "unit_price",
            said("times quantity has more than {} digits in a month", str(money.READ_DIGITS)),
            Said("Correct the quantity or the price in the source."),
        )
    ]


def _rate_above_0(entity: Entity) -> list[Rule]:
    """A currency is worth something: at a rate of 0 amounts would be gone."""
    if entity.name != "fx_rate":
        return []
    settings = {"column": "rate", "min_value": 0, "strict_min": True}
    reason, mend = Said("is not above 0"), Said("Write what one unit of the currency is worth.")
    return [
        Rule(
            "rate_above_0",
            "fail",
            "ExpectColumnValuesToBeBetween",
            settings,
            "rate",
            reason,
            None,
            mend,
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
            Said("stands in a row with a NUL character"),
            Said("Remove the character; the export is damaged, or not a text file."),
        )
    ]


def _currency_known(entity: Entity, company: Company) -> list[Rule]:
    """Amounts are in the company's currency, or in any that fx_rate can convert."""
    if "currency" not in entity.names or entity.name == "fx_rate":
        return []
    settings: dict[str, Any]
    if company.has("fx_rate"):
        kind, settings = "ExpectColumnValuesToMatchRegex", {"column": "currency", "regex": "^[A-Z]{3}$"}
        reason = Said("is not a code of ISO 4217 such as USD")
        mend = Said("Write the three letters, in the source or in the mapping.")
    else:
        kind, settings = "ExpectColumnValuesToBeInSet", {"column": "currency", "value_set": [company.currency]}
        reason = said("is not {currency}, and there is no fx_rate source to convert it", currency=company.currency)
        mend = Said("Add a source of fx_rate, or correct the currency.")
    return [Rule("currency_known", "fail", kind, settings, "currency", reason, None, mend, None, True)]
