"""Which spans of time a row falls into, to the microsecond, on every engine."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from mandegar.compute.engine import Engine
from mandegar.time.spans import day_by_day, falling

INSTANT = pa.timestamp("us", "UTC")
SPANS = {  # name: since, till; Tehran's midnights among them, in a span of one day, and in one of eleven years and a leap day more
    "January": ("2025-12-31 20:30:00", "2026-01-31 20:30:00"),
    "February": ("2026-01-31 20:30:00", "2026-02-28 20:30:00"),
    "a day": ("2026-01-31 20:30:00", "2026-02-01 20:30:00"),
    "a second": ("2026-02-01 23:59:59", "2026-02-02 00:00:00"),
    "nothing": ("2026-02-01 12:00:00", "2026-02-01 12:00:00"),
    "long": ("2020-01-01 00:00:00", "2031-03-20 00:00:00"),
}
LONGEST = 4_100  # days; more than 64 times 64
ROWS = {
    "2025-12-31 20:29:59.999999": {"long"},
    "2025-12-31 20:30:00": {"January", "long"},
    "2026-01-31 20:29:59.999999": {"January", "long"},
    "2026-01-31 20:30:00": {"February", "a day", "long"},
    "2026-02-01 12:00:00": {"February", "a day", "long"},
    "2026-02-01 23:59:59.999999": {"February", "a second", "long"},
    "2026-02-02 00:00:00": {"February", "long"},
    "2019-12-31 23:59:59.999999": set(),
    "2031-03-19 23:59:59.999999": {"long"},
    "2031-03-20 00:00:00": set(),
}


def instant(text: str) -> datetime:
    """An instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_row_falls_into_the_spans_that_have_begun_and_not_ended(engine: Engine) -> None:
    times = [instant(at) for at in ROWS]
    rows = engine.table(pa.table({"row": list(ROWS), "at": pa.array([*times], INSTANT)}))
    ends = {name: pa.array([instant(pair[place]) for pair in SPANS.values()], INSTANT) for place, name in enumerate(("since", "till"))}
    spans = engine.table(pa.table({"span": list(SPANS)} | ends))

    found: dict[str, set[str]] = {at: set() for at in ROWS}
    for row in engine.arrow(falling(rows, "at", spans, "since", "till", LONGEST).select("row", "span")).to_pylist():
        assert row["span"] not in found[row["row"]], "once only"
        found[row["row"]].add(row["span"])

    assert found == ROWS


def test_a_row_without_a_time_falls_into_none(engine: Engine) -> None:
    rows = engine.table(pa.table({"row": ["never"], "at": pa.array([None], INSTANT)}))
    spans = engine.table(
        pa.table({"since": pa.array([instant("1970-01-01")], INSTANT), "till": pa.array([instant("2030-01-01")], INSTANT)})
    )

    assert engine.count(falling(rows, "at", spans, "since", "till", 30_000)) == 0


@pytest.mark.parametrize("days", [1, 2, 63, 64, 65, 4_095, 4_096, 4_097, 5_000])
def test_every_day_from_the_first_to_the_last(engine: Engine, days: int) -> None:
    spans = engine.table(pa.table({"span": ["a", "b"], "first": [10, -3], "last": [10 + days - 1, -3]}))

    found = engine.arrow(day_by_day(spans, spans["first"], spans["last"], days)).to_pylist()

    by_span = {name: sorted(row["day_touched"] for row in found if row["span"] == name) for name in ("a", "b")}
    assert by_span == {"a": list(range(10, 10 + days)), "b": [-3]}
