"""What is asked again at the moment of sending: has the person refused since, has it been paid since, is it night where they are?"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from mandegar.campaigns import goals
from mandegar.campaigns.audience.tonight import Tonight, tonight
from mandegar.campaigns.between.fresh import fresh_rows
from mandegar.campaigns.between.moment import Moment
from mandegar.campaigns.delivery.outbox import QUEUED, Outgoing
from mandegar.campaigns.file.load import load_all
from mandegar.campaigns.file.words import CHANNELS
from mandegar.campaigns.sending_day import next_open
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake
from mandegar.time.zones import zone_named
from mandegar.warehouse.tables import campaign_member, channel_refusal, outbox

TOLD_BY = {"pays": "payment", "buys": "invoice", "answers": "survey"}  # goals that sources are asked of at the moment of sending


class About(Protocol):
    """Whom a message, or a place on a list, is for."""

    @property
    def campaign_id(self) -> str: ...

    @property
    def customer_id(self) -> str: ...

    @property
    def person_key(self) -> str: ...

    @property
    def channel(self) -> str: ...


@dataclass(frozen=True)
class Still:
    """What is known at the moment of sending.

    done: campaign and customer, where the goal was reached; people: of each customer, what the latest night knows of their wishes, and
    their time zone.
    """

    company: Company
    warehouse: sa.Engine
    active: frozenset[str]
    done: frozenset[tuple[str, str]] = frozenset()
    people: dict[str, dict] = field(default_factory=dict)

    def why_not(self, message: About) -> str | None:
        """Why a message must not be sent any more, or somebody not be put on a list; None where nothing has changed."""
        if message.campaign_id not in self.active:
            return "the campaign is not active any more"
        if (message.campaign_id, message.customer_id) in self.done:
            return "its goal is reached"
        if message.channel not in CHANNELS:
            return None
        now = self.people.get(message.customer_id, {})
        if now.get("do_not_contact"):
            return "wants no contact"
        if now.get(f"{message.channel}_opt_in") is False:
            return f"refused {message.channel}"
        return _refused_here(self.warehouse, message)

    def opens(self, message: Outgoing, at: datetime) -> datetime:
        """From when on it may be sent, at the earliest now: not at night where the customer is, nor on a day off. Tasks at any time."""
        if message.channel not in CHANNELS:
            return at
        return next_open(self.company, zone_named(self.people.get(message.customer_id, {}).get("time_zone"), self.company.zone), at)


def still(
    company: Company,
    home: Home,
    warehouse: sa.Engine,
    engine: Engine,
    now: datetime,
    say: Callable[[str], None] = lambda _: None,
    runs: Iterable[tuple[str, date]] = (),
) -> Still:
    """What is asked again before anything is sent. runs: campaigns and nights whose send lists are handed over too.

    By the latest night there is: the person wants no contact, or refused the channel. By the sources at this moment: has it been paid,
    bought, or answered, where that is the campaign's goal (other goals by the latest night). By the warehouse at this moment: what they
    refused by a link or a gateway. A campaign that no longer is there, or rests, sends nothing.
    """
    files = {campaign.id: campaign for campaign in load_all(company)}
    waiting = _waiting(warehouse, now, runs)
    lake = Lake(home.lake)
    nights = lake.windows("marts", "customer_risk") if lake.exists("marts", "customer_risk") else []
    if not waiting or not nights:
        return Still(company, warehouse, frozenset(files))
    lake = lake.of_night(nights[-1], "customer")
    latest = tonight(company, lake, engine, warehouse, nights[-1])
    goal_of = {campaign_id: files[campaign_id].goal for campaign_id in waiting if campaign_id in files}
    moment = _moment(latest, {goal.is_ for goal in goal_of.values() if goal.rule is None}, now, home.scratch, say)
    done: set[tuple[str, str]] = set()
    for campaign_id, goal in goal_of.items():
        done |= {(campaign_id, one) for one in goals.reached(moment, goal, waiting[campaign_id])}
    ids = sorted({one for customers in waiting.values() for one in customers})
    described = latest.described
    opted = [f"{channel}_opt_in" for channel in CHANNELS]
    rows = described.select("customer_id", "do_not_contact", "time_zone", *opted).filter(described.customer_id.isin(ids))
    people = {row["customer_id"]: row for row in engine.arrow(rows).to_pylist()}
    return Still(company, warehouse, frozenset(files), frozenset(done), people)


def _moment(latest: Tonight, wanted: set[str], now: datetime, scratch: Path, say: Callable[[str], None]) -> Tonight:
    """The latest night, gone on to this moment by what the sources have said since of the goals that messages wait for."""
    company, today = latest.company, now.astimezone(latest.company.zone).date()
    entities = {TOLD_BY[goal] for goal in wanted if goal in TOLD_BY and company.has(TOLD_BY[goal])}
    if not entities or today <= latest.as_of:
        return latest
    found = Moment(company, latest.lake, latest.engine, latest.warehouse, today, latest.as_of, now)
    for name in sorted(entities):
        found.fresh[name] = fresh_rows(company, latest.lake, found.night, latest.engine, ENTITIES[name], today, scratch, say)
    return found


def _refused_here(warehouse: sa.Engine, message: About) -> str | None:
    row = channel_refusal.c
    query = sa.select(row.kind).where((row.person_key == message.person_key) & row.channel.in_((message.channel, "all")))
    with warehouse.begin() as connection:
        kind = connection.execute(query).scalar()
    return f"{kind} on {message.channel}" if kind else None


def _waiting(warehouse: sa.Engine, now: datetime, runs: Iterable[tuple[str, date]]) -> dict[str, dict[str, date]]:
    """Whose message of each campaign is due, or who is on a list that is handed over, with the night it was decided for."""
    row, member = outbox.c, campaign_member.c
    due = (row.state == QUEUED) & (row.not_before <= now.astimezone(UTC).replace(tzinfo=None))
    found: dict[str, dict[str, date]] = {}
    with warehouse.begin() as connection:
        for campaign, customer, as_of in connection.execute(sa.select(row.campaign_id, row.customer_id, row.as_of).where(due)):
            found.setdefault(campaign, {})[customer] = as_of
        for campaign, as_of in runs:
            on_list = (member.campaign_id == campaign) & (member.as_of == as_of) & (member.decision == "send")
            for customer in connection.execute(sa.select(member.customer_id).where(on_list)).scalars():
                found.setdefault(campaign, {})[customer] = as_of
    return found
