"""The outbox: every message of a live run, from the decision until it was handed over, each once."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import outbox, outbox_message

HELD, QUEUED, SENDING, SENT, WITHDRAWN, UNCERTAIN, DEAD = "held", "queued", "sending", "sent", "withdrawn", "uncertain", "dead"
CLAIM_FOR = timedelta(minutes=5)
ID_DIGITS = 40


@dataclass(frozen=True)
class Outgoing:
    """One message on its way. due_at: of a task."""

    message_id: str
    campaign_id: str
    as_of: date
    stage: str
    customer_id: str
    person_key: str
    dedupe_key: str
    channel: str
    not_before: datetime
    expires_at: datetime
    address: str
    locale: str
    subject: str
    text: str
    unsubscribe_url: str | None = None
    due_at: datetime | None = None
    attempts: int = 0


CONTENT = ("message_id", "address", "locale", "subject", "text", "unsubscribe_url", "due_at")
ENVELOPE = tuple(name for name in Outgoing.__dataclass_fields__ if name not in CONTENT[1:])


def message_id(dedupe_key: str, channel: str) -> str:
    """The id of a message: the same thing by the same channel is the same message."""
    return hashlib.sha256(f"{dedupe_key}|{channel}".encode()).hexdigest()[:ID_DIGITS]


def put(connection: sa.Connection, messages: Iterable[Outgoing], campaign_id: str, as_of: date, beside: bool = False) -> None:
    """Lays a run's messages down, held until somebody lets them go; what an earlier run of the night held is taken back.

    A message that was released once, sent or not, stays as it is. beside: what is held stays too (campaigns.between).
    """
    row = outbox.c
    if not beside:
        held = (row.campaign_id == campaign_id) & (row.as_of == as_of) & (row.state == HELD)
        old = sa.select(row.message_id).where(held)
        connection.execute(outbox_message.delete().where(outbox_message.c.message_id.in_(old)))
        connection.execute(outbox.delete().where(held))
    waiting = list(messages)
    there = set()
    for start in range(0, len(waiting), 500):
        ids = [one.message_id for one in waiting[start : start + 500]]
        there |= set(connection.execute(sa.select(row.message_id).where(row.message_id.in_(ids))).scalars())
    new = [one for one in waiting if one.message_id not in there]
    if new:
        connection.execute(outbox.insert(), [{name: getattr(one, name) for name in ENVELOPE} | {"state": HELD} for one in new])
        connection.execute(outbox_message.insert(), [{name: getattr(one, name) for name in CONTENT} for one in new])


def release(engine: sa.Engine, campaign_id: str, as_of: date) -> int:
    """Lets a run's messages go; gives how many."""
    return _moved(engine, campaign_id, as_of, (HELD,), QUEUED, None)


def withdraw(engine: sa.Engine, campaign_id: str, as_of: date, why: str) -> int:
    """Takes back what of a run has not been sent; gives how many."""
    return _moved(engine, campaign_id, as_of, (HELD, QUEUED), WITHDRAWN, why)


def _moved(engine: sa.Engine, campaign_id: str, as_of: date, states: tuple[str, ...], to: str, why: str | None) -> int:
    row = outbox.c
    of_run = (row.campaign_id == campaign_id) & (row.as_of == as_of) & row.state.in_(states)
    with writing(engine).begin() as connection:
        return connection.execute(outbox.update().where(of_run).values(state=to, reason=why)).rowcount


def claim(engine: sa.Engine, channel: str, sender: str, now: datetime, most: int, due_by: datetime | None = None) -> list[Outgoing]:
    """Takes messages that are due into a sender's hand, for five minutes; nobody else gets them meanwhile.

    now: UTC, without zone. due_by: what becomes due later is left, though it be due by now.
    """
    row, by = outbox.c, due_by or now
    due = (row.state == QUEUED) & (row.channel == channel) & (row.not_before <= by)
    due &= row.next_attempt_at.is_(None) | (row.next_attempt_at <= by)
    due &= row.claimed_until.is_(None) | (row.claimed_until < now)
    chosen = sa.select(row.message_id).where(due).order_by(row.not_before, row.message_id).limit(most)
    with writing(engine).begin() as connection:
        ids = list(connection.execute(chosen.with_for_update(skip_locked=True)).scalars())
        if not ids:
            return []
        mine = row.message_id.in_(ids)
        connection.execute(outbox.update().where(mine).values(claimed_by=sender, claimed_until=now + CLAIM_FOR))
        content = [outbox_message.c[name] for name in CONTENT[1:]]
        query = sa.select(*(row[name] for name in ENVELOPE), *content).join_from(
            outbox, outbox_message, row.message_id == outbox_message.c.message_id
        )
        found = connection.execute(query.where(mine).order_by(row.not_before, row.message_id))
        return [Outgoing(**dict(zip((*ENVELOPE, *CONTENT[1:]), values, strict=True))) for values in found]


def mark(engine: sa.Engine, message: Outgoing, sender: str, state: str, **more: object) -> bool:
    """Writes what became of a message in a sender's hand; false if it is in another's by now, which leaves it to that one."""
    row = outbox.c
    mine = (row.message_id == message.message_id) & (row.claimed_by == sender) & row.state.in_((QUEUED, SENDING))
    values = {"state": state, "reason": None, **more}
    if state not in (SENDING, QUEUED):
        values |= {"claimed_until": None}
    with writing(engine).begin() as connection:
        return connection.execute(outbox.update().where(mine).values(values)).rowcount == 1


def left_in_doubt(engine: sa.Engine, channels: Iterable[str], again: Iterable[str], now: datetime) -> int:
    """What a sender that died had half handed over: uncertain, and never sent again by itself; gives how many.

    again: channels whose gateway knows a message by its key, so that it can be asked twice: there it is queued again.
    """
    row = outbox.c
    lost = (row.state == SENDING) & (row.claimed_until < now)
    with writing(engine).begin() as connection:
        doubtful = lost & row.channel.in_(list(channels))
        told = "the sender stopped while handing it over"
        count = connection.execute(outbox.update().where(doubtful).values(state=UNCERTAIN, claimed_until=None, reason=told)).rowcount
        connection.execute(outbox.update().where(lost & row.channel.in_(list(again))).values(state=QUEUED, claimed_until=None))
    return count


def send_again(engine: sa.Engine, ids: list[str]) -> int:
    """Queues dead or uncertain messages anew, because a person says so; gives how many."""
    row = outbox.c
    chosen = row.message_id.in_(ids) & row.state.in_((DEAD, UNCERTAIN))
    fresh = {"state": QUEUED, "attempts": 0, "next_attempt_at": None, "claimed_until": None, "reason": "sent again by hand"}
    with writing(engine).begin() as connection:
        return connection.execute(outbox.update().where(chosen).values(fresh)).rowcount


def erase_content(engine: sa.Engine, before: datetime) -> int:
    """Erases what messages said, and to whom, that were sent, withdrawn or given up before a time; gives how many."""
    row = outbox.c
    over = sa.select(row.message_id).where(row.state.in_((SENT, WITHDRAWN)) & (sa.func.coalesce(row.sent_at, row.expires_at) < before))
    with writing(engine).begin() as connection:
        return connection.execute(outbox_message.delete().where(outbox_message.c.message_id.in_(over))).rowcount
