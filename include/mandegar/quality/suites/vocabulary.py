"""The words in which a suite's rules are written, and the Great Expectations class behind each.

| word | holds where | Great Expectations |
|---|---|---|
| `given` | a value stands there | ExpectColumnValuesToNotBeNull |
| `between` | a number is within bounds | ExpectColumnValuesToBeBetween |
| `one_of` | a text is one of a few | ExpectColumnValuesToBeInSet |
| `matches` | a regular expression is found in a text | ExpectColumnValuesToMatchRegex |
| `length` | a text has so many letters | ExpectColumnValueLengthsToBeBetween |
| `not_before` | a time is not before another of its row | ExpectColumnPairValuesAToBeGreaterThanB |
| `not_below` | a number is not below another of its row | ExpectColumnPairValuesAToBeGreaterThanB |
| `never` | an SQL condition is not met | ExpectColumnValuesToBeInSet, of the condition |

A cell that is empty breaks no rule but `given`.
"""

from dataclasses import dataclass
from typing import Any

import duckdb

from mandegar.compute import duck, money
from mandegar.config.entities import ENTITIES, Entity
from mandegar.language.catalogue import Said, said
from mandegar.quality.suites.suite_file import RuleLine

NUMBERS = ("integer", "decimal", "rate")
TIMES = ("timestamp", "date")
TEXTS = ("text",)
DUCKDB = {
    "text": "VARCHAR",
    "map": "VARCHAR",
    "integer": "BIGINT",
    "decimal": money.SQL,
    "rate": "DECIMAL(22, 14)",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
}


@dataclass(frozen=True)
class Asked:
    """What Great Expectations is asked, and how a breach is told where the file does not say."""

    kind: str
    settings: dict[str, Any]
    column: str
    reason: Said


def broken_by(rule: str) -> str:
    """The name of the column that says whether a row meets the condition of a `never` rule."""
    return f"{rule} broken"


def out_of_bounds(low: float | None, high: float | None) -> Said:
    """How a number outside its bounds is told."""
    if high is None:
        return said("is below {}", f"{low:g}")
    if low is None:
        return said("is above {}", f"{high:g}")
    return said("is not between {} and {}", f"{low:g}", f"{high:g}")


def expectation(name: str, line: RuleLine, entity: Entity) -> Asked:
    """The rule as Great Expectations is asked it. The line's check has been looked at by `problem`."""
    settings: dict[str, Any]
    if one := line.given:
        return Asked("ExpectColumnValuesToNotBeNull", {"column": one.column}, one.column, Said("is empty"))
    if span := line.between:
        settings = {"column": span.column, "min_value": span.at_least, "max_value": span.at_most}
        return Asked("ExpectColumnValuesToBeBetween", settings, span.column, out_of_bounds(span.at_least, span.at_most))
    if few := line.one_of:
        listed = ", ".join(few.values)
        settings = {"column": few.column, "value_set": list(few.values)}
        return Asked("ExpectColumnValuesToBeInSet", settings, few.column, said("is none of {listed}", listed=listed))
    if fits := line.matches:
        settings = {"column": fits.column, "regex": fits.pattern}
        return Asked("ExpectColumnValuesToMatchRegex", settings, fits.column, said("does not fit {pattern}", pattern=fits.pattern))
    if long := line.length:
        settings = {"column": long.column, "min_value": long.at_least, "max_value": long.at_most}
        reason = Said("has too few or too many letters")
        return Asked("ExpectColumnValueLengthsToBeBetween", settings, long.column, reason)
    if late := line.not_before:
        reason = said("lies before {earlier}", earlier=late.earlier)
        return Asked("ExpectColumnPairValuesAToBeGreaterThanB", _pair(late.column, late.earlier), late.column, reason)
    if less := line.not_below:
        reason = said("is below {other}", other=less.other)
        return Asked("ExpectColumnPairValuesAToBeGreaterThanB", _pair(less.column, less.other), less.column, reason)
    assert line.never is not None and line.column is not None
    settings = {"column": broken_by(name), "value_set": [False]}
    return Asked("ExpectColumnValuesToBeInSet", settings, line.column, said("meets {condition}", condition=line.never))


def _pair(above: str, below: str) -> dict[str, Any]:
    return {"column_A": above, "column_B": below, "or_equal": True, "ignore_row_if": "either_value_is_missing"}


def problem(line: RuleLine, entity: Entity) -> str | None:
    """What is wrong with a rule of that entity: a column that is not there, or of another type; with the mend."""
    wanted: list[tuple[str, tuple[str, ...]]] = []
    if line.given:
        wanted.append((line.given.column, ()))
    if line.between:
        wanted.append((line.between.column, NUMBERS))
    wanted += [(one.column, TEXTS) for one in (line.one_of, line.matches, line.length) if one]
    if line.not_below:
        wanted += [(line.not_below.column, NUMBERS), (line.not_below.other, NUMBERS)]
    if line.not_before:
        wanted.append((line.not_before.column, TIMES))
        if line.not_before.through:
            wanted.append((line.not_before.through, TEXTS))
        else:
            wanted.append((line.not_before.earlier, TIMES))
    wanted += [(name, TEXTS) for name in line.where]
    if line.column:
        wanted.append((line.column, ()))
    for name, types in wanted:
        if name not in entity.names:
            return f"{entity.name} has no column {name!r}. It has: {', '.join(entity.names)}."
        kind = entity.column(name).type
        if types and kind not in types:
            fitting = ", ".join(one.name for one in entity.columns if one.type in types)
            return f"{name} is of type {kind}; {line.check} is about {' or '.join(types)}. Columns of {entity.name} that fit: {fitting}."
    return _other_entity(line) or _condition(line, entity)


def _other_entity(line: RuleLine) -> str | None:
    if line.not_before is None or line.not_before.through is None:
        return None
    name, _, column = line.not_before.earlier.partition(".")
    other = ENTITIES.get(name)
    if other is None or len(other.key) != 1 or column not in other.names or other.column(column).type not in TIMES:
        return f"earlier: found {line.not_before.earlier!r}. Write a time of an entity with one key, such as invoice.issued_at."
    if line.severity == "fail":
        return "a rule across entities can only warn: the other entity may come in later. Write `severity: warn`."
    if line.where:
        return "a rule across entities has no `where:`. Remove it."
    return None


def _condition(line: RuleLine, entity: Entity) -> str | None:
    """Whether DuckDB can compute the condition over the entity's columns."""
    if line.never is None:
        return None
    columns = ", ".join(f'CAST(NULL AS {DUCKDB[column.type]}) AS "{column.name}"' for column in entity.columns)
    with duck.connected() as connection:
        try:
            connection.execute(f"SELECT CAST(({line.never}\n) AS BOOLEAN) FROM (SELECT {columns}) LIMIT 0")
        except duckdb.Error as problem:
            why = " ".join(str(problem).split())[:300]
            return f"never: does not compute: {why} Write an SQL condition over the columns of {entity.name}."
    return None
