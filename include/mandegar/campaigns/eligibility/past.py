"""What is known of earlier contacts when a night decides, beside each candidate."""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.file.words import CHANNELS, TASK, Campaign
from mandegar.compute.engine import Engine
from mandegar.config.company import Company

KEY_DIGITS = 32


@dataclass(frozen=True)
class Past:
    """Earlier contacts and draws, by the keys that they were recorded with.

    contacts: rows of customer_id, person_key, campaign_id, channel and as_of, made or planned, of every campaign, as far back as any limit
    looks. drawn: of this campaign, all there ever were: customer_id, person_key, dedupe_key, as_of, held_out and salt.
    """

    contacts: ir.Table
    drawn: ir.Table


def dedupe_key(campaign: Campaign, person_key: ir.StringValue, rows: ir.Table, engine: Engine) -> ir.StringValue:
    """What may be sent once only: this campaign, to this person, at this stage, about this event."""
    return _keyed(campaign, person_key, rows.stage + "|" + rows.event_key, engine)


def known_keys(campaign: Campaign, person_key: ir.StringValue, rows: ir.Table, engine: Engine) -> tuple[ir.StringValue, ...]:
    """The keys under which that can have been sent: for some days in 2026 the event's day was written with its midnight."""
    about = rows.stage + "|" + rows.event_key
    return tuple(_keyed(campaign, person_key, about + spelt, engine) for spelt in ("", " 00:00:00"))


def _keyed(campaign: Campaign, person_key: ir.StringValue, about: ir.StringValue, engine: Engine) -> ir.StringValue:
    return engine.sha256(f"{campaign.id}|" + person_key + "|" + about).substr(0, KEY_DIGITS)


def beside(rows: ir.Table, past: Past, persons: ir.Table, company: Company, campaign: Campaign, as_of: date, engine: Engine) -> ir.Table:
    """Candidates with what they had before.

    Grain: that of rows. Columns added: dedupe_key; recent, contacts in the campaign's days over all campaigns; recent_<channel>;
    capped_<channel>, in the days of the company's own cap; last_contact, by this campaign; last_held, when held out of it;
    had: this very thing was sent, or held out, under any key the person ever had.
    """
    contacts = _by_person(past.contacts, persons)
    drawn = engine.keep(_by_person(past.drawn, persons))
    within = (contacts.as_of > ibis.literal(as_of - timedelta(days=campaign.limits.days))) & (contacts.channel != TASK)
    caps: dict[str, int] = {channel: cap.days for channel, cap in company.contacting.channels.items()}
    counted = contacts.group_by("person").agg(
        recent=within.sum(),
        last_contact=contacts.as_of.max(where=contacts.campaign_id == campaign.id),
        **{f"recent_{channel}": (within & (contacts.channel == channel)).sum() for channel in CHANNELS},
        **{
            f"capped_{channel}": (
                (contacts.as_of > ibis.literal(as_of - timedelta(days=caps.get(channel, 0)))) & (contacts.channel == channel)
            ).sum()
            for channel in CHANNELS
        },
    )
    held = drawn.filter(drawn.held_out)
    sat_out = held.group_by("person").agg(last_held=held.as_of.max())
    keyed = rows.mutate(dedupe_key=dedupe_key(campaign, rows.person_key, rows, engine))
    had = _had(keyed, drawn, campaign, engine)
    wide = keyed
    for part in (counted, sat_out, had):
        joined = wide.join(part, wide.person_key == part.person if "person" in part.columns else "customer_id", how="left")
        wide = joined.select(*wide.columns, *(name for name in part.columns if name not in ("person", "customer_id")))
    counts = [name for name in counted.columns if name.startswith(("recent", "capped"))]
    filled = {name: wide[name].fill_null(0).cast("int64") for name in counts}
    return wide.mutate(**filled, had=wide.had.fill_null(False))


def sides(drawn: ir.Table, persons: ir.Table, salt: str) -> ir.Table:
    """On which side of the control group each person stands who was drawn before, by the first draw with the campaign's salt.

    Grain: one row per person. Column: side (held out or not).
    """
    same = _by_person(drawn, persons).filter(lambda t: t.salt == salt)
    first = ibis.row_number().over(group_by=same.person, order_by=[same.as_of.asc(), same.customer_id.asc(), same.held_out.desc()])
    return same.mutate(place=first).filter(lambda t: t.place == 0).select("person", side="held_out")


def _by_person(rows: ir.Table, persons: ir.Table) -> ir.Table:
    """Rows with the person behind the account today; of an account that is gone, the one recorded."""
    today = persons.select("customer_id", today="person_key")
    joined = rows.join(today, "customer_id", how="left")
    return joined.select(*rows.columns, person=joined.today.coalesce(joined.person_key))


def _had(rows: ir.Table, drawn: ir.Table, campaign: Campaign, engine: Engine) -> ir.Table:
    """Who had this very thing: an account merged since had a key of its own, so that every key of the person is tried.

    Grain: one row per customer_id who had. Column: had.
    """
    names = ibis.union(rows.select(person="person_key", known_as="person_key"), drawn.select("person", known_as="person_key")).distinct()
    about = rows.select("customer_id", "person_key", "stage", "event_key")
    tried = about.join(names, about.person_key == names.person).select(*about.columns, "known_as")
    keys = ibis.union(*(tried.select("customer_id", tried_key=key) for key in known_keys(campaign, tried.known_as, tried, engine)))
    done = drawn.select("dedupe_key").distinct()
    found = keys.semi_join(done, keys.tried_key == done.dedupe_key)
    return found.select("customer_id", had=ibis.literal(True)).distinct()
