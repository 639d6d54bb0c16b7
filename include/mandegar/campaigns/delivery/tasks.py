"""Tasks for the owners of accounts: given when a run is let go, closed when somebody has spoken to the customer, told when too late."""

from datetime import UTC, date, datetime

import ibis
import sqlalchemy as sa

from mandegar.campaigns.audience.tonight import Tonight
from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import customer_task, outbox, outbox_message

OPEN, REACTED, ESCALATED = "open", "reacted", "escalated"


def give(engine: sa.Engine, campaign_id: str, as_of: date) -> int:
    """Gives the tasks of a run that was let go; gives how many are new."""
    row, said, task = outbox.c, outbox_message.c, customer_task.c
    columns = (row.message_id, row.campaign_id, row.customer_id, said.address, said.subject, row.not_before, said.due_at)
    query = sa.select(*columns).join_from(outbox, outbox_message, row.message_id == said.message_id)
    mine = (row.campaign_id == campaign_id) & (row.as_of == as_of) & (row.channel == "task") & (row.state == "queued")
    known = sa.select(task.task_id)
    names = ("task_id", "campaign_id", "customer_id", "owner", "subject", "opened_at", "due_at")
    with writing(engine).begin() as connection:
        found = connection.execute(query.where(mine & row.message_id.not_in(known))).all()
        rows = [dict(zip(names, one, strict=True)) | {"state": OPEN} for one in found]
        if rows:
            connection.execute(customer_task.insert(), rows)
    return len(rows)


def keep_in_house(engine: sa.Engine, now: datetime) -> int:
    """Where owners work in customer_task itself, and nowhere else, a task is handed over by standing there; gives how many. now: UTC."""
    row = outbox.c
    waiting = (row.channel == "task") & (row.state == "queued")
    with writing(engine).begin() as connection:
        values = {"state": "sent", "sent_at": now, "provider_id": "customer_task"}
        return connection.execute(outbox.update().where(waiting).values(values)).rowcount


def look_after(tonight: Tonight) -> dict[str, int]:
    """Closes tasks whose customer somebody has spoken to since, and escalates those that are over their time by the end of a night.

    hours_to_react = first outgoing touch, or call, after the task was given, less when it was given.
    """
    task, closes = customer_task.c, tonight.evening.closes.astimezone(UTC).replace(tzinfo=None)
    with tonight.warehouse.begin() as connection:
        waiting = connection.execute(
            sa.select(task.task_id, task.customer_id, task.opened_at, task.due_at, task.state).where(task.state.in_((OPEN, ESCALATED)))
        ).all()
    if not waiting:
        return {}
    touches = tonight.evening.entities["interaction"]
    spoken = touches.filter(((touches.direction == "out") & (touches.kind != "sent")) | (touches.kind.lower() == "called"))
    chosen = spoken.filter(spoken.customer_id.isin(sorted({one.customer_id for one in waiting})))
    rows = tonight.engine.arrow(chosen.select("customer_id", "occurred_at").order_by(ibis.asc("occurred_at"))).to_pylist()
    moved: dict[str, int] = {REACTED: 0, ESCALATED: 0}
    with writing(tonight.warehouse).begin() as connection:
        for one in waiting:
            at = next((_plain(row["occurred_at"]) for row in rows if _is_answer(row, one)), None)
            if at is not None:
                hours = round((at - one.opened_at).total_seconds() / 3600, 2)
                values = {"state": REACTED, "reacted_at": at, "hours_to_react": hours}
            elif one.state == OPEN and one.due_at < closes:
                values = {"state": ESCALATED}
            else:
                continue
            connection.execute(customer_task.update().where(task.task_id == one.task_id).values(values))
            moved[str(values["state"])] += 1
    return moved


def _is_answer(row: dict, task: sa.Row) -> bool:
    return row["customer_id"] == task.customer_id and _plain(row["occurred_at"]) >= task.opened_at


def _plain(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
