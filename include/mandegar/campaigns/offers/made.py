"""Offers made to a run's members: chosen, written beside what was decided, and learnt from."""

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from mandegar.campaigns.audience.candidates import whether
from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.eligibility.said import FINE, SAID
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.offers.next_best import Person, Seen, choose
from mandegar.campaigns.offers.worth_it import AT_RISK, LEAVES_IF_UNKNOWN, RENEWS_BY_ITSELF, STAYS
from mandegar.rules.compile import column_of
from mandegar.warehouse.tables import campaign_member, campaign_run, offer_state

YEAR = 365


def with_offers(tonight: Tonight, campaign: Campaign, members: pa.Table, mode: str) -> pa.Table:
    """The members of a run with the best of the campaign's offers for each; of a campaign without several as they are."""
    offers = campaign.choices
    if not offers or not len(members):
        return members
    rows = members.select(["customer_id", "person_key", "reason_code", "risk_band", "churn_probability", "value"]).to_pylist()
    rules = {offer.code: offer.rule for offer in offers if offer.rule is not None}
    meets: dict[str, dict] = {}
    if rules:
        asked = tonight.engine.table(members.select(["customer_id", "days", "value", "amount", "reason_code"]))
        meets = {row["customer_id"]: row for row in tonight.engine.arrow(whether(tonight, asked, rules)).to_pylist()}
    had = _had(tonight.warehouse, tonight.as_of, mode)
    people, stays = [], []
    for row in rows:
        by_rule = meets.get(row["customer_id"], {})
        renews = row["reason_code"] == RENEWS_BY_ITSELF and row["risk_band"] not in AT_RISK
        may = tuple(
            (offer.rule is None or by_rule.get(column_of(offer.code), False)) and not (renews and not offer.to_auto_renewing)
            for offer in offers
        )
        leaves = LEAVES_IF_UNKNOWN if row["churn_probability"] is None else row["churn_probability"]
        stake = leaves * float(row["value"])
        people.append(Person(row["person_key"], may, had.get(row["person_key"], 0), stake))
        stays.append(renews and not any(may))
    chosen = choose(campaign.id, tonight.as_of, offers, learnt(tonight.warehouse, campaign, tonight.as_of), people)
    said = [STAYS if stay else FINE if code else told for (code, told), stay in zip(chosen, stays, strict=True)]
    codes = pa.array([code for code, _ in chosen], pa.string())
    place = members.schema.get_field_index("offer_code"), members.schema.get_field_index(SAID + "offer")
    return members.set_column(place[0], "offer_code", codes).set_column(place[1], SAID + "offer", pa.array(said, pa.string()))


def learnt(engine: sa.Engine, campaign: Campaign, as_of: date) -> dict[str, Seen]:
    """What came of every offer of a campaign, by the last night before that knows: by code, of those held out under an empty one."""
    row = offer_state.c
    last = sa.select(sa.func.max(row.as_of)).where((row.campaign_id == campaign.id) & (row.as_of < as_of)).scalar_subquery()
    query = sa.select(row.offer_code, row.people, row.reached).where((row.campaign_id == campaign.id) & (row.as_of == last))
    with engine.begin() as connection:
        return {one.offer_code: Seen(one.people, one.reached) for one in connection.execute(query)}


def state_of(campaign: Campaign, as_of: date, found: pa.Table) -> list[dict]:
    """What came of every offer: rows of offer_state. found: outcomes of everyone (results.outcomes), with their offer_code."""
    treated = found.filter(pc.and_(found["treated"], pc.is_valid(found["offer_code"])))
    groups = {offer.code: treated.filter(pc.equal(treated["offer_code"], offer.code)) for offer in campaign.choices}
    groups[""] = found.filter(pc.invert(found["treated"]))
    return [
        {
            "campaign_id": campaign.id,
            "as_of": as_of,
            "offer_code": code,
            "people": len(rows),
            "reached": int(pc.sum(rows["goal"]).as_py() or 0),
        }
        for code, rows in groups.items()
    ]


def _had(engine: sa.Engine, as_of: date, mode: str) -> dict[str, int]:
    """How many offers each person was made in the year before a night."""
    member, run = campaign_member.c, campaign_run.c
    same = (run.campaign_id == member.campaign_id) & (run.as_of == member.as_of)
    within = (member.as_of > as_of - timedelta(days=YEAR)) & (member.as_of < as_of) & (member.decision == "send")
    query = sa.select(member.person_key, sa.func.count()).join_from(campaign_member, campaign_run, same)
    query = query.where(within & member.offer_code.is_not(None) & ((run.mode == "live") if mode == "live" else sa.true()))
    with engine.begin() as connection:
        return {row[0]: row[1] for row in connection.execute(query.group_by(member.person_key))}
