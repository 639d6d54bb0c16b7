"""What readers did with the messages that this house delivered itself, beside the touches that sources tell of."""

from datetime import UTC, datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import sqlalchemy as sa

from mandegar.compute.engine import Engine
from mandegar.warehouse.tables import delivery_event, outbox

TOLD = ("delivered", "opened", "clicked", "replied")  # who refused is asked apart (audience.refusals)
OWN = pa.schema(
    [
        *((name, pa.string()) for name in ("interaction_id", "customer_id", "channel", "direction", "kind", "campaign_id")),
        ("occurred_at", pa.timestamp("us", "UTC")),
    ]
)


def own_touches(warehouse: sa.Engine, closes: datetime) -> pa.Table:
    """What was delivered, opened, clicked and replied to of the outbox's messages before a day was over, in the columns of OWN.

    Grain: one row per event that a channel told. The direction is in: it is the reader who did it.
    """
    event, row = delivery_event.c, outbox.c
    query = sa.select(event.event_id, row.customer_id, row.channel, sa.literal("in"), event.kind, row.campaign_id, event.occurred_at)
    query = query.join_from(delivery_event, outbox, event.message_id == row.message_id)
    query = query.where(event.kind.in_(TOLD) & (event.occurred_at < closes.astimezone(UTC).replace(tzinfo=None)))
    with warehouse.begin() as connection:
        found = connection.execute(query.order_by(event.event_id)).all()
    columns = list(zip(*found, strict=True)) or [()] * len(OWN)
    return pa.Table.from_arrays([pa.array(column, field.type) for column, field in zip(columns, OWN, strict=True)], schema=OWN)


def with_own(touches: ir.Table, own: pa.Table, engine: Engine) -> ir.Table:
    """The interactions of a night and the house's own touches. Grain and columns: those of touches (the entity interaction)."""
    rows, schema = engine.table(own), touches.schema()
    told = {name: rows[name].cast(schema[name]) if name in rows.columns else ibis.null(schema[name]) for name in touches.columns}
    return ibis.union(touches, rows.select(**told))
