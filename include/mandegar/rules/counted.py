"""How often each customer did what rules ask about: one pass over each entity for all rules together."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.rules.behaviour import Events
from mandegar.rules.behaviours import BEHAVIOURS
from mandegar.rules.events import AMOUNT, AT, DAY, ONCE, TIMES, events
from mandegar.rules.seen import Seen
from mandegar.rules.words import Condition
from mandegar.time.local_days import local_day, number
from mandegar.time.seconds import seconds


@dataclass(frozen=True)
class Measure:
    """One number of a customer: how often a behaviour was seen in a window, on how many days, for how much, or when first or last.

    of: times, days, amount, first or last. by_day: first and last as days, since usage knows no times.
    """

    word: str
    what: tuple[tuple[str, tuple[str, ...]], ...]
    of: str
    in_days: int | None = None
    days_before: int | None = None
    by_day: bool = False

    @property
    def events(self) -> Events:
        """What it is counted from."""
        behaviour = BEHAVIOURS[self.word]
        return behaviour.by_trait if self.what and behaviour.by_trait else behaviour.events

    @property
    def traits(self) -> list[str]:
        """The traits of an event that tell whether it is counted."""
        return [*(trait for trait, _ in self.what), *(["kind"] if BEHAVIOURS[self.word].kind else [])]


def measure_of(condition: Condition) -> Measure:
    """What a condition on behaviour counts."""
    return _measure(condition, condition.count or "times")


def after(condition: Condition) -> tuple[Measure, Measure]:
    """Of a condition with `since`: when the behaviour was last seen, and when what it comes after was first."""
    assert condition.since is not None
    by_day = "used" in (condition.about, condition.since.about)
    return _measure(condition, "last", by_day), _measure(condition.since, "first", by_day)


def beside(rows: ir.Table, measures: Iterable[Measure], seen: Seen, engine: Engine) -> tuple[ir.Table, dict[Measure, str]]:
    """Customers with what was counted of them.

    Grain: that of rows, one per customer_id. Further columns: one per measure, by the name that is given too; 0 where nothing was seen,
    empty (unknown) where no source tells of it; first and last are empty where nothing was seen.
    """
    names = {measure: f"measure {place}" for place, measure in enumerate(dict.fromkeys(measures))}
    by_events: dict[Events, list[Measure]] = defaultdict(list)
    for measure in names:
        by_events[measure.events].append(measure)
    wide = rows
    for told, every in by_events.items():
        some = [measure for measure in every if is_known(seen, measure)]
        if len(some) < len(every):
            wide = wide.mutate(**{names[measure]: ibis.null("float64") for measure in every if measure not in some})
        if not some:
            continue
        happened = events(seen, engine, told, sorted({trait for measure in some for trait in measure.traits}))
        counted = happened.group_by("customer_id").agg(**{names[measure]: _aggregate(happened, measure, seen) for measure in some})
        joined = wide.join(counted, "customer_id", how="left")
        wide = joined.select(*wide.columns, **{names[measure]: _or_none(joined[names[measure]], measure) for measure in some})
    return wide, names


def _measure(condition: Condition, of: str, by_day: bool = False) -> Measure:
    word = condition.about
    what = tuple(sorted(condition.value(word).items()))
    return Measure(word, what, of, condition.in_days, condition.days_before, by_day)


def is_known(seen: Seen, measure: Measure) -> bool:
    """Whether the company has what a measure is counted from, or its own messages tell of it."""
    kinds = dict(measure.what).get("kind", ()) if measure.word == "interaction" else (measure.word,)
    if kinds and all(kind in seen.told_here for kind in kinds):
        return True
    return all(name in seen.entities and seen.company.has(name) for name in measure.events.needs)


def _or_none(value: ir.Value, measure: Measure) -> ir.Value:
    return value if measure.of in ("first", "last") else value.fill_null(0)


def _aggregate(happened: ir.Table, measure: Measure, seen: Seen) -> ir.Scalar:
    asked = _asked(happened, measure, seen)
    match measure.of:
        case "times" if ONCE in happened.columns:
            return happened[ONCE].nunique(where=asked).cast("float64")
        case "times" if TIMES in happened.columns:
            return happened[TIMES].sum(where=asked).cast("float64")
        case "times":
            return happened.count(where=asked).cast("float64")
        case "amount":
            return happened[AMOUNT].sum(where=asked).cast("decimal(38, 4)")
        case "days":
            return _day(happened, seen).nunique(where=asked).cast("float64")
        case _:
            at = _day(happened, seen) if measure.by_day else seconds(happened[AT])
            return (at.min(where=asked) if measure.of == "first" else at.max(where=asked)).cast("float64")


def _day(happened: ir.Table, seen: Seen) -> ir.IntegerValue:
    return happened[DAY] if DAY in happened.columns else local_day(happened[AT], seen.company.zone, seen.closes)


def _asked(happened: ir.Table, measure: Measure, seen: Seen) -> ir.BooleanValue:
    """Whether an event is one that the measure counts."""
    behaviour = BEHAVIOURS[measure.word]
    tests = [happened[trait].isin(values) for trait, values in measure.what]
    if behaviour.kind:
        tests.append(happened["kind"] == behaviour.kind)
    if DAY in happened.columns:
        first = {days: number(seen.as_of) + 1 - days for days in (measure.in_days, measure.days_before) if days is not None}
        tests += [happened[DAY] >= first[measure.in_days]] if measure.in_days is not None else []
        tests += [happened[DAY] < first[measure.days_before]] if measure.days_before is not None else []
    else:
        tests += [happened[AT] >= seen.since(measure.in_days)] if measure.in_days is not None else []
        tests += [happened[AT] < seen.since(measure.days_before)] if measure.days_before is not None else []
    return ibis.and_(*tests).fill_null(False) if tests else ibis.literal(True)
