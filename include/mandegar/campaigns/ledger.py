"""The campaigns' ledger in the warehouse: what was decided, and whom each person was contacted by."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from mandegar.campaigns.eligibility.rules import RULES
from mandegar.campaigns.eligibility.said import FINE, LATER, SAID
from mandegar.campaigns.file.words import Campaign
from mandegar.config.company import Company
from mandegar.warehouse.connect import writing
from mandegar.warehouse.load import load
from mandegar.warehouse.tables import (
    campaign_member,
    campaign_run,
    campaign_version,
    channel_refusal,
    contact_event,
    delivery_event,
    outbox,
    person_account,
)

DRY_RUN, LIVE = "dry_run", "live"
DECISIONS = ("send", "holdout", "suppressed")
VERSION_DIGITS = 12
CONTACTS = pa.schema([*((name, pa.string()) for name in ("customer_id", "person_key", "campaign_id", "channel")), ("as_of", pa.date32())])
DRAWN = pa.schema(
    [
        *((name, pa.string()) for name in ("customer_id", "person_key", "dedupe_key")),
        ("as_of", pa.date32()),
        ("held_out", pa.bool_()),
        ("salt", pa.string()),
    ]
)
REFUSED = pa.schema([(name, pa.string()) for name in ("person_key", "channel", "kind")])
GROUP_DREW = ("holdout",)  # the rule of whom the campaign's own control group holds out


def file_version(campaign: Campaign) -> str:
    """First digits of the hash of a campaign's settings."""
    return hashlib.sha256(_settings(campaign).encode()).hexdigest()[:VERSION_DIGITS]


def earlier_contacts(engine: sa.Engine, company: Company, campaign: Campaign, ahead: Sequence[str], as_of: date, mode: str) -> pa.Table:
    """The contacts a decision has to respect, as far back as its limits look: of earlier nights, and of this night by campaigns that
    go first. Grain and columns as eligibility.past.Past.contacts says."""
    event = contact_event.c
    caps = [cap.days for cap in company.contacting.channels.values()]
    furthest = as_of - timedelta(days=max(campaign.limits.days, campaign.limits.cool_down_days, *caps, 1))
    first = (event.as_of == as_of) & event.campaign_id.in_(list(ahead)) & _counts(event.mode, mode)
    seen = _seen(event.as_of, event.mode, as_of, mode)
    columns = (event.customer_id, event.person_key, event.campaign_id, event.channel, event.as_of, event.dedupe_key)
    query = sa.select(*columns).where((event.as_of > furthest) & (seen | first)).distinct()
    return _table(engine, query, CONTACTS)


def earlier_draws(engine: sa.Engine, campaign: Campaign, as_of: date, mode: str) -> pa.Table:
    """Whom a campaign sent to and whom it held out on other nights, with the salt of the draw; grain and columns as
    eligibility.past.Past.drawn says."""
    run, member, event = campaign_run.c, campaign_member.c, contact_event.c
    same_run = (run.campaign_id == member.campaign_id) & (run.as_of == member.as_of)
    kept_out = member.deciding_rule.in_(GROUP_DREW)
    drew = (
        sa.select(member.customer_id, member.person_key, member.dedupe_key, member.as_of, kept_out, run.control_salt)
        .join_from(campaign_member, campaign_run, same_run)
        .where((member.campaign_id == campaign.id) & ((member.decision == "send") | kept_out))
        .where(_seen(member.as_of, run.mode, as_of, mode))
    )
    sent = sa.select(event.customer_id, event.person_key, event.dedupe_key, event.as_of, sa.false(), sa.null()).where(
        (event.campaign_id == campaign.id) & _seen(event.as_of, event.mode, as_of, mode)
    )
    return pa.concat_tables([_table(engine, drew, DRAWN), _table(engine, sent, DRAWN)])


def contacts_by(engine: sa.Engine, campaign: Campaign, channel: str, last: date, mode: str) -> pa.Table:
    """A campaign's contacts by a channel until a night: customer_id, person_key, dedupe_key, as_of."""
    event = contact_event.c
    mine = (event.campaign_id == campaign.id) & (event.channel == channel) & (event.as_of <= last) & _counts(event.mode, mode)
    columns = (event.customer_id, event.person_key, event.dedupe_key, event.as_of)
    schema = pa.schema([*DRAWN][:4])
    return _table(engine, sa.select(*columns).where(mine).distinct().order_by(*columns), schema)


