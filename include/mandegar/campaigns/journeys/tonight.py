"""A night of a journey: who enters, who goes on, who has come to the goal, and whose step is due."""

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.campaigns import goals, ledger
from mandegar.campaigns.audience.candidates import candidates, whether
from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.file.words import Campaign, Step
from mandegar.campaigns.journeys import record
from mandegar.campaigns.journeys.journey import (
    GOAL,
    WAITING,
    Due,
    Standing,
    after,
    days_after,
    entering,
    has_waited,
    is_due,
    until_a_message,
)
from mandegar.campaigns.retries import retry_days
from mandegar.compute.money import MONEY
from mandegar.config.company import Company
from mandegar.rules.compile import column_of

FACTS = ("amount", "currency", "reason_code", "value", "event_on")
OF_THE_MOMENT = pa.schema(
    [
        *((name, pa.string()) for name in ("customer_id", "stage", "event_key", "currency", "reason_code")),
        *((name, pa.decimal128(24, 4)) for name in ("amount", "told_value")),
        ("event_on", pa.date32()),
        ("days", pa.int64()),
        ("already", pa.bool_()),
    ]
)


@dataclass
class JourneyNight:
    """A journey on one night. before: where everyone stood; now: where they stand by tonight, before messages are decided.

    due_on: when a step is due.
    """

    campaign: Campaign
    files: dict[str, Campaign]
    before: list[Standing]
    now: list[Standing]
    night: date
    due_on: Due = days_after

    @property
    def due(self) -> list[Standing]:
        """Whose step is to be taken."""
        return [one for one in self.now if is_due(one, self.night)]

    def moved(self, decisions: dict[str, str]) -> list[Standing]:
        """Where those stand who moved. decisions: of each customer whose step was due, what became of it.

        Sent to or held out is a step taken: who is held out walks the same way without hearing of it. A step that may not be sent
        waits, as long as the file says, and is then left out.
        """
        stood = {(one.customer_id, one.entry_key): one for one in self.before}
        found = []
        for one in self.now:
            steps = self.files[one.file_version].steps
            if is_due(one, self.night):
                taken = decisions.get(one.customer_id, "suppressed") != "suppressed"
                if taken or has_waited(one, self.night, self.campaign.expires_after_days):
                    one = after(one, steps, self.night, self.due_on)
            if stood.get((one.customer_id, one.entry_key)) != one:
                found.append(one)
        return found


def journey_night(tonight: Tonight, campaign: Campaign, mode: str) -> JourneyNight:
    """A journey's night, up to the decisions."""
    night, version = tonight.as_of, ledger.file_version(campaign)
    due_on = due_by(tonight.company)
    before = record.standings(tonight.warehouse, campaign.id, night, mode)
    waiting = [one for one in before if one.state == WAITING]
    files = record.files(tonight.warehouse, campaign, version, (one.file_version for one in waiting))
    goal = goals.reached(tonight, campaign.goal, {one.customer_id: one.entered_on for one in waiting})
    now = [replace(one, state=GOAL) if one.customer_id in goal else one for one in waiting]
    if campaign.runs_on(night):
        now += entering(campaign, version, _found(tonight, campaign), before, night, due_on)
    answers = _answers(tonight, files, [one for one in now if is_due(one, night)])

    def answer(of_version: str, customer: str, step: Step) -> bool:
        return customer in answers[of_version, step.name]

    moved = [until_a_message(one, files[one.file_version].steps, night, answer, due_on) if one.state == WAITING else one for one in now]
    return JourneyNight(campaign, files, waiting, moved, night, due_on)


def due_by(company: Company) -> Due:
    """When steps are due at a company: so many days after the one before; of a failed payment also by its next attempt."""

    def due(step: Step, facts: str, night: date) -> date:
        earliest = days_after(step, facts, night)
        if step.before_retry_days is None:
            return earliest
        told, ahead = json.loads(facts), timedelta(days=step.before_retry_days)
        attempts = retry_days(company, told["reason_code"], date.fromisoformat(told["event_on"]))
        return next((day - ahead for day in attempts if day - ahead >= earliest), earliest)

    return due


def step_candidates(tonight: Tonight, this: JourneyNight) -> ir.Table:
    """Those whose step is due, as eligibility takes them. Grain and columns: those of audience.candidates; stage is the step."""
    rows = []
    for one in this.due:
        facts = json.loads(one.facts)
        event_on = date.fromisoformat(facts["event_on"])
        rows.append(
            {
                "customer_id": one.customer_id,
                "stage": one.step,
                "event_key": one.entry_key,
                "currency": facts["currency"],
                "reason_code": facts["reason_code"],
                "amount": _decimal(facts["amount"]),
                "told_value": _decimal(facts["value"]),
                "event_on": event_on,
                "days": abs((event_on - this.night).days),
                "already": False,
            }
        )
    due, described = tonight.engine.table(pa.Table.from_pylist(rows, OF_THE_MOMENT)), tonight.described
    joined = due.join(described, "customer_id")
    wide = joined.select(*due.columns, *(name for name in described.columns if name != "customer_id"))
    value = wide.told_value.coalesce(wide.worth, ibis.literal(0).cast(MONEY))
    return tonight.engine.keep(wide.mutate(value=value).drop("told_value", "worth"))


def _found(tonight: Tonight, campaign: Campaign) -> dict[str, tuple[str, str]]:
    """Whom the trigger is about tonight: what they would enter by, and the facts of it."""
    found = candidates(tonight, campaign)
    rows = tonight.engine.arrow(found.select("customer_id", "event_key", "already", *FACTS).order_by("customer_id")).to_pylist()
    return {row["customer_id"]: (row["event_key"], _facts(row)) for row in rows if not row["already"]}


def _facts(row: dict) -> str:
    told = {name: str(row[name]) if row[name] is not None and name not in ("currency", "reason_code") else row[name] for name in FACTS}
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _answers(tonight: Tonight, files: dict[str, Campaign], due: list[Standing]) -> dict[tuple[str, str], set[str]]:
    """Who meets the rule of each step with one, by file version and step: of everyone whose step is due, all the steps still ahead."""
    engine = tonight.engine
    found: dict[tuple[str, str], set[str]] = {}
    for version, file in files.items():
        customers = sorted({one.customer_id for one in due if one.file_version == version})
        rules = {step.name: step.if_ for step in file.steps if step.if_ is not None}
        if not customers or not rules:
            found |= {(version, name): set() for name in rules}
            continue
        rows = engine.table(pa.table({"customer_id": pa.array(customers, pa.string())}))
        meets = engine.arrow(whether(tonight, rows, rules)).to_pylist()
        for name in rules:
            found[version, name] = {row["customer_id"] for row in meets if row[column_of(name)]}
    return found
