"""Alert: every owner hears once of what a night found wrong in their tables."""

from datetime import date, datetime

import sqlalchemy as sa

from mandegar.config.company import Company
from mandegar.errors import SourceError
from mandegar.quality.suites import suites
from mandegar.quality.suites.suite_file import Owner
from mandegar.reporting.alerts.findings import Finding, findings, owner_of
from mandegar.reporting.alerts.message import Message, message
from mandegar.reporting.alerts.send import channels
from mandegar.storage.lake import Lake
from mandegar.warehouse import tables
from mandegar.warehouse.connect import writing

MAIN = {"warned": "warn", "quarantined": "fail", "failed": "fail"}


def alert(company: Company, lake: Lake, warehouse: sa.Engine, as_of: date, now: datetime) -> tuple[dict[str, int], list[str]]:
    """Tells the owners what is wrong on a night; gives how many messages went by each way, and what could not be sent.

    A message is written into quality_alert after it was handed over, so the same night run again sends only what is new:
    other findings, or what failed before. A process killed between the two sends it once more, under the same id.
    """
    with warehouse.begin() as connection:
        found = findings(company, lake, connection, as_of)
    sent: dict[str, int] = {}
    problems = []
    for owner, some in _by_owner(company, found).items():
        told = message(company, owner.name, some, as_of)
        for way, send in channels(owner).items():
            if _was_sent(warehouse, told, way):
                continue
            try:
                send(company, told, now)
            except SourceError as problem:
                problems.append(str(problem))
                continue
            _remember(warehouse, told, way)
            sent[way] = sent.get(way, 0) + 1
    return sent, problems


def _by_owner(company: Company, found: list[Finding]) -> dict[Owner, list[Finding]]:
    """The findings that each owner wants to hear of; what nobody owns is in the Data Docs alone."""
    every = suites.load(company)
    heard: dict[Owner, list[Finding]] = {}
    for one in found:
        owner, least = owner_of(company, every, one.source)
        if owner and (least == "warn" or MAIN[one.status] == "fail"):
            heard.setdefault(owner, []).append(one)
    return heard


def _key(told: Message, way: str) -> dict:
    return {"as_of": told.as_of, "owner": told.owner, "channel": way, "fingerprint": told.fingerprint}


def _was_sent(warehouse: sa.Engine, told: Message, way: str) -> bool:
    sent = tables.quality_alert.c
    same = sa.and_(*(sent[name] == value for name, value in _key(told, way).items()))
    with warehouse.begin() as connection:
        return connection.execute(sa.select(sent.owner).where(same)).first() is not None


def _remember(warehouse: sa.Engine, told: Message, way: str) -> None:
    with writing(warehouse).begin() as connection:
        connection.execute(tables.quality_alert.insert(), _key(told, way) | {"findings": len(told.findings)})
