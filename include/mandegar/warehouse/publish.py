"""Publish: one night's marts into the warehouse in one transaction; readers see yesterday whole or today whole.

What a night did not compute again is not written again: of marts by period the changed periods are replaced, of the
customers the changed ones; `published_part` remembers a fingerprint of what the warehouse holds.
"""

from collections.abc import Iterable, Iterator
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from persiantools.jdatetime import JalaliDate

from mandegar.compute import duck
from mandegar.config.company import Company
from mandegar.errors import BrokenTable, IdentityBroken
from mandegar.metrics.run import marts
from mandegar.storage.lake import Lake
from mandegar.time import calendar
from mandegar.warehouse import tables
from mandegar.warehouse.audit import audit, record, refusal
from mandegar.warehouse.connect import writing
from mandegar.warehouse.load import load
from mandegar.warehouse.parts import BY_CUSTOMER, BY_PERIOD, CURRENT, NIGHTLY, SOME_NIGHTS, files_of_night, latest_night, of_parts

NEEDS = {
    tables.fct_mrr_movement.name: "subscription",
    tables.repurchase_cycle.name: "invoice",
    tables.acquisition_period.name: "spend",
    tables.support_period.name: "ticket",
    tables.feedback_period.name: "survey",
}
ALL = "all"
IN_WAREHOUSE = {"row": "row_number", "column": "column_name"}  # names that need no quotes in SQL
REPLACED_FROM = 0.3  # when more of the customers changed than this share, all are written


def publish(company: Company, lake: Lake, engine: sa.Engine, as_of: date) -> dict[str, int]:
    """Puts a night's marts into the warehouse and gives the rows written per table.

    Tables of the current truth become those of this night, unless a later night is there already: a backfilled day adds
    its own rows (risk, data quality) and leaves the present, and the log of what moved, alone. Everything happens in one
    transaction, and is audited before it ends: readers see a night that holds, or the one before.
    Errors: BrokenTable when a mart of the night is not complete; IdentityBroken when the audit finds it wrong; the results of the
    audit then stand in data_quality_result, and nothing else of the night does.
    """
    expected = [table for table in (*CURRENT, *NIGHTLY) if _has_its_entities(company, table)]
    for table in expected:
        if lake.receipt("marts", table.name, as_of) is None:
            raise BrokenTable(f"The mart {table.name} of {as_of} is not complete; run measure and score for that night again.")
    with writing(engine).connect() as connection:
        transaction = connection.begin()
        _alone(connection)
        before = latest_night(connection)
        counts = _write(connection, company, lake, expected, as_of)
        results = audit(connection, company, lake, as_of)
        failed = [result for result in results if result["status"] == "failed"]
        if not failed:
            record(connection, as_of, results)
            transaction.commit()
            return counts
        transaction.rollback()
        with connection.begin():
            counts |= quality(connection, lake, as_of)
            record(connection, as_of, results)
    raise IdentityBroken(refusal(as_of, failed, before))


def _write(connection: sa.Connection, company: Company, lake: Lake, expected: list[sa.Table], as_of: date) -> dict[str, int]:
    """Writes the tables of a night within a transaction."""
    counts: dict[str, int] = {}
    latest = latest_night(connection)
    if latest is None or latest <= as_of:
        for table in CURRENT:
            if table not in expected:
                connection.execute(table.delete())
                connection.execute(tables.published_part.delete().where(tables.published_part.c.table_name == table.name))
            else:
                publisher = _by_period if table in BY_PERIOD else _by_customer if table in BY_CUSTOMER else _whole
                counts[table.name] = publisher(connection, lake, table, as_of)
        connection.execute(tables.dim_date.delete())
        counts["dim_date"] = load(connection, tables.dim_date, _dates(_first_day(lake, as_of), as_of), as_of)
    for table in (*NIGHTLY, *SOME_NIGHTS):
        if table is tables.restatement and lake.past:
            continue  # nothing that is published moved
        connection.execute(table.delete().where(table.c.as_of == as_of))
        counts[table.name] = load(connection, table, _batches(files_of_night(lake, table, as_of)), as_of)
    counts |= quality(connection, lake, as_of)
    connection.execute(tables.published_night.delete().where(tables.published_night.c.as_of == as_of))
    connection.execute(tables.published_night.insert().values(as_of=as_of))
    return counts


def _has_its_entities(company: Company, table: sa.Table) -> bool:
    """Whether the company has what a mart needs."""
    if table is tables.fct_mrr_movement and company.churn.kind != "contract":
        return False
    return table.name not in NEEDS or company.has(NEEDS[table.name])


