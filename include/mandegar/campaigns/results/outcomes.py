"""What became of everyone that a campaign decided about: did they stay, come to the goal, and what did they bring in?"""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import sqlalchemy as sa

from mandegar.campaigns import goals
from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.file.words import Campaign
from mandegar.campaigns.ledger import LIVE
from mandegar.campaigns.moments.window import rates
from mandegar.compute import exchange_rates
from mandegar.metrics.contracts.ledger import ledger
from mandegar.metrics.contracts.policies import own_policies
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.purchases.purchases import purchases, revenue_entries_of
from mandegar.time.calendar import PERIOD_SCHEMA, midnight
from mandegar.warehouse.tables import campaign_approval, campaign_member, campaign_run

EXPOSED = pa.schema(
    [
        *((name, pa.string()) for name in ("person_key", "customer_id", "stage", "risk_band", "offer_code")),
        ("treated", pa.bool_()),
        ("night", pa.date32()),
        *((name, pa.timestamp("us", "UTC")) for name in ("at", "until", "before")),
    ]
)


def exposed(engine: sa.Engine, campaign: Campaign, as_of: date, zone_of: Tonight) -> pa.Table:
    """Everyone whom chance divided in a live run and whose time to come to the goal is over: each person by their first time.

    Grain: one row per person_key. Columns: customer_id, stage, risk_band, offer_code; treated (sent to, else held out); night; at, until:
    the time in which outcomes count; before: as long a time earlier. A run that was rejected, or expired, divided nobody. What was
    withdrawn or could not be handed over counts as treated: the groups stay as chance made them.
    """
    run, member, said = campaign_run.c, campaign_member.c, campaign_approval.c
    same = (run.campaign_id == member.campaign_id) & (run.as_of == member.as_of)
    refused = sa.exists().where(
        (said.campaign_id == run.campaign_id)
        & (said.as_of == run.as_of)
        & (said.list_version == run.list_version)
        & (said.answer != "approved")
    )
    last = as_of - timedelta(days=campaign.goal.days)
    columns = (member.person_key, member.customer_id, member.stage, member.risk_band, member.offer_code, member.decision, member.as_of)
    query = sa.select(*columns).join_from(campaign_member, campaign_run, same)
    query = query.where((member.campaign_id == campaign.id) & (run.mode == LIVE) & ~refused & (member.as_of <= last))
    query = query.where(member.deciding_rule.in_(("eligible", "holdout")) & (run.control_salt == campaign.control.salt))
    rows: dict[str, dict] = {}
    zone = zone_of.company.zone
    with engine.begin() as connection:
        for key, customer, stage, band, code, decision, night in connection.execute(query.order_by(member.as_of, member.customer_id)):
            if key not in rows:
                at, length = midnight(night + timedelta(days=1), zone), timedelta(days=campaign.goal.days)
                until, before = midnight(night + timedelta(days=1) + length, zone), midnight(night + timedelta(days=1) - length, zone)
                rows[key] = {
                    "person_key": key,
                    "customer_id": customer,
                    "stage": stage,
                    "risk_band": band,
                    "offer_code": code,
                    "night": night,
                }
                rows[key] |= {"treated": decision == "send", "at": at, "until": until, "before": before}
    return pa.Table.from_pylist(list(rows.values()), EXPOSED)


