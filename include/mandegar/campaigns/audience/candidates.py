"""The candidates of a campaign: whom its moment is about and its rule admits, with all that eligibility looks at."""

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.audience.tonight import Tonight
from mandegar.campaigns.file.fields import AUDIENCE_FIELDS, OF_THE_MOMENT
from mandegar.campaigns.file.words import BETWEEN, Campaign, Trigger
from mandegar.campaigns.moments.moments import occasions
from mandegar.compute.money import MONEY
from mandegar.rules.compile import column_of, met
from mandegar.rules.words import Condition
from mandegar.time.local_days import EPOCH, local_day, number

RULE = "audience"


def candidates(tonight: Tonight, campaign: Campaign) -> ir.Table:
    """Everyone a campaign considers on a night.

    Grain: one row per customer_id. Columns: stage, of the trigger (BETWEEN where none covers the day); event_key and event_on, what it is
    about; days, between it and the night; value, of a year, in the company's currency; amount and currency; reason_code; already;
    and those of Tonight.described.
    """
    engine = tonight.engine
    found = occasions(tonight.evening, campaign.trigger, engine, tonight.risk.select("customer_id"))
    described = tonight.described
    joined = found.join(described, "customer_id")
    wide = joined.select(*found.columns, *(name for name in described.columns if name != "customer_id"))
    company = tonight.company
    event_day = local_day(wide.event_at, company.zone, tonight.evening.closes)
    worth = wide.value.coalesce(wide.worth, ibis.literal(0).cast(MONEY))
    dated = wide.mutate(days=(event_day - number(tonight.as_of)).abs().cast("int64"), event_day=event_day, value=worth)
    event_on = (ibis.date(EPOCH) + dated.event_day.as_interval("D")).cast("date")
    kept = engine.keep(
        dated.mutate(
            stage=_stage(campaign.trigger, dated.days),
            event_on=event_on,
            event_key=dated.event_key + " " + event_on.strftime("%Y-%m-%d"),  # cast to text DuckDB would add midnight
        ).drop("event_at", "event_day", "worth")
    )
    return kept if campaign.audience is None else admitted(tonight, kept, campaign.audience)


def admitted(tonight: Tonight, rows: ir.Table, rule: Condition) -> ir.Table:
    """Those of some candidates who meet a rule. Grain and columns: those of rows."""
    meets = whether(tonight, rows, {RULE: rule})
    return tonight.engine.keep(rows.semi_join(meets.filter(meets[column_of(RULE)]), "customer_id"))


def whether(tonight: Tonight, rows: ir.Table, rules: dict[str, Condition]) -> ir.Table:
    """Which candidates meet which rules (rules.compile.met). Grain: that of rows, one per customer_id."""
    of_moment = {"days": "days", "value": "value", "amount": "amount", "reason": "reason_code"}
    given = {name: rows[column] for name, column in of_moment.items() if column in rows.columns}
    asked = rows.select("customer_id", **given)
    others = tonight.wide.drop(*(name for name in OF_THE_MOMENT if name in tonight.wide.columns))
    customers = tonight.evening.entities["customer"]
    own = [name for name in customers.columns if name not in OF_THE_MOMENT]
    measured = [name for name in others.columns if name not in own]
    beside = asked.join(customers.select(*own), "customer_id", how="left").select(*asked.columns, *(n for n in own if n != "customer_id"))
    wide = beside.join(others, "customer_id", how="left").select(*beside.columns, *(name for name in measured if name != "customer_id"))
    return tonight.engine.keep(met(wide, rules, tonight.evening, tonight.engine, AUDIENCE_FIELDS, tonight.named))


def _stage(trigger: Trigger, days: ir.IntegerValue) -> ir.StringValue:
    """The stage whose days cover it; a day of the year and every night have only one."""
    if trigger.day is not None or trigger.every is not None:
        return ibis.literal(next(iter(trigger.stages)))
    return ibis.cases(*(((days >= low) & (days <= high), name) for name, (low, high) in trigger.stages.items()), else_=BETWEEN)
