"""Rows that speak of a customer nobody knows wait in quarantine until the customer arrives; and how rows wait that conform holds."""

from datetime import date

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from mandegar.config.entities import Entity
from mandegar.language.catalogue import Said
from mandegar.quality.validate import QUARANTINE_SCHEMA
from mandegar.storage.lake import CHUNK, Lake

UNKNOWN = Said("is no customer's id; the row waits until that customer is there")
RULE = "customer_known"
ORPHANS_SCHEMA = QUARANTINE_SCHEMA.append(pa.field(CHUNK, pa.string()))  # the chunk in which the row will stand


def orphans(rows: ir.Table, customers: ir.Table) -> ir.Table:
    """The rows whose customer_id no customer has."""
    return rows.anti_join(customers, "customer_id")


def with_customer(rows: ir.Table, customers: ir.Table) -> ir.Table:
    """The rows whose customer is known."""
    return rows.semi_join(customers, "customer_id")


def quarantined(
    rows: ir.Table, entity: Entity, column: str = "customer_id", rule: str = RULE, reason: ir.StringValue | str = UNKNOWN.english
) -> ir.Table:
    """Rows that wait as lines of the quarantine (ORPHANS_SCHEMA), for what stands in a column of theirs."""
    parts = [rows[name].cast("string") for name in entity.key]
    key = parts[0]
    for part in parts[1:]:
        key = key + " " + part
    return rows.select(
        source=rows["_source"],
        entity=ibis.literal(entity.name),
        key=key,
        row=rows["_row"],
        column=ibis.literal(column),
        value=rows[column],
        rule=ibis.literal(rule),
        reason=ibis.literal(reason) if isinstance(reason, str) else reason,
        record=ibis.null("string"),
        chunk=rows[CHUNK],
    )


def hold(lake: Lake, entity: Entity, as_of: date, orphans: pa.Table) -> None:
    """Writes the orphans of an entity to a night's quarantine, in an order of their own."""
    ordered = orphans.sort_by([(name, "ascending") for name in ("source", "row", "key", "value")])
    lake.replace("quarantine", f"conform.{entity.name}", as_of, ORPHANS_SCHEMA, ordered.to_batches())


def waiting(lake: Lake, entity: Entity, as_of: date) -> pa.Table:
    """The orphans of an entity that a night left in quarantine; none where it does not say in which chunk they will stand."""
    files = lake.files("quarantine", f"conform.{entity.name}", [as_of])
    if not files or CHUNK not in lake.schema("quarantine", f"conform.{entity.name}").names:
        return ORPHANS_SCHEMA.empty_table()
    return pa.concat_tables(pq.ParquetFile(file).read(columns=ORPHANS_SCHEMA.names).cast(ORPHANS_SCHEMA) for file in files)
