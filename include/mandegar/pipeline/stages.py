"""The stages of a night, one function each, in the order in which a row travels. DAGs and the command line call these."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa

from mandegar.campaigns import approval, ledger
from mandegar.campaigns.audience.tonight import tonight
from mandegar.campaigns.between.look import look, that_do_not_wait
from mandegar.campaigns.delivery import outbox, settings, tasks
from mandegar.campaigns.delivery.again import still
from mandegar.campaigns.delivery.pushes import push_due, waiting_runs
from mandegar.campaigns.delivery.send import channels_of, send_due
from mandegar.campaigns.file.load import load, load_all
from mandegar.campaigns.question import Question, question
from mandegar.campaigns.results.referrals import counted
from mandegar.campaigns.results.result import result_rows, write_result
from mandegar.campaigns.run import CampaignRun, run_campaigns
from mandegar.compute import engine
from mandegar.compute.engine import EngineName
from mandegar.config.company import Company
from mandegar.conform.across import hold_across
from mandegar.conform.conform import conform
from mandegar.errors import BrokenTable, Busy, MandegarError, NotClosed, SourceError
from mandegar.metrics.contracts.bridge import Bridge, bridge
from mandegar.metrics.contracts.policies import convention, conventions
from mandegar.metrics.run.measure import measure, open_period
from mandegar.pipeline import last_resort
from mandegar.quality.validate import validate
from mandegar.reporting.alerts.alert import alert
from mandegar.reporting.datadocs.pages import write_pages
from mandegar.risk.learn import learn
from mandegar.risk.model.train import Trained
from mandegar.risk.score import score
from mandegar.sources.extract import extract
from mandegar.storage import locks
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake
from mandegar.storage.locks import locked
from mandegar.time import calendar
from mandegar.warehouse import tables
from mandegar.warehouse.connect import alone_in, warehouse, writing
from mandegar.warehouse.publish import publish

Gives = TypeVar("Gives")
A_MOMENT = 30.0  # seconds


@dataclass(frozen=True)
class Night:
    """One night of one company: which day it closes, where it works, on which engine.

    ask_again: of a night before the last one, the sources are asked again; else it keeps what they said then.
    """

    company: Company
    home: Home
    as_of: date
    engine: EngineName = "duckdb"
    ask_again: bool = False

    @property
    def lake(self) -> Lake:
        """The lake it writes; of a night made again after a later one, the part that stands apart."""
        return Lake(self.home.lake).of_night(self.as_of, "customer")

    def alone(self, lock: str, stage: str) -> AbstractContextManager[None]:
        """The lock under which a stage works; nobody else does its like in this home meanwhile."""
        return locked(self.home.root, lock, f"{stage} of {self.as_of}")


def ensure_closed(company: Company, as_of: date, now: datetime) -> None:
    """A night closes a day that is over. Errors: NotClosed while `as_of` still lasts, or lies ahead."""
    if now < calendar.day_end(as_of, company.zone):
        today = now.astimezone(company.zone).date()
        raise NotClosed(
            f"as_of {as_of} is not over yet: in {company.time_zone} it is {today}. "
            f"Choose a day before {today}, such as {last_closed(company, now)}."
        )


def last_closed(company: Company, now: datetime) -> date:
    """The last business day that is over."""
    return now.astimezone(company.zone).date() - timedelta(days=1)


def ensure_published(night: Night) -> None:
    """A night that is told of or acted on is in the warehouse. Errors: BrokenTable if it is not."""
    with warehouse(night.home.warehouse_url) as target:
        if night.as_of not in _published(target):
            raise BrokenTable(f"The night of {night.as_of} is not in the warehouse. Run `mandegar night --as-of {night.as_of}` first.")


def _published(target: sa.Engine) -> set[date]:
    with target.begin() as connection:
        return set(connection.execute(sa.select(tables.published_night.c.as_of)).scalars())


def extract_stage(night: Night, table: str) -> dict[str, int]:
    """One source table into its raw window."""
    night.home.belongs_to(night.company.name)

    def work() -> dict[str, int]:
        with night.alone(locks.of_table(table), f"extract {table}"):
            return {table: extract(night.company, night.lake, night.company.table(table), night.as_of, night.ask_again).rows}

    return _logged(night, f"extract {table}", work)


def validate_stage(night: Night, table: str) -> dict[str, int]:
    """One raw window into its valid window and the quarantine."""

    def work() -> dict[str, int]:
        with night.alone(locks.of_table(table), f"validate {table}"):
            receipt = validate(night.company, night.lake, night.company.table(table), night.as_of)
        return {table: receipt.rows, "quarantined": receipt.refused}

    return _logged(night, f"validate {table}", work)


def conform_stage(night: Night) -> dict[str, int]:
    """All valid windows into the entities."""
    return _computed(night, "conform", lambda company, _, computing, as_of: _conformed(night, computing))


def _conformed(night: Night, computing: engine.Engine) -> dict[str, int]:
    lake = Lake(night.home.lake).to_remake(night.as_of, "customer")
    counts = conform(night.company, lake, computing, night.as_of)
    hold_across(night.company, lake, computing, night.as_of)
    return counts


def measure_stage(night: Night) -> dict[str, int]:
    """The entities into marts of numbers.

    If a later night has conformed its entities since this one did, this one is made again apart: the present is the later one's.
    """

    def work(company: Company, lake: Lake, computing: engine.Engine, as_of: date) -> dict[str, int]:
        if lake.past is None and lake.to_remake(as_of, "customer").past:
            _conformed(night, computing)
        return measure(company, night.lake, computing, as_of)

    return _computed(night, "measure", work)


def score_stage(night: Night) -> dict[str, int]:
    """The entities into the mart of risks."""
    return _computed(night, "score", lambda company, lake, computing, as_of: score(company, lake, computing, as_of, night.home))


def train_stage(night: Night, say: Callable[[str], None] = lambda _: None) -> Trained:
    """Learns a model from what a night knows, judges it, and lets it go live from the next night on if it is better."""

    def work() -> Trained:
        with night.alone(locks.LAKE, "training"), night.alone(locks.MODELS, "training"):
            return learn(night.company, night.home, night.lake, computing, night.as_of, say)

    with engine.start("duckdb", night.home.scratch) as computing:
        return _logged(night, "train", work)


def publish_stage(night: Night) -> dict[str, int]:
    """The marts into the warehouse, audited before anybody can read them."""

    def work() -> dict[str, int]:
        with night.alone(locks.WAREHOUSE, "publish"):
            return publish(night.company, night.lake, target, night.as_of)

    with warehouse(night.home.warehouse_url) as target:
        return _logged(night, "publish", work)


def alert_stage(night: Night) -> dict[str, int]:
    """The Data Docs of the night, and messages to the owners of what is wrong. Errors: SourceError for what could not be sent."""

    def work() -> dict[str, int]:
        try:
            with night.alone(locks.ALERTS, "alert"), warehouse(night.home.warehouse_url) as target:
                pages = write_pages(night.company, night.home, night.lake, target, night.as_of)
                sent, unsent = alert(night.company, night.lake, target, night.as_of, datetime.now(UTC))
        except sa.exc.OperationalError as problem:
            raise _no_answer(problem) from problem
        if unsent:
            raise SourceError("\n".join(unsent))
        return {"pages": pages, **sent}

    return _logged(night, "alert", work)


def campaign_stage(night: Night, campaign: str, live: bool = False) -> CampaignRun:
    """One campaign's decision and lists; see campaigns_stage."""
    return campaigns_stage(night, [campaign], live)[0]


