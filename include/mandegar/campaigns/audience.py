"""Whom a campaign is about: the customers whose term ends soon, or who have left, on the evening of a day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from mandegar import calendar
from mandegar.campaigns.people import e164, match_email
from mandegar.campaigns.spec import Campaign
from mandegar.company import Company
from mandegar.conform.conform import conformed, readable
from mandegar.engine import Engine
from mandegar.errors import BrokenTable
from mandegar.lake import Lake
from mandegar.metrics.ledger import ledger
from mandegar.metrics.measure import as_measured
from mandegar.metrics.policies import own_policies
from mandegar.metrics.purchases import purchases
from mandegar.money import FACTORED, MONEY

CUSTOMER = (
    "name",
    "kind",
    "email",
    "phone",
    "language",
    "time_zone",
    "segment",
    "preferred_channel",
    "preferred_hour",
    "email_opt_in",
    "sms_opt_in",
    "call_opt_in",
    "consent_at",
    "do_not_contact",
    "deleted_at",
)
BAD_MAIL = ("bounced", "complained", "unsubscribed")


@dataclass(frozen=True)
class Candidate:
    """One customer whom a campaign considers, with all that its rules look at."""

    customer_id: str
    stage: str
    event_key: str
    event_on: date
    days: int
    value: Decimal
    amount: Decimal
    currency: str
    reason_code: str | None
    already: bool
    name: str
    kind: str | None
    email: str | None
    phone: str | None
    language: str | None
    time_zone: str | None
    segment: str | None
    preferred_channel: str | None
    preferred_hour: int | None
    email_opt_in: bool | None
    sms_opt_in: bool | None
    call_opt_in: bool | None
    consent_at: datetime | None
    do_not_contact: bool | None
    deleted_at: datetime | None
    health_score: float | None
    bad_mail: str | None
    critical_ticket: str | None


def candidates(company: Company, campaign: Campaign, lake: Lake, engine: Engine, as_of: date) -> list[Candidate]:
    """Everyone a campaign considers on a night, ordered by customer_id.

    Errors: BrokenTable when the night has not been computed, or so long ago that its entities are gone.
    """
    if not readable(lake, as_of):
        raise BrokenTable(f"The night of {as_of} is not in the lake. Run `mandegar night --as-of {as_of}` first.")
    company = as_measured(company, lake, as_of)
    closes = calendar.day_end(as_of, company.zone)
    if campaign.kind == "renewal":
        found = renewals(conformed(lake, engine, "subscription", as_of), campaign, company, as_of, closes)
    elif company.churn.kind == "contract":
        stretches = engine.keep(ledger(conformed(lake, engine, "subscription", as_of), own_policies(company), engine, closes))
        found = departed(stretches, conformed(lake, engine, "subscription", as_of), campaign, company, closes)
    else:
        found = silent(conformed(lake, engine, "invoice", as_of), campaign, company, closes)
    rows = engine.arrow(_described(found, lake, engine, as_of).order_by("customer_id")).to_pylist()
    return [_candidate(row, campaign, company, as_of) for row in rows]


def accounts(company: Company, lake: Lake, engine: Engine, as_of: date) -> list[tuple[str, str | None, str | None]]:
    """Every customer's id, mail address and number of a night, spelt as they are compared, ordered by customer_id."""
    customers = conformed(lake, engine, "customer", as_of).select("customer_id", "email", "phone").order_by("customer_id")
    rows = engine.arrow(customers).to_pylist()
    return [(row["customer_id"], match_email(row["email"]), e164(row["phone"], company.default_country)) for row in rows]


def renewals(versions: ir.Table, campaign: Campaign, company: Company, as_of: date, closes: datetime) -> ir.Table:
    """The customers one of whose terms ends within the campaign's stages.

    Grain: one row per customer_id, of the term that ends first. Columns: event_at (the term's end), event_key, amount (of
    one term), value (of a year), currency, reason_code, already (another subscription to the same plan runs longer).
    """
    furthest = calendar.day_end(as_of + timedelta(days=max(span[1] for span in campaign.stages.values())), company.zone)
    present = versions.filter(versions.valid_to.isnull() & versions.status.isin(["active", "past_due"]) & versions.renews_at.notnull())
    longest = present.group_by("customer_id", "plan").agg(longest_at=present.renews_at.max())
    amount = (present.quantity.cast(FACTORED) * present.unit_price - present.discount.fill_null(0)).cast(MONEY)
    months = present.interval_unit.cases(("year", 12.0), ("month", 1.0), ("week", 12.0 / 52.0), ("day", 12.0 / 365.0), else_=1.0)
    ending = present.mutate(
        amount=amount,
        value=(amount.cast("float64") * 12.0 / (months * present.interval_count.cast("float64"))).round(4).cast(MONEY),
    ).filter((present.renews_at >= ibis.literal(closes)) & (present.renews_at < ibis.literal(furthest)))
    first = ibis.row_number().over(group_by="customer_id", order_by=[ending.renews_at.asc(), ending.subscription_id.asc()])
    chosen = ending.mutate(place=first).filter(lambda t: t.place == 0).join(longest, ["customer_id", "plan"])
    return chosen.select(
        "customer_id",
        "amount",
        "value",
        "currency",
        event_at=chosen.renews_at,
        event_key=chosen.subscription_id,
        reason_code=chosen.auto_renew.fill_null(False).ifelse("term_ends_auto", "term_ends"),
        already=chosen.longest_at > chosen.renews_at,
    )


