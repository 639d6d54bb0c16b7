"""Mends: what a person wrote in place of a row that waits.

A mend belongs to what the source wrote, not to a night: wherever that row comes again, still wrong, it is read as mended;
once the source writes it otherwise, the source counts. Mends lie in lake/mended/<source>.
"""

import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from mandegar import duck
from mandegar.entities import Entity
from mandegar.lake import Lake
from mandegar.quality import quarantine
from mandegar.quality.reading import select_text
from mandegar.quality.schemas import MENDED_SCHEMA

STAGE = "mended"


def mends(lake: Lake, source: str) -> dict[str, dict[str, str]]:
    """The mended records of a source table, by the id of the row; of several for one row the last night's."""
    rows = [
        (night, row)
        for night in lake.windows(STAGE, source)
        for file in lake.files(STAGE, source, [night])
        for row in pq.ParquetFile(file).read().to_pylist()
    ]
    return {row["id"]: json.loads(row["record"]) for _, row in sorted(rows, key=lambda one: one[0])}


def remember(lake: Lake, source: str, as_of: date, mended: dict[str, tuple[quarantine.Waiting, dict[str, str]]]) -> None:
    """Adds mends, given on the night `as_of`, to those there are; one for the same row takes its place. In one commit."""
    there = [row for file in lake.files(STAGE, source, [as_of]) for row in pq.ParquetFile(file).read().to_pylist()]
    kept = {row["id"]: {name: row[name] for name in MENDED_SCHEMA.names} for row in there}
    for name, (row, record) in mended.items():
        kept[name] = {"id": name, "key": row.key, "row": row.row, "record": json.dumps(record, ensure_ascii=False, sort_keys=True)}
    rows = [kept[name] for name in sorted(kept)]
    lake.replace(STAGE, source, as_of, MENDED_SCHEMA, pa.Table.from_pylist(rows, MENDED_SCHEMA).to_batches())


def pending(lake: Lake, source: str, before: date, known: dict[str, dict[str, str]]) -> list[date]:
    """The nights before a day whose windows count on it and hold a row back for which there is a mend."""
    if not known:
        return []
    nights = [night for night in quarantine.counting(lake, source, before) if night < before]
    return sorted({row.as_of for row in quarantine.waiting(lake, source, nights) if row.id in known})


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