def _alone(connection: sa.Connection) -> None:
    """No second night publishes meanwhile (SQLite has taken its lock already)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE published_night IN EXCLUSIVE MODE"))


def _whole(connection: sa.Connection, lake: Lake, table: sa.Table, as_of: date) -> int:
    """The table is replaced."""
    connection.execute(table.delete())
    return load(connection, table, _batches(lake.files("marts", table.name, [as_of])), as_of)


def _by_period(connection: sa.Connection, lake: Lake, table: sa.Table, as_of: date) -> int:
    """The periods whose rows are others than those that the warehouse holds are replaced."""
    receipt = lake.receipt("marts", table.name, as_of)
    assert receipt is not None
    files = lake.chunk_files("marts", table.name, receipt.version)
    there, fingerprints = _parts(connection, table), marts.fingerprints(lake, table.name, as_of)
    count = 0
    for part in sorted(there.keys() | files.keys()):
        now = fingerprints[part] if part in files else None
        if now == there.get(part):
            continue
        connection.execute(table.delete().where(of_parts(table, [part])))
        if now is not None:
            count += load(connection, table, _in_order(files[part]), as_of)
        _remember(connection, table, part, now, as_of)
    return count


def _by_customer(connection: sa.Connection, lake: Lake, table: sa.Table, as_of: date) -> int:
    """The customers of whom anything is other than the warehouse holds are replaced."""
    files = lake.files("marts", table.name, [as_of])
    now = marts.fingerprint_of(lake, table.name, as_of)
    there = _parts(connection, table).get(ALL)
    if there == now:
        return 0
    nights = [day for day in lake.windows("marts", table.name) if marts.fingerprint_of(lake, table.name, day) == there]
    with duck.connected() as engine:
        changed, gone = _changed(engine, files, lake.files("marts", table.name, nights[:1])) if nights else (None, [])
        if changed is None or len(gone) > REPLACED_FROM * pq.ParquetFile(files[0]).metadata.num_rows:
            connection.execute(table.delete())
            count = load(connection, table, _batches(files), as_of)
        else:
            if gone:
                connection.execute(table.delete().where(table.c.customer_id == sa.bindparam("gone")), [{"gone": one} for one in gone])
            count = load(connection, table, changed.to_batches(), as_of)
    _remember(connection, table, ALL, now, as_of)
    return count


def _changed(engine: duckdb.DuckDBPyConnection, files: list[str], before: list[str]) -> tuple[pa.Table, list[str]]:
    """The rows that are new or others than before, and the customers of all rows that were before and are no more."""
    engine.read_parquet(files, union_by_name=True).create_view("now_there")
    engine.read_parquet(before, union_by_name=True).create_view("then_there")
    changed = engine.sql("SELECT * FROM now_there EXCEPT SELECT * FROM then_there").to_arrow_table()
    gone = engine.sql("SELECT customer_id FROM (SELECT * FROM then_there EXCEPT SELECT * FROM now_there) ORDER BY ALL").fetchall()
    return changed, [customer for (customer,) in gone]


def _parts(connection: sa.Connection, table: sa.Table) -> dict[str, str]:
    """The parts of a table that the warehouse holds, with the fingerprint of their rows."""
    part = tables.published_part.c
    query = sa.select(part.part, part.fingerprint).where(part.table_name == table.name)
    return {row.part: row.fingerprint for row in connection.execute(query)}


def _remember(connection: sa.Connection, table: sa.Table, part: str, rows: str | None, as_of: date) -> None:
    known = tables.published_part
    connection.execute(known.delete().where((known.c.table_name == table.name) & (known.c.part == part)))
    if rows is not None:
        connection.execute(known.insert().values(table_name=table.name, part=part, fingerprint=rows, as_of=as_of))


def _in_order(files: list[str]) -> list[pa.RecordBatch]:
    """The rows of one part, by customer: an index that grows at its end costs a third of one that grows all over."""
    return pa.concat_tables(pq.ParquetFile(file).read() for file in files).sort_by("customer_id").to_batches()


def _batches(files: Iterable[str]) -> Iterator[pa.RecordBatch]:
    for file in files:
        yield from pq.ParquetFile(file).iter_batches()


def _first_day(lake: Lake, as_of: date) -> date:
    files = lake.files("marts", "kpi_period", [as_of])
    starts = [pq.read_table(file, columns=["period_start"]).column("period_start") for file in files]
    found = [day for column in starts for day in column.unique().to_pylist()]
    return min(found, default=as_of)


def quality(connection: sa.Connection, lake: Lake, as_of: date) -> dict[str, int]:
    """What the rules counted, and the rows that wait."""
    counts = {}
    for table, stage in ((tables.data_quality_result, "quality"), (tables.quarantined_row, "quarantine")):
        kept = table.c.as_of == as_of
        if table is tables.data_quality_result:
            kept &= ~table.c.source.startswith("warehouse.")
        connection.execute(table.delete().where(kept))
        batches = (batch for name in _names(lake, stage) for batch in _batches(lake.files(stage, name, [as_of])))
        counts[table.name] = load(connection, table, _numbered(batches) if table is tables.quarantined_row else batches, as_of)
    return counts


def _numbered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows with their line within the night; the row itself (record) holds personal data and stays in the lake."""
    done = 0
    for batch in batches:
        lines = pa.array(range(done + 1, done + batch.num_rows + 1), pa.int64())
        done += batch.num_rows
        yield batch.rename_columns([IN_WAREHOUSE.get(name, name) for name in batch.schema.names]).append_column("line", lines)


def _names(lake: Lake, stage: str) -> list[str]:
    folder = lake.root / stage
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _dates(first: date, last: date) -> Iterator[pa.RecordBatch]:
    rows = []
    for day in calendar.days(first, last):
        jalali = JalaliDate(day)
        rows.append(
            {
                "day": day,
                "gregorian_year": day.year,
                "gregorian_month": day.month,
                "gregorian_quarter": (day.month + 2) // 3,
                "jalali_year": jalali.year,
                "jalali_month": jalali.month,
                "jalali_day": jalali.day,
                "jalali_quarter": (jalali.month + 2) // 3,
                "jalali_date": f"{jalali.year:04d}-{jalali.month:02d}-{jalali.day:02d}",
                "weekday": day.isoweekday(),
            }
        )
    yield pa.RecordBatch.from_pylist(rows)
