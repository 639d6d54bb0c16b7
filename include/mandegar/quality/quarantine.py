"""The quarantine: lines that say why a row waits, and the rows that wait now.

A row is known by what the source wrote: its `id` is a print of its record and the place among the rows that read the same.
So a row that the source sends again tomorrow, still wrong, is the same row; one that the source has changed is another.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from mandegar.entities import Entity
from mandegar.lake import Lake
from mandegar.quality.reading import as_found
from mandegar.quality.rules import PERSONAL, Rule

UNREADABLE = "line_readable"


@dataclass(frozen=True)
class Waiting:
    """One row that waits: the night of its window, its id, its place in the source, what it said, and why it waits.

    reasons: lines of the quarantine (rule, column, value, reason). record: column by column as found; of a line that could
    not be taken apart `line`; None where the row waits for its customer.
    """

    as_of: date
    id: str
    key: str | None
    row: int
    record: dict[str, object] | None
    reasons: list[dict]


def held(source: str, entity: Entity, rule: Rule, row: dict, zone: ZoneInfo) -> dict:
    """One line of the quarantine; a time is shown in the source's zone, as a person finds it there."""
    return {
        "source": source,
        "entity": entity.name,
        "key": " ".join(str(found(row, name)) for name in entity.key),
        "row": row["_row"],
        "column": rule.column,
        "value": None if rule.column in PERSONAL.get(entity.name, ()) else _text(found(row, rule.column), zone),
        "rule": rule.name,
        "reason": rule.reason,
        "record": record_of(entity, row),
    }


def held_line(source: str, entity: Entity, row: int, text: str) -> dict:
    """The same for a line that the reader could not take apart."""
    return {
        "source": source,
        "entity": entity.name,
        "key": None,
        "row": row,
        "column": None,
        "value": None,
        "rule": UNREADABLE,
        "reason": "the line cannot be taken apart",
        "record": json.dumps({"line": text}, ensure_ascii=False),
    }


def record_of(entity: Entity, row: dict) -> str:
    """A row as it was found, as JSON: what it had, column by column."""
    record = {name: found(row, name) for name in entity.names if found(row, name) is not None}
    return json.dumps(record, ensure_ascii=False, default=str)


def found(row: dict, name: str) -> object:
    """A cell's value, or its text where it could not be read."""
    value = row[name]
    return row.get(as_found(name)) if value is None else value


def print_of(record: str) -> str:
    """Sixteen letters that stand for what a row said."""
    return hashlib.sha256(record.encode()).hexdigest()[:16]


def ids(rows: Iterable[tuple[int, str]]) -> dict[int, str]:
    """The ids of rows, by their place in the source: the print and the place among rows that read the same."""
    seen: Counter[str] = Counter()
    named = {}
    for row, record in sorted(rows):
        mark = print_of(record)
        seen[mark] += 1
        named[row] = f"{mark}.{seen[mark]}"
    return named


def lines(lake: Lake, source: str, nights: Iterable[date]) -> dict[date, list[dict]]:
    """The lines of a source table's quarantine, night by night."""
    found: dict[date, list[dict]] = {}
    for night in nights:
        rows = [row for file in lake.files("quarantine", source, [night]) for row in pq.ParquetFile(file).read().to_pylist()]
        if rows:
            found[night] = sorted(rows, key=lambda line: (line["row"], line["rule"]))
    return found


def waiting(lake: Lake, source: str, nights: Iterable[date]) -> list[Waiting]:
    """The rows that wait in the windows of those nights, in order."""
    found = []
    for night, every in lines(lake, source, nights).items():
        by_row: dict[int, list[dict]] = {}
        for line in every:
            by_row.setdefault(line["row"], []).append(line)
        named = ids((row, some[0]["record"] or "") for row, some in by_row.items())
        for row, some in by_row.items():
            record = json.loads(some[0]["record"]) if some[0]["record"] else None
            found.append(Waiting(night, named[row], some[0]["key"], row, record, some))
    return found


def counting(lake: Lake, source: str, as_of: date) -> list[date]:
    """The nights whose windows make up what a source table says on a day."""
    return [receipt.as_of for receipt in lake.current("valid", source, as_of)]


def _text(value: object, zone: ZoneInfo) -> str | None:
    if isinstance(value, datetime):
        value = value.astimezone(zone)
    return None if value is None else str(value)
