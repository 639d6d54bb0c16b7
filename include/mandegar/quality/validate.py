"""Validate: a raw window read as its entity; good rows go on, bad rows wait in quarantine with their reasons."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from mandegar.compute import duck
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES, Entity
from mandegar.config.systems import TableId
from mandegar.errors import BrokenTable
from mandegar.quality.drift import drift, profile
from mandegar.quality.drift.columns import columns_result
from mandegar.quality.quarantine import corrections
from mandegar.quality.quarantine.corrections import Corrections
from mandegar.quality.reading import entity_schema, expressions, select
from mandegar.quality.row_filter import RowFilter
from mandegar.quality.schemas import HELD_SCHEMA, QUARANTINE_SCHEMA, RESULT_SCHEMA
from mandegar.quality.suites import suites
from mandegar.quality.suites.rules import Rule
from mandegar.quality.suites.suite_file import SuiteLines
from mandegar.quality.suites.vocabulary import broken_by
from mandegar.sources.names import where
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt
from mandegar.time import calendar

BATCH_ROWS = 200_000
CELL = re.compile(r"'.*'|\".*\"", re.DOTALL)

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
    mended = corrections.known_corrections(lake, str(table))
    if raw.covers != "all":
        for night in corrections.pending(lake, str(table), as_of, mended):
            earlier = lake.receipt("raw", str(table), night)
            if earlier:  # its valid window counts meanwhile, and is replaced in one commit, if what comes in can be used
                _window(company, lake, table, earlier, every, mended, again=True)
    lake.withdraw("valid", str(table), as_of)
    return _window(company, lake, table, raw, every, mended)


def _window(
    company: Company, lake: Lake, table: TableId, raw: Receipt, every: suites.Suites, mended: Corrections, again: bool = False
) -> Receipt:
    """One raw window into its valid window. again: of an earlier night, whose drift was judged then."""
    zone = ZoneInfo(table.table.time_zone or company.time_zone)
    with closing(RowFilter(table, ENTITIES[table.entity], every.rules(table, raw.as_of), zone, mended, company.locale)) as row_filter:
        return _sifted(company, lake, table, raw, every, row_filter, again)


def _sifted(
    company: Company, lake: Lake, table: TableId, raw: Receipt, every: suites.Suites, row_filter: RowFilter, again: bool
) -> Receipt:
    """The rows of a raw window through the row_filter, and all that it found into the lake; the receipt last.

    Of a table with too many refused rows none waits: it comes in again as a whole. What its rules counted is told.
    """
    name, as_of, entity, settings = str(table), raw.as_of, ENTITIES[table.entity], every.of(table)
    for row, text in _unreadable(lake, name, as_of):
        row_filter.hold_line(row, text)
    files = lake.files("raw", name, [as_of])
    query = select(company, table, lake.schema("raw", name), "$files", conditions(row_filter.rules))
    batches = _good_rows(company, table, row_filter, _typed_rows(company, table, query, lake.schema("raw", name), files))
    if again:
        batches = _if_usable(company, table, as_of, row_filter, settings, batches)
    rows = lake.replace("valid", name, as_of, entity_schema(entity), batches)
    receipt = Receipt(as_of, raw.covers, raw.starts_at, raw.ends_at, rows, row_filter.refused)
    broken = _too_many_refused(row_filter, settings)
    lake.replace("quarantine", name, as_of, HELD_SCHEMA, [] if broken else row_filter.buffer.batches())
    results = [*row_filter.results(), columns_result(lake, table, as_of, company.locale)]
    if not broken:
        closes = calendar.day_end(as_of, company.zone)
        facts = profile.remember(lake, name, entity, receipt, row_filter.seen, closes, every.file.keep.profiles)
        drifts = drift.results(lake, table, receipt, facts, settings.drift, company.locale)
        results += [told.line for told in drifts]
        broken = None if again else _broken_by_drift(table, drifts)
    lake.replace("quality", name, as_of, RESULT_SCHEMA, pa.Table.from_pylist(results, RESULT_SCHEMA).to_batches())
    if broken:
        raise BrokenTable(f"{where(company, table)}: {broken}")
    lake.sign("valid", name, receipt)
    return receipt


def _if_usable(
    company: Company, table: TableId, as_of: date, row_filter: RowFilter, settings: SuiteLines, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """The rows of an earlier window; if too many were refused it ends in an error before anything takes that window's place."""
    yield from batches
    if broken := _too_many_refused(row_filter, settings):
        raise BrokenTable(
            f"{where(company, table)}: the window of {as_of}, read again for a mended row, stays as it was: {broken} "
            "If the suite has become stricter since, give it back its share of refused rows."
        )


