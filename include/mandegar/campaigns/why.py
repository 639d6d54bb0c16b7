"""Why somebody was contacted, or was not: what the decision log says of a customer."""

import json
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from mandegar.campaigns.eligibility.said import FINE
from mandegar.warehouse.tables import campaign_member, campaign_run, journey_step


@dataclass(frozen=True)
class Considered:
    """One campaign's decision about a customer on a night. rules: what each rule said, in the order in which they are asked."""

    campaign_id: str
    as_of: date
    mode: str
    stage: str
    decision: str
    deciding_rule: str
    channel: str | None
    offer_code: str | None
    rules: dict[str, str]

    @property
    def objections(self) -> dict[str, str]:
        """The rules that said something else than yes."""
        return {name: said for name, said in self.rules.items() if said != FINE}


@dataclass(frozen=True)
class Told:
    """All that the log knows of a customer. left_out: campaigns that decided for the last night and did not consider them."""

    considered: list[Considered]
    left_out: list[str]
    journeys: list[tuple[str, str, str, date]]


def why(engine: sa.Engine, customer_id: str, as_of: date | None = None) -> Told:
    """What campaigns decided about a customer, the latest night first; of one night if it is given."""
    member, run, step = campaign_member.c, campaign_run.c, journey_step.c
    same = (run.campaign_id == member.campaign_id) & (run.as_of == member.as_of)
    told = (member.stage, member.decision, member.deciding_rule, member.channel, member.offer_code, member.rules)
    query = sa.select(member.campaign_id, member.as_of, run.mode, *told).join_from(campaign_member, campaign_run, same)
    query = query.where(member.customer_id == customer_id).order_by(member.as_of.desc(), member.campaign_id)
    runs = sa.select(run.campaign_id, run.as_of).order_by(run.as_of.desc(), run.campaign_id)
    if as_of is not None:
        query, runs = query.where(member.as_of == as_of), runs.where(run.as_of == as_of)
    moves = sa.select(step.campaign_id, step.step, step.state, step.as_of).where(step.customer_id == customer_id)
    with engine.begin() as connection:
        considered = [Considered(*row[:-1], json.loads(row[-1])) for row in connection.execute(query)]
        decided = connection.execute(runs).all()
        journeys = [tuple(row) for row in connection.execute(moves.order_by(step.as_of.desc(), step.campaign_id))]
    last = decided[0].as_of if decided else None
    there = {one.campaign_id for one in considered if one.as_of == last}
    return Told(considered, [row.campaign_id for row in decided if row.as_of == last and row.campaign_id not in there], journeys)
