"""Publish: one night's marts into the warehouse in one transaction; readers see yesterday whole or today whole."""

from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from persiantools.jdatetime import JalaliDate

from mandegar import calendar
from mandegar.company import Company
from mandegar.errors import BrokenTable
from mandegar.lake import Lake
from mandegar.warehouse import tables
from mandegar.warehouse.connect import writing

BATCH_ROWS = 10_000
CURRENT = (tables.kpi_period, tables.fct_mrr_movement, tables.fct_customer_period, tables.dim_customer, tables.customer_contact)
NIGHTLY = (tables.customer_risk,)
CONTRACT_ONLY = (tables.fct_mrr_movement.name,)


def publish(company: Company, lake: Lake, engine: sa.Engine, as_of: date) -> dict[str, int]:
    """Puts a night's marts into the warehouse and gives the rows per table.

    Tables of the current truth are replaced, unless a later night is there already: a backfilled day adds its own rows
    (risk, data quality) and leaves the present alone. Everything happens in one transaction.
    Errors: BrokenTable when a mart of the night is not complete.
    """
    marts = {table.name: _mart(lake, table, as_of) for table in (*CURRENT, *NIGHTLY) if _expected(company, table)}
    first = _first_day(lake, as_of)
    counts: dict[str, int] = {}
    with writing(engine).begin() as connection:
        _alone(connection)
        latest = connection.execute(sa.select(sa.func.max(tables.published_night.c.as_of))).scalar()
        is_latest = latest is None or latest <= as_of
        for table in CURRENT:
            if is_latest:
                connection.execute(table.delete())
                counts[table.name] = _insert(connection, table, marts.get(table.name, []), as_of)
        for table in NIGHTLY:
            connection.execute(table.delete().where(table.c.as_of == as_of))
            counts[table.name] = _insert(connection, table, marts[table.name], as_of)
        counts |= _quality(connection, lake, as_of)
        if is_latest:
            connection.execute(tables.dim_date.delete())
            counts["dim_date"] = _insert_rows(connection, tables.dim_date, _dates(first, as_of))
        connection.execute(tables.published_night.delete().where(tables.published_night.c.as_of == as_of))
        connection.execute(tables.published_night.insert().values(as_of=as_of))
    return counts


def _expected(company: Company, table: sa.Table) -> bool:
    return company.churn.kind == "contract" or table.name not in CONTRACT_ONLY


def _mart(lake: Lake, table: sa.Table, as_of: date) -> list[str]:
    """The files of one mart of the night. Errors: BrokenTable when the mart has no receipt."""
    if lake.receipt("marts", table.name, as_of) is None:
        raise BrokenTable(f"The mart {table.name} of {as_of} is not complete; run measure and score for that night again.")
    return lake.files("marts", table.name, [as_of])


def _first_day(lake: Lake, as_of: date) -> date:
    files = lake.files("marts", "kpi_period", [as_of])
    starts = [pq.read_table(file, columns=["period_start"]).column("period_start") for file in files]
    found = [day for column in starts for day in column.unique().to_pylist()]
    return min(found, default=as_of)


def _alone(connection: sa.Connection) -> None:
    """No second night publishes meanwhile (SQLite has taken its lock already)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE published_night IN EXCLUSIVE MODE"))


def _insert(connection: sa.Connection, table: sa.Table, files: list[str], as_of: date) -> int:
    return _insert_rows(connection, table, _rows(files, as_of, exact=connection.dialect.name != "sqlite"))


def _rows(files: list[str], as_of: date, exact: bool) -> Iterator[dict]:
    """The rows of Parquet files; decimals as floats for a database that has none."""
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(BATCH_ROWS):
            for row in (batch if exact else _floats(batch)).to_pylist():
                yield {**row, "as_of": as_of}


def _floats(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _insert_rows(connection: sa.Connection, table: sa.Table, rows: Iterator[dict]) -> int:
    """Adds rows in batches; PostgreSQL takes them by COPY."""
    if connection.dialect.name == "postgresql":
        return _copy(connection, table, rows)
    count, batch = 0, []
    for row in rows:
        batch.append(row)
        count += 1
        if len(batch) == BATCH_ROWS:
            connection.execute(table.insert(), batch)
            batch = []
    if batch:
        connection.execute(table.insert(), batch)
    return count


def _copy(connection: sa.Connection, table: sa.Table, rows: Iterator[dict]) -> int:
    names = [column.name for column in table.columns]
    quoted = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in names)
    count = 0
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({quoted}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row.get(name) for name in names])
            count += 1
    return count


def _quality(connection: sa.Connection, lake: Lake, as_of: date) -> dict[str, int]:
    """What the rules counted, and the rows that wait."""
    counts = {}
    for table, stage in ((tables.data_quality_result, "quality"), (tables.quarantined_row, "quarantine")):
        kept = table.c.as_of == as_of
        if table is tables.data_quality_result:
            kept &= ~table.c.source.startswith("warehouse.")
        connection.execute(table.delete().where(kept))
        rows = (row for name in _names(lake, stage) for row in _rows(lake.files(stage, name, [as_of]), as_of, exact=True))
        if table is tables.quarantined_row:
            rows = ({**_without_record(row), "line": line} for line, row in enumerate(rows, start=1))
        counts[table.name] = _insert_rows(connection, table, rows)
    return counts


def _without_record(row: dict) -> dict:
    """The row itself holds personal data and stays in the lake."""
    return {name: value for name, value in row.items() if name != "record"}


def _names(lake: Lake, stage: str) -> list[str]:
    folder = lake.root / stage
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _dates(first: date, last: date) -> Iterator[dict]:
    for day in calendar.days(first, last):
        jalali = JalaliDate(day)
        yield {
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
