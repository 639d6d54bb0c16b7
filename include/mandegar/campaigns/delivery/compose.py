"""From a run's decisions to the messages that lie in the outbox: rendered once, so that what was approved is what is sent."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from mandegar.campaigns.delivery.outbox import Outgoing, message_id
from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.campaigns.delivery.unsubscribe import secret_of, token
from mandegar.campaigns.file.words import TASK, Campaign
from mandegar.campaigns.lists.rows import send_after
from mandegar.campaigns.messages import template
from mandegar.campaigns.messages.facts import facts_of, reader
from mandegar.campaigns.messages.render import render
from mandegar.campaigns.retries import next_retry, plans_its_own
from mandegar.config.company import Company
from mandegar.errors import CampaignError
from mandegar.time.zones import zone_named


def messages(
    company: Company,
    file: DeliveryFile,
    campaign: Campaign,
    members: pa.Table,
    as_of: date,
    send_on: date,
    now: datetime | None = None,
) -> Iterator[Outgoing]:
    """What is sent to everyone whom a run sends to, ordered by customer. members: as eligibility.decide gives them.

    now: of a decision between nights, the moment: nothing is due, and no task is given, before it.

    Errors: CampaignError where a message has no words for a channel, or asks for a fact that is missing.
    """
    secret = secret_of(file)
    known: dict[str, template.Message] = {}
    given = max(_midnight(company.zone, send_on), now) if now else _midnight(company.zone, send_on)
    for member in members.filter(pc.equal(members["decision"], "send")).to_pylist():
        stage, channel = member["stage"], member["channel"]
        name = campaign.message_at(stage)
        if name not in known:
            known[name] = template.load(company, name)
        message = known[name]
        zone = zone_named(member["time_zone"], company.zone)
        locale = company.locale if channel == TASK else reader(member["language"], company)
        link = "" if channel == TASK else _link(company, file, secret, member["person_key"], channel)
        offer = campaign.offer_of(member["offer_code"], stage)
        until = send_on + timedelta(days=offer.days) if offer else None
        if campaign.trigger.moment == "payment_failure" and plans_its_own(company):
            member["retry_on"] = next_retry(company, member["reason_code"], member["event_on"], send_on)
        told = render(message, name, facts_of(member, company, locale, until, link), locale)
        if channel == "sms" and told.sms is None:
            raise CampaignError(f"messages/{name}.yaml: has no `sms:` in {locale}, and {campaign.id} sends it by SMS. Write one.")
        not_before = datetime.fromisoformat(send_after(company, send_on, member["preferred_hour"])).replace(tzinfo=zone)
        address = {"email": member["email"], TASK: member["owner"] or campaign.owner}.get(channel, member["phone"])
        yield Outgoing(
            message_id(member["dedupe_key"], channel),
            campaign.id,
            as_of,
            stage,
            member["customer_id"],
            member["person_key"],
            member["dedupe_key"],
            channel,
            _utc(given) if channel == TASK else _utc(max(not_before, now) if now else not_before),
            _utc(_midnight(zone, send_on + timedelta(days=campaign.expires_after_days))),
            address,
            locale,
            told.subject,
            told.sms or "" if channel == "sms" else told.text,
            link or None,
            _utc(given + timedelta(hours=campaign.task_hours)) if channel == TASK else None,
        )


def _link(company: Company, file: DeliveryFile, secret: str | None, person_key: str, channel: str) -> str:
    """Where the reader can unsubscribe: Mandegar's own page, or the company's."""
    if secret and file.unsubscribe:
        return f"{file.unsubscribe.rstrip('/')}/{token(person_key, channel, secret)}"
    return (company.unsubscribe_url or "").replace("{key}", person_key[:24])


def _midnight(zone: ZoneInfo, day: date) -> datetime:
    return datetime.combine(day, time(), zone)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
