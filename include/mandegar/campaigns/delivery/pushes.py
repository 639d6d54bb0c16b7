"""Approved runs to where they are wanted beside the outbox: send lists into marketing tools, files to a store."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from mandegar.campaigns import approval
from mandegar.campaigns.delivery.audiences.brevo import Brevo
from mandegar.campaigns.delivery.audiences.klaviyo import Klaviyo
from mandegar.campaigns.delivery.audiences.mailchimp import Mailchimp
from mandegar.campaigns.delivery.audiences.tool import Person, Tool, lots
from mandegar.campaigns.delivery.away import take_away
from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.send import FIRST_WAIT, LONGEST_WAIT
from mandegar.campaigns.delivery.settings import Audience, DeliveryFile
from mandegar.campaigns.file.load import load_all
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.lists.files import mode_of
from mandegar.config.company import Company
from mandegar.storage.home import Home
from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import campaign_member, campaign_run, list_push

DONE, WAITING, DEAD = "done", "waiting", "dead"
FILES = "files"
TOOLS: dict[str, Callable[[Audience], Tool]] = {"mailchimp": Mailchimp, "brevo": Brevo, "klaviyo": Klaviyo}


@dataclass(frozen=True)
class Listed:
    """Somebody on a send list, as it is asked again whether they may be contacted."""

    campaign_id: str
    customer_id: str
    person_key: str
    channel: str


WhyNot = Callable[[Listed], str | None]


@dataclass(frozen=True)
class Run:
    """A live run that was let go."""

    campaign: Campaign
    as_of: date
    list_version: str


def push_due(
    home: Home,
    engine: sa.Engine,
    file: DeliveryFile,
    runs: list[Run],
    why_not: WhyNot,
    now: datetime,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Hands runs that were let go (waiting_runs) to each target of delivery.yaml that does not have them; gives what became of how many.

    What broke off is handed over again from the start: every target takes the same people, or the same file, twice without a change.
    why_not: asked for everyone at this moment. A run whose messages would be too late is not handed over any more.
    """
    count: dict[str, int] = {}
    for run in runs:
        for target in targets(file):
            state = _one(home, engine, file, run, target, why_not, now, say)
            if state:
                count[state] = count.get(state, 0) + 1
    return count


def targets(file: DeliveryFile) -> list[str]:
    """Where runs go: tools by their name, and files."""
    return [*file.audiences, *([FILES] if file.files else [])]


def waiting_runs(company: Company, engine: sa.Engine, file: DeliveryFile, now: datetime) -> list[Run]:
    """The runs that were let go and are not with all targets yet."""
    push, every = list_push.c, targets(file)
    if not every:
        return []
    with engine.begin() as connection:
        rows = connection.execute(sa.select(push.campaign_id, push.as_of, push.target).where(push.state != WAITING)).all()
    over = {tuple(row) for row in rows}
    return [run for run in let_go(company, engine, now) if any((run.campaign.id, run.as_of, one) not in over for one in every)]


def let_go(company: Company, engine: sa.Engine, now: datetime) -> Iterator[Run]:
    """The live runs that were let go and are not too late, the oldest first."""
    row, today = campaign_run.c, now.astimezone(company.zone).date()
    for campaign in load_all(company):
        if campaign.dry_run or campaign.is_task:
            continue
        first = today - timedelta(days=campaign.expires_after_days)
        query = sa.select(row.as_of, row.list_version).where((row.campaign_id == campaign.id) & (row.mode == "live") & (row.as_of >= first))
        with engine.begin() as connection:
            runs = connection.execute(query.order_by(row.as_of)).all()
        yield from (Run(campaign, *run) for run in runs if approval.was_let_go(engine, campaign, run.as_of))


def _one(
    home: Home,
    engine: sa.Engine,
    file: DeliveryFile,
    run: Run,
    target: str,
    why_not: WhyNot,
    now: datetime,
    say: Callable[[str], None],
) -> str | None:
    """One run to one target; gives what became of it, or nothing where nothing is to be done."""
    push, at = list_push.c, now.astimezone(UTC).replace(tzinfo=None)
    same = (push.campaign_id == run.campaign.id) & (push.as_of == run.as_of) & (push.target == target)
    with engine.begin() as connection:
        known = connection.execute(sa.select(list_push).where(same)).one_or_none()
    if known is not None and (known.state != WAITING or (known.next_attempt_at or at) > at):
        return None
    folder = home.lists(run.campaign.id, run.as_of)
    if mode_of(folder) != "live":
        return None
    settings = file.files if target == FILES else file.audiences[target]  # type: ignore[index]
    assert settings is not None
    tried = (known.attempts if known else 0) + 1
    told: dict = {"attempts": tried, "next_attempt_at": None, "reason": None, "done_at": None, "rows": known.rows if known else 0}
    say(f"{run.campaign.id} of {run.as_of} to {target}")
    try:
        if target == FILES:
            assert file.files is not None
            told["rows"] = take_away(file.files, folder, f"{run.campaign.id}/{run.as_of}")
        else:
            told["rows"] = _to_a_tool(engine, file, run, folder, target, why_not)
        told |= {"state": DONE, "done_at": at}
    except Refused as problem:
        told |= {"state": DEAD, "reason": str(problem)[:255]}
    except Failed as problem:
        over = tried >= settings.attempts
        later = at + min(FIRST_WAIT * 2 ** (tried - 1), LONGEST_WAIT)
        told |= {"state": DEAD if over else WAITING, "reason": str(problem)[:255], "next_attempt_at": None if over else later}
    key = {"campaign_id": run.campaign.id, "as_of": run.as_of, "target": target}
    with writing(engine).begin() as connection:
        connection.execute(list_push.delete().where(same))
        connection.execute(list_push.insert(), key | told)
    return str(told["state"])


def push_again(engine: sa.Engine, campaign_id: str, as_of: date, target: str) -> int:
    """Lets a dead push be tried anew, because a person says so; gives how many."""
    push = list_push.c
    same = (push.campaign_id == campaign_id) & (push.as_of == as_of) & (push.target == target) & (push.state == DEAD)
    with writing(engine).begin() as connection:
        return connection.execute(list_push.update().where(same).values(state=WAITING, attempts=0, next_attempt_at=None)).rowcount


def _to_a_tool(engine: sa.Engine, file: DeliveryFile, run: Run, folder: Path, target: str, why_not: WhyNot) -> int:
    """The send list into a tool's list; gives how many people."""
    tool = TOOLS[target](file.audiences[target])  # type: ignore[index]
    people = [person for person in _people(engine, file, run, folder, why_not) if tool.takes(person)]
    for lot in lots(people, tool.most):
        tool.add(lot, run.campaign.id)
    return len(people)


def _people(engine: sa.Engine, file: DeliveryFile, run: Run, folder: Path, why_not: WhyNot) -> Iterator[Person]:
    """Who is on the send list, by a channel that this house does not deliver itself, and may still be contacted."""
    member = campaign_member.c
    mine = (member.campaign_id == run.campaign.id) & (member.as_of == run.as_of) & (member.decision == "send")
    with engine.begin() as connection:
        keys = {one.customer_id: one.person_key for one in connection.execute(sa.select(member.customer_id, member.person_key).where(mine))}
    with (folder / "send.api.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            customer, channel = row["external_id"], row["channel"]
            if file.of(channel) is not None or customer not in keys:
                continue
            if why_not(Listed(run.campaign.id, customer, keys[customer], channel)) is None:
                names = ("external_id", "email", "phone_e164", "first_name", "last_name", "locale", "offer_code", "reason_code")
                yield Person(*(row[name] for name in names))
