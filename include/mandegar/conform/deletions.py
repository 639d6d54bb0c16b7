"""Rows whose key their source has taken back are not there any more (sources.deletions)."""

from datetime import date

import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.config.entities import Entity
from mandegar.sources.deletions import KEY, STAGE
from mandegar.storage.lake import Lake


def without_deleted(engine: Engine, lake: Lake, table: str, rows: ir.Table, entity: Entity, as_of: date) -> ir.Table:
    """The good rows of a source table that were not deleted up to a night."""
    gone = deleted(engine, lake, table, as_of)
    return rows.anti_join(gone, rows[entity.key[0]] == gone[KEY]) if gone is not None else rows


def deleted(engine: Engine, lake: Lake, table: str, as_of: date) -> ir.Table | None:
    """The keys of a source table that were deleted up to a night; None where it tells of no deletion."""
    known = [receipt.as_of for receipt in lake.current("valid", table, as_of)]
    if not known or not lake.exists(STAGE, table) or not lake.files(STAGE, table, known[-1:]):
        return None
    return engine.read(lake, STAGE, table, known[-1:]).select(KEY)


def changed(engine: Engine, lake: Lake, table: str, before: date, as_of: date) -> ir.Table | None:
    """The keys of a source table that were deleted, or came back, since a night; None where there are none."""
    told = [deleted(engine, lake, table, day) for day in (before, as_of)]
    if all(keys is None for keys in told):
        return None
    nothing = engine.table(pa.table({KEY: pa.array([], pa.string())}))
    old, new = (nothing if keys is None else keys for keys in told)
    keys = engine.keep(old.difference(new).union(new.difference(old)))
    return keys if engine.count(keys) else None
