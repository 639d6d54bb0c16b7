"""Approved runs to where they are wanted beside the outbox: send lists into marketing tools, files to a store."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from mandegar.campaigns import approval
from mandegar.campaigns.delivery import push_record
from mandegar.campaigns.delivery.audiences.api import Busy
from mandegar.campaigns.delivery.audiences.brevo import Brevo
from mandegar.campaigns.delivery.audiences.klaviyo import Klaviyo
from mandegar.campaigns.delivery.audiences.mailchimp import Mailchimp
from mandegar.campaigns.delivery.audiences.tool import Person, Tool, lots
from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.push_record import DEAD, DONE, WAITING, Claim, Push
from mandegar.campaigns.delivery.send import FIRST_WAIT, LONGEST_WAIT
from mandegar.campaigns.delivery.settings import Audience, DeliveryFile
from mandegar.campaigns.file.load import load_all
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.lists.files import MANIFEST
from mandegar.config.company import Company
from mandegar.errors import MandegarError
from mandegar.storage.home import Home
from mandegar.warehouse.tables import campaign_member, campaign_run

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
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Hands runs that were let go (waiting_runs) to each target of delivery.yaml that does not have them; gives what became of how many.

    What broke off is handed over again from the start: every target takes the same people, or the same file, twice without a change.
    Several may do it at once: each push is in one hand. why_not: asked for everyone at this moment.
    """
    count: Counter[str] = Counter()
    for run in runs:
        for target in targets(file, run.campaign):
            settings = file.files if target == FILES else file.audiences[target]  # type: ignore[index]
            assert settings is not None
            if not _lists_are_there(home, run):
                continue
            mine = push_record.claim(engine, Push(run.campaign.id, run.as_of, target), _plain(now()), settings.attempts)
            if mine is not None:
                say(f"{run.campaign.id} of {run.as_of} to {target}")
                count[_one(home, file, run, mine, settings.attempts, why_not, now)] += 1
    return dict(count)


def targets(file: DeliveryFile, campaign: Campaign) -> list[str]:
    """Where the runs of a campaign go: tools by their name, unless it gives tasks; and files."""
    return [*([] if campaign.is_task else file.audiences), *([FILES] if file.files else [])]


def waiting_runs(company: Company, engine: sa.Engine, file: DeliveryFile, now: datetime) -> list[Run]:
    """The runs that were let go and are not with all targets yet. One whose messages would be too late is not handed over any more."""
    if not file.audiences and not file.files:
        return []
    over = push_record.over(engine)
    every = let_go(company, engine, now)
    return [run for run in every if any((run.campaign.id, run.as_of, one) not in over for one in targets(file, run.campaign))]


def let_go(company: Company, engine: sa.Engine, now: datetime) -> Iterator[Run]:
    """The live runs that were let go and are not too late, the oldest first."""
    row, today = campaign_run.c, now.astimezone(company.zone).date()
    for campaign in load_all(company):
        if campaign.dry_run:
            continue
        first = today - timedelta(days=campaign.expires_after_days)
        query = sa.select(row.as_of, row.list_version).where((row.campaign_id == campaign.id) & (row.mode == "live") & (row.as_of >= first))
        with engine.begin() as connection:
            runs = connection.execute(query.order_by(row.as_of)).all()
        yield from (Run(campaign, *run) for run in runs if approval.was_let_go(engine, campaign, run.as_of))


def _one(home: Home, file: DeliveryFile, run: Run, mine: Claim, attempts: int, why_not: WhyNot, now: Callable[[], datetime]) -> str:
    """One run to one target; gives what became of it."""
    folder = home.lists(run.campaign.id, run.as_of)
    going_on = lambda: mine.keep(_plain(now()))  # noqa: E731
    try:
        if mine.push.target == FILES:
            from mandegar.campaigns.delivery.away import take_away  # which brings SSH and object storage

            assert file.files is not None
            rows, reason = take_away(file.files, folder, f"{run.campaign.id}/{run.as_of}", going_on), None
        else:
            rows, reason = _to_a_tool(file, run, folder, mine, why_not, going_on)
    except push_record.Lost:
        return "in another's hand"
    except Refused as problem:
        mine.end(DEAD, 0, _plain(now()), str(problem))
        return DEAD
    except (Failed, MandegarError) as problem:
        at, over = _plain(now()), mine.attempt >= attempts
        asked = timedelta(seconds=min(problem.after or 0, LONGEST_WAIT.total_seconds())) if isinstance(problem, Busy) else timedelta()
        later = at + max(asked, min(FIRST_WAIT * 2 ** (mine.attempt - 1), LONGEST_WAIT))
        mine.end(DEAD if over else WAITING, 0, at, str(problem), None if over else later)
        return DEAD if over else WAITING
    mine.end(DONE, rows, _plain(now()), reason)
    return DONE


def _lists_are_there(home: Home, run: Run) -> bool:
    """Whether the lists in the run's folder are whole, and those that were agreed to."""
    manifest = home.lists(run.campaign.id, run.as_of) / MANIFEST
    if not manifest.is_file():
        return False
    told = json.loads(manifest.read_text(encoding="utf-8"))
    return (told["mode"], told["list_version"]) == ("live", run.list_version)


def _to_a_tool(
    file: DeliveryFile, run: Run, folder: Path, mine: Claim, why_not: WhyNot, going_on: Callable[[], None]
) -> tuple[int, str | None]:
    """The send list into a tool's list; gives how many people it took, and what it says of the others. Errors: Refused if it took none."""
    tool = TOOLS[mine.push.target](file.audiences[mine.push.target])  # type: ignore[index]
    people = [person for person in _people(mine.engine, file, run, folder, why_not) if tool.takes(person)]
    refused: Counter[str] = Counter()
    for lot in lots(people, tool.most):
        going_on()
        refused += tool.add(lot, run.campaign.id)
    if not refused:
        return len(people), None
    told = "; ".join(f"{count:,}: {said}" for said, count in refused.most_common(2))
    if refused.total() >= len(people):
        raise Refused(f"took none of {len(people):,} ({told})")
    return len(people) - refused.total(), f"did not take {refused.total():,} of {len(people):,} ({told})"


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


def _plain(at: datetime) -> datetime:
    """UTC without its zone, as the warehouse keeps it."""
    return at.astimezone(UTC).replace(tzinfo=None)
