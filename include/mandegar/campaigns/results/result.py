"""A campaign's result: every measure of everyone, by stage and by risk, against the control group."""

import hashlib
from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.ledger import LIVE
from mandegar.campaigns.offers.made import state_of
from mandegar.campaigns.results.outcomes import exposed, outcomes
from mandegar.campaigns.results.statistics import (
    Effect,
    Values,
    adjusted,
    difference,
    difference_of_shares,
    people_until_clear,
    sample_ratio,
)
from mandegar.warehouse.connect import writing
from mandegar.warehouse.tables import campaign_result, campaign_run, offer_state

MEASURES = {"retention": "stayed", "goal": "goal", "mrr": "mrr", "revenue": "revenue"}
BEFORE = {"mrr": "mrr_before", "revenue": "revenue_before"}
SHARES = ("retention", "goal")
PLACEBO = "placebo"
EVERYBODY = "all"
LEAST_SHARE = 0.02  # two points: the effect on a share that one would not like to miss


def write_result(tonight: Tonight, campaign: Campaign) -> int:
    """Writes campaign_result of a night, and what came of its offers, in place of what was there for it; gives its rows."""
    people = exposed(tonight.warehouse, campaign, tonight.as_of, tonight)
    found = outcomes(tonight, campaign, people) if len(people) else None
    rows = list(result(tonight, campaign, found)) if found is not None else []
    states = state_of(campaign, tonight.as_of, found) if found is not None and campaign.choices else []
    with writing(tonight.warehouse).begin() as connection:
        for table, written in ((campaign_result, rows), (offer_state, states)):
            connection.execute(table.delete().where((table.c.campaign_id == campaign.id) & (table.c.as_of == tonight.as_of)))
            if written:
                connection.execute(table.insert(), written)
    return len(rows)


def result_rows(engine: sa.Engine, campaign_id: str, as_of: date) -> list[dict]:
    """The rows of campaign_result that a night wrote about a campaign."""
    mine = (campaign_result.c.campaign_id == campaign_id) & (campaign_result.c.as_of == as_of)
    query = sa.select(campaign_result).where(mine).order_by(*campaign_result.primary_key)
    with engine.begin() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def result(tonight: Tonight, campaign: Campaign, found: pa.Table) -> Iterator[dict]:
    """The rows of campaign_result, of the outcomes of everyone: one per stage (or all), segment (all, or a risk band) and measure.

    Measures: retention and goal are shares, mrr and revenue amounts per person in the company's currency, placebo the difference in goal
    between two halves of the control group, which nothing sets apart. Of amounts, what the time before foretells is taken out (CUPED).
    """
    spent = _spent(tonight.warehouse, campaign, tonight.as_of)
    columns = {name: np.asarray(found[name].to_pylist(), dtype=object) for name in found.column_names}
    stages = [EVERYBODY, *sorted(set(columns["stage"]))]
    for stage in stages if len(stages) > 2 else stages[:1]:
        of_stage = (columns["stage"] == stage) | (stage == EVERYBODY)
        bands = sorted({band for band in columns["risk_band"][of_stage] if band})
        for band in [EVERYBODY, *bands] if stage == EVERYBODY else [EVERYBODY]:
            chosen = of_stage & ((columns["risk_band"] == band) | (band == EVERYBODY))
            whole = stage == EVERYBODY and band == EVERYBODY
            yield from _measured(tonight, campaign, columns, chosen, stage, band, spent if whole else None)


def is_harmful(engine: sa.Engine, campaign: Campaign, as_of: date) -> bool:
    """Whether the last result says that a campaign harms past the bound its file states, however often one looked."""
    if campaign.goal.stop_below is None:
        return False
    row = campaign_result.c
    mine = (row.campaign_id == campaign.id) & (row.measure == "goal") & (row.stage == EVERYBODY) & (row.segment == EVERYBODY)
    query = sa.select(row.high_any).where(mine & (row.as_of < as_of)).order_by(row.as_of.desc()).limit(1)
    with engine.begin() as connection:
        high = connection.execute(query).scalar()
    return high is not None and high < campaign.goal.stop_below


def _measured(
    tonight: Tonight, campaign: Campaign, columns: dict, chosen: np.ndarray, stage: str, band: str, spent: float | None
) -> Iterator[dict]:
    treated, control = chosen & (columns["treated"] == True), chosen & (columns["treated"] == False)  # noqa: E712  # of an array of objects

    def of(name: str, group: np.ndarray) -> Values:
        return columns[name][group].astype(np.float64)

    srm = sample_ratio(int(treated.sum()), int(control.sum()), campaign.control.share)
    about = {"campaign_id": campaign.id, "as_of": tonight.as_of, "stage": stage, "segment": band, "sample_ratio_p": srm}
    for measure, name in MEASURES.items():
        values = of(name, treated), of(name, control)
        if measure in BEFORE and len(values[0]) and len(values[1]):
            values = adjusted(*values, of(BEFORE[measure], treated), of(BEFORE[measure], control))
        effect = difference_of_shares(*values) if measure in SHARES else difference(*values)
        least = LEAST_SHARE if measure in SHARES else abs(effect.effect or 0.0)
        yield about | _row(measure, effect) | {"people_until_clear": people_until_clear(effect, least)} | _money(measure, effect, spent)
    halves = np.array([hashlib.sha256(f"placebo|{key}".encode()).digest()[0] % 2 for key in columns["person_key"]])
    placebo = difference_of_shares(of("goal", control & (halves == 0)), of("goal", control & (halves == 1)))
    yield about | _row(PLACEBO, placebo) | {"people_until_clear": None, "total": None, "cost": None, "return_on_cost": None}


def _row(measure: str, effect: Effect) -> dict:
    told = {name: getattr(effect, name) for name in Effect.__dataclass_fields__}
    return {"measure": measure, **told}


def _money(measure: str, effect: Effect, spent: float | None) -> dict:
    """total: the effect on all who were sent to; cost of the contacts, and what each unit of it brought back."""
    total = None if effect.effect is None else effect.effect * effect.treated
    if measure != "revenue" or spent is None:
        return {"total": total, "cost": None, "return_on_cost": None}
    back = None if not spent or total is None else (total - spent) / spent
    return {"total": total, "cost": spent, "return_on_cost": back}


def _spent(engine: sa.Engine, campaign: Campaign, as_of: date) -> float:
    """What a campaign's live contacts cost until a night."""
    run = campaign_run.c
    mine = (run.campaign_id == campaign.id) & (run.mode == LIVE) & (run.as_of <= as_of)
    with engine.begin() as connection:
        return float(connection.execute(sa.select(sa.func.sum(run.cost)).where(mine)).scalar() or 0.0)
