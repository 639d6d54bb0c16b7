"""What the results of campaigns say that somebody has to hear: one harms, one has stopped itself, one was not divided by chance alone."""

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from mandegar.campaigns.file.load import load_all
from mandegar.campaigns.results.statistics import SRM_ALARM
from mandegar.config.company import Company
from mandegar.language.catalogue import Said
from mandegar.warehouse.tables import campaign_result

SOURCE = "campaign."
STOPPED, HARMS, DIVIDED = "stopped_itself", "harms", "sample_ratio"
WORDS: dict[str, tuple[Said, Said]] = {
    STOPPED: (
        Said("the campaign has stopped itself: surely fewer come to its goal than without it"),
        Said("Change it and its id, or take it out; `goal.stop_below` says at what bound it stops."),
    ),
    HARMS: (
        Said("fewer come to the campaign's goal than without it"),
        Said("Let it rest (`active: false`), or let `goal.stop_below` stop it."),
    ),
    DIVIDED: (
        Said("something other than chance divided the campaign's groups: its result cannot be trusted"),
        Said("See whether a tool sent to the holdout list, or left out a part of the send list."),
    ),
}


def campaign_findings(company: Company, connection: sa.Connection, as_of: date) -> list[tuple[str, str, date]]:
    """Campaign, rule (of WORDS) and the night since which it is so without a break, of the results that a night wrote."""
    row = campaign_result.c
    whole = (row.measure == "goal") & (row.stage == "all") & (row.segment == "all") & (row.as_of <= as_of)
    query = sa.select(row.campaign_id, row.as_of, row.high_any, row.sample_ratio_p).where(whole)
    bounds = {campaign.id: campaign.goal.stop_below for campaign in load_all(company, resting=True)}
    nights: dict[str, list[tuple[date, set[str]]]] = {}
    for campaign, night, high, odd in connection.execute(query.order_by(row.campaign_id, row.as_of.desc())):
        nights.setdefault(campaign, []).append((night, set(_rules(high, odd, bounds.get(campaign)))))
    found = []
    for campaign, told in nights.items():
        if told[0][0] == as_of:
            found += [(campaign, rule, _since(rule, told)) for rule in WORDS if rule in told[0][1]]
    return found


def _rules(high: float | None, odd: float | None, bound: float | None) -> Iterable[str]:
    if odd is not None and odd < SRM_ALARM:
        yield DIVIDED
    if high is None or high >= 0:
        return
    yield STOPPED if bound is not None and high < bound else HARMS


def _since(rule: str, told: list[tuple[date, set[str]]]) -> date:
    """The first of the nights, the latest first, on which a rule was met up to the last one."""
    since = told[0][0]
    for night, rules in told:
        if rule not in rules:
            break
        since = night
    return since
