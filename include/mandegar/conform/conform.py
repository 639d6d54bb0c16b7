"""Conform: the good rows of all sources, as the entities stood at the end of one day."""

from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar import calendar
from mandegar.company import Company
from mandegar.conform import customer, references, subscription
from mandegar.conform.state import born_before, masked, newest
from mandegar.engine import Engine
from mandegar.entities import CUSTOMER, ENTITIES, Entity
from mandegar.errors import BrokenTable
from mandegar.lake import Lake, Receipt
from mandegar.quality.reading import entity_schema
from mandegar.quality.validate import QUARANTINE_SCHEMA, RESULT_SCHEMA

KEPT_NIGHTS = 7


def conform(company: Company, lake: Lake, engine: Engine, as_of: date) -> dict[str, int]:
    """Writes every entity that the company's sources give to lake/conformed, as it stood when `as_of` was over.

    Gives the rows per entity. Rows of unknown customers go to lake/quarantine (conform.<entity>).
    Errors: BrokenTable when the customers, or what churn is measured on, did not come in that night.
    """
    _core_is_there(company, lake, as_of)
    closes = calendar.day_end(as_of, company.zone)
    known = {name: rows for name, entity in ENTITIES.items() if (rows := _state(company, lake, engine, entity, as_of, closes)) is not None}
    counts = {}
    if "customer" not in known:
        fact = "subscription" if company.churn.kind == "contract" else "invoice"
        born = ENTITIES[fact].born
        assert born is not None
        known["customer"] = customer.from_facts(known[fact], born, CUSTOMER)
    customers = engine.keep(known["customer"].select("customer_id"))
    for name, rows in known.items():
        entity = ENTITIES[name]
        if name != "customer" and "customer_id" in entity.names:
            rows = engine.keep(rows)
            _quarantine_orphans(lake, engine, entity, rows, customers, as_of)
            rows = references.with_customer(rows, customers)
        schema = pa.schema([field for field in entity_schema(entity) if not field.name.startswith("_")])
        lake.withdraw("conformed", name, as_of)
        counts[name] = lake.replace("conformed", name, as_of, schema, engine.batches(rows.select(*entity.names)))
        lake.sign("conformed", name, Receipt(as_of, "all", None, closes, counts[name]))
        lake.forget("conformed", name, KEPT_NIGHTS, as_of)
    if counts["customer"] == 0:
        raise BrokenTable(f"There is not one customer on {as_of}. Is the day before the company's first? Choose a later --as-of.")
    return counts


def conformed(lake: Lake, engine: Engine, entity: str, as_of: date) -> ir.Table:
    """An entity as it stood at the end of a day; without rows when no source gives it."""
    schema = pa.schema([field for field in entity_schema(ENTITIES[entity]) if not field.name.startswith("_")])
    if lake.receipt("conformed", entity, as_of) is None:
        return engine.table(schema.empty_table())
    return engine.files(lake.files("conformed", entity, [as_of]), schema, lake.path("conformed", entity))


def stale(company: Company, lake: Lake, as_of: date) -> dict[str, date | None]:
    """The source tables that did not come in on that night, with the last night they did."""
    found = {}
    for table in company.tables():
        if lake.receipt("valid", str(table), as_of) is None:
            before = [receipt.as_of for receipt in lake.receipts("valid", str(table)) if receipt.as_of < as_of]
            found[str(table)] = before[-1] if before else None
    return found


def _core_is_there(company: Company, lake: Lake, as_of: date) -> None:
    """What every number stands on came in tonight: customers, and subscriptions or invoices."""
    core = {"customer", "subscription" if company.churn.kind == "contract" else "invoice"}
    missing = [str(table) for table in company.tables() if table.entity in core and lake.receipt("valid", str(table), as_of) is None]
    if missing:
        raise BrokenTable(
            f"{', '.join(missing)} did not come in for {as_of}, and everything is measured on it: nothing is computed or published. "
            "See its message above, mend it, and run the night again."
        )


def _state(company: Company, lake: Lake, engine: Engine, entity: Entity, as_of: date, closes: datetime) -> ir.Table | None:
    """The entity's rows from all its source tables; None if no table of it ever came in."""
    parts = []
    for table in company.tables():
        if table.entity == entity.name:
            windows = [receipt.as_of for receipt in lake.current("valid", str(table), as_of)]
            if windows:
                rows = engine.read(lake, "valid", str(table), windows)
                parts.append(rows if "as_of" in rows.columns else rows.mutate(as_of=ibis.literal(windows[0])))
    if not parts:
        return None
    known = born_before(ibis.union(*parts) if len(parts) > 1 else parts[0], entity, as_of, closes)
    _count_repeated_keys(lake, engine, entity, known, as_of)
    rows = newest(known, entity)
    if entity.name == "subscription":
        _count_overlaps(lake, engine, entity, rows, as_of)
        rows = subscription.without_overlap(rows)
    return masked(rows, entity, closes)


def _count_repeated_keys(lake: Lake, engine: Engine, entity: Entity, rows: ir.Table, as_of: date) -> None:
    """How many rows gave way to a newer one of the same key."""
    repeated = _count(engine, rows) - _count(engine, rows.select(*entity.key).distinct())
    _counted(lake, engine, entity, rows, "one_row_per_key", "warn", repeated, as_of, f"conform.{entity.name}.keys")


def _count_overlaps(lake: Lake, engine: Engine, entity: Entity, rows: ir.Table, as_of: date) -> None:
    """How many versions of a subscription say that they were still true when the next one began; they are cut there."""
    overlapping = _count(engine, subscription.overlapping(rows))
    _counted(lake, engine, entity, rows, "versions_do_not_overlap", "warn", overlapping, as_of, f"conform.{entity.name}.versions")


def _count(engine: Engine, rows: ir.Table) -> int:
    return int(engine.arrow(rows.agg(n=rows.count())).column("n")[0].as_py())


def _counted(
    lake: Lake, engine: Engine, entity: Entity, rows: ir.Table, rule: str, severity: str, unexpected: int, as_of: date, name: str
) -> None:
    """Writes what a rule over whole entities counted to lake/quality."""
    result = {
        "source": name,
        "entity": entity.name,
        "rule": rule,
        "severity": severity,
        "evaluated": _count(engine, rows),
        "unexpected": unexpected,
        "status": {"fail": "quarantined", "warn": "warned"}[severity] if unexpected else "passed",
    }
    lake.replace("quality", name, as_of, RESULT_SCHEMA, pa.Table.from_pylist([result], RESULT_SCHEMA).to_batches())


def _quarantine_orphans(lake: Lake, engine: Engine, entity: Entity, rows: ir.Table, customers: ir.Table, as_of: date) -> None:
    found = engine.arrow(references.quarantined(references.orphans(rows, customers), entity).order_by("source", "row"))
    name = f"conform.{entity.name}"
    lake.replace("quarantine", name, as_of, QUARANTINE_SCHEMA, found.cast(QUARANTINE_SCHEMA).to_batches())
    _counted(lake, engine, entity, rows, "customer_known", "fail", found.num_rows, as_of, name)
