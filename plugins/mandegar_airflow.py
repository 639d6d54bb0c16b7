"""Where Airflow and the library meet: which night a task belongs to, which company, and which errors are worth a retry.

DAG files call these functions from tasks; nothing heavy is imported before a task runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from mandegar.config.company import Company
    from mandegar.pipeline.stages import Night

ROOT = Path(__file__).resolve().parents[1]
FRIDAY = 4
MOST_HOURS = 720
APPROVE, REJECT = "Approve", "Reject"


def home_folder() -> Path:
    """MANDEGAR_HOME, else var/ of the project."""
    return Path(os.environ.get("MANDEGAR_HOME") or ROOT / "var")


def company_folder() -> Path:
    """MANDEGAR_COMPANY, else the sample company in the home folder."""
    return Path(os.environ.get("MANDEGAR_COMPANY") or home_folder() / "company")


def time_zone() -> str:
    """The company's time zone, in which its nights are scheduled; UTC until there is a company file.

    Errors: CompanyError where the file cannot be used; Airflow shows it as an import error, and no night runs at a wrong hour.
    """
    from mandegar.config import yaml_file
    from mandegar.config.company import Company
    from mandegar.errors import CompanyError

    file = company_folder() / "company.yaml"
    return yaml_file.read(file, Company, CompanyError, shown=str(file)).time_zone if file.exists() else "UTC"


@dataclass(frozen=True)
class CampaignOfDag:
    """What a DAG has to know of a campaign file. hours: for which its question stays open; two: whether a second person may be asked."""

    id: str
    live: bool
    hours: int
    two: bool


def campaigns() -> list[CampaignOfDag]:
    """The campaigns there are files for, but for those that rest (`active: false`, or as campaigns.file.load says).

    A file that cannot be read is a dry run here; the task that reads it says what is wrong.
    """
    own = company_folder() / "campaigns"
    folder = own if own.is_dir() else ROOT / "include" / "company" / "campaigns"
    without_subscriptions = not own.is_dir() and _without_subscriptions()
    found = []
    for file in sorted(folder.glob("*.yaml")):
        settings = _settings(file)
        if settings.get("active", True) is False or (without_subscriptions and _needs_subscriptions(settings)):
            continue
        asked = settings.get("approval")
        approval = asked if isinstance(asked, dict) else {}
        hours = approval.get("hours", 24)
        open_for = hours if isinstance(hours, int) and 1 <= hours <= MOST_HOURS else 24
        found.append(CampaignOfDag(file.stem, settings.get("dry_run", True) is False, open_for, "four_eyes_above" in approval))
    return found


def _without_subscriptions() -> bool:
    """Whether no source of the company gives subscriptions; not said of one that cannot be read: its night says what is wrong."""
    from mandegar.config import company as companies
    from mandegar.errors import CompanyError

    try:
        return not companies.load(company_folder()).has("subscription")
    except CompanyError:
        return False


def _needs_subscriptions(settings: dict[str, Any]) -> bool:
    from mandegar.campaigns.file.words import OF_SUBSCRIPTIONS

    trigger = settings.get("trigger") or {}
    return (trigger.get("before") or trigger.get("after")) in OF_SUBSCRIPTIONS


def _settings(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def source_tables(context: dict[str, Any]) -> list[str]:
    """The source tables of the company, and a check that the night's day is over."""
    from mandegar.pipeline.stages import ensure_closed

    def work() -> list[str]:
        this = night(context)
        ensure_closed(this.company, this.as_of, datetime.now(UTC))
        return [str(table) for table in this.company.tables()]

    return explained(work)


def stage(name: str, context: dict[str, Any], *arguments: Any) -> Any:
    """Runs a stage of `mandegar.pipeline.stages` for the task's night, and says so to whoever watches."""
    from mandegar.pipeline import stages
    from mandegar.storage.locks import NIGHT, locked

    told = " ".join([name, *(one for one in arguments if isinstance(one, str))])

    def work() -> Any:
        this = night(context)
        with locked(this.home.root, NIGHT, f"{told} of {this.as_of}", shared=True, say=say):
            return getattr(stages, f"{name}_stage")(this, *arguments)

    say(told)
    return explained(work)


def is_learning_night(context: dict[str, Any]) -> bool:
    """Whether a model is learnt from the run's night: from that of a Friday, and from any that was triggered by hand."""
    how = context["dag_run"].run_type
    return getattr(how, "value", how) == "manual" or as_of(context).weekday() == FRIDAY


def learn(context: dict[str, Any]) -> dict[str, str]:
    """Learns a model from the run's night and writes its report; gives the version and what became of it."""
    from mandegar.pipeline.stages import train_stage
    from mandegar.reporting.model_report.report import write_report
    from mandegar.storage.locks import NIGHT, locked

    def work() -> dict[str, str]:
        this = night(context)
        with locked(this.home.root, NIGHT, f"training of {this.as_of}", shared=True, say=say):
            trained = train_stage(this, say)
        if trained.refused is not None:
            return {"no model": trained.refused.told(this.company.locale)}
        return {
            "version": str(trained.version),
            "live": "from the next night on" if trained.went_live else "no",
            "report": str(write_report(this.company, this.home, trained.card)),
        }

    say("train")
    return explained(work)


