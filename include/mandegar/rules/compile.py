"""Rules compiled: one boolean expression of Ibis for each, over one wide table with one row per customer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.language.folding import folded
from mandegar.rules.behaviours import BEHAVIOURS
from mandegar.rules.check import Named, walked
from mandegar.rules.counted import Measure, after, beside, is_known, measure_of
from mandegar.rules.fields import ATTRIBUTE, ATTRIBUTES, Fields, find, kind_of
from mandegar.rules.seen import Seen
from mandegar.rules.text import folded_column
from mandegar.rules.words import COMPARISONS, WINDOWS, Condition
from mandegar.time.calendar import midnight

EXACT = "decimal(38, 6)"  # numbers are held against money by their decimals, as they are written
TYPES = {"number": "float64", "text": "string", "flag": "boolean", "time": "timestamp('UTC')", "day": "date"}


def column_of(name: str) -> str:
    """The column that says of each customer whether the rule of that name is met."""
    return "meets " + name


def met(rows: ir.Table, rules: Mapping[str, Condition], seen: Seen, engine: Engine, fields: Fields, named: Named | None = None) -> ir.Table:
    """Which customers meet which rules.

    Grain: that of rows, one per customer_id. Columns: customer_id and one boolean per rule (column_of), never empty: what is unknown
    meets no comparison, nor its opposite, and a rule that cannot be answered for a customer is not met.
    rows: the fields, one column each; one that `fields` knows and rows do not have is unknown of everybody. named: rules that others
    stand on. The rules have passed rules.check.
    """
    named = named or {}
    reached = list(_reached(rules.values(), named))
    wide, names = beside(rows, _measures(reached), seen, engine)
    expressions = _Expressions(wide, names, seen, engine, fields, named)
    return wide.select("customer_id", **{column_of(name): expressions.of(rule).fill_null(False) for name, rule in rules.items()})


def _reached(rules: Iterable[Condition], named: Named) -> Iterator[Condition]:
    """Every condition of the rules and of those they stand on."""
    entered: set[str] = set()
    waiting = list(rules)
    while waiting:
        for _, condition in walked(waiting.pop()):
            yield condition
            if condition.segment is not None and condition.segment not in entered:
                entered.add(condition.segment)
                waiting.append(named[condition.segment])


def _measures(conditions: Iterable[Condition]) -> Iterator[Measure]:
    for condition in conditions:
        if condition.about in BEHAVIOURS:
            yield from after(condition) if condition.since is not None else (measure_of(condition),)


@dataclass(frozen=True)
class _Expressions:
    """What rules are compiled against."""

    wide: ir.Table
    names: dict[Measure, str]
    seen: Seen
    engine: Engine
    fields: Fields
    named: Named

    def of(self, rule: Condition) -> ir.BooleanValue:
        """The rule as an expression; NULL where it cannot be answered."""
        match rule.about:
            case "all":
                return ibis.and_(*(self.of(one) for one in rule.all or ()))
            case "any":
                return ibis.or_(*(self.of(one) for one in rule.any or ()))
            case "not":
                assert rule.not_ is not None
                return ~self.of(rule.not_)
            case "segment":
                return self.of(self.named[str(rule.segment)])
            case "field":
                return self._of_field(rule)
            case _ if rule.since is not None:
                return self._came_after(rule)
            case _:
                return self._of_count(rule)

    def _came_after(self, rule: Condition) -> ir.BooleanValue:
        """Whether a behaviour was seen at or after the first time of another; unknown if no source tells of one of them."""
        if not all(is_known(self.seen, measure) for measure in after(rule)):
            return ibis.null("boolean")
        last, first = (self.wide[self.names[measure]] for measure in after(rule))
        return (last >= first).fill_null(False)

    def _of_count(self, rule: Condition) -> ir.BooleanValue:
        counted = self.wide[self.names[measure_of(rule)]]
        compared = rule.given(COMPARISONS)
        if not compared:
            return counted > 0
        return ibis.and_(*(self._compared(counted, word, rule.value(word)) for word in compared))

    def _of_field(self, rule: Condition) -> ir.BooleanValue:
        name = str(rule.field)
        known = find(name, self.fields)
        assert known is not None
        value = self._value(name, known.kind)
        tests = []
        for word in rule.given((*COMPARISONS, *WINDOWS)):
            given = rule.value(word)
            if known.kind in ("time", "day"):
                tests.append(self._in_time(value, known.kind, word, given))
            elif known.kind == "attribute":
                tests.append(self._of_attribute(value, word, given))
            elif known.kind == "text":
                tests.append(_equal(folded_column(value), word, given, folded))
            else:
                tests.append(self._compared(value, word, given))
        if rule.known is not None:
            there = folded_column(value).notnull() if known.kind in ("text", "attribute") else value.notnull()
            tests.append(there if rule.known else ~there)
        return ibis.and_(*tests)

    def _value(self, name: str, kind: str) -> ir.Value:
        if name.startswith(ATTRIBUTE):
            if ATTRIBUTES not in self.wide.columns:
                return ibis.null("string")
            return self.engine.json_text(self.wide[ATTRIBUTES], name.removeprefix(ATTRIBUTE))
        if name not in self.wide.columns:
            return ibis.null(TYPES[kind])
        column = self.wide[name]
        return column.cast(TYPES[kind]) if kind_of(column.type()) is None else column

    def _of_attribute(self, value: ir.StringValue, word: str, given: Any) -> ir.BooleanValue:
        """An attribute is a text; held against a number it is one, if it can be read as one."""
        several = given if isinstance(given, tuple) else (given,)
        if word == "top_share" or all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in several):
            return self._compared(folded_column(value).try_cast("float64"), word, given)
        return _equal(folded_column(value), word, given, _as_json)

    def _compared(self, value: ir.NumericValue, word: str, given: Any) -> ir.BooleanValue:
        """A number or a flag held against one."""
        if word == "top_share":
            return self._at_the_top(value, given)
        if value.type().is_decimal():
            value = value.cast(EXACT)
        if word in ("is", "is_not", "one_of", "none_of"):
            return _equal(value, word, given, lambda one: _literal(one, value))
        low, high = given if word == "between" else (given, given)
        tests = {
            "at_least": lambda: value >= _literal(low, value),
            "at_most": lambda: value <= _literal(high, value),
            "above": lambda: value > _literal(low, value),
            "below": lambda: value < _literal(high, value),
            "between": lambda: (value >= _literal(low, value)) & (value <= _literal(high, value)),
        }
        return tests[word]()

    def _at_the_top(self, value: ir.NumericValue, share: float) -> ir.BooleanValue:
        """Whether a value is among the largest such share of those that are known; equal ones are so all or not at all."""
        rank = ibis.percent_rank().over(group_by=value.isnull(), order_by=value.asc())
        return value.notnull().ifelse(rank >= round(1 - share, 9), ibis.null("boolean"))

    def _in_time(self, value: ir.Value, kind: str, word: str, given: Any) -> ir.BooleanValue:
        """A time or a day held against days of the company, which begin at its midnight."""
        seen = self.seen
        tomorrow = seen.as_of + timedelta(days=1)
        first = seen.as_of + timedelta(days=1 - given) if isinstance(given, int) else tomorrow
        match word:
            case "in_days":
                return self._from(value, kind, first) & ~self._from(value, kind, tomorrow)
            case "days_before":
                return ~self._from(value, kind, first)
            case "next_days":
                return self._from(value, kind, tomorrow) & ~self._from(value, kind, tomorrow + timedelta(days=given))
        low, high = given if word == "between" else (given, given)
        after_low, after_high = low + timedelta(days=1), high + timedelta(days=1)
        tests = {
            "at_least": lambda: self._from(value, kind, low),
            "at_most": lambda: ~self._from(value, kind, after_high),
            "above": lambda: self._from(value, kind, after_low),
            "below": lambda: ~self._from(value, kind, high),
            "is_not": lambda: ~(self._from(value, kind, low) & ~self._from(value, kind, after_low)),
        }
        return tests[word]() if word in tests else self._from(value, kind, low) & ~self._from(value, kind, after_high)

    def _from(self, value: ir.Value, kind: str, day: date) -> ir.BooleanValue:
        """Whether it is on that day or later."""
        return value >= (ibis.literal(day) if kind == "day" else ibis.literal(midnight(day, self.seen.company.zone)))


def _equal(value: ir.Value, word: str, given: Any, as_compared: Any) -> ir.BooleanValue:
    """Whether a value is one of those given; unknown where it is unknown."""
    several = given if isinstance(given, tuple) else (given,)
    found = value.isin([as_compared(one) for one in several])
    return ~found if word in ("is_not", "none_of") else found


def _literal(given: Any, beside_: ir.Value) -> ir.Scalar | Any:
    """A number as it is written: beside a decimal it is one too, so that 100.10 is 100.10."""
    if beside_.type().is_decimal() and isinstance(given, (int, float)) and not isinstance(given, bool):
        return ibis.literal(Decimal(str(given)).quantize(Decimal("0.000001"))).cast(EXACT)
    return given


def _as_json(given: Any) -> str:
    """A value as the text of an attribute has it."""
    return str(given).lower() if isinstance(given, bool) else folded(str(given))
