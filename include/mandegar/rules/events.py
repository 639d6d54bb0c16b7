"""What customers did, one row each: the entities in the form in which behaviours are counted."""

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.errors import MandegarError
from mandegar.metrics.contracts.ledger import MONTHS_PER
from mandegar.metrics.purchases.purchases import purchases
from mandegar.rules.behaviour import Events
from mandegar.rules.seen import Seen
from mandegar.rules.text import folded_column
from mandegar.time.local_days import EPOCH

ONCE = "once"  # what tells two events apart, where one has several rows
TIMES = "times"
DAY = "day"
AT = "at"
AMOUNT = "amount"


def events(seen: Seen, engine: Engine, told: Events, traits: Iterable[str]) -> ir.Table:
    """The events, with some of their traits.

    Grain: one row per event, of `invoice_line` one per line. Columns: customer_id; at, or of usage `day`, the company's day as a
    number; the traits that are asked for, folded; `times`, where one row tells of several; `amount`, in the company's currency;
    `once`, the invoice of a line. Errors: MandegarError if a company's own lack one of these.
    """
    rows = told.rows(seen, engine)
    traits = tuple(traits)
    when = DAY if DAY in rows.columns else AT
    if lacking := [name for name in ("customer_id", when, *traits) if name not in rows.columns]:
        place = f"{told.rows.__module__}.{told.rows.__qualname__}"
        raise MandegarError(f"The events of {place} have no column {lacking[0]!r}. They have: {', '.join(rows.columns)}. Give them one.")
    for trait in traits:
        rows = _folded(rows, trait)
    return rows


def _folded(rows: ir.Table, trait: str) -> ir.Table:
    """The rows with a trait folded: each spelling once, since millions of events have few and folding one takes a microsecond."""
    spelt = rows.select(spelt=rows[trait]).distinct()
    alike = spelt.select("spelt", alike=folded_column(spelt.spelt))
    joined = rows.left_join(alike, rows[trait] == alike.spelt)
    return joined.select(*(name for name in rows.columns if name != trait), **{trait: joined.alike})


def _usage(seen: Seen, _: Engine) -> ir.Table:
    rows = seen.entities["usage"]
    day = rows.day.delta(ibis.literal(EPOCH), unit="day").cast("int64")
    return rows.select("customer_id", **{DAY: day, TIMES: rows.events}, feature=rows.feature)


def _interaction(seen: Seen, _: Engine) -> ir.Table:
    rows = seen.entities["interaction"]
    told = {name: rows[name] for name in ("kind", "direction", "topic", "channel")}
    return rows.select("customer_id", at=rows.occurred_at, campaign=rows.campaign_id, **told)


def _invoice(seen: Seen, engine: Engine) -> ir.Table:
    rows = _converted(seen, engine, purchases(seen.entities["invoice"]), "issued_at", "net_amount")
    return rows.select("customer_id", at=rows.issued_at, amount=rows.net_amount)


def _invoice_line(seen: Seen, engine: Engine) -> ir.Table:
    """The lines of purchases; a line that gives back is none."""
    bills, lines = purchases(seen.entities["invoice"]), seen.entities["invoice_line"]
    sold = lines.filter(lines.net_amount > 0).select("invoice_id", "product", "category", line_amount="net_amount")
    joined = bills.join(sold, "invoice_id").select(
        "customer_id", "invoice_id", "issued_at", "currency", "product", "category", "line_amount"
    )
    rows = _converted(seen, engine, joined, "issued_at", "line_amount")
    told = {name: rows[name] for name in ("product", "category")}
    return rows.select("customer_id", at=rows.issued_at, amount=rows.line_amount, **{ONCE: rows.invoice_id}, **told)


def _paid(seen: Seen, engine: Engine) -> ir.Table:
    return _payments(seen, engine, "succeeded")


def _failed(seen: Seen, engine: Engine) -> ir.Table:
    return _payments(seen, engine, "failed")


def _payments(seen: Seen, engine: Engine, status: str) -> ir.Table:
    tried = seen.entities["payment"]
    rows = _converted(seen, engine, tried.filter(tried.status == status), "attempted_at", "amount")
    reason, method = rows.failure_code, rows.method
    return rows.select("customer_id", at=rows.attempted_at, amount=rows.amount.cast(MONEY), reason=reason, method=method)


def _ticket(seen: Seen, _: Engine) -> ir.Table:
    rows = seen.entities["ticket"]
    told = {name: rows[name] for name in ("topic", "priority", "channel")}
    return rows.select("customer_id", at=rows.opened_at, open=rows.solved_at.isnull().ifelse("yes", "no"), **told)


def _survey(seen: Seen, _: Engine) -> ir.Table:
    rows = seen.entities["survey"]
    return rows.select("customer_id", at=rows.answered_at, kind=rows.kind, touchpoint=rows.touchpoint)


def _subscription(seen: Seen, _: Engine) -> ir.Table:
    """The versions by which a subscription went to another plan.

    Columns: direction: `up` where a unit costs more a month than before, `down` where less, `same` where as much; empty where the
    currency changed too.
    """
    rows = seen.entities["subscription"]
    per = ibis.cases(*((rows.interval_unit == unit, float(months)) for unit, months in MONTHS_PER.items()), else_=1.0)
    priced = rows.mutate(price=(rows.unit_price.cast("float64") * per / rows.interval_count.cast("float64")).round(4))
    order = {"group_by": "subscription_id", "order_by": "valid_from"}
    before = {f"{name}_before": priced[name].lag().over(**order) for name in ("plan", "price", "currency")}
    told = priced.mutate(**before)
    moved = told.filter(told.plan_before.notnull() & (told.plan != told.plan_before))
    rise = (moved.currency == moved.currency_before).ifelse(moved.price - moved.price_before, ibis.null("float64"))
    return moved.select(
        "customer_id",
        at=moved.valid_from,
        direction=ibis.cases((rise > 0, "up"), (rise < 0, "down"), (rise == 0, "same"), else_=ibis.null("string")),
        to=moved.plan,
        **{"from": moved.plan_before},
    )


def _converted(seen: Seen, engine: Engine, rows: ir.Table, at: str, amount: str) -> ir.Table:
    rates = seen.entities.get("fx_rate")
    known = [] if rates is None else exchange_rates.known_rates(engine, rates)
    return exchange_rates.in_own_currency(seen.company, engine, rows, at, (amount,), known)


USAGE = Events(_usage, ("usage",))
INTERACTION = Events(_interaction, ("interaction",))
INVOICE = Events(_invoice, ("invoice",))
INVOICE_LINE = Events(_invoice_line, ("invoice", "invoice_line"))
PAID, FAILED = Events(_paid, ("payment",)), Events(_failed, ("payment",))
TICKET = Events(_ticket, ("ticket",))
SURVEY = Events(_survey, ("survey",))
SUBSCRIPTION = Events(_subscription, ("subscription",))
