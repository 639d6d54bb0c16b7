"""A look between two nights: campaigns that do not wait decide on what has happened since, and what they decided stays decided."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa

from mandegar.campaigns import approval, ledger
from mandegar.campaigns.between.fresh import changed, fresh_rows
from mandegar.campaigns.between.moment import Moment
from mandegar.campaigns.delivery import outbox
from mandegar.campaigns.file.load import load_all
from mandegar.campaigns.file.words import BETWEEN_NIGHTS, Campaign
from mandegar.campaigns.lists.rows import lists_of
from mandegar.campaigns.run import decided, messages_of, without_decided
from mandegar.campaigns.sending_day import is_closed, next_sending_day
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.storage.lake import Lake


def that_do_not_wait(company: Company) -> list[Campaign]:
    """The live campaigns that are asked between nights too, in the order in which they contact."""
    return [campaign for campaign in load_all(company) if not campaign.dry_run and campaign.trigger.between_nights]


def look(
    company: Company,
    lake: Lake,
    warehouse: sa.Engine,
    engine: Engine,
    last: date,
    now: datetime,
    scratch: Path,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Lets the campaigns that do not wait decide on what was said since the last night, and lets go what nobody has to be asked about.

    Gives by campaign how many more are sent to; nothing where nothing was said. What was decided earlier on this day stays. Up to
    `approval.above` contacts a day go at once; what goes beyond waits for the question of the night.
    """
    campaigns = that_do_not_wait(company)
    today = now.astimezone(company.zone).date()
    if not campaigns or today <= last:
        return {}
    shared = Moment(company, lake, engine, warehouse, today, last, now)
    wanted = sorted({name for campaign in campaigns for name in BETWEEN_NIGHTS[campaign.trigger.moment] if company.has(name)})
    shared.fresh = {name: fresh_rows(company, lake, shared.night, engine, ENTITIES[name], today, scratch, say) for name in wanted}
    found: dict[str, int] = {}
    for campaign in campaigns:
        if changed(shared.fresh[name] for name in BETWEEN_NIGHTS[campaign.trigger.moment] if name in shared.fresh):
            found[campaign.id] = _decide(shared, campaign, [one.id for one in campaigns])
    return found


def _decide(shared: Moment, campaign: Campaign, ahead: list[str]) -> int:
    company, today, warehouse = shared.company, shared.as_of, shared.warehouse
    send_on = next_sending_day(company, today) if is_closed(company, today) else today
    with shared.engine.forgetting():
        members, _ = decided(shared, campaign, ahead, ledger.LIVE, send_on)
    members = without_decided(warehouse, campaign, members, today)
    version = lists_of(company, campaign, members, today, send_on).version
    waiting = messages_of(company, campaign, members, today, send_on, shared.now)
    put = lambda connection: outbox.put(connection, waiting, campaign.id, today, beside=True)  # noqa: E731
    sent = ledger.record(warehouse, campaign, members, version, today, ledger.LIVE, put, beside=True)
    if sent:
        approval.let_go_unasked(warehouse, campaign, today)
    return sent
