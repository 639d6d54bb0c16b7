"""May this customer be contacted? Every rule is asked, in order; the first that says no decides."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from mandegar.campaigns.audience import Candidate
from mandegar.campaigns.control import is_held_out
from mandegar.campaigns.people import e164, match_email
from mandegar.campaigns.spec import Campaign, Channel
from mandegar.company import Company

FINE = "ok"


@dataclass(frozen=True)
class Contact:
    """One earlier contact of a person, made or planned."""

    person_key: str
    campaign_id: str
    dedupe_key: str
    as_of: date
    customer_id: str


@dataclass
class Member:
    """One candidate, the person behind it, and what became of it."""

    candidate: Candidate
    person_key: str
    email: str | None
    phone: str | None
    channel: Channel | None
    dedupe_key: str
    rules: dict[str, str] = field(default_factory=dict)
    decision: str = "send"
    deciding_rule: str = "eligible"


@dataclass(frozen=True)
class Past:
    """What is known of earlier contacts when a night decides."""

    campaign: Campaign
    as_of: date
    by_person: dict[str, list[Contact]]
    done: frozenset[str]


Rule = Callable[[Member, Past], str]


def decide(
    company: Company, campaign: Campaign, candidates: list[Candidate], people: dict[str, str], contacts: list[Contact], as_of: date
) -> list[Member]:
    """What becomes of every candidate: send, holdout or suppressed, with what every rule said.

    people: the person_key behind every customer. contacts: those of earlier nights, and of this night by campaigns that go
    first. One person is contacted once: of several accounts the one of the highest value stays, then the smallest id.
    """
    by_person: dict[str, list[Contact]] = {}
    for contact in contacts:
        by_person.setdefault(people.get(contact.customer_id, contact.person_key), []).append(contact)
    past = Past(campaign, as_of, by_person, frozenset(contact.dedupe_key for contact in contacts))
    members = [_member(company, campaign, one, people[one.customer_id]) for one in candidates]
    for member in members:
        member.rules = {name: rule(member, past) for name, rule in RULES.items()}
        failed = next((name for name, said in member.rules.items() if said != FINE), None)
        if failed:
            member.decision, member.deciding_rule = ("holdout" if failed == "holdout" else "suppressed"), failed
    _one_person_once(members)
    return members


def _member(company: Company, campaign: Campaign, one: Candidate, person_key: str) -> Member:
    email, phone = match_email(one.email), e164(one.phone, company.default_country)
    return Member(one, person_key, email, phone, _channel(campaign, one, email, phone), dedupe_key(campaign, person_key, one))


def dedupe_key(campaign: Campaign, person_key: str, one: Candidate) -> str:
    """What may be sent once only: this campaign, to this person, at this stage, about this event."""
    return hashlib.sha256(f"{campaign.id}|{person_key}|{one.stage}|{one.event_key}".encode()).hexdigest()[:32]


def _channel(campaign: Campaign, one: Candidate, email: str | None, phone: str | None) -> Channel | None:
    """The first channel that reaches the customer and was not refused: the campaign's, then its fall-back."""
    order = [campaign.channel, *([campaign.fallback_channel] if campaign.fallback_channel else [])]
    for channel in order:
        address = email if channel == "email" else phone
        if address and _opted(one, channel) is not False and not (channel == "email" and one.bad_mail):
            return channel
    return None


def _opted(one: Candidate, channel: str) -> bool | None:
    return {"email": one.email_opt_in, "sms": one.sms_opt_in, "call": one.call_opt_in}[channel]


def _opt_out(member: Member, past: Past) -> str:
    one, campaign = member.candidate, past.campaign
    if one.do_not_contact:
        return "wants no contact"
    channels = [campaign.channel, *([campaign.fallback_channel] if campaign.fallback_channel else [])]
    if all(_opted(one, channel) is False for channel in channels):
        return f"refused {' and '.join(channels)}"
    return FINE


def _bad_address(member: Member, past: Past) -> str:
    one = member.candidate
    return f"mail {one.bad_mail}, and no other channel" if one.bad_mail and member.channel is None else FINE


def _deleted(member: Member, past: Past) -> str:
    deleted_at = member.candidate.deleted_at
    return f"deleted on {deleted_at.date()}" if deleted_at else FINE


def _critical_ticket(member: Member, past: Past) -> str:
    ticket = member.candidate.critical_ticket
    return f"ticket {ticket} is open" if ticket else FINE


def _already(member: Member, past: Past) -> str:
    if member.candidate.already:
        return "renewed already"
    return "no stage covers this day" if member.candidate.stage == "between stages" else FINE


def _holdout(member: Member, past: Past) -> str:
    return "in the control group" if is_held_out(past.campaign, member.person_key) else FINE


def _frequency_cap(member: Member, past: Past) -> str:
    limits = past.campaign.limits
    since = past.as_of - timedelta(days=limits.days)
    recent = sum(contact.as_of > since for contact in past.by_person.get(member.person_key, []))
    return f"{recent} contacts in {limits.days} days" if recent >= limits.contacts else FINE


def _cool_down(member: Member, past: Past) -> str:
    earlier = past.by_person.get(member.person_key, [])
    names = {member.person_key, *(contact.person_key for contact in earlier)}  # an account merged since had a key of its own
    if any(dedupe_key(past.campaign, name, member.candidate) in past.done for name in names):
        return "had this one already"
    since = past.as_of - timedelta(days=past.campaign.limits.cool_down_days)
    same = [contact for contact in earlier if contact.campaign_id == past.campaign.id and contact.as_of > since]
    return f"contacted on {max(contact.as_of for contact in same)}" if same else FINE


def _consent(member: Member, past: Past) -> str:
    if past.campaign.consent == "contract" or member.channel is None:
        return FINE
    return FINE if _opted(member.candidate, member.channel) else f"no consent to {member.channel}"


def _reachable(member: Member, past: Past) -> str:
    return FINE if member.channel else "no usable address"


RULES: dict[str, Rule] = {
    "opt_out": _opt_out,
    "bounce_or_complaint": _bad_address,
    "deleted": _deleted,
    "open_critical_ticket": _critical_ticket,
    "already_renewed": _already,
    "holdout": _holdout,
    "frequency_cap": _frequency_cap,
    "cool_down": _cool_down,
    "missing_consent": _consent,
    "unreachable": _reachable,
}


def _one_person_once(members: list[Member]) -> None:
    """Of the accounts of one person that are left, the most valuable stays."""
    kept: dict[str, Member] = {}
    left = [member for member in members if member.decision != "suppressed"]
    for member in sorted(left, key=lambda member: (-member.candidate.value, member.candidate.customer_id)):
        first = kept.setdefault(member.person_key, member)
        member.rules["same_person"] = FINE if first is member else f"same person as {first.candidate.customer_id}"
        if first is not member:
            member.decision, member.deciding_rule = "suppressed", "same_person"
