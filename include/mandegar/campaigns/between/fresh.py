"""What sources have said since the last night, read as the night would read it, and kept apart from it."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES, Entity
from mandegar.conform.state import state
from mandegar.errors import BrokenTable, SourceError
from mandegar.quality.validate import validate
from mandegar.risk.evening import Evening
from mandegar.sources.peek import peek
from mandegar.storage.lake import Lake

WINDOW, PLACE = "as_of", "_row"  # by which of two rows with one key the later is known (conform.state)


def fresh_rows(
    company: Company, lake: Lake, evening: Evening, engine: Engine, entity: Entity, today: date, scratch: Path, say: Callable[[str], None]
) -> pa.Table:
    """The rows of an entity that its sources give now and the last night did not have, or had otherwise.

    Grain: one row per row of a source. Columns: the entity's, as_of (today) and _row. Rows that the entity's suite refuses are not in it,
    nor those of customers that the night does not know. A source that does not answer, or cannot be used, is said and gives nothing.
    """
    parts = []
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="between-") as folder:
        aside = Lake(Path(folder))
        for table in company.tables():
            if table.entity != entity.name:
                continue
            try:
                if peek(company, lake, aside, table, today):
                    validate(company, aside, table, today)
                    parts += [pq.ParquetFile(file).read() for file in aside.files("valid", str(table), [today])]
            except (SourceError, BrokenTable) as problem:
                say(f"not looked at: {problem}")
    wanted = pa.schema([pa.field(name, evening.entities[entity.name].schema()[name].to_pyarrow()) for name in entity.names])
    rows = pa.concat_tables([part.select([*entity.names, PLACE]) for part in parts]) if parts else None
    if rows is None or not len(rows):
        return _dated(wanted.append(pa.field(PLACE, pa.int64())).empty_table(), today)
    given = engine.table(rows.cast(pa.schema([*wanted, rows.schema.field(PLACE)])))
    known = evening.entities[entity.name].select(*entity.names)
    compared = [name for name in entity.names if not given.schema()[name].is_nested()]
    moved = ibis.difference(given.select(*compared), known.select(*compared)).select(*entity.key).distinct()
    customers = evening.entities["customer"].select("customer_id")
    found = given.semi_join(moved, list(entity.key)).semi_join(customers, "customer_id")
    return _dated(engine.arrow(found.order_by(*entity.key, PLACE)), today)


def with_fresh(evening: Evening, engine: Engine, fresh: dict[str, pa.Table], now: datetime, today: date) -> Evening:
    """The evening of the last night, gone on to this moment. fresh: of some entities what was said since (fresh_rows)."""
    entities = dict(evening.entities)
    for name, rows in fresh.items():
        entity = ENTITIES[name]
        known = entities[name].select(*entity.names).mutate(**{WINDOW: ibis.literal(evening.as_of), PLACE: ibis.literal(0, "int64")})
        later = engine.table(rows).select(*entity.names, WINDOW, PLACE)
        entities[name] = engine.keep(state(_one_type(known, later), entity, today, now).select(*entity.names))
    return replace(evening, as_of=today, closes=now, entities=entities)


def changed(fresh: Iterable[pa.Table]) -> bool:
    """Whether anything was said at all."""
    return any(len(rows) for rows in fresh)


def _one_type(known: ir.Table, later: ir.Table) -> ir.Table:
    schema = known.schema()
    return ibis.union(known, later.select(**{name: later[name].cast(schema[name]) for name in known.columns}))


def _dated(rows: pa.Table, today: date) -> pa.Table:
    return rows.append_column(WINDOW, pa.repeat(pa.scalar(today, pa.date32()), len(rows)))
