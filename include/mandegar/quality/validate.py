"""Validate: a raw window read as its entity; good rows go on, bad rows wait in quarantine with their reasons."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from mandegar.company import Company
from mandegar.entities import ENTITIES, Entity
from mandegar.errors import BrokenTable
from mandegar.lake import Lake, Receipt
from mandegar.quality.expectations import Finding, Inspector
from mandegar.quality.reading import as_found, entity_schema, select
from mandegar.quality.rules import PERSONAL, Rule, rules
from mandegar.sources.extract import where
from mandegar.systems import TableId

BATCH_ROWS = 200_000
REFUSED_AT_MOST = 0.8
QUARANTINE_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("entity", pa.string()),
        ("key", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("rule", pa.string()),
        ("reason", pa.string()),
        ("record", pa.string()),
    ]
)
RESULT_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("entity", pa.string()),
        ("rule", pa.string()),
        ("severity", pa.string()),
        ("evaluated", pa.int64()),
        ("unexpected", pa.int64()),
        ("status", pa.string()),
    ]
)


@dataclass
class _Tally:
    """What was found while the rows streamed by."""

    findings: Counter[str] = field(default_factory=Counter)
    evaluated: Counter[str] = field(default_factory=Counter)
    refused_rows: int = 0
    seen_rows: int = 0
    quarantine: list[dict] = field(default_factory=list)


def validate(company: Company, lake: Lake, table: TableId, as_of: date) -> Receipt:
    """Reads the raw window of a night as its entity and lets the good rows through to lake/valid/<source>.<table>.

    Refused rows go to lake/quarantine, one line per row and reason; what every rule counted goes to lake/quality.
    Gives the receipt of the valid window. Errors: BrokenTable when there is no raw window, the mapping does not
    compute, or more than REFUSED_AT_MOST of the rows are refused.
    """
    name = str(table)
    raw = lake.receipt("raw", name, as_of)
    if raw is None:
        raise BrokenTable(f"{where(company, table)}: was not extracted on the night of {as_of}; see the message of its extraction.")
    lake.withdraw("valid", name, as_of)
    entity = ENTITIES[table.entity]
    suite = rules(entity, company, as_of)
    tally = _Tally()
    unreadable = _Unreadable(lake, name, as_of, entity)
    tally.quarantine += unreadable.quarantined(table)
    tally.refused_rows = tally.seen_rows = unreadable.rows
    files = lake.files("raw", name, [as_of])
    query = select(company, table, lake.schema("raw", name), "$files")
    zone = ZoneInfo(table.table.time_zone or company.time_zone)
    good = _good_rows(table, _typed_rows(company, table, query, files), suite, tally, zone)
    rows = lake.replace("valid", name, as_of, entity_schema(entity), good)
    if tally.refused_rows > tally.seen_rows * REFUSED_AT_MOST and tally.seen_rows:
        worst = min(tally.quarantine, key=lambda line: (-tally.findings[line["rule"]], line["row"]))
        raise BrokenTable(
            f"{where(company, table)}: {tally.refused_rows:,} of {tally.seen_rows:,} rows cannot be used, most of them because "
            f"{worst['column']} {worst['reason']} (row {worst['row']}: {worst['value']!r}). "
            "Mend the export, or its mapping in company.yaml."
        )
    held = sorted(tally.quarantine, key=lambda line: (line["row"], line["rule"]))  # rows come in the order of the lake's files
    lake.replace("quarantine", name, as_of, QUARANTINE_SCHEMA, pa.Table.from_pylist(held, QUARANTINE_SCHEMA).to_batches())
    results = _results(name, entity, suite, tally, unreadable.rows)
    lake.replace("quality", name, as_of, RESULT_SCHEMA, pa.Table.from_pylist(results, RESULT_SCHEMA).to_batches())
    receipt = Receipt(as_of, raw.covers, raw.starts_at, raw.ends_at, rows, tally.refused_rows)
    lake.sign("valid", name, receipt)
    return receipt


def _good_rows(
    table: TableId, batches: Iterator[pa.RecordBatch], suite: list[Rule], tally: _Tally, zone: ZoneInfo
) -> Iterator[pa.RecordBatch]:
    """The rows that meet every `fail` rule; the others are noted in the tally."""
    entity, schema = ENTITIES[table.entity], entity_schema(ENTITIES[table.entity])
    inspector = Inspector(str(table), suite)
    for batch in batches:
        tally.seen_rows += batch.num_rows
        refused = _refuse(table, entity, inspector.look(batch), batch, tally, zone)
        keep = pa.array([place not in refused for place in range(batch.num_rows)], pa.bool_()) if refused else None
        good = batch.filter(keep) if keep is not None else batch
        source = pa.repeat(pa.scalar(str(table)), good.num_rows)
        yield pa.RecordBatch.from_arrays([*(good.column(name) for name in entity.names), source, good.column("_row")], schema=schema)


def _typed_rows(company: Company, table: TableId, query: str, files: list[str]) -> Iterator[pa.RecordBatch]:
    if not files:
        return
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{table.table.time_zone or company.time_zone}'")
        try:
            reader = connection.execute(query, {"files": files}).to_arrow_reader(BATCH_ROWS)
            for batch in reader:
                yield _in_utc(batch)
        except duckdb.Error as problem:
            said = " ".join(str(problem).split())[:400]
            raise BrokenTable(f"{where(company, table)}: the mapping in company.yaml does not compute: {said}") from problem


def _in_utc(batch: pa.RecordBatch) -> pa.RecordBatch:
    schema = pa.schema([pa.field(f.name, pa.timestamp("us", "UTC") if pa.types.is_timestamp(f.type) else f.type) for f in batch.schema])
    return batch.cast(schema)


def _refuse(table: TableId, entity: Entity, findings: list[Finding], batch: pa.RecordBatch, tally: _Tally, zone: ZoneInfo) -> set[int]:
    """Notes what was found, and gives the positions of the rows to hold back."""
    refused: set[int] = set()
    unread = {(finding.rule.column, place) for finding in findings if finding.rule.name.endswith("_readable") for place in finding.broken}
    for finding in sorted(findings, key=lambda finding: finding.rule.name):
        tally.evaluated[finding.rule.name] += finding.evaluated
        tally.findings[finding.rule.name] += len(finding.broken)
        if finding.rule.severity == "fail":
            refused.update(finding.broken)
            tally.quarantine += [
                _held(table, entity, finding.rule, batch.slice(place, 1).to_pylist()[0], zone)
                for place in finding.broken
                if not (finding.rule.name.endswith("_given") and (finding.rule.column, place) in unread)
            ]
    tally.refused_rows += len(refused)
    return refused


def _held(table: TableId, entity: Entity, rule: Rule, row: dict, zone: ZoneInfo) -> dict:
    """One line of the quarantine; a time is shown in the source's zone, as a person finds it there."""
    record = {name: _found(row, name) for name in entity.names if _found(row, name) is not None}
    return {
        "source": str(table),
        "entity": entity.name,
        "key": " ".join(str(_found(row, name)) for name in entity.key),
        "row": row["_row"],
        "column": rule.column,
        "value": None if rule.column in PERSONAL.get(entity.name, ()) else _text(_found(row, rule.column), zone),
        "rule": rule.name,
        "reason": rule.mend,
        "record": json.dumps(record, ensure_ascii=False, default=str),
    }


