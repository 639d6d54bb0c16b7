"""What customers cost beside the goods they were sold: the work of serving them."""

import ibis
import ibis.expr.types as ir

from mandegar.compute.money import FACTORED, MONEY
from mandegar.metrics.frame.night import MeasuredNight


def cost_to_serve(night: MeasuredNight) -> ir.Table:
    """What serving each customer cost.

    Grain: one row per ticket on which work was booked; none while a minute costs nothing. Columns: customer_id; at, the ticket's
    opening; cost_to_serve, in the company's currency.
    Formula: agent_minutes x value.cost_per_agent_minute.
    """
    tickets, minute = night.entities["ticket"], night.company.value.cost_per_agent_minute
    served = tickets.filter((tickets.agent_minutes > 0) & ibis.literal(minute > 0))
    cost = (served.agent_minutes * ibis.literal(minute).cast(FACTORED)).cast(MONEY)
    return served.select("customer_id", at=served.opened_at, cost_to_serve=cost)
