"""What is asked again at the moment of sending: has the person refused since, has it been paid since?"""

from collections.abc import Callable
from datetime import date

import sqlalchemy as sa

from mandegar.campaigns import goals
from mandegar.campaigns.audience.tonight import tonight
from mandegar.campaigns.delivery.outbox import QUEUED, Outgoing
from mandegar.campaigns.file.load import load_all
from mandegar.campaigns.file.words import CHANNELS
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake
from mandegar.warehouse.tables import channel_refusal, outbox


def still(company: Company, home: Home, warehouse: sa.Engine, engine: Engine) -> Callable[[Outgoing], str | None]:
    """Why a message must not be sent any more; None where nothing has changed.

    By the latest night there is: the campaign's goal was reached, the person wants no contact, or refused the channel. By the warehouse
    at this very moment: what they refused by a link or a gateway. A campaign that no longer is there, or rests, sends nothing.
    """
    files = {campaign.id: campaign for campaign in load_all(company)}
    waiting = _waiting(warehouse)
    lake = Lake(home.lake)
    nights = lake.windows("marts", "customer_risk") if lake.exists("marts", "customer_risk") else []
    done: set[tuple[str, str]] = set()
    refused: dict[str, dict] = {}
    if waiting and nights:
        latest = tonight(company, lake.of_night(nights[-1], "customer"), engine, warehouse, nights[-1])
        for campaign_id, customers in waiting.items():
            if campaign_id in files:
                done |= {(campaign_id, one) for one in goals.reached(latest, files[campaign_id].goal, customers)}
        ids = sorted({one for customers in waiting.values() for one in customers})
        described = latest.described
        opted = [f"{channel}_opt_in" for channel in CHANNELS]
        rows = described.select("customer_id", "do_not_contact", *opted).filter(described.customer_id.isin(ids))
        refused = {row["customer_id"]: row for row in engine.arrow(rows).to_pylist()}

    def ask(message: Outgoing) -> str | None:
        if message.campaign_id not in files:
            return "the campaign is not active any more"
        if (message.campaign_id, message.customer_id) in done:
            return "its goal is reached"
        if message.channel not in CHANNELS:
            return None
        now = refused.get(message.customer_id, {})
        if now.get("do_not_contact"):
            return "wants no contact"
        if now.get(f"{message.channel}_opt_in") is False:
            return f"refused {message.channel}"
        return _refused_here(warehouse, message)

    return ask


def _refused_here(warehouse: sa.Engine, message: Outgoing) -> str | None:
    row = channel_refusal.c
    query = sa.select(row.kind).where((row.person_key == message.person_key) & row.channel.in_((message.channel, "all")))
    with warehouse.begin() as connection:
        kind = connection.execute(query).scalar()
    return f"{kind} on {message.channel}" if kind else None


def _waiting(warehouse: sa.Engine) -> dict[str, dict[str, date]]:
    """Who waits for a message of each campaign, with the night it was decided for."""
    row = outbox.c
    found: dict[str, dict[str, date]] = {}
    with warehouse.begin() as connection:
        for campaign, customer, as_of in connection.execute(
            sa.select(row.campaign_id, row.customer_id, row.as_of).where(row.state == QUEUED)
        ):
            found.setdefault(campaign, {})[customer] = as_of
    return found
