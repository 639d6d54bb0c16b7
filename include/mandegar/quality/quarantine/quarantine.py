"""The quarantine: lines that say why a row waits, and the rows that wait now.

A row is known by what the source wrote: its `id` is a fingerprint of its record and the place among the rows that read the same.
So a row that the source sends again tomorrow, still wrong, is the same row; one that the source has changed is another.
Of rows that read the same some may be mended or dropped and wait no more; the lines of the others name their id, so that
they keep it.
"""

import contextlib
import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from mandegar.config.entities import Entity
from mandegar.language.catalogue import Said
from mandegar.quality.reading import as_found
from mandegar.quality.schemas import HELD_SCHEMA, QUARANTINE_SCHEMA
from mandegar.quality.suites.rules import PERSONAL, Rule
from mandegar.storage.lake import Lake

READ_ROWS = 20_000
UNREADABLE = "line_readable"
UNREADABLE_SAID = Said("the line cannot be taken apart")


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


def held(source: str, entity: Entity, rule: Rule, row: dict, zone: ZoneInfo, locale: str) -> dict:
    """One line of the quarantine; a time is shown in the source's zone, as a person finds it there. locale: of the reason."""
    return {
        "source": source,
        "entity": entity.name,
        "key": _shown(" ".join(str(found(row, name)) for name in entity.key)),
        "row": row["_row"],
        "column": rule.column,
        "value": None if rule.column in PERSONAL.get(entity.name, ()) else _text(found(row, rule.column), zone),
        "rule": rule.name,
        "reason": rule.told(locale)[0],
        "record": record_of(entity, row),
    }


def held_line(source: str, entity: Entity, row: int, text: str, locale: str) -> dict:
    """The same for a line that the reader could not take apart."""
    return {
        "source": source,
        "entity": entity.name,
        "key": None,
        "row": row,
        "column": None,
        "value": None,
        "rule": UNREADABLE,
        "reason": UNREADABLE_SAID.told(locale),
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


def fingerprint_of(record: str) -> str:
    """Sixteen letters that stand for what a row said."""
    return hashlib.sha256(record.encode()).hexdigest()[:16]


def ids(rows: Iterable[tuple[int, str]]) -> dict[int, str]:
    """The ids of rows, by their place in the source: the fingerprint and the place among rows that read the same."""
    seen: Counter[str] = Counter()
    named = {}
    for row, record in sorted(rows):
        mark = fingerprint_of(record)
        seen[mark] += 1
        named[row] = f"{mark}.{seen[mark]}"
    return named


def lines(lake: Lake, source: str, night: date, columns: Iterable[str] = QUARANTINE_SCHEMA.names) -> Iterator[dict]:
    """The lines of one night's quarantine, as they lie; with some columns only. In batches: there may be millions."""
    wanted = list(columns)
    for file in lake.files("quarantine", source, [night]):
        for batch in pq.ParquetFile(file).iter_batches(READ_ROWS, columns=wanted):
            yield from batch.to_pylist()


def first(lake: Lake, source: str, night: date, count: int) -> list[dict]:
    """The first lines of one night's quarantine without the rows themselves, in order."""
    shown = lines(lake, source, night, (name for name in QUARANTINE_SCHEMA.names if name != "record"))
    return heapq.nsmallest(count, shown, key=lambda line: (line["row"] or 0, line["rule"]))


def waiting(lake: Lake, source: str, nights: Iterable[date], fingerprints: set[str] | None = None) -> list[Waiting]:
    """The rows that wait in the windows of those nights, in order. fingerprints: only rows with one of them."""
    found = []
    for night in nights:
        by_row: dict[int, list[dict]] = {}
        for line in lines(lake, source, night, HELD_SCHEMA.names):
            if fingerprints is None or fingerprint_of(line["record"] or "") in fingerprints:
                by_row.setdefault(line["row"], []).append(line)
        for some in by_row.values():
            some.sort(key=lambda line: line["rule"])
        named = ids((row, some[0]["record"] or "") for row, some in by_row.items())
        for row, some in sorted(by_row.items()):
            record = json.loads(some[0]["record"]) if some[0]["record"] else None
            found.append(Waiting(night, some[0].get("id") or named[row], some[0]["key"], row, record, some))
    return found


def counting(lake: Lake, source: str, as_of: date) -> list[date]:
    """The nights whose windows make up what a source table says on a day."""
    return [receipt.as_of for receipt in lake.current("valid", source, as_of)]


def _text(value: object, zone: ZoneInfo) -> str | None:
    if isinstance(value, datetime):
        with contextlib.suppress(OverflowError):  # the last hours of 9999 stay in UTC
            value = value.astimezone(zone)
    return None if value is None else _shown(str(value))


def _shown(text: str) -> str:
    """A text as every warehouse can hold it."""
    return text.replace("\0", "\\0")
