"""May this customer be contacted? Every rule is asked, in order; the first that says no decides. Of those who may, some are held out."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from mandegar.campaigns.audience import Candidate
from mandegar.campaigns.control import is_held_out
from mandegar.campaigns.people import e164, match_email
from mandegar.campaigns.spec import Campaign, Channel, Offer
from mandegar.config.company import Company

FINE = "ok"
RENEWS_BY_ITSELF = "term_ends_auto"
AT_RISK = ("high", "medium")


@dataclass(frozen=True)
class Contact:
    """One earlier contact of a person, made or planned."""

    person_key: str
    campaign_id: str
    dedupe_key: str
    as_of: date
    customer_id: str


@dataclass(frozen=True)
class Draw:
    """One earlier decision between sending and holding out."""

    person_key: str
    customer_id: str
    dedupe_key: str
    as_of: date
    held_out: bool
    salt: str


@dataclass
class Member:
    """One candidate, the person behind it, and what became of it."""

    candidate: Candidate
    person_key: str
    email: str | None
    phone: str | None
    channel: Channel | None
    dedupe_key: str
    offer: Offer | None = None
    rules: dict[str, str] = field(default_factory=dict)
    decision: str = "send"
    deciding_rule: str = "eligible"


@dataclass(frozen=True)
class Past:
    """What is known of earlier contacts when a night decides.

    held_out: of this campaign, when each person was held out instead; done: what each dedupe_key names has been sent, or held out.
    """

    campaign: Campaign
    as_of: date
    by_person: dict[str, list[Contact]]
    held_out: dict[str, list[Draw]]
    done: frozenset[str]


Rule = Callable[[Member, Past], str]


def decide(
    company: Company,
    campaign: Campaign,
    candidates: list[Candidate],
    people: dict[str, str],
    contacts: list[Contact],
    as_of: date,
    draws: Sequence[Draw] = (),
) -> list[Member]:
    """What becomes of every candidate: send, holdout or suppressed, with what every rule said.

    people: the person_key behind every customer. contacts: those of earlier nights, and of this night by campaigns that go
    first. draws: who was sent to and who was held out by this campaign on earlier nights. One person is contacted once: of several
    accounts the one of the highest value stays, then the smallest id. The control group is drawn last, from those who could have
    been sent to; whoever was drawn once stays on that side.
    """
    by_person: dict[str, list[Contact]] = {}
    for contact in contacts:
        by_person.setdefault(people.get(contact.customer_id, contact.person_key), []).append(contact)
    held_out: dict[str, list[Draw]] = {}
    for draw in draws:
        if draw.held_out:
            held_out.setdefault(people.get(draw.customer_id, draw.person_key), []).append(draw)
    done = frozenset([*(contact.dedupe_key for contact in contacts), *(draw.dedupe_key for draw in draws)])
    past = Past(campaign, as_of, by_person, held_out, done)
    members = [_member(company, campaign, one, people[one.customer_id]) for one in candidates]
    for member in members:
        member.rules = {name: rule(member, past) for name, rule in RULES.items()}
        failed = next((name for name, said in member.rules.items() if said != FINE), None)
        if failed:
            member.decision, member.deciding_rule = "suppressed", failed
    _one_person_once(members)
    sides = sides_of(campaign, draws, people)
    for member in members:
        if member.decision == "send":
            held = sides.get(member.person_key, is_held_out(campaign, member.person_key))
            member.rules["holdout"] = "in the control group" if held else FINE
            if held:
                member.decision, member.deciding_rule = "holdout", "holdout"
        _make_offer(campaign, member)
    return members


def sides_of(campaign: Campaign, draws: Sequence[Draw], people: dict[str, str]) -> dict[str, bool]:
    """On which side of the control group each person stands who was drawn before, by the first draw with the campaign's salt."""
    sides: dict[str, bool] = {}
    for draw in sorted(draws, key=lambda draw: (draw.as_of, draw.customer_id)):
        if draw.salt == campaign.control.salt:
            sides.setdefault(people.get(draw.customer_id, draw.person_key), draw.held_out)
    return sides


