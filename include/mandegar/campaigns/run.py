"""Running a campaign for a night: consider, decide, record, write the lists."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from mandegar.campaigns import ledger, lists
from mandegar.campaigns.audience import accounts, as_persons, candidates, refusals
from mandegar.campaigns.eligibility import decide
from mandegar.campaigns.people import person_keys
from mandegar.campaigns.spec import Campaign, load, load_all
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


def run_campaign(
    company: Company, home: Home, warehouse: sa.Engine, engine: Engine, campaign_id: str, as_of: date, live: bool = False
) -> CampaignRun:
    """Decides one campaign for a night and writes its lists; a dry run unless `live`.

    Campaigns with a lower priority number contact first: those that have not decided for this night yet do so before, so
    that the outcome does not depend on which one happens to be run first. Run again, it gives the same lists; once a night
    was run live its lists may be in other hands, and every later run of that night leaves them as they are.
    """
    campaign = load(company, campaign_id)
    mode = ledger.LIVE if live else ledger.DRY_RUN
    ahead: list[str] = []
    for other in load_all(company):
        if other.id == campaign.id:
            break
        if not ledger.is_decided(warehouse, other, as_of, mode):
            _run(company, home, warehouse, engine, other, list(ahead), as_of, mode)
        ahead.append(other.id)
    return _run(company, home, warehouse, engine, campaign, ahead, as_of, mode)


def _run(
    company: Company, home: Home, warehouse: sa.Engine, engine: Engine, campaign: Campaign, ahead: list[str], as_of: date, mode: str
) -> CampaignRun:
    folder = home.lists(campaign.id, as_of)
    if ledger.is_decided(warehouse, campaign, as_of, ledger.LIVE) and lists.mode_of(folder) == ledger.LIVE:
        return CampaignRun(campaign, as_of, ledger.LIVE, folder, *ledger.recorded(warehouse, campaign, as_of))
    lake = Lake(home.lake).of_night(as_of, "customer")
    people = person_keys(accounts(company, lake, engine, as_of), company.name, ledger.known_people(warehouse))
    considered = as_persons(candidates(company, campaign, lake, engine, as_of), refusals(lake, engine, as_of), people)
    contacts = ledger.earlier_contacts(warehouse, campaign, ahead, as_of, mode)
    draws = ledger.earlier_draws(warehouse, campaign, as_of, mode)
    members = decide(company, campaign, considered, people, contacts, as_of, draws)
    rows = lists.list_rows(company, campaign, members, as_of)
    ledger.record(warehouse, campaign, members, lists.version_of(campaign, rows), as_of, mode)
    lists.write_lists(folder, campaign, rows, as_of, mode)
    suppressed = Counter(one.deciding_rule for one in members if one.decision == "suppressed")
    return CampaignRun(campaign, as_of, mode, folder, len(rows["send"]), len(rows["holdout"]), dict(suppressed.most_common()))