def campaigns_stage(
    night: Night, campaigns: list[str], live: bool = False, say: Callable[[str], None] = lambda _: None
) -> list[CampaignRun]:
    """The decisions and lists of campaigns; no other campaign of the company decides meanwhile, here or on another machine.

    Errors: BrokenTable when the night is not published: on figures that its audit refused nobody is contacted.
    """
    if not campaigns:
        return []
    ensure_published(night)
    told = f"campaign {campaigns[0]}" if len(campaigns) == 1 else "campaigns"

    def work() -> list[CampaignRun]:
        with night.alone(locks.CAMPAIGNS, told), alone_in(target, "campaigns"):
            return run_campaigns(night.company, night.home, target, computing, campaigns, night.as_of, live, say)

    kept = night.home.statements("campaigns")
    with warehouse(night.home.warehouse_url) as target, engine.start("duckdb", night.home.scratch, statements=kept) as computing:
        return _logged(night, told, work)


def ask_stage(night: Night, campaign: str) -> Question | None:
    """What a person is asked about a live run; None where nobody has to be, and what it sends was let go."""
    chosen = load(night.company, campaign)
    with warehouse(night.home.warehouse_url) as target:
        if approval.let_go_unasked(target, chosen, night.as_of):
            return None
        asked = approval.waiting(target, chosen, night.as_of)
        return None if asked is None else question(target, night.company, chosen, asked)