def answered_here(engine: sa.Engine, campaign: Campaign) -> set[str]:
    """What was sent by a campaign (dedupe_key) and opened, clicked or replied to, as the channels told."""
    row, event = outbox.c, delivery_event.c
    query = sa.select(row.dedupe_key).join_from(outbox, delivery_event, row.message_id == event.message_id)
    query = query.where((row.campaign_id == campaign.id) & event.kind.in_(("opened", "clicked", "replied"))).distinct()
    with engine.begin() as connection:
        return set(connection.execute(query).scalars())


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
    known = person_account.c
    query = sa.select(known.customer_id, known.person_key).order_by(known.first_as_of, known.customer_id)
    with engine.begin() as connection:
        return {row.customer_id: row.person_key for row in connection.execute(query)}


def refusals_here(engine: sa.Engine, as_of: date) -> pa.Table:
    """The refusals that reached this house itself until a night: one row per person_key, channel (or all) and kind."""
    row = channel_refusal.c
    closed = datetime.combine(as_of + timedelta(days=2), time())  # UTC; a little more is on the safe side
    query = sa.select(row.person_key, row.channel, row.kind).where(row.occurred_at < closed)
    return _table(engine, query.order_by(row.person_key, row.channel, row.kind), REFUSED)


def is_decided(engine: sa.Engine, campaign: Campaign, as_of: date, mode: str) -> bool:
    """Whether a campaign has decided for a night in that mode."""
    run = campaign_run.c
    with engine.begin() as connection:
        query = sa.select(run.mode).where((run.campaign_id == campaign.id) & (run.as_of == as_of))
        return connection.execute(query).scalar() == mode


def chosen_on(engine: sa.Engine, campaign: Campaign, as_of: date) -> set[str]:
    """Whom a live run of a day has sent to or held out (customer_id)."""
    run, member = campaign_run.c, campaign_member.c
    same_run = (run.campaign_id == member.campaign_id) & (run.as_of == member.as_of)
    query = sa.select(member.customer_id).join_from(campaign_member, campaign_run, same_run)
    query = query.where((member.campaign_id == campaign.id) & (member.as_of == as_of) & (run.mode == LIVE))
    with engine.begin() as connection:
        return set(connection.execute(query.where(member.decision != "suppressed")).scalars())


def ran_live(engine: sa.Engine, as_of: date) -> set[str]:
    """The campaigns that ran live on a night or before."""
    run = campaign_run.c
    with engine.begin() as connection:
        return set(connection.execute(sa.select(run.campaign_id).where((run.mode == LIVE) & (run.as_of <= as_of)).distinct()).scalars())


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


@dataclass(frozen=True)
class LastFile:
    """The campaign file that the last run before or on a night was decided by."""

    campaign: Campaign
    file_version: str
    as_of: date


def last_file(engine: sa.Engine, campaign: Campaign, as_of: date) -> LastFile | None:
    """The file of a campaign's last run; None if there was none, or none that is known."""
    run, known = campaign_run.c, campaign_version.c
    same = (run.campaign_id == known.campaign_id) & (run.file_version == known.file_version)
    query = sa.select(known.settings, run.file_version, run.as_of).join_from(campaign_run, campaign_version, same)
    query = query.where((run.campaign_id == campaign.id) & (run.as_of <= as_of)).order_by(run.as_of.desc()).limit(1)
    with engine.begin() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else LastFile(Campaign.model_validate(json.loads(row[0])), row[1], row[2])


