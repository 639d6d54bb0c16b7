"""Running campaigns for a night: consider, decide, record, write the lists."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from mandegar.campaigns import ledger
from mandegar.campaigns.audience.candidates import candidates
from mandegar.campaigns.audience.follow_up import with_follow_ups
from mandegar.campaigns.audience.tonight import Tonight, tonight
from mandegar.campaigns.delivery import outbox, settings
from mandegar.campaigns.delivery.compose import messages
from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.campaigns.eligibility.decide import decide
from mandegar.campaigns.eligibility.past import Past
from mandegar.campaigns.file.load import load, load_all
from mandegar.campaigns.file.words import TASK, Campaign
from mandegar.campaigns.journeys import record
from mandegar.campaigns.journeys.tonight import JourneyNight, journey_night, step_candidates
from mandegar.campaigns.lists.files import mode_of, write_lists
from mandegar.campaigns.lists.presets import SMS
from mandegar.campaigns.lists.rows import lists_of
from mandegar.campaigns.offers.made import with_offers
from mandegar.campaigns.results.result import is_harmful
from mandegar.campaigns.retries import schedule
from mandegar.campaigns.sending_day import next_sending_day
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake


@dataclass(frozen=True)
class CampaignRun:
    """What a campaign decided for a night, and where its lists are."""

    campaign: Campaign
    as_of: date
    mode: str
    folder: Path
    send: int
    holdout: int
    suppressed: dict[str, int]


def run_campaigns(
    company: Company,
    home: Home,
    warehouse: sa.Engine,
    engine: Engine,
    campaign_ids: list[str],
    as_of: date,
    live: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> list[CampaignRun]:
    """Decides campaigns for a night and writes their lists; dry runs unless `live`.

    Campaigns with a lower priority number contact first: those that have not decided for this night yet do so before, so
    that the outcome does not depend on which one happens to be run first; before a live run those that are live themselves. Run again, it
    gives the same lists; once a night was run live its lists may be in other hands, and every later run of that night leaves them
    as they are.
    """
    files = {campaign.id: campaign for campaign in load_all(company, resting=True)}
    wanted = {one if one in files else load(company, one).id for one in campaign_ids}
    mode = ledger.LIVE if live else ledger.DRY_RUN
    shared = tonight(company, Lake(home.lake).of_night(as_of, "customer"), engine, warehouse, as_of)
    shared.look()
    ahead = [
        one.id for one in files.values() if live and one.active and not one.dry_run and one.trigger.between_nights
    ]  # by day, before the night
    done = []
    every = [one for one in files.values() if one.active or one.id in wanted]
    last = max((place for place, campaign in enumerate(every) if campaign.id in wanted), default=-1)
    for campaign in every[: last + 1]:
        only_planned = live and campaign.dry_run  # it counts for nobody who is contacted in earnest
        if campaign.id in wanted or not (only_planned or ledger.is_decided(warehouse, campaign, as_of, mode)):
            say(f"campaign {campaign.id}")
            with engine.forgetting():
                outcome = _run(shared, home, campaign, list(ahead), mode)
            done += [outcome] if campaign.id in wanted else []
        ahead += [campaign.id] if campaign.id not in ahead else []
    return done


def _run(shared: Tonight, home: Home, campaign: Campaign, ahead: list[str], mode: str) -> CampaignRun:
    company, as_of, warehouse = shared.company, shared.as_of, shared.warehouse
    folder = home.lists(campaign.id, as_of)
    if ledger.is_decided(warehouse, campaign, as_of, ledger.LIVE) and mode_of(folder) == ledger.LIVE:
        return CampaignRun(campaign, as_of, ledger.LIVE, folder, *ledger.recorded(warehouse, campaign, as_of))
    send_on = next_sending_day(company, as_of)
    members, journey = decided(shared, campaign, ahead, mode, send_on)
    beside = mode == ledger.LIVE and campaign.trigger.between_nights
    if beside:
        members = without_decided(warehouse, campaign, members, as_of)
    lists = lists_of(company, campaign, members, as_of, send_on)
    waiting = messages_of(company, campaign, members, as_of, send_on) if mode == ledger.LIVE else []
    put = lambda connection: outbox.put(connection, waiting, campaign.id, as_of, beside)  # noqa: E731
    ledger.record(warehouse, campaign, members, lists.version, as_of, mode, put, beside)
    if journey:
        decisions = dict(zip(members["customer_id"].to_pylist(), members["decision"].to_pylist(), strict=True))
        record.keep(warehouse, campaign.id, journey.moved(decisions), as_of, mode)
    presets = company.contacting.presets
    texts = _texts(company, campaign, members, as_of) if SMS in presets else None
    retries = {"retries.csv": schedule(shared)} if campaign.trigger.moment == "payment_failure" else {}
    write_lists(folder, campaign, lists, as_of, mode, presets, texts, retries)
    return CampaignRun(campaign, as_of, mode, folder, len(lists.send), len(lists.holdout), suppressed_by(members))


def messages_of(
    company: Company, campaign: Campaign, members: pa.Table, as_of: date, send_on: date, now: datetime | None = None
) -> list[Outgoing]:
    """What a live run sends by the channels that are set up. now: of one between nights, the moment (delivery.compose).

    By other channels it is the lists that leave the house, in somebody's hand. Tasks stand in customer_task in any case.
    """
    file = settings.load(company)
    set_up = [channel for channel in campaign.channels if channel == TASK or file.of(channel) is not None]
    if not set_up:
        return []
    chosen = members.filter(pc.is_in(members["channel"], pa.array(set_up, pa.string())))
    return list(messages(company, file, campaign, chosen, as_of, send_on, now))


def without_decided(warehouse: sa.Engine, campaign: Campaign, members: pa.Table, as_of: date) -> pa.Table:
    """The members that were neither sent to nor held out earlier on that day (campaigns.between)."""
    before = ledger.chosen_on(warehouse, campaign, as_of)
    return members.filter(pc.invert(pc.is_in(members["customer_id"], pa.array(sorted(before), pa.string()))))


def _texts(company: Company, campaign: Campaign, members: pa.Table, as_of: date) -> dict[str, str]:
    """What is said by SMS, by dedupe_key."""
    by_sms = members.filter(pc.equal(members["channel"], SMS))
    said = messages(company, settings.load(company), campaign, by_sms, as_of, next_sending_day(company, as_of))
    return {message.dedupe_key: message.text for message in said}


def decided(shared: Tonight, campaign: Campaign, ahead: list[str], mode: str, send_on: date) -> tuple[pa.Table, JourneyNight | None]:
    """What a campaign decides for a night, ordered by customer_id (eligibility.decide), and its journey's night if it is one.

    ahead: the campaigns that have decided for this night before. send_on: the day on which it is sent. Nothing is written.
    """
    company, as_of, engine = shared.company, shared.as_of, shared.engine
    journey = journey_night(shared, campaign, mode) if campaign.steps else None
    considered = with_follow_ups(shared, campaign, step_candidates(shared, journey) if journey else candidates(shared, campaign), mode)
    if (journey is None and not campaign.runs_on(as_of)) or is_harmful(shared.warehouse, campaign, as_of):
        considered = considered.limit(0)
    contacts = ledger.earlier_contacts(shared.warehouse, company, campaign, ahead, as_of, mode)
    drawn = ledger.earlier_draws(shared.warehouse, campaign, as_of, mode)
    past = Past(engine.table(contacts), engine.table(drawn))
    members = decide(company, campaign, considered, shared.persons, past, as_of, send_on, engine)
    return with_offers(shared, campaign, engine.arrow(members.order_by("customer_id")), mode), journey


def suppressed_by(members: pa.Table) -> dict[str, int]:
    """How many each rule suppressed, the most frequent first."""
    suppressed = members.filter(pc.equal(members["decision"], "suppressed"))
    return dict(Counter(suppressed["deciding_rule"].to_pylist()).most_common())
