"""Customers for companies whose sources do not list them: everyone who bought or subscribed."""

import ibis
import ibis.expr.types as ir

from mandegar.config.entities import Entity
from mandegar.quality.reading import ARROW


def from_facts(facts: ir.Table, born: str, customer: Entity) -> ir.Table:
    """One row per customer_id found in a fact, signed up with its first row, named by its id.

    Grain: one row per customer_id. facts: invoices or subscriptions; born: their time column.
    """
    found = facts.group_by("customer_id").agg(signed_up_at=facts[born].min())
    empty = {
        column.name: ibis.null(ibis.dtype(ARROW[column.type]))
        for column in customer.columns
        if column.name not in ("customer_id", "name", "signed_up_at")
    }
    return found.mutate(name=found.customer_id, **empty).select(*customer.names)
