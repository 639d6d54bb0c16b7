"""The rows of a run's lists, column by column, every cell as text."""

import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar
from zoneinfo import available_timezones

import pyarrow as pa
import pyarrow.compute as pc

from mandegar.campaigns.audience.people import first_and_last
from mandegar.campaigns.file.words import ONCE, Campaign
from mandegar.campaigns.lists.words import COLUMNS, DECIDING_RULE, DECISIONS, reason_text
from mandegar.config.company import Company
from mandegar.time.zones import zone_named

Made = TypeVar("Made")
BIDI_CONTROLS = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
USUAL_HOUR = 10
VERSION_DIGITS = 12
BETWEEN_CELLS = "\x1f"


@dataclass(frozen=True)
class Lists:
    """The three lists of a run: one table of texts for each of DECISIONS, in COLUMNS, ordered by customer; of the suppressed with their
    deciding rule. version: first digits of the hash of what was decided, which every row carries."""

    send: pa.Table
    holdout: pa.Table
    suppressed: pa.Table
    version: str

    def of(self, decision: str) -> pa.Table:
        """One of the lists."""
        return getattr(self, decision)


def lists_of(company: Company, campaign: Campaign, members: pa.Table, as_of: date, send_on: date) -> Lists:
    """The lists of a run. members: as eligibility.decide gives them. send_on: the day on which they are sent."""
    ordered = members.sort_by("customer_id")
    found = {}
    for decision in DECISIONS:
        chosen = ordered.filter(pc.equal(ordered["decision"], decision)).combine_chunks()
        found[decision] = _rows(company, campaign, chosen, as_of, send_on)
    digest = hashlib.sha256(json.dumps(campaign.model_dump(mode="json", by_alias=True), ensure_ascii=False).encode())
    for decision in DECISIONS:
        for name in found[decision].column_names:
            digest.update(f"|{decision} {name}|".encode())
            digest.update(BETWEEN_CELLS.join(found[decision][name].to_pylist()).encode())
    version = digest.hexdigest()[:VERSION_DIGITS]
    place = COLUMNS.index("list_version")
    dated = {
        decision: rows.set_column(place, "list_version", pa.repeat(pa.scalar(version, pa.string()), len(rows)))
        for decision, rows in found.items()
    }
    return Lists(**dated, version=version)


def _rows(company: Company, campaign: Campaign, members: pa.Table, as_of: date, send_on: date) -> pa.Table:
    rows = len(members)
    zones = _zones()

    def each(name: str) -> list:
        return members[name].to_pylist()

    def same(text: str) -> list[str]:
        return [text] * rows

    names = _memo(first_and_last)
    people = [names(name, kind) for name, kind in zip(each("name"), each("kind"), strict=True)]
    locales = [(language or company.locale)[:2] for language in each("language")]
    zone_of = [zone if zone in zones else company.time_zone for zone in each("time_zone")]
    reasons = _memo(lambda code, days, locale: reason_text(code or "", days, locale, campaign.trigger.moment))
    after = _memo(lambda hour: send_after(company, send_on, hour))
    ids = [_plain_id(one) for one in each("customer_id")]
    offers = each("offer_code")
    stages = each("stage")
    made = set(zip(offers, stages, strict=True))
    until = {both: send_on + timedelta(days=offer.days) for both in made if both[0] and (offer := campaign.offer_of(*both))}
    staged = bool(campaign.steps) or list(campaign.trigger.stages) != [ONCE]
    channel = each("channel")
    stands_on = {one: campaign.basis(one) for one in campaign.channels}
    ahead = campaign.trigger.moment == "renewal"
    columns: dict[str, list[str]] = {
        "campaign_id": same(campaign.id),
        "run_date": same(as_of.isoformat()),
        "list_version": same(""),
        "external_id": ids,
        "account_id": ids,
        "email": [one or "" for one in each("email")],
        "phone_e164": [one or "" for one in each("phone")],
        "first_name": [first for first, _ in people],
        "last_name": [last for _, last in people],
        "locale": locales,
        "time_zone": zone_of,
        "channel": [one or "" for one in channel],
        "fallback_channel": ["" if one == campaign.fallback_channel else campaign.fallback_channel or "" for one in channel],
        "send_after_local": [after(hour) for hour in each("preferred_hour")],
        "expires_at": same((send_on + timedelta(days=campaign.expires_after_days)).isoformat()),
        "segment": [one or "" for one in each("segment")],
        "risk_score": ["" if one is None else f"{100 - one:.1f}" for one in each("health_score")],
        "reason_code": stages if staged else [one or "" for one in each("reason_code")],
        "reason_text": [reasons(*found) for found in zip(each("reason_code"), each("days"), locales, strict=True)],
        "offer_code": [one or "" for one in offers],
        "offer_expires_at": [until[both].isoformat() if both in until else "" for both in zip(offers, stages, strict=True)],
        "renewal_date": [one.isoformat() if ahead else "" for one in each("event_on")],
        "amount": ["" if one is None else f"{one:.2f}" for one in each("amount")],
        "currency": [one or "" for one in each("currency")],
        "consent_basis": [stands_on.get(one or campaign.channel, "") for one in channel],
        "consent_at": [
            at.astimezone(zone_named(zone, company.zone)).isoformat() if at else ""
            for at, zone in zip(each("consent_at"), zone_of, strict=True)
        ],
        "is_holdout": ["true" if one == "holdout" else "false" for one in each("decision")],
        "variant": ["control" if one == "holdout" else "a" for one in each("decision")],
        "dedupe_key": each("dedupe_key"),
        "unsubscribe_url": [(company.unsubscribe_url or "").replace("{key}", one[:24]) for one in each("person_key")],
    }
    if rows and members["decision"][0].as_py() == "suppressed":
        columns[DECIDING_RULE] = each("deciding_rule")
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def _memo(of: Callable[..., Made]) -> Callable[..., Made]:
    """A function that answers the same question once."""
    return functools.lru_cache(maxsize=100_000)(of)


@functools.cache
def _zones() -> frozenset[str]:
    """The time zones there are; to look them up reads a folder."""
    return frozenset(available_timezones())


def send_after(company: Company, day: date, preferred_hour: int | None) -> str:
    """The customer's own hour, within the hours in which one may write to people."""
    first, last = -(-company.contacting.start // 60), company.contacting.end // 60
    hour = min(max(USUAL_HOUR if preferred_hour is None else preferred_hour, first), last)
    return f"{day.isoformat()}T{hour:02d}:00"


def _plain_id(text: str) -> str:
    return text.translate(BIDI_CONTROLS)


def tuples(rows: pa.Table) -> Iterator[tuple[str, ...]]:
    """The rows, one after another."""
    for batch in rows.to_batches(max_chunksize=20_000):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
