"""Journeys in the warehouse: where everyone stood after each night."""

import json
from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.journeys.journey import Standing
from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import campaign_version, journey_step


def standings(engine: sa.Engine, campaign_id: str, as_of: date, mode: str) -> list[Standing]:
    """Where everyone who ever entered stood on the evening before a night, ordered by customer."""
    row = journey_step.c
    mine = (row.campaign_id == campaign_id) & (row.mode == mode) & (row.as_of < as_of)
    last = sa.select(row.customer_id, row.entry_key, sa.func.max(row.as_of).label("last")).where(mine)
    newest = last.group_by(row.customer_id, row.entry_key).subquery()
    same = (row.customer_id == newest.c.customer_id) & (row.entry_key == newest.c.entry_key) & (row.as_of == newest.c.last)
    columns = (row.customer_id, row.entry_key, row.step, row.state, row.entered_on, row.due_on, row.file_version, row.facts)
    query = sa.select(*columns).join_from(journey_step, newest, same).where(mine).order_by(row.customer_id, row.entry_key)
    with engine.begin() as connection:
        return [Standing(*found) for found in connection.execute(query)]


def files(engine: sa.Engine, campaign: Campaign, version: str, wanted: Iterable[str]) -> dict[str, Campaign]:
    """The campaign files by which journeys began, by version; the present one among them."""
    known = campaign_version.c
    query = sa.select(known.file_version, known.settings).where(
        (known.campaign_id == campaign.id) & known.file_version.in_(sorted(set(wanted)))
    )
    with engine.begin() as connection:
        found = {name: Campaign.model_validate(json.loads(settings)) for name, settings in connection.execute(query)}
    return found | {version: campaign}


def keep(engine: sa.Engine, campaign_id: str, moved: list[Standing], as_of: date, mode: str) -> None:
    """Writes where those stand who moved on a night, in place of what an earlier run of that night wrote."""
    row = journey_step.c
    rows = [
        {"campaign_id": campaign_id, "mode": mode, "as_of": as_of, **{name: getattr(one, name) for name in Standing.__dataclass_fields__}}
        for one in moved
    ]
    with writing(engine).begin() as connection:
        connection.execute(journey_step.delete().where((row.campaign_id == campaign_id) & (row.mode == mode) & (row.as_of == as_of)))
        if rows:
            connection.execute(journey_step.insert(), rows)