def _too_many_refused(row_filter: RowFilter, settings: SuiteLines) -> str | None:
    """What is wrong where more rows were refused than the suite allows."""
    if not row_filter.refused > row_filter.seen * settings.refused_at_most:
        return None
    worst = row_filter.worst
    return (
        f"{row_filter.refused:,} of {row_filter.seen:,} rows cannot be used, most of them because "
        f"{worst['column'] or ''} {worst['reason']} (row {worst['row']}: {worst['value']!r}). "
        "Mend the export, or its mapping in company.yaml."
    )


def _broken_by_drift(table: TableId, drifts: list[drift.Told]) -> str | None:
    """What is wrong where a drift breaks the table by its suite."""
    failed = next((told for told in drifts if told.line["status"] == "failed"), None)
    if failed is None:
        return None
    return (
        f"{failed.english}. Look whether the export is whole. If it is right, "
        f"set drift.{failed.line['rule'].split('_')[0]} of {table.entity} to warn in quality.yaml for this night."
    )


def conditions(rules: list[Rule]) -> dict[str, str]:
    """The columns that say which rows meet the condition of a `never` rule (reading.select)."""
    return {broken_by(rule.name): rule.sql for rule in rules if rule.sql}


def _good_rows(company: Company, table: TableId, row_filter: RowFilter, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows that meet every `fail` rule, those that have been mended last; the others are kept by the row_filter."""
    entity = ENTITIES[table.entity]
    for batch in batches:
        yield _as_entity(table, entity, row_filter.sift(batch))
    if records := row_filter.mended():
        zone = table.table.time_zone or company.time_zone
        batch = in_utc(corrections.typed(entity, records, zone, conditions(row_filter.rules)))
        yield _as_entity(table, entity, row_filter.sift_mended(batch))


def _as_entity(table: TableId, entity: Entity, good: pa.RecordBatch) -> pa.RecordBatch:
    source = pa.repeat(pa.scalar(str(table)), good.num_rows)
    arrays = [*(good.column(name) for name in entity.names), source, good.column("_row")]
    return pa.RecordBatch.from_arrays(arrays, schema=entity_schema(entity))


def _typed_rows(company: Company, table: TableId, query: str, raw: pa.Schema, files: list[str]) -> Iterator[pa.RecordBatch]:
    if not files:
        return
    with duck.connected() as connection:
        connection.execute(f"SET TimeZone = '{table.table.time_zone or company.time_zone}'")
        try:
            reader = connection.execute(query, {"files": files}).to_arrow_reader(BATCH_ROWS)
            for batch in reader:
                yield in_utc(batch)
        except duckdb.Error as problem:
            raise BrokenTable(_not_computed(company, table, connection, raw, files, problem)) from None


def _not_computed(
    company: Company, table: TableId, connection: duckdb.DuckDBPyConnection, raw: pa.Schema, files: list[str], problem: duckdb.Error
) -> str:
    """What to tell of a mapping that does not compute: which of its expressions, where that can be found out."""
    for key, query in expressions(company, table, raw, "$files"):
        try:
            connection.execute(query, {"files": files}).fetchall()
        except duckdb.Error as found:
            said = " ".join(_without_values(found).split("LINE 1:")[0].split())[:400]
            return (
                f"{where(company, table)}: the mapping in company.yaml does not compute: `{key}` of {table}: {said}. "
                f"Its columns are: {', '.join(name for name in raw.names if not name.startswith('_'))}."[:1500]
            )
    return f"{where(company, table)}: the mapping in company.yaml does not compute: {' '.join(_without_values(problem).split())[:400]}"


def _without_values(problem: duckdb.Error) -> str:
    """What DuckDB said of a mapping; of a cell that does not compute (it may be personal) not what stood in it."""
    of_the_mapping = isinstance(problem, (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException))
    return str(problem) if of_the_mapping else CELL.sub("'…'", str(problem))


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
