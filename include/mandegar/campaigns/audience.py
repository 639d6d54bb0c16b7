"""The audience of a campaign on the evening of a day: whom it is about, and all that its rules look at."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.occasions import occasions
from mandegar.campaigns.people import e164, match_email
from mandegar.campaigns.spec import Campaign
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.conform.conform import conformed, readable
from mandegar.errors import BrokenTable
from mandegar.metrics.run.measure import as_measured
from mandegar.risk.evening import Evening
from mandegar.storage.lake import Lake
from mandegar.time import calendar

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
REFUSALS = ("complained", "unsubscribed")
BAD_TOUCHES = ("bounced", *REFUSALS)
REFUSALS_OF = ("do_not_contact", "email_opt_in", "sms_opt_in", "call_opt_in", "bad_email", "bad_sms", "bad_call")
CHANNEL_NAMES = {
    "email": ("email", "e-mail", "mail", "newsletter", "ایمیل"),
    "sms": ("sms", "text", "text message", "پیامک"),
    "call": ("call", "phone", "telephone", "تلفن", "تماس"),
}


@dataclass(frozen=True)
class Candidate:
    """One customer whom a campaign considers, with all that its rules look at.

    value: of a year, in the company's currency; amount, in `currency`. bad_email, bad_sms, bad_call: the gravest that came back
    from a channel: bounced, complained, unsubscribed.
    """

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
    risk_band: str | None
    bad_email: str | None
    bad_sms: str | None
    bad_call: str | None
    critical_ticket: str | None


def candidates(company: Company, campaign: Campaign, lake: Lake, engine: Engine, as_of: date) -> list[Candidate]:
    """Everyone a campaign considers on a night, ordered by customer_id.

    Errors: BrokenTable when the night has not been computed, or so long ago that its entities are gone.
    """
    if not readable(lake, as_of):
        raise BrokenTable(f"The night of {as_of} is not in the lake. Run `mandegar night --as-of {as_of}` first.")
    company = as_measured(company, lake, as_of)
    entities = {name: conformed(lake, engine, name, as_of) for name in ("subscription", "invoice", "fx_rate")}
    evening = Evening(company, as_of, calendar.day_end(as_of, company.zone), entities)
    found = occasions(evening, campaign, engine)
    rows = engine.arrow(_described(found, lake, engine, as_of).order_by("customer_id")).to_pylist()
    return [_candidate(row, campaign, company, as_of) for row in rows]


def accounts(company: Company, lake: Lake, engine: Engine, as_of: date) -> list[tuple[str, str | None, str | None]]:
    """Every customer's id, mail address and number of a night, spelt as they are compared, ordered by customer_id."""
    customers = conformed(lake, engine, "customer", as_of).select("customer_id", "email", "phone").order_by("customer_id")
    rows = engine.arrow(customers).to_pylist()
    return [(row["customer_id"], match_email(row["email"]), e164(row["phone"], company.default_country)) for row in rows]


def refusals(lake: Lake, engine: Engine, as_of: date) -> list[dict]:
    """Every customer who refused something, or from whom something came back: customer_id and the columns of REFUSALS_OF."""
    customers = conformed(lake, engine, "customer", as_of)
    came_back = bad_touches(conformed(lake, engine, "interaction", as_of))
    joined = customers.join(came_back, "customer_id", how="left").select("customer_id", *REFUSALS_OF)
    said_no = [joined.do_not_contact.fill_null(False), *(joined[name].notnull() for name in REFUSALS_OF if name.startswith("bad_"))]
    said_no += [~joined[name].fill_null(True) for name in REFUSALS_OF if name.endswith("_opt_in")]
    return engine.arrow(joined.filter(ibis.or_(*said_no)).order_by("customer_id")).to_pylist()


def as_persons(found: list[Candidate], refused: list[dict], people: dict[str, str]) -> list[Candidate]:
    """The candidates with what the person behind each refused by any of its accounts."""
    by_person: dict[str, list[dict]] = {}
    for row in refused:
        by_person.setdefault(people[row["customer_id"]], []).append(row)
    return [replace(one, **_together(one, rows)) if (rows := by_person.get(people[one.customer_id])) else one for one in found]


def _together(one: Candidate, rows: list[dict]) -> dict:
    """A no by one account is a no by all; of what came back the gravest counts."""
    told: dict = {"do_not_contact": one.do_not_contact or any(row["do_not_contact"] for row in rows)}
    for name in REFUSALS_OF:
        values = [getattr(one, name), *(row[name] for row in rows)]
        if name.endswith("_opt_in"):
            told[name] = False if False in values else values[0]
        elif name.startswith("bad_"):
            told[name] = max((value for value in values if value), default=None)
    return told


def _described(found: ir.Table, lake: Lake, engine: Engine, as_of: date) -> ir.Table:
    """The audience with its customers' data, health, what came back from every channel and open critical tickets."""
    customers = conformed(lake, engine, "customer", as_of).select("customer_id", *CUSTOMER)
    risk = engine.read(lake, "marts", "customer_risk", [as_of]).select("customer_id", "health_score", "risk_band")
    came_back = bad_touches(conformed(lake, engine, "interaction", as_of))
    asked = conformed(lake, engine, "ticket", as_of)
    critical = asked.filter((asked.priority == "critical") & asked.solved_at.isnull())
    tickets = critical.group_by("customer_id").agg(critical_ticket=critical.ticket_id.min())
    wide = found.join(customers, "customer_id")
    for part in (risk, came_back, tickets):
        joined = wide.join(part, "customer_id", how="left")
        wide = joined.select(*wide.columns, *(name for name in part.columns if name != "customer_id"))
    return wide


def bad_touches(touches: ir.Table) -> ir.Table:
    """What came back from every channel: bounced, complained or unsubscribed, the gravest that ever did.

    Grain: one row per customer_id with any. Columns: bad_email, bad_sms, bad_call. touches: rows of interaction. Channels are
    known by their usual names, in English and Persian; whoever complained or unsubscribed on any other one (a push message, a page
    of preferences) is taken at their word on all.
    """
    bad = touches.mutate(kind=touches.kind.strip().lower(), channel=touches.channel.strip().lower())
    bad = bad.filter(bad.kind.isin(BAD_TOUCHES))
    known = bad.channel.isin([name for names in CHANNEL_NAMES.values() for name in names])
    everywhere = ~known & bad.kind.isin(REFUSALS)
    found = {
        f"bad_{channel}": bad.kind.max(where=bad.channel.isin(list(names)) | everywhere)  # by the alphabet the gravest comes last
        for channel, names in CHANNEL_NAMES.items()
    }
    return bad.group_by("customer_id").agg(**found)


def _candidate(row: dict, campaign: Campaign, company: Company, as_of: date) -> Candidate:
    event_on = row.pop("event_at").astimezone(company.zone).date()
    days = abs((event_on - as_of).days)
    stage = "once"
    if campaign.kind == "renewal":
        stage = next((name for name, span in campaign.stages.items() if span[0] <= days <= span[1]), "between stages")
    key = f"{row.pop('event_key')} {event_on.isoformat()}"
    return Candidate(**row, event_key=key, event_on=event_on, days=days, stage=stage)
