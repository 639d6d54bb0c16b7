"""RFM: fifths by rank, ties settled, cancelled purchases left out."""

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.small_tables import Row, entity, invoice, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.purchases.purchase_history import kept_purchases
from mandegar.metrics.purchases.rfm import SEGMENTS, rfm


def scores(engine: Engine, told: list[tuple[str, int, int, int]]) -> dict[str, tuple]:
    """The scores of buyers given as (customer, days since, purchases, revenue)."""
    table = pa.table(
        {
            "customer_id": pa.array([name for name, *_ in told], pa.string()),
            "recency_days": pa.array([row[1] for row in told], pa.int64()),
            "purchases": pa.array([row[2] for row in told], pa.int64()),
            "revenue": pa.array([Decimal(row[3]) for row in told], pa.decimal128(18, 4)),
        }
    )
    names = ("recency_score", "frequency_score", "monetary_score", "rfm_segment")
    return {row["customer_id"]: tuple(row[name] for name in names) for row in rows(engine, rfm(engine.table(table)))}


TEN = [
    ("a", 1, 20, 900),  # the latest, the most often, second in money
    ("b", 2, 19, 1000),
    ("c", 10, 1, 50),
    ("d", 11, 2, 60),
    ("e", 20, 10, 500),
    ("f", 21, 9, 400),
    ("g", 100, 18, 800),
    ("h", 101, 17, 700),
    ("i", 200, 1, 10),
    ("j", 201, 1, 20),
]


def test_fifths_of_ten(engine: Engine) -> None:
    """Recency: a b | c d | e f | g h | i j; frequency: a b | g h | e f | d c | i j, for c bought later than i and j."""
    assert scores(engine, TEN) == {
        "a": (5, 5, 5, "champions"),
        "b": (5, 5, 5, "champions"),
        "c": (4, 2, 2, "potential_loyalist"),
        "d": (4, 2, 2, "potential_loyalist"),
        "e": (3, 3, 3, "need_attention"),
        "f": (3, 3, 3, "need_attention"),
        "g": (2, 4, 4, "at_risk"),
        "h": (2, 4, 4, "at_risk"),
        "i": (1, 1, 1, "hibernating"),
        "j": (1, 1, 1, "hibernating"),
    }


def test_equal_customers_are_ranked_by_their_id(engine: Engine) -> None:
    told = [(name, 5, 1, 10) for name in ("e", "c", "a", "d", "b")]
    assert {name: found[:3] for name, found in scores(engine, told).items()} == {name: (n, n, n) for n, name in enumerate("abcde", 1)}


def test_one_buyer_and_none(engine: Engine) -> None:
    assert scores(engine, [("a", 5, 1, 10)]) == {"a": (1, 1, 1, "hibernating")}
    assert scores(engine, []) == {}


@pytest.mark.parametrize("pair", [(recency, frequency) for recency in range(1, 6) for frequency in range(1, 6)])
def test_every_pair_of_scores_has_exactly_one_segment(pair: tuple[int, int]) -> None:
    fitting = [
        name for name, spans in SEGMENTS.items() if all(low <= score <= high for score, (low, high) in zip(pair, spans, strict=True))
    ]
    assert len(fitting) == 1


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(-5, 5)), min_size=1, max_size=30), data=st.data())
def test_the_order_of_rows_does_not_matter_and_fifths_differ_by_one_at_most(
    duckdb: Engine, told: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    named = [(f"{number:02}", *row) for number, row in enumerate(told)]
    found = scores(duckdb, named)
    assert scores(duckdb, data.draw(st.permutations(named))) == found
    sizes = [sum(row[0] == score for row in found.values()) for score in range(1, 6)]
    assert max(sizes) - min(sizes) <= 1


CASES: dict[str, tuple[list[Row], list[str]]] = {
    "kept": ([invoice("1", "", "2026-01-01", 10), invoice("2", "", "2026-01-02", 10)], ["1", "2"]),
    "taken back": ([invoice("1", "", "2026-01-01", 10), invoice("2", "", "2026-01-02", 10, kind="credit")], []),
    "taken back, credit below 0": ([invoice("1", "", "2026-01-01", 10), invoice("2", "", "2026-01-02", -10, kind="credit")], []),
    "another amount": ([invoice("1", "", "2026-01-01", 10), invoice("2", "", "2026-01-02", 4, kind="credit")], ["1"]),
    "the one before, not the one after": (
        [invoice("1", "", "2026-01-01", 10), invoice("2", "", "2026-01-02", 10, kind="credit"), invoice("3", "", "2026-01-03", 10)],
        ["3"],
    ),
    "the latest before": (
        [invoice("1", "", "2026-01-01", 10), invoice("2", "", "2026-01-02", 10), invoice("3", "", "2026-01-03", 10, kind="credit")],
        ["1"],
    ),
    "two and two": (
        [
            *(invoice(str(n), "", f"2026-01-0{n}", 10) for n in (1, 2)),
            *(invoice(str(n), "", f"2026-01-0{n}", 10, kind="credit") for n in (3, 4)),
        ],
        [],
    ),
    "a credit note of before": ([invoice("1", "", "2026-01-01", 10, kind="credit"), invoice("2", "", "2026-01-02", 10)], ["2"]),
    "a voided credit note": (
        [invoice("1", "", "2026-01-01", 10), invoice("2", "", "2026-01-02", 10, kind="credit", voided_at="2026-01-03")],
        ["1"],
    ),
    "a gift": ([invoice("1", "", "2026-01-01", 0)], []),
}


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def kept(request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """The days of January on which each case's purchases that stand were made."""
    engine: Engine = request.getfixturevalue(request.param)
    table = [row | {"customer_id": name, "invoice_id": f"{name} {row['invoice_id']}"} for name, (told, _) in CASES.items() for row in told]
    found: dict[str, list[str]] = {name: [] for name in CASES}
    for row in rows(engine, kept_purchases(engine.table(entity("invoice", table)))):
        found[row["customer_id"]].append(str(row["issued_at"].day))
    return found


@pytest.mark.parametrize("case", CASES)
def test_which_purchases_stand(kept: dict[str, list[str]], case: str) -> None:
    """The number of an invoice that is a purchase is its day."""
    assert sorted(kept[case]) == CASES[case][1]
