"""Deletions: the keys that a source has taken back, by a mark on the row or because a look at all its keys does not find them."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pyarrow as pa

from mandegar.compute import duck
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.config.systems import Expression, TableId
from mandegar.errors import SourceError
from mandegar.storage.lake import Lake

STAGE = "deleted"
KEY = "key"
SCHEMA = pa.schema([(KEY, pa.string())])


def applies_to(table: TableId) -> bool:
    """Whether a source table says in any way what was deleted."""
    return table.table.deleted is not None or table.table.deletions is not None


def note(company: Company, lake: Lake, table: TableId, as_of: date, present: Iterator[pa.RecordBatch] | None) -> int:
    """Writes the keys that were there and are not any more to lake/deleted/<source>.<table>; gives their number.

    Grain: one row per key (the first key column of the entity, as text), of all windows up to `as_of`: those whose newest row
    bears the mark (`deleted:`), and those that are not among all keys of the source now (present; `deletions: keys`). Of a
    night before the last one the source cannot be asked any more: what was known then stays.
    Errors: SourceError when the mark does not compute.
    """
    name = str(table)
    receipts = lake.receipts("raw", name)
    later = any(receipt.as_of > as_of for receipt in receipts)
    if table.table.deletions and later:
        known = [day for day in lake.windows(STAGE, name) if day <= as_of]
        if known[-1:] == [as_of]:
            return 0
        found = _held(lake, name, known[-1]) if known else SCHEMA.empty_table()
    else:
        windows = [receipt.as_of for receipt in receipts if receipt.as_of < as_of] + [as_of]
        found = _gone(company, lake, table, lake.files("raw", name, windows), None if later else present)
    return lake.replace(STAGE, name, as_of, SCHEMA, found.to_batches())


def key_column(table: TableId) -> str | Expression:
    """The source's column that holds the key of its rows."""
    name = ENTITIES[table.entity].key[0]
    return table.table.columns.get(name, name)


def _gone(company: Company, lake: Lake, table: TableId, files: list[str], present: Iterator[pa.RecordBatch] | None) -> pa.Table:
    if not files:
        return SCHEMA.empty_table()
    with duck.connected(lake.root.parent / "scratch") as engine:
        engine.execute(f"SET TimeZone = '{table.table.time_zone or company.time_zone}'")
        raw = f"(SELECT {_key(table)} AS key, * FROM read_parquet($files, union_by_name = true, hive_partitioning = true))"
        parts = []
        if table.table.deleted:
            parts.append(f"SELECT key FROM {raw} GROUP BY key HAVING arg_max(coalesce(({table.table.deleted}), false), (as_of, _row))")
        if present is not None:
            there = pa.RecordBatchReader.from_batches(SCHEMA, present)
            engine.execute("CREATE TEMP TABLE present AS SELECT DISTINCT nullif(trim(key), '') AS key FROM there")
            del there
            parts.append(f"SELECT DISTINCT key FROM {raw} WHERE key NOT IN (SELECT key FROM present WHERE key IS NOT NULL)")
        query = f"SELECT DISTINCT key FROM ({' UNION ALL '.join(parts)}) WHERE key IS NOT NULL ORDER BY key"
        try:
            return engine.execute(query, {"files": files}).to_arrow_table().cast(SCHEMA)
        except duckdb.Error as problem:
            said = " ".join(str(problem).split())[:300]
            raise SourceError(
                f"{table}: `deleted:` does not compute ({said}). Write an SQL condition over the source's columns."
            ) from problem


def _key(table: TableId) -> str:
    column = key_column(table)
    text = f"({column.sql})" if isinstance(column, Expression) else '"' + column.replace('"', '""') + '"'
    return f"nullif(trim(CAST({text} AS VARCHAR)), '')"


def _held(lake: Lake, name: str, as_of: date) -> pa.Table:
    with duck.connected() as engine:
        files = lake.files(STAGE, name, [as_of])
        return engine.read_parquet(files).project("key").order("key").to_arrow_table().cast(SCHEMA) if files else SCHEMA.empty_table()
