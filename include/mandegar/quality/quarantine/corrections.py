"""Mends: what a person decided of a row that waits, another record in its place, or none: the row is dropped.

A mend belongs to what the source wrote, not to a night: wherever that row comes again, still wrong, it is read as mended, or
left out; once the source writes it otherwise, the source counts. Mends lie in lake/mended/<source>.
"""

import json
from collections import Counter
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from mandegar.compute import duck
from mandegar.config.entities import Entity
from mandegar.quality.quarantine import quarantine
from mandegar.quality.reading import select_text
from mandegar.quality.schemas import MENDED_SCHEMA
from mandegar.storage.lake import Lake

STAGE = "mended"
Corrections = dict[str, dict[str, str] | None]  # by the id of the row; None: dropped


def known_corrections(lake: Lake, source: str) -> Corrections:
    """What was decided of rows of a source table; of several decisions on one row the last night's."""
    return {row["id"]: json.loads(row["record"]) if row["record"] else None for _, row in _written(lake, source)}


def drops(lake: Lake, source: str) -> list[tuple[date, str, int]]:
    """The rows that are dropped now: on which night, for what reason, how many."""
    last = {row["id"]: (night, row.get("dropped") or "") for night, row in _written(lake, source) if not row["record"]}
    mended = {name for name, record in known_corrections(lake, source).items() if record is not None}
    counts = Counter(told for name, told in last.items() if name not in mended)
    return [(night, reason, count) for (night, reason), count in sorted(counts.items())]


def remember(lake: Lake, source: str, as_of: date, mended: dict[str, tuple[quarantine.Waiting, dict[str, str]]]) -> None:
    """Adds mends, given on the night `as_of`, to those there are; one for the same row takes its place. In one commit."""
    _add(lake, source, as_of, {name: _line(name, row, record, None) for name, (row, record) in mended.items()})


def drop(lake: Lake, source: str, as_of: date, rows: list[quarantine.Waiting], reason: str) -> None:
    """Adds the decision that rows are left out, made on the night `as_of`, with its reason. In one commit."""
    _add(lake, source, as_of, {row.id: _line(row.id, row, None, reason) for row in rows})


def fingerprints(known: Corrections) -> set[str]:
    """The fingerprints of the rows that were decided on."""
    return {name.split(".")[0] for name in known}


def pending(lake: Lake, source: str, before: date, known: Corrections) -> list[date]:
    """The nights before a day whose windows count on it and hold a row back that was decided on."""
    if not known:
        return []
    nights = [night for night in quarantine.counting(lake, source, before) if night < before]
    return sorted({row.as_of for row in quarantine.waiting(lake, source, nights, fingerprints(known)) if row.id in known})


def _written(lake: Lake, source: str) -> list[tuple[date, dict]]:
    """Every decision with its night, the oldest first."""
    return [
        (night, row)
        for night in lake.windows(STAGE, source)
        for file in lake.files(STAGE, source, [night])
        for row in pq.ParquetFile(file).read().to_pylist()
    ]


def _line(name: str, row: quarantine.Waiting, record: dict[str, str] | None, dropped: str | None) -> dict:
    written = None if record is None else json.dumps(record, ensure_ascii=False, sort_keys=True)
    return {"id": name, "key": row.key, "row": row.row, "record": written, "dropped": dropped}


def _add(lake: Lake, source: str, as_of: date, lines: dict[str, dict]) -> None:
    there = [row for file in lake.files(STAGE, source, [as_of]) for row in pq.ParquetFile(file).read().to_pylist()]
    kept = {row["id"]: {name: row.get(name) for name in MENDED_SCHEMA.names} for row in there} | lines
    rows = [kept[name] for name in sorted(kept)]
    lake.replace(STAGE, source, as_of, MENDED_SCHEMA, pa.Table.from_pylist(rows, MENDED_SCHEMA).to_batches())


def typed(entity: Entity, rows: list[tuple[int, dict[str, str]]], zone: str, conditions: dict[str, str]) -> pa.RecordBatch:
    """Mended records, each with its place in the source, read as the entity in its types.

    zone: of times without one. Columns: those of `reading.select`.
    """
    schema = pa.schema([*((name, pa.string()) for name in entity.names), ("_row", pa.int64())])
    records = [{"_row": row} | {name: record.get(name) for name in entity.names} for row, record in rows]
    with duck.connected() as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        connection.register("records", pa.Table.from_pylist(records, schema))
        found = connection.execute(select_text(entity, "records", conditions) + " ORDER BY _row").to_arrow_table()
    return found.combine_chunks().to_batches()[0]