def record(
    engine: sa.Engine,
    campaign: Campaign,
    members: pa.Table,
    list_version: str,
    as_of: date,
    mode: str,
    also: Callable[[sa.Connection], None] = lambda _: None,
    beside: bool = False,
) -> int:
    """Writes a run, its members and its contacts in one transaction, in place of an earlier run for the same night; gives the contacts.

    members: as eligibility.decide.decide gives them. also: what else belongs into the same transaction. beside: whom a live run of that day
    sent to or held out stays so, and none of them is among the members (campaigns.between).
    """
    sent = members.filter(pc.equal(members["decision"], "send"))
    counts = {decision: pc.sum(pc.equal(members["decision"], decision)).as_py() or 0 for decision in DECISIONS}
    version = file_version(campaign)
    run: dict[str, Any] = {"campaign_id": campaign.id, "as_of": as_of, "mode": mode, "list_version": list_version, **counts}
    run["considered"] = len(members)
    run |= {"control_salt": campaign.control.salt, "file_version": version, "cost": cost_of(campaign, sent)}
    old_run, old_member = (table.c.campaign_id == campaign.id for table in (campaign_run, campaign_member))
    old_run, old_member = old_run & (campaign_run.c.as_of == as_of), old_member & (campaign_member.c.as_of == as_of)
    log = _log(members).append_column("campaign_id", _same(campaign.id, len(members)))
    contacts = sent.select(["dedupe_key", "customer_id", "person_key", "channel"])
    for name, told in (("mode", mode), ("campaign_id", campaign.id), ("kind", "listed")):
        contacts = contacts.append_column(name, _same(told, len(sent)))
    event = contact_event.c
    same = (event.campaign_id == campaign.id) & (event.as_of == as_of) & (event.mode == mode)
    with writing(engine).begin() as connection:
        before = connection.execute(sa.select(campaign_run).where(old_run)).one_or_none() if beside else None
        if before is not None and before.mode == LIVE:
            old_member &= campaign_member.c.decision == "suppressed"
            for name in ("send", "holdout"):
                run[name] += getattr(before, name)
            run["considered"] += before.send + before.holdout
            run["cost"] = round(run["cost"] + (before.cost or 0.0), 4)
        else:
            connection.execute(contact_event.delete().where(same))
        connection.execute(campaign_run.delete().where(old_run))
        connection.execute(campaign_member.delete().where(old_member))
        connection.execute(campaign_run.insert().values(run))
        load(connection, campaign_member, log.to_batches(), as_of)
        load(connection, contact_event, contacts.to_batches(), as_of)
        _keep_version(connection, campaign, version, as_of)
        _keep_people(connection, members, as_of)
        also(connection)
    return len(sent)


def cost_of(campaign: Campaign, sent: pa.Table) -> float:
    """What contacts cost, by the campaign file."""
    by_channel = {row["values"]: row["counts"] for row in pc.value_counts(sent["channel"].combine_chunks()).to_pylist()}
    return round(sum(campaign.cost.get(channel, 0.0) * count for channel, count in by_channel.items()), 4)


def _keep_version(connection: sa.Connection, campaign: Campaign, version: str, as_of: date) -> None:
    known = campaign_version.c
    same = (known.campaign_id == campaign.id) & (known.file_version == version)
    if connection.execute(sa.select(known.first_as_of).where(same)).scalar() is None:
        row = {"campaign_id": campaign.id, "file_version": version, "settings": _settings(campaign), "first_as_of": as_of}
        connection.execute(campaign_version.insert().values(row))


def _keep_people(connection: sa.Connection, members: pa.Table, as_of: date) -> None:
    """Notes the person behind accounts that no campaign considered before."""
    known = set(connection.execute(sa.select(person_account.c.customer_id)).scalars())
    ids = members["customer_id"].to_pylist()
    new = members.select(["customer_id", "person_key"]).filter(pa.array([one not in known for one in ids], pa.bool_()))
    dated = new.append_column("first_as_of", pa.repeat(pa.scalar(as_of, pa.date32()), len(new)))
    load(connection, person_account, dated.to_batches(), as_of)


def _log(members: pa.Table) -> pa.Table:
    """The decision log's columns; rules: what each said, a JSON object in the order in which they are asked."""
    parts: list[pa.ChunkedArray] = []
    for name in (*RULES, *LATER):
        said = members[SAID + name]
        if name in RULES:
            said = pc.fill_null(said, FINE)
        escaped = pc.replace_substring(pc.replace_substring(said, "\\", "\\\\"), '"', '\\"')
        parts.append(pc.binary_join_element_wise(f'"{name}": "', escaped, '"', ""))
    joined = pc.binary_join_element_wise(*parts, ", ", null_handling="skip") if len(members) else pa.array([], pa.string())
    rules = pc.binary_join_element_wise("{", joined, "}", "")
    kept = ("customer_id", "person_key", "decision", "deciding_rule", "stage", "dedupe_key", "channel", "offer_code", "risk_band", "value")
    return members.select(kept).append_column("rules", rules)


def _settings(campaign: Campaign) -> str:
    return json.dumps(campaign.model_dump(mode="json", by_alias=True, exclude_none=True), ensure_ascii=False, sort_keys=True)


def _same(text: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def _table(engine: sa.Engine, query: sa.Select, schema: pa.Schema) -> pa.Table:
    """The rows of a query, in the columns of a schema; further columns are left away."""
    with engine.begin() as connection:
        rows: Iterable[tuple] = [tuple(row) for row in connection.execute(query)]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.Table.from_arrays([pa.array(columns[place], field.type) for place, field in enumerate(schema)], schema=schema)
