"""What comes back of messages: delivered, opened, clicked, bounced, complained, unsubscribed; each told once, however often it is told."""

import email
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage, Message
from typing import Any

import sqlalchemy as sa

from mandegar.campaigns.delivery.unsubscribe import refuse
from mandegar.errors import CampaignError
from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import delivery_event, outbox

KINDS = ("delivered", "opened", "clicked", "replied", "bounced", "complained", "unsubscribed")
REFUSALS = ("bounced", "complained", "unsubscribed")
MAIL_ID = "@mandegar"
KEY_DIGITS = 32
KAVENEGAR = {"10": "delivered", "11": "bounced", "14": "unsubscribed"}  # 11: it cannot be reached; 14: the reader has blocked such messages
TWILIO = {"delivered": "delivered", "read": "opened"}
TWILIO_ERRORS = {"21610": "unsubscribed", "30003": "bounced", "30005": "bounced", "30006": "bounced"}


@dataclass(frozen=True)
class Event:
    """One thing that came back. event_id: what tells it from any other. message_id or provider_id: of which message."""

    event_id: str
    kind: str
    at: datetime
    message_id: str | None = None
    provider_id: str | None = None
    detail: str | None = None


def record_events(engine: sa.Engine, events: Iterable[Event]) -> int:
    """Notes what came back; gives how much of it was new. Who bounced, complained or unsubscribed has refused the channel.

    What is about no message of ours is passed over.
    """
    count = 0
    for event in events:
        message = _message(engine, event)
        if message is None or event.kind not in KINDS:
            continue
        row = {"event_id": event.event_id[:128], "message_id": message.message_id, "kind": event.kind, "occurred_at": event.at}
        try:
            with writing(engine).begin() as connection:
                connection.execute(delivery_event.insert().values(row | {"detail": (event.detail or "")[:255] or None}))
        except sa.exc.IntegrityError:  # told before
            continue
        count += 1
        if event.kind in REFUSALS:
            refuse(engine, message.person_key, message.channel, event.kind, event.at)
    return count


def from_bounce(raw: bytes, received: datetime) -> Iterator[Event]:
    """The bounces in a delivery report (RFC 3464): failures for good; what a server still tries is none. received: UTC, without zone."""
    report = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(report, EmailMessage)
    original, failed = None, None
    for part in report.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            blocks = [block for block in part.get_payload() if isinstance(block, Message)]
            for block in blocks:
                if str(block.get("Action", "")).strip().lower() == "failed" and str(block.get("Status", "")).strip().startswith("5"):
                    failed = f"{block.get('Status', '')} {block.get('Diagnostic-Code', '')}".strip()
        elif kind in ("message/rfc822", "text/rfc822-headers"):
            inner = part.get_payload()
            headers = inner[0] if isinstance(inner, list) else email.message_from_string(str(inner), policy=policy.default)
            original = str(headers.get("Message-ID", "")).strip().strip("<>")  # type: ignore[union-attr]
    if failed is not None and original and original.endswith(MAIL_ID):
        told = str(report.get("Message-ID") or hashlib.sha256(raw).hexdigest())
        yield Event(f"dsn {told}", "bounced", received, message_id=original.removesuffix(MAIL_ID), detail=failed)


def from_gateway(source: str, told: Mapping[str, Any], received: datetime) -> Iterator[Event]:
    """What a gateway posts: kavenegar and twilio in their own words; generic: id, kind, and perhaps event_id, at and detail.

    Errors: CampaignError for a source that is not known, or a generic event that says nothing.
    """
    if source == "kavenegar":
        kind, called = KAVENEGAR.get(str(told.get("status"))), str(told.get("messageid"))
        found = Event(f"kavenegar {called} {told.get('status')}", kind or "", received, provider_id=called)
    elif source == "twilio":
        status, code, called = str(told.get("MessageStatus")), str(told.get("ErrorCode") or ""), str(told.get("MessageSid"))
        kind = TWILIO_ERRORS.get(code) or TWILIO.get(status)
        found = Event(f"twilio {called} {status} {code}", kind or "", received, provider_id=called, detail=code or None)
    elif source == "generic":
        if told.get("kind") not in KINDS or not told.get("id"):
            raise CampaignError(f"found {dict(told)!r}. Post id, the message's, and kind: {', '.join(KINDS)}.")
        at = _instant(told.get("at")) or received
        event_id = str(told.get("event_id") or f"{told['id']} {told['kind']} {at.isoformat()}")
        detail = None if told.get("detail") is None else str(told["detail"])
        found = Event(f"generic {event_id}", str(told["kind"]), at, message_id=str(told["id"]), detail=detail)
    else:
        raise CampaignError(f"nothing is known of the source {source!r}. Known: kavenegar, twilio, generic.")
    if found.kind:
        yield found


def key_of(source: str, secret: str) -> str:
    """The last part of the address at which a gateway tells what came back; nobody can guess it."""
    return hmac.new(secret.encode(), f"events|{source}".encode(), hashlib.sha256).hexdigest()[:KEY_DIGITS]


def _message(engine: sa.Engine, event: Event) -> sa.Row | None:
    row = outbox.c
    which = row.message_id == event.message_id if event.message_id else row.provider_id == event.provider_id
    with engine.begin() as connection:
        return connection.execute(sa.select(row.message_id, row.person_key, row.channel).where(which).limit(1)).one_or_none()


def _instant(told: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
