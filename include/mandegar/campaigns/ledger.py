"""The campaigns' ledger in the warehouse: what was decided, and whom each person was contacted by."""

import json
from datetime import date

import sqlalchemy as sa

from mandegar.campaigns.eligibility import Contact, Draw, Member
from mandegar.campaigns.spec import Campaign
from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import campaign_member, campaign_run, contact_event

DRY_RUN, LIVE = "dry_run", "live"


def earlier_contacts(engine: sa.Engine, campaign: Campaign, ahead: list[str], as_of: date, mode: str) -> list[Contact]:
    """The contacts a decision has to respect: of earlier nights, and of this night by campaigns that go first."""
    event = contact_event.c
    first = (event.as_of == as_of) & event.campaign_id.in_(ahead)
    query = sa.select(event.person_key, event.campaign_id, event.dedupe_key, event.as_of, event.customer_id)
    with engine.begin() as connection:
        rows = connection.execute(query.where(_seen(event.as_of, event.mode, as_of, mode) | (first & _counts(event.mode, mode))).distinct())
        return [Contact(*row) for row in rows]


def earlier_draws(engine: sa.Engine, campaign: Campaign, as_of: date, mode: str) -> list[Draw]:
    """Whom a campaign sent to and whom it held out on other nights, with the salt of the draw."""
    run, member = campaign_run.c, campaign_member.c
    same_run = (run.campaign_id == member.campaign_id) & (run.as_of == member.as_of)
    query = (
        sa.select(member.person_key, member.customer_id, member.dedupe_key, member.as_of, member.decision == "holdout", run.control_salt)
        .join_from(campaign_member, campaign_run, same_run)
        .where((member.campaign_id == campaign.id) & member.decision.in_(("send", "holdout")))
        .where(_seen(member.as_of, run.mode, as_of, mode))
    )
    with engine.begin() as connection:
        return [Draw(key, who, what, day, bool(held), salt) for key, who, what, day, held, salt in connection.execute(query)]


def _seen(night: sa.ColumnElement, of_mode: sa.ColumnElement, as_of: date, mode: str) -> sa.ColumnElement[bool]:
    """Which other nights a run looks at.

    A dry run looks at what earlier nights planned too, so that it shows what a live run would do. A live run looks at live ones
    only, but at later nights as well: a day backfilled must not reach anyone a second time.
    """
    return (night != as_of if mode == LIVE else night < as_of) & _counts(of_mode, mode)


def _counts(of_mode: sa.ColumnElement, mode: str) -> sa.ColumnElement[bool]:
    return of_mode == LIVE if mode == LIVE else sa.true()


def known_people(engine: sa.Engine) -> dict[str, str]:
    """The person_key that each customer was first recorded with, the oldest first."""
    member = campaign_member.c
    first = sa.func.min(member.as_of)
    query = sa.select(member.customer_id, member.person_key).group_by(member.customer_id, member.person_key)
    known: dict[str, str] = {}
    with engine.begin() as connection:
        for customer_id, person_key in connection.execute(query.order_by(first, member.customer_id, member.person_key)):
            known.setdefault(customer_id, person_key)
    return known


def is_decided(engine: sa.Engine, campaign: Campaign, as_of: date, mode: str) -> bool:
    """Whether a campaign has decided for a night in that mode."""
    run = campaign_run.c
    with engine.begin() as connection:
        query = sa.select(run.mode).where((run.campaign_id == campaign.id) & (run.as_of == as_of))
        return connection.execute(query).scalar() == mode


def recorded(engine: sa.Engine, campaign: Campaign, as_of: date) -> tuple[int, int, dict[str, int]]:
    """What a run decided: how many to send, held out, and suppressed by each rule, the most frequent first."""
    member = campaign_member.c
    of_run = (member.campaign_id == campaign.id) & (member.as_of == as_of)
    counted = sa.func.count()
    query = sa.select(member.decision, member.deciding_rule, counted).where(of_run).group_by(member.decision, member.deciding_rule)
    with engine.begin() as connection:
        rows = connection.execute(query.order_by(counted.desc(), member.deciding_rule)).all()
    send, holdout = (sum(count for decision, _, count in rows if decision == wanted) for wanted in ("send", "holdout"))
    return send, holdout, {rule: count for decision, rule, count in rows if decision == "suppressed"}


def record(engine: sa.Engine, campaign: Campaign, members: list[Member], version: str, as_of: date, mode: str) -> None:
    """Writes a run, its members and its contacts in one transaction, in place of an earlier run for the same night."""
    counts = {decision: sum(one.decision == decision for one in members) for decision in ("send", "holdout", "suppressed")}
    run = {"campaign_id": campaign.id, "as_of": as_of, "mode": mode, "list_version": version, "considered": len(members), **counts}
    run["control_salt"] = campaign.control.salt
    with writing(engine).begin() as connection:
        for table in (campaign_run, campaign_member):
            connection.execute(table.delete().where((table.c.campaign_id == campaign.id) & (table.c.as_of == as_of)))
        event = contact_event.c
        same = (event.campaign_id == campaign.id) & (event.as_of == as_of) & (event.mode == mode)
        connection.execute(contact_event.delete().where(same))
        connection.execute(campaign_run.insert().values(run))
        if members:
            connection.execute(campaign_member.insert(), [_member(campaign, one, as_of) for one in members])
        if sent := [_contact(campaign, one, as_of, mode) for one in members if one.decision == "send"]:
            connection.execute(contact_event.insert(), sent)


def _member(campaign: Campaign, one: Member, as_of: date) -> dict:
    return {
        "campaign_id": campaign.id,
        "as_of": as_of,
        "customer_id": one.candidate.customer_id,
        "person_key": one.person_key,
        "decision": one.decision,
        "deciding_rule": one.deciding_rule,
        "rules": json.dumps(one.rules, ensure_ascii=False),
        "stage": one.candidate.stage,
        "dedupe_key": one.dedupe_key,
    }


def _contact(campaign: Campaign, one: Member, as_of: date, mode: str) -> dict:
    return {
        "dedupe_key": one.dedupe_key,
        "mode": mode,
        "campaign_id": campaign.id,
        "as_of": as_of,
        "customer_id": one.candidate.customer_id,
        "person_key": one.person_key,
        "channel": one.channel,
        "kind": "listed",
    }
