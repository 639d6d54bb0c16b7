"""Two warehouses held against each other, figure by figure."""

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLOCKED = {"pipeline_run", "alembic_version"}  # the run log tells the time
FINGERPRINTS = {"published_part"}  # of rows that are compared themselves
NOT_FIGURES = {"as_of"}  # the night that last computed a row
CLOSE = 1e-12  # of the larger: two sums of the same numbers in another order
ABSENT = "(no row)"


@dataclass(frozen=True, order=True)
class Difference:
    """One published number that the two do not share."""

    table: str
    metric: str
    period: str
    row: str
    base: str
    now: str


@dataclass(frozen=True)
class Comparison:
    """What differs, what could not be compared, and how many values were."""

    differences: list[Difference]
    apart: list[str]
    values: int


def compare(base: Path, now: Path) -> Comparison:
    """Every value of every table that both warehouses have, found by the keys both have; tables and columns of one alone are `apart`.

    A number differs by more than `CLOSE` of the larger one, anything else by being unequal. Of a row that one of them lacks, each value
    is a difference. Errors: sqlite3.Error if a file is no SQLite database.
    """
    one, other = _opened(base), _opened(now)
    try:
        tables = _tables(one), _tables(other)
        apart = [f"table {name} only {side}" for name, side in _alone(*tables)]
        differences: list[Difference] = []
        values = 0
        for table in sorted(set(tables[0]) & set(tables[1])):
            columns = _columns(one, table), _columns(other, table)
            apart += [f"column {table}.{name} only {side}" for name, side in _alone(*columns)]
            keys = [name for name, place in columns[1].items() if place and name in columns[0]]
            shared = [name for name in columns[1] if name in columns[0] and name not in keys and name not in NOT_FIGURES]
            keys = keys or shared
            rows = _rows(one, table, keys, shared), _rows(other, table, keys, shared)
            values += len(rows[1]) * len(shared)
            differences += _differing(table, keys, shared, *rows)
        return Comparison(sorted(differences), apart, values)
    finally:
        one.close()
        other.close()


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def _tables(warehouse: sqlite3.Connection) -> list[str]:
    names = [name for (name,) in warehouse.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return [name for name in names if name not in CLOCKED | FINGERPRINTS]


def _columns(warehouse: sqlite3.Connection, table: str) -> dict[str, int]:
    """The columns of a table, with their place in its primary key (0: not in it)."""
    return {row[1]: row[5] for row in warehouse.execute(f'PRAGMA table_info("{table}")')}


def _alone(base: Any, now: Any) -> list[tuple[str, str]]:
    return [(name, "in BASE") for name in base if name not in now] + [(name, "now") for name in now if name not in base]


def _rows(warehouse: sqlite3.Connection, table: str, keys: list[str], columns: list[str]) -> dict[tuple, tuple]:
    listed = ", ".join(f'"{name}"' for name in [*keys, *columns])
    found = warehouse.execute(f'SELECT {listed} FROM "{table}"')  # noqa: S608 - the warehouse's own names
    return {row[: len(keys)]: row[len(keys) :] for row in found}


def _differing(table: str, keys: list[str], columns: list[str], base: dict[tuple, tuple], now: dict[tuple, tuple]) -> Iterator[Difference]:
    for key in base.keys() | now.keys():
        named = dict(zip(keys, key, strict=True))
        metric = named.pop("metric", None)
        period = str(named.pop("period_start", named.get("as_of", "")) or "")
        row = " ".join(f"{name}={value}" for name, value in named.items() if value not in (None, ""))
        for place, column in enumerate(columns):
            values = [side[key][place] if key in side else ABSENT for side in (base, now)]
            if not _same(*values) and not (None in values and ABSENT in values):
                yield Difference(table, f"{metric}.{column}" if metric else column, period, row, str(values[0]), str(values[1]))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=CLOSE)
    return bool(one == other)
