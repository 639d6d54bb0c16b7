"""Which rules a batch keeps for certain, by what Arrow says of whole columns: Great Expectations need not look at every value of those.

Most rows of most nights break nothing, and asking costs as much as if they did: 30 ms for each rule however small the batch is, and on a
large one a look at every value in Python. What is not certain, and what is broken, is asked (expectations.Inspector).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mandegar.quality.suites.rules import Rule

Settings = dict[str, Any]
COLUMNS = {"column", "column_A", "column_B"}
ARGUMENTS = {"min_value", "max_value", "strict_min", "strict_max", "value_set", "regex", "or_equal", "ignore_row_if"}


def looked_at(rule: Rule, batch: pa.RecordBatch) -> int | None:
    """How many values of a comparable batch a rule is about, if it is certain that none breaks it; else None.

    A rule of a kind, with an argument, or about a column that is not known here is not certain.
    """
    settings, keeps = settings_of(rule), KEEPS.get(rule.kind)
    columns = {settings[name] for name in COLUMNS & settings.keys()} | ({rule.where[0]} if rule.where else set())
    if keeps is None or settings.keys() - COLUMNS - ARGUMENTS or columns - set(batch.schema.names):
        return None
    if rule.where is not None:
        column, value = rule.where
        batch = batch.filter(pc.equal(batch.column(column), value))
    return batch.num_rows if keeps(batch, settings) else None


def settings_of(rule: Rule) -> Settings:
    """The arguments of a rule as Great Expectations takes them, for a comparable batch."""
    return {name: _microseconds(value) if isinstance(value, datetime) else value for name, value in rule.settings.items()}


def comparable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Decimals as doubles, times and dates as microseconds since 1970: Great Expectations compares value by value in Python,
    and a number takes a tenth of the time that a Timestamp takes.
    """
    arrays, names = [], []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_decimal(field.type):
            column = column.cast(pa.float64())
        elif pa.types.is_timestamp(field.type) or pa.types.is_date(field.type):
            column = column.cast(pa.timestamp("us")).cast(pa.int64())
        arrays.append(column)
        names.append(field.name)
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _microseconds(instant: datetime) -> int:
    """A time without a zone, taken as UTC, as `comparable` puts it."""
    return (instant - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def _all_empty(batch: pa.RecordBatch, settings: Settings) -> bool:
    column = batch.column(settings["column"])
    return column.null_count == len(column)


def _all_given(batch: pa.RecordBatch, settings: Settings) -> bool:
    """In pandas NaN counts as empty."""
    column = batch.column(settings["column"])
    return column.null_count == 0 and _without_nan(column)


def _between(batch: pa.RecordBatch, settings: Settings) -> bool:
    column = batch.column(settings["column"])
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)) or not _without_nan(column):
        return False
    return _within(column, settings)


def _lengths(batch: pa.RecordBatch, settings: Settings) -> bool:
    column = batch.column(settings["column"])
    return pa.types.is_string(column.type) and _within(pc.utf8_length(column), settings)


def _within(numbers: pa.Array, settings: Settings) -> bool:
    """Whether the least and the greatest lie within the bounds; also where there is no number at all."""
    low, high = settings.get("min_value"), settings.get("max_value")
    found = pc.min_max(numbers).as_py()
    if found["min"] is None:
        return True
    above = low is None or (found["min"] > low if settings.get("strict_min") else found["min"] >= low)
    below = high is None or (found["max"] < high if settings.get("strict_max") else found["max"] <= high)
    return above and below


def _in_set(batch: pa.RecordBatch, settings: Settings) -> bool:
    column = batch.column(settings["column"])
    if not (pa.types.is_string(column.type) or pa.types.is_boolean(column.type)):
        return False
    return set(pc.unique(column.drop_null()).to_pylist()) <= set(settings["value_set"])


def _matches(batch: pa.RecordBatch, settings: Settings) -> bool:
    """Each different text once, by the same search that Great Expectations does."""
    column = batch.column(settings["column"])
    if not pa.types.is_string(column.type):
        return False
    texts = pc.unique(column.drop_null()).to_pandas()
    return bool(texts.astype(str).str.contains(settings["regex"]).all())


def _not_below(batch: pa.RecordBatch, settings: Settings) -> bool:
    """Rows in which one of the two is empty are no question."""
    if not settings.get("or_equal") or settings.get("ignore_row_if") != "either_value_is_missing":
        return False
    above, below = batch.column(settings["column_A"]), batch.column(settings["column_B"])
    return pc.all(pc.greater_equal(above, below)).as_py() is not False


def _without_nan(column: pa.Array) -> bool:
    return not pa.types.is_floating(column.type) or pc.any(pc.is_nan(column)).as_py() is not True


KEEPS: dict[str, Callable[[pa.RecordBatch, Settings], bool]] = {
    "ExpectColumnValuesToBeNull": _all_empty,
    "ExpectColumnValuesToNotBeNull": _all_given,
    "ExpectColumnValuesToBeBetween": _between,
    "ExpectColumnValueLengthsToBeBetween": _lengths,
    "ExpectColumnValuesToBeInSet": _in_set,
    "ExpectColumnValuesToMatchRegex": _matches,
    "ExpectColumnPairValuesAToBeGreaterThanB": _not_below,
}