def answer_stage(night: Night, campaign: str, said: str, who: str | None) -> str:
    """Keeps what a person answered about a live run, and does it (campaigns.approval.answer)."""
    with warehouse(night.home.warehouse_url) as target:
        now = datetime.now(UTC).replace(tzinfo=None)
        return approval.answer(target, load(night.company, campaign), night.as_of, said, who, now)


def results_stage(night: Night, campaigns: Sequence[str] = ()) -> list[dict]:
    """Writes what live campaigns earned, as far as their time is over by a night, and gives it; all that ever ran live if none are named.

    Looks after the tasks of owners too: who has spoken to the customer since, and who has not in time.
    """
    named = [load(night.company, one) for one in campaigns]

    def work() -> list[dict]:
        shared = tonight(night.company, night.lake, computing, target, night.as_of)
        tasks.look_after(shared)
        ran = ledger.ran_live(target, night.as_of)
        found: list[dict] = []
        for campaign in named or [one for one in load_all(night.company, resting=True) if one.id in ran]:
            with computing.forgetting():
                write_result(shared, campaign)
            found += result_rows(target, campaign.id, night.as_of)
        return found

    with warehouse(night.home.warehouse_url) as target, engine.start("duckdb", night.home.scratch) as computing:
        return _logged(night, "results", work)


def referrals_of(night: Night) -> list[dict]:
    """Who brought how many customers by their code, by a night that was run (campaigns.results.referrals)."""
    with warehouse(night.home.warehouse_url) as target, engine.start("duckdb", night.home.scratch) as computing:
        return counted(tonight(night.company, night.lake, computing, target, night.as_of))