def departed(stretches: ir.Table, versions: ir.Table, campaign: Campaign, company: Company, closes: datetime) -> ir.Table:
    """The customers who stopped paying within the campaign's days, with the reason the source gives.

    Grain: one row per customer_id. Columns as in `renewals`: event_at is the end of the last paid time, amount and value
    what was paid then, already: pays again.
    """
    assert campaign.gone_days is not None
    now = ibis.literal(closes)
    forever = ibis.timestamp("9999-01-01 00:00:00").cast(stretches.from_at.type())
    paid = stretches.filter(stretches.mrr > 0).mutate(end_at=lambda t: t.until_at.coalesce(forever))
    last = paid.group_by("customer_id").agg(event_at=paid.end_at.max())
    left = paid.join(last, "customer_id").filter(lambda t: t.end_at == t.event_at)
    worth = left.group_by("customer_id", "event_at").agg(
        mrr=left.mrr.sum(), currency=left.currency.max(), event_key=left.subscription_id.max(), unpaid=(left.standing == "past_due").any()
    )
    low, high = campaign.gone_days
    gone = worth.filter(
        (worth.event_at < ibis.literal(closes - timedelta(days=low))) & (worth.event_at >= ibis.literal(closes - timedelta(days=high + 1)))
    )
    paused = (
        stretches.filter((stretches.standing == "paused") & (stretches.until_at.isnull() | (stretches.until_at >= now)))
        .select("customer_id")
        .distinct()
    )
    gone = gone.anti_join(paused, "customer_id")
    why = versions.group_by("subscription_id").agg(reason=versions.ended_reason.max())
    joined = gone.join(why, gone.event_key == why.subscription_id, how="left")
    reason = joined.reason.coalesce(joined.unpaid.ifelse("payment_failed", "not_given"))
    value = (joined.mrr * 12).cast(MONEY)
    return (
        joined.mutate(reason_code=reason, value=value)
        .filter(lambda t: ~t.reason_code.isin(list(campaign.without_reasons) or [""]) & (t.value >= Decimal(str(campaign.least_value))))
        .select(
            "customer_id",
            "value",
            "currency",
            "event_at",
            "event_key",
            "reason_code",
            amount=joined.mrr.cast(MONEY),
            already=ibis.literal(False),
        )
    )


def silent(invoices: ir.Table, campaign: Campaign, company: Company, closes: datetime) -> ir.Table:
    """The customers who fell silent: N days without a purchase, as many days ago as the campaign says.

    Grain: one row per customer_id. Columns as in `departed`: event_at is the last purchase plus N days, amount the last
    purchase, value what was bought in the 365 days before it.
    """
    assert campaign.gone_days is not None
    low, high = (days + company.churn.days for days in campaign.gone_days)
    bought = purchases(invoices)
    last = bought.group_by("customer_id").agg(last_at=bought.issued_at.max())
    joined = bought.join(last, "customer_id")
    year = joined.issued_at >= joined.last_at - ibis.interval(days=365)
    nothing = ibis.literal(0).cast(MONEY)
    sums = joined.group_by("customer_id", "last_at").agg(
        value=year.ifelse(joined.net_amount, nothing).sum().cast(MONEY),
        amount=(joined.issued_at == joined.last_at).ifelse(joined.net_amount, nothing).sum().cast(MONEY),
        currency=joined.currency.max(),
    )
    gone = sums.filter(
        (sums.last_at < ibis.literal(closes - timedelta(days=low)))
        & (sums.last_at >= ibis.literal(closes - timedelta(days=high + 1)))
        & (sums.value >= Decimal(str(campaign.least_value)))
    )
    return gone.select(
        "customer_id",
        "value",
        "currency",
        "amount",
        event_at=gone.last_at + ibis.interval(days=company.churn.days),
        event_key=ibis.literal("silent"),
        reason_code=ibis.literal("silent"),
        already=ibis.literal(False),
    )


def _described(found: ir.Table, lake: Lake, engine: Engine, as_of: date) -> ir.Table:
    """The audience with its customers' data, health, bad mail and open critical tickets."""
    customers = conformed(lake, engine, "customer", as_of).select("customer_id", *CUSTOMER)
    risk = engine.read(lake, "marts", "customer_risk", [as_of]).select("customer_id", "health_score")
    touches = conformed(lake, engine, "interaction", as_of)
    bad = touches.filter((touches.channel == "email") & touches.kind.isin(BAD_MAIL))
    mail = bad.group_by("customer_id").agg(bad_mail=bad.kind.min())
    asked = conformed(lake, engine, "ticket", as_of)
    critical = asked.filter((asked.priority == "critical") & asked.solved_at.isnull())
    tickets = critical.group_by("customer_id").agg(critical_ticket=critical.ticket_id.min())
    wide = found.join(customers, "customer_id")
    for part in (risk, mail, tickets):
        joined = wide.join(part, "customer_id", how="left")
        wide = joined.select(*wide.columns, *(name for name in part.columns if name != "customer_id"))
    return wide


def _candidate(row: dict, campaign: Campaign, company: Company, as_of: date) -> Candidate:
    event_on = row.pop("event_at").astimezone(company.zone).date()
    days = abs((event_on - as_of).days)
    stage = "once"
    if campaign.kind == "renewal":
        stage = next((name for name, span in campaign.stages.items() if span[0] <= days <= span[1]), "between stages")
    key = f"{row.pop('event_key')} {event_on.isoformat()}"
    return Candidate(**row, event_key=key, event_on=event_on, days=days, stage=stage)
