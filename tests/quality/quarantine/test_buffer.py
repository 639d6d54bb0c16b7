"""Lines of the quarantine: few stay in memory, many go through files, and both come back in order."""

import pytest

from mandegar.quality.quarantine.buffer import Buffer
from mandegar.quality.schemas import HELD_SCHEMA


def line(row: int, rule: str) -> dict:
    return dict.fromkeys(HELD_SCHEMA.names, "x") | {"row": row, "rule": rule}


@pytest.mark.parametrize("in_memory", [100, 3, 1])
def test_lines_come_back_in_the_order_of_row_and_rule(in_memory):
    held = Buffer(in_memory)
    for row in (9, 2, 5, 7, 1):
        held.add([line(row, "b"), line(row, "a")])
    found = [(one["row"], one["rule"]) for batch in held.batches() for one in batch.to_pylist()]
    held.close()
    assert found == [(1, "a"), (1, "b"), (2, "a"), (2, "b"), (5, "a"), (5, "b"), (7, "a"), (7, "b"), (9, "a"), (9, "b")]


def test_the_worst_is_the_first_line_of_the_commonest_rule():
    held = Buffer(2)
    for row, rule in ((8, "seldom"), (6, "often"), (4, "often"), (1, "never mind")):
        held.add([line(row, rule)])
    assert (held.worst["row"], held.worst["rule"]) == (4, "often")
    held.close()