def outcomes(tonight: Tonight, campaign: Campaign, people: pa.Table) -> pa.Table:
    """What became of them.

    Grain: that of people (exposed). Columns added, numbers: stayed (1: pays at the end of the time; without contracts: has bought within
    churn.days before it), goal (1: came to the campaign's goal within the
    time; a goal that is a rule: meets it tonight), mrr and mrr_before (a month, at the end and when it
    began), revenue and revenue_before (in the time, and in as long a time before it), in the company's currency; money of contracts
    at the rate of the night.
    """
    engine, evening, company = tonight.engine, tonight.evening, tonight.company
    rows = engine.keep(engine.table(people))
    night = MeasuredNight(company, engine, evening.as_of, evening.closes, evening.entities, engine.table(PERIOD_SCHEMA.empty_table()), [])
    entries = revenue_entries_of(night).select("amount", who="customer_id", when="at")
    found = rows
    for name, first, last in (("revenue", "at", "until"), ("revenue_before", "before", "at")):
        inside = rows.join(entries, rows.customer_id == entries.who)
        inside = inside.filter((inside.when >= inside[first]) & (inside.when < inside[last]))
        sums = inside.group_by("person_key").agg(**{name: inside.amount.sum().cast("float64")})
        found = _beside(found, sums, name, 0.0)
    if company.churn.kind == "contract":
        found = _with_contracts(tonight, rows, found)
    else:
        bought = purchases(evening.entities["invoice"]).select(who="customer_id", when="issued_at")
        lately = rows.join(bought, rows.customer_id == bought.who)
        lately = lately.filter((lately.when < lately.until) & (lately.when >= lately.until - ibis.interval(days=company.churn.days)))
        found = _beside(found, _once(lately, "stayed"), "stayed", 0.0)
        found = found.mutate(mrr=ibis.literal(0.0), mrr_before=ibis.literal(0.0))
    return engine.arrow(_with_goal(tonight, campaign, rows, found).order_by("person_key"))


def _with_contracts(tonight: Tonight, rows: ir.Table, found: ir.Table) -> ir.Table:
    engine, evening = tonight.engine, tonight.evening
    spans = engine.keep(
        ledger(evening.entities["subscription"], own_policies(evening.company), engine, evening.closes, evening.entities["invoice"])
    )
    paid = engine.keep(spans.filter(spans.mrr > 0).select("customer_id", "currency", "mrr", "from_at", "until_at"))
    valued = exchange_rates.with_rate(evening.company, engine, paid, evening.closes, rates(evening, engine))
    own = valued.select(who="customer_id", amount=exchange_rates.at_rate(valued.mrr, valued.rate), from_at="from_at", until_at="until_at")
    for name, instant in (("mrr", "until"), ("mrr_before", "at")):
        standing = rows.join(own, rows.customer_id == own.who)
        standing = standing.filter(
            (standing.from_at < standing[instant]) & (standing.until_at.isnull() | (standing.until_at >= standing[instant]))
        )
        found = _beside(found, standing.group_by("person_key").agg(**{name: standing.amount.sum().cast("float64")}), name, 0.0)
    return found.mutate(stayed=(found.mrr > 0).cast("float64"))


def _with_goal(tonight: Tonight, campaign: Campaign, rows: ir.Table, found: ir.Table) -> ir.Table:
    goal = campaign.goal
    if goal.rule is None and goal.is_ == "stays":
        return found.mutate(goal=found.stayed)
    if goal.rule is not None:
        people = tonight.engine.arrow(rows.select("customer_id", "night")).to_pylist()
        done = goals.reached(tonight, goal, {row["customer_id"]: row["night"] for row in people})
        return found.mutate(goal=found.customer_id.isin(sorted(done) or [""]).cast("float64"))
    events = goals.EVENTS[goal.is_](tonight).select(who="customer_id", when="at")
    inside = rows.join(events, rows.customer_id == events.who)
    inside = inside.filter((inside.when >= inside["at"]) & (inside.when < inside.until))
    return _beside(found, _once(inside, "goal"), "goal", 0.0)


def _once(rows: ir.Table, name: str) -> ir.Table:
    """Whoever has any row: a 1 under that name."""
    return rows.select("person_key").distinct().mutate(**{name: ibis.literal(1.0)})


def _beside(rows: ir.Table, part: ir.Table, name: str, nothing: float) -> ir.Table:
    joined = rows.join(part, "person_key", how="left")
    return joined.select(*rows.columns, **{name: joined[name].fill_null(nothing)})
