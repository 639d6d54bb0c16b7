"""Who let a run's messages leave, or did not: one person, or two from a cost on; kept for good."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from mandegar.campaigns import ledger
from mandegar.campaigns.delivery import outbox, tasks
from mandegar.campaigns.file.words import Campaign
from mandegar.errors import CampaignError
from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import campaign_approval, campaign_run, contact_event

APPROVED, REJECTED, EXPIRED = "approved", "rejected", "expired"


@dataclass(frozen=True)
class Waiting:
    """A live run that waits for an answer. people: how many have to agree; who: those who have."""

    campaign_id: str
    as_of: date
    list_version: str
    send: int
    cost: float
    people: int
    who: tuple[str, ...]


def waiting(engine: sa.Engine, campaign: Campaign, as_of: date) -> Waiting | None:
    """What of a run waits for an answer; None where it is a dry run, has nothing to send, or has been answered."""
    run = _not_refused(engine, campaign, as_of)
    return None if run is None or (run.people and len(run.who) >= run.people) else run


def _not_refused(engine: sa.Engine, campaign: Campaign, as_of: date) -> Waiting | None:
    """A live run that sends anything and that nobody has said no to, with those who have agreed; None where there is none."""
    run, said = campaign_run.c, campaign_approval.c
    with engine.begin() as connection:
        row = connection.execute(sa.select(campaign_run).where((run.campaign_id == campaign.id) & (run.as_of == as_of))).one_or_none()
        if row is None or row.mode != ledger.LIVE or row.send == 0:
            return None
        same = (said.campaign_id == campaign.id) & (said.as_of == as_of) & (said.list_version == row.list_version)
        answers = connection.execute(sa.select(said.answer, said.who).where(same).order_by(said.number)).all()
    if any(answer.answer != APPROVED for answer in answers):
        return None
    people = people_needed(campaign, row.send, row.cost or 0.0)
    who = tuple(answer.who for answer in answers)
    return Waiting(campaign.id, as_of, row.list_version, row.send, row.cost or 0.0, people, who)


def people_needed(campaign: Campaign, send: int, cost: float) -> int:
    """How many people have to agree: none up to `approval.above` contacts, two from `four_eyes_above` of cost on, else one."""
    bound = campaign.approval.four_eyes_above
    if bound is not None and cost >= bound:
        return 2
    return 1 if send > campaign.approval.above else 0


def answer(engine: sa.Engine, campaign: Campaign, as_of: date, said: str, who: str | None, at: datetime) -> str:
    """Keeps an answer, and lets the messages go or takes them back; gives what the run is now: approved, rejected, expired, or waiting.

    said: approved, rejected or expired. at: UTC, without zone. Errors: CampaignError where nothing waits, or the same person agrees twice.
    """
    asked = waiting(engine, campaign, as_of)
    if asked is None:
        raise CampaignError(f"{campaign.id} of {as_of}: nothing waits for an answer.")
    if said == APPROVED and who in asked.who:
        raise CampaignError(f"{campaign.id} of {as_of}: {who} has agreed already. From this cost on a second person has to.")
    row = {"campaign_id": campaign.id, "as_of": as_of, "list_version": asked.list_version, "number": len(asked.who) + 1}
    with writing(engine).begin() as connection:
        connection.execute(campaign_approval.insert().values(row | {"answer": said, "who": who, "answered_at": at}))
    if said != APPROVED:
        take_back(engine, campaign.id, as_of, f"{said} by {who}" if who else said)
        return said
    if len(asked.who) + 1 < asked.people:
        return "waiting"
    _let_go(engine, campaign.id, as_of)
    return APPROVED


def let_go_unasked(engine: sa.Engine, campaign: Campaign, as_of: date) -> bool:
    """Lets a run go for which nobody has to be asked (`approval.above`); gives whether it was one."""
    asked = waiting(engine, campaign, as_of)
    if asked is None or asked.people > 0:
        return False
    _let_go(engine, campaign.id, as_of)
    return True


def was_let_go(engine: sa.Engine, campaign: Campaign, as_of: date) -> bool:
    """Whether what a live run sends may leave the house: as many people have agreed as have to, and nobody has said no."""
    run = _not_refused(engine, campaign, as_of)
    return run is not None and len(run.who) >= run.people


def take_back(engine: sa.Engine, campaign_id: str, as_of: date, why: str) -> int:
    """Takes back what of a run was not sent; who was to get it counts as not contacted. Gives how many."""
    count = outbox.withdraw(engine, campaign_id, as_of, why)
    event, row = contact_event.c, outbox.outbox.c
    taken = sa.select(row.dedupe_key).where((row.campaign_id == campaign_id) & (row.as_of == as_of) & (row.state == outbox.WITHDRAWN))
    mine = (event.campaign_id == campaign_id) & (event.as_of == as_of) & (event.mode == ledger.LIVE) & event.dedupe_key.in_(taken)
    with writing(engine).begin() as connection:
        connection.execute(contact_event.delete().where(mine))
    return count


def _let_go(engine: sa.Engine, campaign_id: str, as_of: date) -> None:
    outbox.release(engine, campaign_id, as_of)
    tasks.give(engine, campaign_id, as_of)
