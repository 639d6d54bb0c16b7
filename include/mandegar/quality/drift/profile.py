"""The profile of a night's window: the facts by which later nights know what is usual. It lies in lake/profile/<source>.

Grain: one row per column, fact and part. Facts of the table (column empty): `rows` (those that came, refused ones too) and
`hours_behind` (from the newest row to the end of the day). Of a column: `nulls` (share of empty cells), `share` (part: a
category), `median` and `mean` (of numbers).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from mandegar.compute import duck
from mandegar.config.entities import Column, Entity
from mandegar.quality.reading import quote
from mandegar.quality.schemas import PROFILE_SCHEMA
from mandegar.quality.suites.rules import PERSONAL
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt

STAGE = "profile"
CATEGORIES = 30  # a text with more values than this is no category
DIGITS = 9  # sums of floating numbers depend on their order; so much of them does not


@dataclass(frozen=True)
class Facts:
    """One night's profile, by column, fact and part."""

    values: dict[tuple[str, str, str], float]

    def of(self, column: str, fact: str) -> float | None:
        """A fact that has no parts; None if the night has none."""
        return self.values.get((column, fact, ""))

    def shares(self, column: str) -> dict[str, float]:
        """The shares of a column's categories; empty if it has none."""
        return {part: value for (name, fact, part), value in self.values.items() if name == column and fact == "share"}


def remember(lake: Lake, source: str, entity: Entity, receipt: Receipt, came: int, closes: datetime, keep: int) -> Facts:
    """Computes the profile of a window from its good rows, writes it to the lake, and gives it.

    came: rows of the source, refused and dropped ones too. keep: of so many nights before this one the profile stays.
    """
    files = lake.files("valid", source, [receipt.as_of])
    values = {("", "rows", ""): float(came)}
    if files and receipt.rows:
        with duck.connected() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.read_parquet(files, union_by_name=True).create_view("rows_of_night")
            values |= _newest(connection, entity, closes)
            values |= _columns(connection, entity, receipt.rows)
    rows = [{"column": column, "fact": fact, "part": part, "value": values[column, fact, part]} for column, fact, part in sorted(values)]
    lake.replace(STAGE, source, receipt.as_of, PROFILE_SCHEMA, pa.Table.from_pylist(rows, PROFILE_SCHEMA).to_batches())
    if len(lake.windows(STAGE, source)) > keep:
        lake.forget(STAGE, source, keep, receipt.as_of)
        lake.tidy(STAGE, source)
    return Facts(values)


def profiles(lake: Lake, source: str, receipts: Iterable[Receipt]) -> list[Facts]:
    """The profiles of several nights, in their order; a night without one is left out."""
    found = []
    for receipt in receipts:
        rows = [row for file in lake.files(STAGE, source, [receipt.as_of]) for row in pq.ParquetFile(file).read().to_pylist()]
        if rows:
            found.append(Facts({(row["column"], row["fact"], row["part"]): row["value"] for row in rows}))
    return found


def _newest(connection: duckdb.DuckDBPyConnection, entity: Entity, closes: datetime) -> dict[tuple[str, str, str], float]:
    """How many hours lie between the newest row and the end of the day; plans for later days do not count."""
    moments = [name for name in ("updated_at", entity.born) if name and name in entity.names]
    greatest = ", ".join(
        f"max(CASE WHEN CAST({quote(name)} AS TIMESTAMPTZ) < $closes THEN CAST({quote(name)} AS TIMESTAMPTZ) END)" for name in moments
    )
    newest = connection.execute(f"SELECT epoch(greatest({greatest})) FROM rows_of_night", {"closes": closes}).fetchone()
    if newest is None or newest[0] is None:
        return {}
    return {("", "hours_behind", ""): round((closes.timestamp() - newest[0]) / 3600, 4)}


def _columns(connection: duckdb.DuckDBPyConnection, entity: Entity, rows: int) -> dict[tuple[str, str, str], float]:
    numbers = [column.name for column in entity.columns if column.type in ("integer", "decimal", "rate")]
    asked = [f"count({quote(column.name)})" for column in entity.columns]
    for name in numbers:
        asked += [f"median(CAST({quote(name)} AS DOUBLE))", f"avg(CAST({quote(name)} AS DOUBLE))"]
    found = connection.execute(f"SELECT {', '.join(asked)} FROM rows_of_night").fetchone()
    assert found is not None
    given, figures = found[: len(entity.columns)], found[len(entity.columns) :]
    values = {(column.name, "nulls", ""): round(1 - count / rows, DIGITS) for column, count in zip(entity.columns, given, strict=True)}
    for place, name in enumerate(numbers):
        for fact, figure in (("median", figures[2 * place]), ("mean", figures[2 * place + 1])):
            if figure is not None:
                values[name, fact, ""] = float(f"{figure:.{DIGITS}g}")
    for column in entity.columns:
        if _may_be_category(column, entity):
            values |= _shares(connection, column.name, rows)
    return values


def _may_be_category(column: Column, entity: Entity) -> bool:
    """Whether a column's values can be kinds of something: no key, no person, no free words."""
    if column.type == "boolean":
        return True
    personal = PERSONAL.get(entity.name, ())
    return column.type == "text" and (column.name,) != entity.key and column.name not in personal and not column.name.endswith("_id")


def _shares(connection: duckdb.DuckDBPyConnection, name: str, rows: int) -> dict[tuple[str, str, str], float]:
    column = f"CAST({quote(name)} AS VARCHAR)"
    known = connection.execute(f"SELECT approx_count_distinct({column}) FROM rows_of_night").fetchone()
    if known is None or known[0] > 2 * CATEGORIES:
        return {}
    query = (
        f"SELECT {column} AS part, count(*) FROM rows_of_night WHERE {quote(name)} IS NOT NULL GROUP BY part ORDER BY count(*) DESC, part"
    )
    counted = connection.execute(query).fetchall()
    if not counted or len(counted) > CATEGORIES:
        return {}
    given = sum(count for _, count in counted)
    return {(name, "share", part): round(count / given, DIGITS) for part, count in counted}
