"""Quantiles of waits of which some have not ended: against published data, by hand, and what holds of all of them."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.small_tables import rows

from mandegar.compute.engine import Engine
from mandegar.metrics.service.waiting import quantiles

Waits = list[tuple[int, bool]]
# Weeks of remission in acute leukaemia, E. J. Freireich et al., Blood 21 (1963); negative: still in remission
MERCAPTOPURINE = [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
CASES: dict[str, tuple[Waits, int | None, int | None]] = {
    "mercaptopurine": ([(abs(weeks), weeks > 0) for weeks in MERCAPTOPURINE], 23, None),  # published medians: 23 and 8 weeks
    "placebo": ([(weeks, True) for weeks in PLACEBO], 8, 17),  # 2 of 21, less than a tenth, last longer than 17
    "one": ([(7, True)], 7, 7),
    "one that waits": ([(7, False)], None, None),
    "an even number": ([(1, True), (2, True), (3, True), (4, True)], 2, 4),  # 1/4 x 2 = half are done at 2
    "at once": ([(0, True), (0, True), (5, False)], 0, None),  # S(0) = 1/3
    "ten": ([(place, True) for place in range(1, 11)], 5, 9),  # S(5) = 1/2, S(9) = 1/10
    "half wait still": ([(1, True), (2, False)], 1, None),  # S(1) = 1/2
    # 10: 4/5; 30 is cut off; 975: 4/5 x 2/3 = 8/15, above a half; 3960: 4/15
    "cut off in between": ([(10, True), (30, False), (975, True), (3960, True), (70_000, False)], 3960, None),
    "cut off when another ends": ([(5, True), (5, False)], 5, None),  # at 5 both wait: S(5) = 1/2
}


def measured(engine: Engine, cases: dict[str, Waits]) -> dict[str, tuple[int | None, int | None]]:
    """Median and p90 of every case."""
    table = pa.table(
        {
            "case": [case for case, waits in cases.items() for _ in waits],
            "wait": pa.array([wait for waits in cases.values() for wait, _ in waits], pa.int64()),
            "ended": pa.array([ended for waits in cases.values() for _, ended in waits], pa.bool_()),
        }
    )
    found = rows(engine, quantiles(engine.table(table), {"some": ("wait", "ended")}, (), ("case",), engine))
    return {row["case"]: (row["some_median"], row["some_p90"]) for row in found if row["dimension"] == "all"}


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def found(request: pytest.FixtureRequest) -> dict[str, tuple[int | None, int | None]]:
    """Every case, on both engines."""
    return measured(request.getfixturevalue(request.param), {case: waits for case, (waits, _, _) in CASES.items()})


@pytest.mark.parametrize("case", CASES)
def test_the_quantiles_of(found: dict[str, tuple[int | None, int | None]], case: str) -> None:
    _, *expected = CASES[case]
    assert found.get(case, (None, None)) == tuple(expected)


waits = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=30)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(given_waits=waits, further=st.integers(0, 60))
def test_p90_is_not_before_the_median_and_one_more_who_waits_lowers_neither(duckdb: Engine, given_waits: Waits, further: int) -> None:
    both = measured(duckdb, {"with": [*given_waits, (further, False)], "without": given_waits})
    endless = float("inf")
    after, before = ([endless if value is None else value for value in both.get(case, (None, None))] for case in ("with", "without"))
    assert before[0] <= before[1]
    assert after[0] >= before[0]
    assert after[1] >= before[1]
