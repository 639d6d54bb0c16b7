"""What customers cost: the goods they were sold, and the work of serving them."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.ledger import FACTORED, MONEY
from mandegar.metrics.night import Night


def cost_entries(night: Night) -> ir.Table:
    """Everything that a customer cost.

    Grain: one row per invoice not voided and ticket. Columns: customer_id, at; cost_of_goods, cost_to_serve, in the company's
    currency, 0 where not known.
    Formula: cost of goods = an invoice's cost_amount, of a credit note less (what came back); cost to serve = a ticket's
    agent_minutes x value.cost_per_agent_minute, on the day it was opened.
    """
    nothing = ibis.literal(0).cast(MONEY)
    valid = night.invoices.filter(night.invoices.voided_at.isnull())
    cost = valid.cost_amount.fill_null(nothing)
    goods = valid.select(
        "customer_id",
        at=valid.issued_at,
        cost_of_goods=(valid.kind == "credit").ifelse(-cost.abs(), cost).cast(MONEY),
        cost_to_serve=nothing,
    )
    tickets = night.entities["ticket"]
    minute = ibis.literal(night.company.value.cost_per_agent_minute).cast(FACTORED)
    served = tickets.select(
        "customer_id",
        at=tickets.opened_at,
        cost_of_goods=nothing,
        cost_to_serve=(tickets.agent_minutes.fill_null(nothing) * minute).cast(MONEY),
    )
    return ibis.union(goods, served)