def look_stage(company: Company, home: Home, say: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Asks the campaigns that do not wait for the night of what has happened since; gives whom they contact, by campaign.

    It stands on the last night that is published. While a night, or another campaign, is at work there is no look; the next one sees as
    much.
    """
    lake = Lake(home.lake)
    if not lake.exists("marts", "customer_risk") or not that_do_not_wait(company):
        return {}
    scratch = home.scratch
    try:
        with (
            locked(home.root, locks.NIGHT, "a look between nights", shared=True, patience=A_MOMENT),
            locked(home.root, locks.CAMPAIGNS, "a look between nights", patience=A_MOMENT),
            warehouse(home.warehouse_url) as target,
            alone_in(target, "campaigns"),
            engine.start("duckdb", scratch) as computing,
        ):
            last = max(_published(target).intersection(lake.windows("marts", "customer_risk")), default=None)
            if last is None:
                return {}
            return look(company, lake.of_night(last, "customer"), target, computing, last, datetime.now(UTC), scratch, say)
    except Busy as problem:
        say(str(problem))
        return {}


def deliver_stage(company: Company, home: Home, say: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Sends what is due in the outbox; gives what became of how many. Nothing leaves where delivery.yaml sets no channel up."""
    file = settings.load(company)
    channels = channels_of(company, file, lambda: datetime.now(UTC))
    with warehouse(home.warehouse_url) as target:
        asked_at = datetime.now(UTC)
        runs = waiting_runs(company, target, file, asked_at)
        with engine.start("duckdb", home.scratch) as computing:
            ask = still(company, home, target, computing, asked_at, say, [(run.campaign.id, run.as_of) for run in runs])
        if file.task is None:
            tasks.keep_in_house(target, datetime.now(UTC).replace(tzinfo=None))
        count = send_due(target, channels, file, ask, due_by=asked_at)
        for state, pushed in push_due(home, target, file, runs, ask.why_not, say=say).items():
            count[f"pushed: {state}"] = pushed
        outbox.erase_content(target, datetime.now(UTC).replace(tzinfo=None) - timedelta(days=file.keep_days))
    return count


def _computed(night: Night, stage: str, compute: Callable[[Company, Lake, engine.Engine, date], dict[str, int]]) -> dict[str, int]:
    def work() -> dict[str, int]:
        with night.alone(locks.LAKE, stage):
            return compute(night.company, night.lake, computing, night.as_of)

    with engine.start(night.engine, night.home.scratch, statements=night.home.statements(stage)) as computing:
        return _logged(night, stage, work)


def _logged(night: Night, stage: str, work: Callable[[], Gives]) -> Gives:
    """Does the work and writes a line of pipeline_run about it, whether it succeeds or fails."""
    started = datetime.now(UTC)
    try:
        with last_resort.at(stage):
            done = work()
    except Exception as problem:
        _log(night, stage, started, "failed", None, str(problem))
        raise
    rows = sum(done.values()) if isinstance(done, dict) else None
    _log(night, stage, started, "succeeded", rows, None)
    return done


def _log(night: Night, stage: str, started: datetime, status: str, rows: int | None, message: str | None) -> None:
    line = {
        "as_of": night.as_of,
        "stage": stage,
        "started_at": started,
        "seconds": (datetime.now(UTC) - started).total_seconds(),
        "status": status,
        "rows": rows,
        "message": message,
    }
    try:
        with warehouse(night.home.warehouse_url) as target, writing(target).begin() as connection:
            connection.execute(tables.pipeline_run.insert(), line)
    except sa.exc.OperationalError as problem:
        if status == "succeeded":
            raise _no_answer(problem) from problem


def _no_answer(problem: sa.exc.OperationalError) -> SourceError:
    said = " ".join(str(problem.orig).split())
    return SourceError(f"The warehouse does not answer ({said}). Check MANDEGAR_WAREHOUSE, or that its server runs.")


def bridge_of(night: Night, one: str, other: str, kind: str, day: date | None) -> tuple[Bridge, str]:
    """The bridge between two conventions over one period of a night that was run, and that period in words."""
    policies = conventions(night.company)
    for name in (one, other):
        convention(night.company, name)
    with engine.start(night.engine, night.home.scratch) as computing:
        looked_at = open_period(night.company, night.lake, computing, night.as_of, kind, day)
        period = computing.arrow(looked_at.periods).to_pylist()[0]
        words = f"{kind} of {period['period_start']}" + ("" if period["is_complete"] else " so far")
        return bridge(looked_at, policies[one], policies[other]), words


def close_night(night: Night, say: Callable[[str], None]) -> list[str]:
    """The stages of a night after its source tables are in, one after another; gives which messages could not be sent.

    Owners hear of what is wrong also when a stage fails. Errors: MandegarError of the first stage that cannot be done.
    """
    try:
        for verb, whole in (
            ("conforming", conform_stage),
            ("measuring", measure_stage),
            ("scoring", score_stage),
            ("publishing and auditing", publish_stage),
            ("judging campaigns", results_stage),
        ):
            say(verb)
            whole(night)
    finally:
        unsent = _alerted(night, say)
    return unsent


def _alerted(night: Night, say: Callable[[str], None]) -> list[str]:
    """Data Docs and messages; what goes wrong with them is said, and stops nothing."""
    say("alerting")
    try:
        alert_stage(night)
    except MandegarError as problem:
        say(f"  {problem}")
        return [str(problem)]
    return []
