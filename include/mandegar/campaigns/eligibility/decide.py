"""What becomes of every candidate of a campaign on a night: send, holdout or suppressed, with what every rule said."""

from datetime import date
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.eligibility import channels, control
from mandegar.campaigns.eligibility.channels import NOTHING
from mandegar.campaigns.eligibility.past import Past, beside, sides
from mandegar.campaigns.eligibility.rules import RULES, Asked
from mandegar.campaigns.eligibility.said import FINE, SAID
from mandegar.campaigns.file.words import AGAIN, BETWEEN, Campaign
from mandegar.campaigns.offers import worth_it
from mandegar.compute.engine import Engine
from mandegar.config.company import Company


def decide(
    company: Company, campaign: Campaign, candidates: ir.Table, persons: ir.Table, past: Past, as_of: date, send_on: date, engine: Engine
) -> ir.Table:
    """What becomes of every candidate.

    Grain: one row per customer_id. Columns: those of candidates (audience.candidates); channel, dedupe_key, decision (send, holdout or
    suppressed), deciding_rule, offer_code (empty: none); said_<rule>: empty where a rule of RULES has no objection; of LATER FINE, and
    empty where it was not asked.

    The first rule that says no decides. One person is contacted once: of several accounts the one of the highest value stays, then the
    smallest id. The control group is drawn last, from those who could have been sent to; whoever was drawn once stays on that side.
    """
    with_past = engine.keep(beside(candidates, past, persons, company, campaign, as_of, engine))
    opened = with_past.mutate(**{f"open_{name}": channels.is_open(with_past, company, campaign, name) for name in campaign.channels})
    rows = engine.keep(opened.mutate(channel=channels.chosen(opened, campaign)))
    asked = Asked(rows, company, campaign, as_of, send_on)
    said = rows.mutate(**{SAID + name: rule(asked).cast("string") for name, rule in RULES.items()})
    refused = ibis.cases(*((said[SAID + name].notnull(), name) for name in RULES), else_=NOTHING)
    answered = engine.keep(said.mutate(refused=refused))
    once = _one_person_once(answered)
    afforded = _within_budget(once, campaign, engine)
    drawn = _drawn(company, campaign, afforded, sides(past.drawn, persons, campaign.control.salt), engine)
    return engine.keep(_offered(drawn, campaign))


def _one_person_once(rows: ir.Table) -> ir.Table:
    """Of the accounts of one person that are left, the most valuable stays."""
    window = ibis.window(group_by=[rows.person_key, rows.refused.isnull()], order_by=[rows["value"].desc(), rows.customer_id.asc()])
    placed = rows.mutate(first=rows.customer_id.first().over(window), place=ibis.row_number().over(window))
    same = (placed.place > 0).ifelse("same person as " + placed.first, FINE)
    said = placed.refused.isnull().ifelse(same, NOTHING)
    refused = placed.refused.coalesce((said != FINE).ifelse("same_person", NOTHING))
    return placed.mutate(said_same_person=said, refused=refused).drop("first", "place")


def _within_budget(rows: ir.Table, campaign: Campaign, engine: Engine) -> ir.Table:
    """Those whom the budget of a night reaches, the ones with most at stake first: probability to leave x value.

    Where no probability is known (they have left already, or the company has no model), all of the value is at stake.
    """
    if campaign.budget is None or not campaign.cost:
        return engine.keep(rows.mutate(said_budget=rows.refused.isnull().ifelse(FINE, NOTHING)))
    price = ibis.cases(*((rows.channel == channel, _cost(cost)) for channel, cost in campaign.cost.items()), else_=_cost(0))
    stake = (rows.churn_probability.fill_null(worth_it.LEAVES_IF_UNKNOWN) * rows["value"].cast("float64")).fill_null(0.0)
    priced = rows.mutate(price=price, stake=stake, left=rows.refused.isnull())
    window = ibis.window(group_by=priced.left, order_by=[priced.stake.desc(), priced.customer_id.asc()], preceding=None, following=0)
    spent = priced.mutate(spent=priced.price.sum().over(window))
    over = spent.spent > _cost(campaign.budget)
    told = spent.left.ifelse(over.ifelse(ibis.literal(f"beyond the budget of {campaign.budget:g}"), FINE), NOTHING)
    refused = spent.refused.coalesce((spent.left & over).ifelse("budget", NOTHING))
    return engine.keep(spent.mutate(said_budget=told, refused=refused).drop("price", "stake", "left", "spent"))


def _cost(amount: float) -> ir.DecimalScalar:
    """What messages cost, exactly: ten of 0.1 are 1."""
    return ibis.literal(Decimal(str(amount)), "decimal(24, 9)")


def _drawn(company: Company, campaign: Campaign, rows: ir.Table, drawn: ir.Table, engine: Engine) -> ir.Table:
    """Who is held out of those who are left: of every campaign, or of this one."""
    everywhere = company.contacting.global_control
    joined = rows.join(drawn, rows.person_key == drawn.person, how="left").select(*rows.columns, "side")
    of_all = control.is_held_out(control.EVERY_CAMPAIGN, everywhere.salt, everywhere.share, joined.person_key, engine)
    of_this = control.is_held_out(campaign.id, campaign.control.salt, campaign.control.share, joined.person_key, engine)
    held = joined.side.coalesce(of_this)
    said = ibis.cases((of_all, "in the control group of all campaigns"), (held, "in the control group"), else_=FINE)
    left = joined.refused.isnull()
    told = joined.mutate(said_holdout=left.ifelse(said, NOTHING))
    rule = ibis.cases(
        (told.refused.notnull(), told.refused),
        (told.said_holdout == "in the control group of all campaigns", "global_holdout"),
        (told.said_holdout != FINE, "holdout"),
        else_="eligible",
    )
    decision = ibis.cases((told.refused.notnull(), "suppressed"), (told.said_holdout != FINE, "holdout"), else_="send")
    return engine.keep(told.mutate(deciding_rule=rule, decision=decision).drop("refused", "side"))


def _offered(rows: ir.Table, campaign: Campaign) -> ir.Table:
    """What is offered at each stage, to whom it is worth it."""
    stages = [step.name for step in campaign.steps] or [*campaign.trigger.stages, BETWEEN]
    stages += [stage + AGAIN for stage in stages]
    offers = [(stage, offer) for stage in stages if (offer := campaign.offer_at(stage)) is not None]
    if not offers:
        return rows.mutate(said_offer=NOTHING, offer_code=NOTHING)
    said = ibis.cases(*((rows.stage == stage, worth_it.against(rows, offer).coalesce(FINE)) for stage, offer in offers), else_=NOTHING)
    code = ibis.cases(*((rows.stage == stage, offer.code) for stage, offer in offers), else_=NOTHING)
    return rows.mutate(said_offer=said, offer_code=(said == FINE).ifelse(code, NOTHING))
