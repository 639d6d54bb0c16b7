"""Validate: a raw window read as its entity; good rows go on, bad rows wait in quarantine with their reasons."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from mandegar import duck
from mandegar.company import Company
from mandegar.entities import ENTITIES, Entity
from mandegar.errors import BrokenTable
from mandegar.lake import Lake, Receipt
from mandegar.quality import drift, mending, suites
from mandegar.quality.columns import columns_result
from mandegar.quality.reading import entity_schema, select
from mandegar.quality.rules import Rule
from mandegar.quality.schemas import QUARANTINE_SCHEMA, RESULT_SCHEMA
from mandegar.quality.sieve import Sieve
from mandegar.quality.suite_file import SuiteLines
from mandegar.quality.vocabulary import broken_by
from mandegar.sources.extract import where
from mandegar.systems import TableId

BATCH_ROWS = 200_000

__all__ = ["QUARANTINE_SCHEMA", "RESULT_SCHEMA", "validate"]


def validate(company: Company, lake: Lake, table: TableId, as_of: date) -> Receipt:
    """Reads the raw window of a night as its entity and lets the good rows through to lake/valid/<source>.<table>.

    Refused rows go to lake/quarantine, one line per row and reason; what every rule counted goes to lake/quality; the facts
    by which later nights know what is usual go to lake/profile. Earlier windows that hold a row back which has been mended
    since are read again. Gives the receipt of the valid window. Errors: BrokenTable when there is no raw window, the
    mapping does not compute, more rows are refused than the suite allows, or a drift breaks the table by its suite.
    """
    raw = lake.receipt("raw", str(table), as_of)
    if raw is None:
        raise BrokenTable(f"{where(company, table)}: was not extracted on the night of {as_of}; see the message of its extraction.")
    every = suites.load(company)
    mended = mending.mends(lake, str(table))
    if raw.covers != "all":
        for night in mending.pending(lake, str(table), as_of, mended):
            earlier = lake.receipt("raw", str(table), night)
            if earlier:  # its valid window counts meanwhile, and is replaced in one commit
                _window(company, lake, table, earlier, every, mended)
    lake.withdraw("valid", str(table), as_of)
    return _window(company, lake, table, raw, every, mended)


def _window(company: Company, lake: Lake, table: TableId, raw: Receipt, every: suites.Suites, mended: dict[str, dict[str, str]]) -> Receipt:
    """One raw window into its valid window."""
    entity, settings, rules = ENTITIES[table.entity], every.of(table), every.rules(table, raw.as_of)
    with closing(Sieve(table, entity, rules, ZoneInfo(table.table.time_zone or company.time_zone), mended)) as sieve:
        return _sifted(company, lake, table, raw, settings, rules, sieve)


def _sifted(company: Company, lake: Lake, table: TableId, raw: Receipt, settings: SuiteLines, rules: list[Rule], sieve: Sieve) -> Receipt:
    """The rows of a raw window through the sieve, and all that it found into the lake; the receipt last."""
    name, as_of, entity = str(table), raw.as_of, ENTITIES[table.entity]
    for row, text in _unreadable(lake, name, as_of):
        sieve.hold_line(row, text)
    files = lake.files("raw", name, [as_of])
    query = select(company, table, lake.schema("raw", name), "$files", conditions(rules))
    batches = _good_rows(company, table, sieve, _typed_rows(company, table, query, files), rules)
    rows = lake.replace("valid", name, as_of, entity_schema(entity), batches)
    _enough_is_left(company, table, sieve, settings)
    lake.replace("quarantine", name, as_of, QUARANTINE_SCHEMA, sieve.held.batches())
    receipt = Receipt(as_of, raw.covers, raw.starts_at, raw.ends_at, rows, sieve.refused)
    drifts = drift.results(company, lake, table, receipt, settings.drift)
    results = [*sieve.results(), columns_result(lake, table, as_of), *drifts]
    lake.replace("quality", name, as_of, RESULT_SCHEMA, pa.Table.from_pylist(results, RESULT_SCHEMA).to_batches())
    if broken := [result for result in drifts if result["status"] == "failed"]:
        raise BrokenTable(
            f"{where(company, table)}: {broken[0]['detail']}. Look whether the export is whole. If it is right, "
            f"set drift.{broken[0]['rule'].split('_')[0]} of {table.entity} to warn in quality.yaml for this night."
        )
    lake.sign("valid", name, receipt)
    return receipt


def _enough_is_left(company: Company, table: TableId, sieve: Sieve, settings: SuiteLines) -> None:
    """Not too many of the rows were refused. Errors: BrokenTable."""
    if sieve.refused > sieve.seen * settings.refused_at_most and sieve.seen:
        worst = sieve.held.worst
        raise BrokenTable(
            f"{where(company, table)}: {sieve.refused:,} of {sieve.seen:,} rows cannot be used, most of them because "
            f"{worst['column']} {worst['reason']} (row {worst['row']}: {worst['value']!r}). "
            "Mend the export, or its mapping in company.yaml."
        )


def conditions(rules: list[Rule]) -> dict[str, str]:
    """The columns that say which rows meet the condition of a `never` rule (reading.select)."""
    return {broken_by(rule.name): rule.sql for rule in rules if rule.sql}


def _good_rows(
    company: Company, table: TableId, sieve: Sieve, batches: Iterator[pa.RecordBatch], rules: list[Rule]
) -> Iterator[pa.RecordBatch]:
    """The rows that meet every `fail` rule, those that have been mended last; the others are kept by the sieve."""
    entity = ENTITIES[table.entity]
    for batch in batches:
        yield _as_entity(table, entity, sieve.sift(batch))
    if records := sieve.mended():
        zone = table.table.time_zone or company.time_zone
        batch = in_utc(mending.typed(entity, records, zone, conditions(rules)))
        yield _as_entity(table, entity, sieve.sift_mended(batch))


def _as_entity(table: TableId, entity: Entity, good: pa.RecordBatch) -> pa.RecordBatch:
    source = pa.repeat(pa.scalar(str(table)), good.num_rows)
    arrays = [*(good.column(name) for name in entity.names), source, good.column("_row")]
    return pa.RecordBatch.from_arrays(arrays, schema=entity_schema(entity))


def _typed_rows(company: Company, table: TableId, query: str, files: list[str]) -> Iterator[pa.RecordBatch]:
    if not files:
        return
    with duck.connected() as connection:
        connection.execute(f"SET TimeZone = '{table.table.time_zone or company.time_zone}'")
        try:
            reader = connection.execute(query, {"files": files}).to_arrow_reader(BATCH_ROWS)
            for batch in reader:
                yield in_utc(batch)
        except duckdb.Error as problem:
            said = " ".join(str(problem).split())[:400]
            raise BrokenTable(f"{where(company, table)}: the mapping in company.yaml does not compute: {said}") from problem


def in_utc(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with its times in UTC, to the microsecond."""
    schema = pa.schema([pa.field(f.name, pa.timestamp("us", "UTC") if pa.types.is_timestamp(f.type) else f.type) for f in batch.schema])
    return batch.cast(schema)


def _unreadable(lake: Lake, name: str, as_of: date) -> list[tuple[int, str]]:
    """The lines of a raw window that the reader could not take apart, with their place."""
    files = lake.files("raw", name, [as_of])
    if not files or "_unreadable" not in lake.schema("raw", name).names:
        return []
    query = "SELECT _row, _unreadable FROM read_parquet($files, union_by_name = true) WHERE _unreadable IS NOT NULL ORDER BY _row"
    with duck.connected() as connection:
        return connection.execute(query, {"files": files}).fetchall()