def question(context: dict[str, Any], campaign: str) -> dict[str, str] | None:
    """What a person is asked about the run's messages; None where nobody has to be."""
    from mandegar.pipeline.stages import ask_stage

    asked = explained(lambda: ask_stage(night(context), campaign))
    return None if asked is None else {"subject": asked.subject, "body": asked.body}


def answered(context: dict[str, Any], campaign: str, response: dict[str, Any] | None) -> str:
    """Keeps what a person answered in Airflow's own screen, and does it; no answer in its time is one too."""
    from mandegar.campaigns import approval
    from mandegar.pipeline.stages import answer_stage

    if response is None:
        return explained(lambda: answer_stage(night(context), campaign, approval.EXPIRED, None))
    said = approval.APPROVED if response["chosen_options"] == [APPROVE] else approval.REJECTED
    user = response.get("responded_by_user") or {}
    who = user.get("name") or user.get("id")
    return explained(lambda: answer_stage(night(context), campaign, said, who))


def look() -> dict[str, int]:
    """Asks the campaigns that do not wait for the night; gives whom they contact, by campaign."""
    from mandegar.campaigns.delivery import settings
    from mandegar.config import company as companies
    from mandegar.pipeline.stages import look_stage
    from mandegar.storage.home import Home

    def work() -> dict[str, int]:
        company = companies.load(company_folder())
        _lend_connections(company)
        lend_connections_of_delivery(settings.load(company).connections)
        return look_stage(company, Home(home_folder(), warehouse_url()), say)

    return explained(work)


def deliver() -> dict[str, int]:
    """Sends what is due in the outbox; gives what became of how many."""
    from mandegar.campaigns.delivery import settings
    from mandegar.config import company as companies
    from mandegar.pipeline.stages import deliver_stage
    from mandegar.storage.home import Home

    def work() -> dict[str, int]:
        company = companies.load(company_folder())
        _lend_connections(company)
        lend_connections_of_delivery(settings.load(company).connections)
        return deliver_stage(company, Home(home_folder(), warehouse_url()), say)

    return explained(work)


def as_of(context: dict[str, Any]) -> date:
    """The business day the run closes: its partition; of a manual run, `as_of` of its configuration."""
    from airflow.sdk.exceptions import AirflowFailException

    run = context["dag_run"]
    day = run.partition_key or (run.conf or {}).get("as_of")
    try:
        return date.fromisoformat(str(day))
    except ValueError:
        raise AirflowFailException(
            f"The run closes no day: its partition is {day!r}. "
            'Trigger it with a partition key such as 2026-10-31, or with the configuration {"as_of": "2026-10-31"}.'
        ) from None


def night(context: dict[str, Any]) -> Night:
    """The night a task belongs to, with the connections it needs within reach."""
    from mandegar.campaigns.delivery import settings
    from mandegar.config import company as companies
    from mandegar.pipeline.stages import Night
    from mandegar.storage.home import Home

    company = companies.load(company_folder())
    _lend_connections(company)
    lend_connections_of_delivery(settings.load(company).connections)
    asked = bool((context["dag_run"].conf or {}).get("ask_again"))
    return Night(company, Home(home_folder(), warehouse_url()), as_of(context), os.environ.get("MANDEGAR_ENGINE", "duckdb"), asked)


def warehouse_url() -> str | None:
    """MANDEGAR_WAREHOUSE, or the Airflow connection mandegar_warehouse; None for the file in the home folder."""
    return os.environ.get("MANDEGAR_WAREHOUSE") or _connection("mandegar_warehouse")


def explained(work: Callable[[], Any]) -> Any:
    """Does the work; what a retry cannot mend fails at once, what it may (a source that is down) is tried again."""
    from airflow.sdk.exceptions import AirflowFailException

    from mandegar.errors import MandegarError, SourceError

    try:
        return work()
    except SourceError:
        raise
    except MandegarError as problem:
        raise AirflowFailException(str(problem)) from problem


def say(text: str) -> None:
    """A line of progress for whoever started the run by hand (ops/nightly.py)."""
    if told := os.environ.get("MANDEGAR_PROGRESS_FD"):
        os.write(int(told), f"{datetime.now():%H:%M:%S} {text}\n".encode())


def _lend_connections(company: Company) -> None:
    """Airflow's connections, where the library looks for them: in the environment of this task's process."""
    for source in company.sources.values():
        given = _connection(source.connection, whole=source.kind != "sql") if source.connection else None
        if given:
            os.environ[f"AIRFLOW_CONN_{str(source.connection).upper()}"] = given
    lend_connections_of_delivery(_owners_connections(company))


def lend_connections_of_delivery(names: set[str]) -> None:
    """The connections by which messages are sent, likewise."""
    for name in names:
        if given := _connection(name, whole=True):
            os.environ[f"AIRFLOW_CONN_{name.upper()}"] = given


def _owners_connections(company: Company) -> set[str]:
    from mandegar.reporting.alerts.connections import connections_used

    return connections_used(company)


def _connection(name: str, whole: bool = False) -> str | None:
    """A connection as a URI; whole: as JSON with all its fields, of which a URI garbles some (a host with its scheme and a path)."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return None
    if not whole:
        return found.get_uri()
    return json.dumps({field: getattr(found, field) for field in ("host", "schema", "login", "password", "port", "extra")})