def _found(row: dict, name: str) -> object:
    """A cell's value, or its text where it could not be read."""
    value = row[name]
    return row.get(as_found(name)) if value is None else value


def _text(value: object, zone: ZoneInfo) -> str | None:
    if isinstance(value, datetime):
        value = value.astimezone(zone)
    return None if value is None else str(value)


def _results(name: str, entity: Entity, suite: list[Rule], tally: _Tally, unreadable: int) -> list[dict]:
    """One line per rule, and one for lines that could not be taken apart."""

    def line(rule: str, severity: str, evaluated: int, unexpected: int) -> dict:
        status = "passed" if not unexpected else {"fail": "quarantined", "warn": "warned"}[severity]
        return {
            "source": name,
            "entity": entity.name,
            "rule": rule,
            "severity": severity,
            "evaluated": evaluated,
            "unexpected": unexpected,
            "status": status,
        }

    found = [line(rule.name, rule.severity, tally.evaluated[rule.name], tally.findings[rule.name]) for rule in suite]
    return [*found, line("line_readable", "fail", tally.seen_rows, unreadable)]


class _Unreadable:
    """The lines of a raw window that the reader could not take apart."""

    def __init__(self, lake: Lake, name: str, as_of: date, entity: Entity) -> None:
        self._found: list[tuple[int, str]] = []
        files = lake.files("raw", name, [as_of])
        self._entity = entity
        if files and "_unreadable" in lake.schema("raw", name).names:
            query = "SELECT _row, _unreadable FROM read_parquet($files, union_by_name = true) WHERE _unreadable IS NOT NULL ORDER BY _row"
            with duckdb.connect() as connection:
                self._found = connection.execute(query, {"files": files}).fetchall()

    @property
    def rows(self) -> int:
        return len(self._found)

    def quarantined(self, table: TableId) -> list[dict]:
        return [
            {
                "source": str(table),
                "entity": self._entity.name,
                "key": None,
                "row": row,
                "column": None,
                "value": None,
                "rule": "line_readable",
                "reason": "the line cannot be taken apart",
                "record": json.dumps({"line": text}, ensure_ascii=False),
            }
            for row, text in self._found
        ]
