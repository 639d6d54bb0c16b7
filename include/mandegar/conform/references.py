"""Rows that speak of a customer nobody knows wait in quarantine until the customer arrives."""

import ibis
import ibis.expr.types as ir

from mandegar.entities import Entity


def orphans(rows: ir.Table, customers: ir.Table) -> ir.Table:
    """The rows whose customer_id no customer has."""
    return rows.anti_join(customers, "customer_id")


def with_customer(rows: ir.Table, customers: ir.Table) -> ir.Table:
    """The rows whose customer is known."""
    return rows.semi_join(customers, "customer_id")


def quarantined(rows: ir.Table, entity: Entity) -> ir.Table:
    """Orphans as lines of the quarantine (quality.validate.QUARANTINE_SCHEMA)."""
    parts = [rows[name].cast("string") for name in entity.key]
    key = parts[0]
    for part in parts[1:]:
        key = key + " " + part
    return rows.select(
        source=rows["_source"],
        entity=ibis.literal(entity.name),
        key=key,
        row=rows["_row"],
        column=ibis.literal("customer_id"),
        value=rows.customer_id,
        rule=ibis.literal("customer_known"),
        reason=ibis.literal("is no customer's id; the row waits until that customer is there"),
        record=ibis.null("string"),
    )
