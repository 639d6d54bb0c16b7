"""What a campaign would do on a night, looked at before it does: nothing is written."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from mandegar.campaigns import ledger
from mandegar.campaigns.audience.tonight import tonight
from mandegar.campaigns.delivery import settings
from mandegar.campaigns.delivery.compose import messages
from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.campaigns.eligibility.rules import RULES
from mandegar.campaigns.eligibility.said import FINE, LATER, SAID
from mandegar.campaigns.file.load import load, load_all
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.lists.rows import Lists, lists_of
from mandegar.campaigns.run import decided, suppressed_by
from mandegar.campaigns.sending_day import next_sending_day
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake

SHOWN = 20
EXAMPLES = 3


@dataclass(frozen=True)
class Change:
    """What the file of today does otherwise than the one of the last run, on the same night. since: the night of that run."""

    since: date
    file_version: str
    newly_sent: int
    no_longer_sent: int


@dataclass(frozen=True)
class Preview:
    """A campaign's night before it happens. members: as eligibility.decide gives them, those who would be sent to first.

    messages: what the first of them would read.
    """

    campaign: Campaign
    as_of: date
    send_on: date
    members: pa.Table
    lists: Lists
    suppressed: dict[str, int]
    cost: float
    change: Change | None
    messages: list[Outgoing]

    def shown(self) -> list[dict]:
        """The first twenty members, those who would be sent to first."""
        return self.members.slice(0, SHOWN).to_pylist()


def preview(company: Company, home: Home, warehouse: sa.Engine, engine: Engine, campaign_id: str, as_of: date) -> Preview:
    """What a campaign would decide for a night that was run. Errors: BrokenTable when it was not, CampaignError for no such campaign."""
    campaign = load(company, campaign_id)
    shared = tonight(company, Lake(home.lake).of_night(as_of, "customer"), engine, warehouse, as_of)
    ahead = []
    for other in load_all(company):
        if other.id == campaign.id:
            break
        ahead.append(other.id)
    send_on = next_sending_day(company, as_of)
    members, _ = decided(shared, campaign, ahead, ledger.DRY_RUN, send_on)
    change = None
    if (last := ledger.last_file(warehouse, campaign, as_of)) is not None and last.file_version != ledger.file_version(campaign):
        before, _ = decided(shared, last.campaign, ahead, ledger.DRY_RUN, send_on)
        now, then = _sent(members), _sent(before)
        change = Change(last.as_of, last.file_version, len(now - then), len(then - now))
    order = pc.sort_indices(
        members.append_column("place", _place(members)), sort_keys=[("place", "ascending"), ("customer_id", "ascending")]
    )
    sent = members.filter(pc.equal(members["decision"], "send"))
    return Preview(
        campaign,
        as_of,
        send_on,
        members.take(order),
        lists_of(company, campaign, members, as_of, send_on),
        suppressed_by(members),
        ledger.cost_of(campaign, sent),
        change,
        _examples(company, campaign, members.take(order), as_of, send_on),
    )


def _examples(company: Company, campaign: Campaign, members: pa.Table, as_of: date, send_on: date) -> list[Outgoing]:
    """The first few messages, one of each stage before a second one of any."""
    sent = members.filter(pc.equal(members["decision"], "send"))
    turn: dict[str, int] = {}
    places = []
    for place, stage in enumerate(sent["stage"].to_pylist()):
        turn[stage] = turn.get(stage, -1) + 1
        places.append((turn[stage], place))
    chosen = sent.take(pa.array(sorted(place for _, place in sorted(places)[:EXAMPLES]), pa.int64()))
    return list(messages(company, settings.load(company), campaign, chosen, as_of, send_on))


def why(member: dict) -> str:
    """What decided about a member, in a few words: what the rule said that held them back, or that none did."""
    said = {name: member[SAID + name] for name in (*RULES, *LATER)}
    rule = {"eligible": None, "global_holdout": "holdout"}.get(member["deciding_rule"], member["deciding_rule"])
    told = said.get(rule) if rule else None
    offer = said["offer"]
    return told or ("nothing speaks against it" + (f"; no offer: {offer}" if offer not in (None, FINE) else ""))


def _sent(members: pa.Table) -> set[str]:
    return set(members.filter(pc.equal(members["decision"], "send"))["customer_id"].to_pylist())


def _place(members: pa.Table) -> pa.Array:
    """Sent to, held out, suppressed: in this order."""
    order = {decision: place for place, decision in enumerate(ledger.DECISIONS)}
    return pa.array([order[decision] for decision in members["decision"].to_pylist()], pa.int64())