def _make_offer(campaign: Campaign, member: Member) -> None:
    """The campaign's offer, unless the customer stays without it."""
    offer = campaign.offer
    if offer is None:
        return
    renews = member.candidate.reason_code == RENEWS_BY_ITSELF and member.candidate.risk_band not in AT_RISK
    withheld = renews and not offer.to_auto_renewing
    member.rules["offer"] = "renews by itself and is not at risk" if withheld else FINE
    member.offer = None if withheld else offer


def _member(company: Company, campaign: Campaign, one: Candidate, person_key: str) -> Member:
    email, phone = match_email(one.email), e164(one.phone, company.default_country)
    return Member(one, person_key, email, phone, _channel(campaign, one, email, phone), dedupe_key(campaign, person_key, one))


def dedupe_key(campaign: Campaign, person_key: str, one: Candidate) -> str:
    """What may be sent once only: this campaign, to this person, at this stage, about this event."""
    return hashlib.sha256(f"{campaign.id}|{person_key}|{one.stage}|{one.event_key}".encode()).hexdigest()[:32]


def _channels(campaign: Campaign) -> list[Channel]:
    return [campaign.channel, *([campaign.fallback_channel] if campaign.fallback_channel else [])]


def _channel(campaign: Campaign, one: Candidate, email: str | None, phone: str | None) -> Channel | None:
    """The first channel that reaches the customer and was not refused: the campaign's, then its fall-back.

    Where consent is asked for, one with consent goes before one without.
    """
    usable: list[Channel] = []
    for channel in _channels(campaign):
        address = email if channel == "email" else phone
        if address and not _refused(one, channel) and not _bad(one, channel):
            usable.append(channel)
    agreed = [channel for channel in usable if _opted(one, channel)] if campaign.consent == "opt_in" else []
    return next(iter(agreed + usable), None)


def _opted(one: Candidate, channel: str) -> bool | None:
    return {"email": one.email_opt_in, "sms": one.sms_opt_in, "call": one.call_opt_in}[channel]


def _bad(one: Candidate, channel: str) -> str | None:
    """The gravest that came back from a channel."""
    return {"email": one.bad_email, "sms": one.bad_sms, "call": one.bad_call}[channel]


def _refused(one: Candidate, channel: str) -> str | None:
    """How the customer refused a channel, if so."""
    if _bad(one, channel) == "unsubscribed":
        return f"unsubscribed from {channel}"
    return f"refused {channel}" if _opted(one, channel) is False else None


def _opt_out(member: Member, past: Past) -> str:
    one = member.candidate
    if one.do_not_contact:
        return "wants no contact"
    refusals = [said for channel in _channels(past.campaign) if (said := _refused(one, channel))]
    return f"{' and '.join(refusals)}, and no other channel" if refusals and member.channel is None else FINE


def _bad_address(member: Member, past: Past) -> str:
    one = member.candidate
    found = [f"{channel} {bad}" for channel in _channels(past.campaign) if (bad := _bad(one, channel)) and not _refused(one, channel)]
    return f"{' and '.join(found)}, and no other channel" if found and member.channel is None else FINE


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


def _frequency_cap(member: Member, past: Past) -> str:
    limits = past.campaign.limits
    since = past.as_of - timedelta(days=limits.days)
    recent = sum(contact.as_of > since for contact in past.by_person.get(member.person_key, []))
    return f"{recent} contacts in {limits.days} days" if recent >= limits.contacts else FINE


def _cool_down(member: Member, past: Past) -> str:
    earlier, held = past.by_person.get(member.person_key, []), past.held_out.get(member.person_key, [])
    names = {
        member.person_key,
        *(contact.person_key for contact in earlier),
        *(draw.person_key for draw in held),
    }  # an account merged since had a key of its own
    if any(dedupe_key(past.campaign, name, member.candidate) in past.done for name in names):
        return "had this one already"
    since = past.as_of - timedelta(days=past.campaign.limits.cool_down_days)
    same = [contact.as_of for contact in earlier if contact.campaign_id == past.campaign.id and contact.as_of > since]
    if same:
        return f"contacted on {max(same)}"
    instead = [draw.as_of for draw in held if draw.as_of > since]
    return f"held out on {max(instead)}" if instead else FINE


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
