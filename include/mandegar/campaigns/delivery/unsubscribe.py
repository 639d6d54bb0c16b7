"""Unsubscribing with one click: a signed link that says who and from what, and nothing about the person."""

import hashlib
import hmac
from datetime import datetime

import sqlalchemy as sa

from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.errors import CampaignError
from mandegar.sources.connections import connection
from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import channel_refusal

VERSION = "1"
SIGNED_DIGITS = 32
CHANNELS = ("email", "sms", "call", "all")


def secret_of(file: DeliveryFile) -> str | None:
    """What signs the links; None where none are made. Errors: SourceError without the connection, or its password."""
    return connection(file.secret, "delivery.yaml: secret").value("password", "delivery.yaml: secret") if file.secret else None


def token(person_key: str, channel: str, secret: str) -> str:
    """What a link carries: version, person, channel, and a signature over them."""
    told = f"{VERSION}.{person_key}.{channel}"
    return f"{told}.{_signed(told, secret)}"


def read_token(given: str, secret: str) -> tuple[str, str]:
    """The person and the channel of a link. Errors: CampaignError if it was not made here."""
    told, _, signed = given.rpartition(".")
    parts = told.split(".")
    if len(parts) != 3 or parts[0] != VERSION or parts[2] not in CHANNELS or not hmac.compare_digest(signed, _signed(told, secret)):
        raise CampaignError("This link is not one of ours, or not whole. Open the one in the mail once more.")
    return parts[1], parts[2]


def refuse(engine: sa.Engine, person_key: str, channel: str, kind: str, at: datetime) -> None:
    """Notes that a person refused a channel; said again, the first time stays. at: UTC, without zone."""
    row = channel_refusal.c
    same = (row.person_key == person_key) & (row.channel == channel) & (row.kind == kind)
    with writing(engine).begin() as connection_:
        if engine.dialect.name == "postgresql":
            connection_.execute(sa.text("LOCK TABLE channel_refusal IN SHARE ROW EXCLUSIVE MODE"))
        if connection_.execute(sa.select(row.kind).where(same)).first() is None:
            connection_.execute(channel_refusal.insert().values(person_key=person_key, channel=channel, kind=kind, occurred_at=at))


def _signed(told: str, secret: str) -> str:
    return hmac.new(secret.encode(), told.encode(), hashlib.sha256).hexdigest()[:SIGNED_DIGITS]
