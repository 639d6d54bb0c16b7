"""Instants in whole seconds, the same on every engine."""

from datetime import UTC, datetime

import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.time.seconds import seconds


def test_a_fraction_of_a_second_is_cut_off(engine: Engine) -> None:
    told = {
        datetime(2026, 1, 31, 23, 59, 58, 900_000, UTC): 1_769_903_998,
        datetime(2026, 1, 31, 23, 59, 59, 100_000, UTC): 1_769_903_999,
        datetime(1970, 1, 1, tzinfo=UTC): 0,
        datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC): -1,
        datetime(9999, 1, 1, tzinfo=UTC): 253_370_764_800,
    }
    rows = engine.table(pa.table({"at": pa.array([*told, None], pa.timestamp("us", "UTC"))}))

    found = engine.arrow(engine.keep(rows.mutate(told=seconds(rows["at"])))).to_pylist()

    assert {row["at"]: row["told"] for row in found} == told | {None: None}
