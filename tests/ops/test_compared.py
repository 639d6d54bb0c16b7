"""`make compare`: every value that two warehouses do not share is found, and none that they do."""

import sqlite3
from pathlib import Path

import pytest

from books import NIGHTS, books
from compared import ABSENT, Difference, compare

KPI = (
    "CREATE TABLE kpi_period "
    "(metric TEXT, period_start TEXT, dimension TEXT, value REAL, as_of TEXT {}, PRIMARY KEY (metric, period_start))"
)
ROWS = [("arpa", "2026-01-01", "all", 10.0, "2026-02-01"), ("arpa", "2026-02-01", "all", None, "2026-02-01")]


def warehouse(path: Path, rows: list[tuple], more: str = "", other: str = "CREATE TABLE here (a INTEGER PRIMARY KEY)") -> Path:
    connection = sqlite3.connect(path)
    connection.execute(KPI.format(more))
    connection.execute(other)
    connection.execute("CREATE TABLE pipeline_run (run_id INTEGER PRIMARY KEY, began TEXT)")
    connection.execute("INSERT INTO pipeline_run VALUES (1, ?)", (path.name,))
    connection.executemany(f"INSERT INTO kpi_period VALUES ({', '.join('?' * len(rows[0]))})", rows)
    connection.commit()
    connection.close()
    return path


def test_the_same_but_for_the_clock_and_the_night_that_computed_it(tmp_path: Path) -> None:
    later = [(*row[:4], "2026-03-01") for row in ROWS]
    found = compare(warehouse(tmp_path / "base.db", ROWS), warehouse(tmp_path / "now.db", later))
    assert (found.differences, found.apart, found.values) == ([], [], 4)


def test_values_rows_tables_and_columns(tmp_path: Path) -> None:
    """10 is 10.5 now, a figure that was empty is 0, one is gone and one is new; what only one has is said apart."""
    base = warehouse(tmp_path / "base.db", [*ROWS, ("churn", "2026-01-01", "all", 0.2, "2026-02-01")])
    moved = [
        ("arpa", "2026-01-01", "all", 10.5, "", 1),
        ("arpa", "2026-02-01", "all", 0.0, "", 1),
        ("nrr", "2026-01-01", "all", 1.1, "", 1),
    ]
    found = compare(base, warehouse(tmp_path / "now.db", moved, ", more INTEGER", "CREATE TABLE there (a INTEGER PRIMARY KEY)"))
    assert found.apart == ["table here only in BASE", "table there only now", "column kpi_period.more only now"]
    assert found.differences == [
        Difference("kpi_period", "arpa.value", "2026-01-01", "", "10.0", "10.5"),
        Difference("kpi_period", "arpa.value", "2026-02-01", "", "None", "0.0"),
        Difference("kpi_period", "churn.dimension", "2026-01-01", "", "all", ABSENT),
        Difference("kpi_period", "churn.value", "2026-01-01", "", "0.2", ABSENT),
        Difference("kpi_period", "nrr.dimension", "2026-01-01", "", ABSENT, "all"),
        Difference("kpi_period", "nrr.value", "2026-01-01", "", ABSENT, "1.1"),
    ]


@pytest.mark.parametrize(("other", "count"), [(0.1 + 0.2, 0), (0.300000001, 1)])
def test_the_order_of_a_sum_is_no_difference(tmp_path: Path, other: float, count: int) -> None:
    rows = [("arpa", "2026-01-01", "all", value, "") for value in (0.3, other)]
    found = compare(warehouse(tmp_path / "base.db", rows[:1]), warehouse(tmp_path / "now.db", rows[1:]))
    assert len(found.differences) == count


def test_random_books_are_the_same_each_time_and_grow_by_what_is_known_later(tmp_path: Path) -> None:
    for book in books([], {}, Path("/nowhere")):
        if not book.name.startswith("sample"):
            sizes = []
            for night in NIGHTS:
                for folder in ("one", "other"):
                    book.write(tmp_path / book.name / folder, night)
                one, other = (
                    {file.name: file.read_bytes() for file in (tmp_path / book.name / name).iterdir()} for name in ("one", "other")
                )
                assert one == other
                sizes.append(len(one["invoice.csv"].splitlines()))
            assert 50 < sizes[0] < sizes[1] <= sizes[2]
