"""The rules a row has to meet, per entity: what Great Expectations is asked, how grave it is, and how a person is told.

Most follow from the entity's own columns (a value where one is needed, readable, allowed, within bounds); the rest are
domain rules, written out below. A row that breaks a `fail` rule waits in quarantine; `warn` is counted and shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from mandegar.company import Company
from mandegar.entities import Column, Entity
from mandegar.quality.reading import PARSED, as_found
from mandegar.settings import EARLIEST

Severity = Literal["fail", "warn"]
YEARS_AHEAD = 10


@dataclass(frozen=True)
class Rule:
    """One expectation.

    kind, settings: the name and the arguments of the Great Expectations class. column: whose value is shown.
    mend: what to do, for a person. where: a column and the value it has in the rows that the rule is about; else all.
    """

    name: str
    severity: Severity
    kind: str
    settings: dict[str, Any]
    column: str
    mend: str
    where: tuple[str, str] | None = None

    @property
    def shown(self) -> str:
        """The column that holds the value a person wants to see: the cell's text where it could not be read."""
        return self.settings.get("column", self.column)


def rules(entity: Entity, company: Company, as_of: date) -> list[Rule]:
    """All rules of an entity, in the order in which they are told."""
    found = [rule for column in entity.columns for rule in _column_rules(column)]
    found += _born_in_time(entity, as_of)
    found += [rule(company) for rule in DOMAIN.get(entity.name, [])]
    return found


def _column_rules(column: Column) -> list[Rule]:
    """The rules that follow from how an entity describes its column."""
    found = []
    if column.type in PARSED:
        kind = {"map": "a JSON object", "boolean": "yes or no", "decimal": "a number", "rate": "a number", "integer": "a whole number"}.get(
            column.type, f"a {column.type} (write it as 2025-01-31{' 10:00:00' if column.type == 'timestamp' else ''})"
        )
        found.append(
            Rule(
                f"{column.name}_readable",
                "fail",
                "ExpectColumnValuesToBeNull",
                {"column": as_found(column.name)},
                column.name,
                f"is not {kind}",
            )
        )
    if column.required:
        found.append(
            Rule(
                f"{column.name}_given",
                "fail",
                "ExpectColumnValuesToNotBeNull",
                {"column": column.name},
                column.name,
                "is empty; it is needed",
            )
        )
    if column.allowed:
        found.append(
            Rule(
                f"{column.name}_known",
                "fail",
                "ExpectColumnValuesToBeInSet",
                {"column": column.name, "value_set": list(column.allowed)},
                column.name,
                f"is none of {', '.join(column.allowed)}",
            )
        )
    if column.minimum is not None or column.maximum is not None:
        low, high = column.minimum, column.maximum
        bounds = f"below {low:g}" if high is None else f"not between {low:g} and {high:g}"
        found.append(
            Rule(
                f"{column.name}_in_bounds",
                "fail",
                "ExpectColumnValuesToBeBetween",
                {"column": column.name, "min_value": low, "max_value": high},
                column.name,
                f"is {bounds}",
            )
        )
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
        )
    ]


def _not_before(later: str, earlier: str, severity: Severity = "fail") -> Callable[[Company], Rule]:
    """`later` is not before `earlier` where both are given."""
    return lambda company: Rule(
        f"{later}_not_before_{earlier}",
        severity,
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {"column_A": later, "column_B": earlier, "or_equal": True, "ignore_row_if": "either_value_is_missing"},
        later,
        f"lies before {earlier}",
    )


def _currency_known(company: Company) -> Rule:
    """Amounts are in the company's currency, or in any that fx_rate can convert."""
    if company.has("fx_rate"):
        settings: dict[str, Any] = {"column": "currency", "regex": "^[A-Z]{3}$"}
        return Rule(
            "currency_known", "fail", "ExpectColumnValuesToMatchRegex", settings, "currency", "is not a code of ISO 4217 such as USD"
        )
    settings = {"column": "currency", "value_set": [company.currency]}
    mend = f"is not {company.currency}, and there is no fx_rate source to convert it"
    return Rule("currency_known", "fail", "ExpectColumnValuesToBeInSet", settings, "currency", mend)


def _score_in_scale(kind: str, low: int, high: int) -> Callable[[Company], Rule]:
    """An answer lies on the scale of its kind of survey."""
    return lambda company: Rule(
        f"score_on_{kind}_scale",
        "fail",
        "ExpectColumnValuesToBeBetween",
        {"column": "score", "min_value": low, "max_value": high},
        "score",
        f"is not between {low} and {high}, the scale of {kind}",
        where=("kind", kind),
    )


def _mail_shape(company: Company) -> Rule:
    settings = {"column": "email", "regex": r"^[^@\s]+@[^@\s]+\.[^@\s]+$"}
    return Rule("email_shape", "warn", "ExpectColumnValuesToMatchRegex", settings, "email", "is not shaped like a mail address")


DOMAIN: dict[str, list[Callable[[Company], Rule]]] = {
    "customer": [_mail_shape, _not_before("deleted_at", "signed_up_at", "warn")],
    "subscription": [
        _currency_known,
        _not_before("valid_to", "valid_from"),
        _not_before("ended_at", "started_at"),
        _not_before("valid_from", "started_at", "warn"),
    ],
    "invoice": [_currency_known, _not_before("paid_at", "issued_at", "warn"), _not_before("voided_at", "issued_at", "warn")],
    "payment": [_currency_known],
    "ticket": [_not_before("first_response_at", "opened_at"), _not_before("solved_at", "opened_at")],
    "survey": [
        _score_in_scale("nps", 0, 10),
        _score_in_scale("csat", 1, 5),
        _score_in_scale("ces", 1, 7),
        _not_before("answered_at", "sent_at", "warn"),
    ],
    "spend": [_currency_known],
}
PERSONAL = {
    "customer": ("name", "email", "phone", "birth_date", "attributes"),
    "ticket": ("subject", "body"),
    "survey": ("comment", "respondent_id"),
}
