"""What Arrow is certain of, Great Expectations says too: the same rules are kept, about as many values."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mandegar.quality.suites.expectations import Inspector, RuleResult
from mandegar.quality.suites.kept import comparable, looked_at
from mandegar.quality.suites.rules import Rule

NAN, NONE = float("nan"), None
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("count", pa.int64()),
        ("ratio", pa.float64()),
        ("amount", pa.decimal128(18, 4)),
        ("day", pa.date32()),
        ("from", pa.timestamp("us", "UTC")),
        ("to", pa.timestamp("us", "UTC")),
        ("flag", pa.bool_()),
        ("kind", pa.string()),
    ]
)
FINE = {  # values by which a column keeps its rules, and all that may stand there
    "text": (["USD", "IRR"], ["USD", "IRR", "irr", "", "USDX", "ریال", "١", "a\nb", NONE]),
    "count": ([1, 2, 10], [0, 1, 10, 11, -5, 2**40, NONE]),
    "ratio": ([1.0, 10.0, 2.5], [1.0, 10.0, 10.000001, 0.0, float("inf"), NAN, NONE]),
    "amount": ([Decimal("1.0000"), Decimal("10.0000")], [Decimal("0.9999"), Decimal("10.0001"), Decimal(-3), Decimal(2), NONE]),
    "day": ([date(2026, 1, 1), date(2026, 6, 1)], [date(1899, 12, 31), date(2026, 1, 1), date(2101, 1, 1), NONE]),
    "from": ([datetime(2026, 1, 1, tzinfo=UTC)], [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3)] + [NONE]),
    "to": ([datetime(2026, 3, 1, tzinfo=UTC)], [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3)] + [NONE]),
    "flag": ([False], [False, True, NONE]),
    "kind": (["x"], ["x", "y", NONE]),
}
BOUNDS = {"min_value": 1, "max_value": 10}
LIFETIME = {"min_value": datetime(1900, 1, 1), "max_value": datetime(2100, 1, 1)}
PAIR = {"or_equal": True, "ignore_row_if": "either_value_is_missing"}
ASKED = (
    *(("ExpectColumnValuesToBeNull", {"column": name}) for name in ("text", "ratio", "amount")),
    *(("ExpectColumnValuesToNotBeNull", {"column": name}) for name in SCHEMA.names),
    *(("ExpectColumnValuesToBeBetween", {"column": name} | BOUNDS) for name in ("count", "ratio", "amount")),
    ("ExpectColumnValuesToBeBetween", {"column": "day"} | LIFETIME),
    ("ExpectColumnValuesToBeBetween", {"column": "amount", "min_value": 1, "strict_min": True}),
    ("ExpectColumnValuesToBeBetween", {"column": "count", "max_value": 10, "strict_max": True}),
    ("ExpectColumnValueLengthsToBeBetween", {"column": "text", "min_value": 1, "max_value": 3}),
    ("ExpectColumnValuesToBeInSet", {"column": "text", "value_set": ["USD", "IRR"]}),
    ("ExpectColumnValuesToBeInSet", {"column": "flag", "value_set": [False]}),
    ("ExpectColumnValuesToMatchRegex", {"column": "text", "regex": r"^[A-Z]{3}$"}),
    ("ExpectColumnValuesToMatchRegex", {"column": "text", "regex": r"\d|^\w*$"}),
    ("ExpectColumnPairValuesAToBeGreaterThanB", {"column_A": "to", "column_B": "from"} | PAIR),
    ("ExpectColumnPairValuesAToBeGreaterThanB", {"column_A": "count", "column_B": "amount"} | PAIR),
)
RULES = [
    Rule(f"{number} {where}", "warn", kind, arguments, "text", "is wrong", where)
    for number, (kind, arguments) in enumerate(ASKED)
    for where in (None, ("kind", "x"))
    if not (where and "column_A" in arguments)
]


@st.composite
def batches(draw: st.DrawFn) -> pa.RecordBatch:
    """Rows, most of whose columns are fine."""
    size = draw(st.integers(1, 6))
    columns = {
        name: draw(st.lists(st.sampled_from(fine if draw(st.booleans()) else every), min_size=size, max_size=size))
        for name, (fine, every) in FINE.items()
    }
    return pa.RecordBatch.from_pydict(columns, SCHEMA)


def told(results: Iterable[RuleResult]) -> dict[str, tuple[int, list[int]]]:
    return {one.rule.name: (one.evaluated, one.broken) for one in results}


@settings(deadline=None, max_examples=15)
@given(batch=batches())
def test_great_expectations_says_the_same(batch: pa.RecordBatch) -> None:
    inspector, names = Inspector("rows", RULES), frozenset(rule.name for rule in RULES)
    of_great_expectations = told(inspector._asked(comparable(batch), names))
    assert of_great_expectations.keys() == names
    assert told(inspector.look(batch)) == of_great_expectations


def certain(kind: str, cells: pa.Array, **arguments: object) -> int | None:
    rows = comparable(pa.RecordBatch.from_pydict({"cell": cells, "other": cells}))
    return looked_at(Rule("rule", "fail", kind, arguments, "cell", "is wrong"), rows)


@pytest.mark.parametrize(
    ("kind", "good", "bad", "arguments"),
    [
        ("ExpectColumnValuesToBeNull", pa.nulls(2, pa.string()), pa.array(["a", NONE]), {"column": "cell"}),
        ("ExpectColumnValuesToNotBeNull", pa.array(["a", "b"]), pa.array([1.0, NAN]), {"column": "cell"}),
        ("ExpectColumnValuesToBeBetween", pa.array([1, NONE]), pa.array([0, 1]), {"column": "cell"} | BOUNDS),
        ("ExpectColumnValuesToBeBetween", pa.array([1.5, 2]), pa.array([1.5, NAN]), {"column": "cell"} | BOUNDS),
        ("ExpectColumnValueLengthsToBeBetween", pa.array(["سه", NONE]), pa.array(["", "a"]), {"column": "cell"} | BOUNDS),
        ("ExpectColumnValuesToBeInSet", pa.array(["a", NONE]), pa.array(["a", "b"]), {"column": "cell", "value_set": ["a"]}),
        ("ExpectColumnValuesToMatchRegex", pa.array(["aa", NONE]), pa.array(["aa", "b"]), {"column": "cell", "regex": "^a"}),
    ],
)
def test_a_column_without_fault_is_not_asked_about_and_one_with_a_fault_is(
    kind: str, good: pa.Array, bad: pa.Array, arguments: dict[str, object]
) -> None:
    assert (certain(kind, good, **arguments), certain(kind, bad, **arguments)) == (2, None)


def test_what_is_not_known_is_asked() -> None:
    cells = pa.array(["a", "b"])
    assert certain("ExpectColumnValuesToNotBeNull", cells, column="cell") == 2
    assert certain("ExpectColumnValuesToNotBeNull", cells, column="cell", mostly=1.0) is None
    assert certain("ExpectColumnValuesToNotBeNull", cells, column="nowhere") is None
    assert certain("ExpectColumnValuesToBeUnique", cells, column="cell") is None
    assert certain("ExpectColumnPairValuesAToBeGreaterThanB", cells, column_A="cell", column_B="other") is None
