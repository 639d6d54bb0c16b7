"""Sending what is due: claimed, asked again, handed over, and written down, one message at a time."""

import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from mandegar.campaigns.delivery import outbox
from mandegar.campaigns.delivery.channel import Channel, Failed, InDoubt, Refused
from mandegar.campaigns.delivery.kinds import kinds
from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.config.company import Company

BATCH = 50
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)


def channels_of(company: Company, file: DeliveryFile, now: Callable[[], datetime]) -> dict[str, Channel]:
    """The channels that are set up."""
    found: dict[str, Channel] = {}
    for name in ("email", "sms", "call", "task"):
        if (settings := file.of(name)) is not None:
            found[name] = kinds()[settings.gateway].makes(name, settings, company, now)
    return found


class Again(Protocol):
    """What is asked again at the moment of sending (delivery.again)."""

    def why_not(self, message: Outgoing) -> str | None:
        """Why it must not be sent any more."""
        ...

    def opens(self, message: Outgoing, at: datetime) -> datetime:
        """From when on it may be sent, at the earliest now."""
        ...


def send_due(
    engine: sa.Engine,
    channels: Mapping[str, Channel],
    file: DeliveryFile,
    still: Again,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    wait: Callable[[float], None] = time.sleep,
    due_by: datetime | None = None,
) -> dict[str, int]:
    """Sends everything that is due by now; gives how many were sent, withdrawn, put off, given up, and left in doubt.

    due_by: when it was looked at what is asked again; what became due since is left to the next time.

    still: asked again at the moment of sending; a reason withdraws the message, a later time puts it off. Several senders may run at once.
    """
    sender = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    sure = [name for name, channel in channels.items() if channel.knows_keys]
    count: Counter[str] = Counter()
    count["uncertain"] += outbox.left_in_doubt(engine, [name for name in channels if name not in sure], sure, _plain(now()))
    for name, channel in channels.items():
        settings = file.of(name)
        assert settings is not None
        while batch := outbox.claim(engine, name, sender, _plain(now()), BATCH, _plain(due_by or now())):
            for message in batch:
                count[_one(engine, channel, message, sender, settings.attempts, still, now)] += 1
                wait(1 / settings.per_second)
    return dict(count)


def _one(
    engine: sa.Engine, channel: Channel, message: Outgoing, sender: str, attempts: int, still: Again, now: Callable[[], datetime]
) -> str:
    """Sends one message; gives what became of it."""
    at = _plain(now())
    why_not = "its time is over" if at >= message.expires_at else still.why_not(message)
    if why_not:
        outbox.mark(engine, message, sender, outbox.WITHDRAWN, reason=why_not[:255])
        return outbox.WITHDRAWN
    opens = _plain(still.opens(message, at.replace(tzinfo=UTC)))
    if opens > at:
        outbox.mark(engine, message, sender, outbox.QUEUED, not_before=opens, claimed_until=None, reason="waits for the customer's day")
        return "waits for day"
    tried = message.attempts + 1
    handing_over = {"claimed_until": at + outbox.CLAIM_FOR, "attempts": tried}

    under_way = False

    def about_to() -> None:
        nonlocal under_way
        if not outbox.mark(engine, message, sender, outbox.SENDING, **handing_over):
            raise _Lost
        under_way = True

    try:
        called = channel.send(message, about_to)
    except _Lost:
        return "in another's hand"
    except Refused as problem:
        outbox.mark(engine, message, sender, outbox.DEAD, attempts=tried, reason=str(problem)[:255])
        return outbox.DEAD
    except InDoubt as problem:
        outbox.mark(engine, message, sender, outbox.UNCERTAIN, attempts=tried, reason=str(problem)[:255])
        return outbox.UNCERTAIN
    except Failed as problem:
        if tried >= attempts:
            outbox.mark(engine, message, sender, outbox.DEAD, attempts=tried, reason=str(problem)[:255])
            return outbox.DEAD
        later = at + min(FIRST_WAIT * 2 ** (tried - 1), LONGEST_WAIT)
        told = {"attempts": tried, "next_attempt_at": later, "reason": str(problem)[:255], "claimed_until": None}
        outbox.mark(engine, message, sender, outbox.QUEUED, **told)
        return "put off"
    except Exception as problem:  # of a channel that says nothing of what became of it: a person looks, and the others go on
        state = outbox.UNCERTAIN if under_way else outbox.DEAD
        outbox.mark(engine, message, sender, state, attempts=tried, reason=f"the channel broke off ({type(problem).__name__})"[:255])
        return state
    outbox.mark(engine, message, sender, outbox.SENT, sent_at=_plain(now()), provider_id=called)
    return outbox.SENT


class _Lost(Exception):
    """Another sender has the message by now."""


def _plain(at: datetime) -> datetime:
    """UTC without its zone, as the warehouse keeps it."""
    return at.astimezone(UTC).replace(tzinfo=None)
