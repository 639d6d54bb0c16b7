"""Points that are earned by what is bought, and expire a year later."""

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.moments.window import Window, one_each, rates, told
from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.config.company import Company
from mandegar.metrics.purchases.purchases import purchases
from mandegar.risk.evening import Evening

SPENT = "points_spent"  # kind of an interaction; its topic is how many


def earned(evening: Evening, engine: Engine) -> ir.Table:
    """Points by purchase.

    Grain: one row per invoice that earned any and has not expired. Columns: customer_id, at, expires_at, points: what was bought net of
    tax, in the company's currency at the rate of its day, times loyalty.points_per_unit, rounded down.
    """
    company, loyalty = evening.company, evening.company.loyalty
    bought = purchases(evening.entities["invoice"])
    lately = bought.filter(bought.issued_at >= evening.since(loyalty.expire_after_days))
    kept = engine.keep(lately.select("customer_id", "issued_at", "currency", own=lately.net_amount))
    own = exchange_rates.in_own_currency(company, engine, kept, "issued_at", ("own",), rates(evening, engine))
    points = (own.own * Decimal(str(loyalty.points_per_unit))).cast("float64").floor().cast("int64")
    expires_at = own.issued_at + ibis.interval(days=loyalty.expire_after_days)
    return own.select("customer_id", at="issued_at", expires_at=expires_at, points=points).filter(lambda t: t.points > 0)


def balance(evening: Evening, engine: Engine) -> ir.Table:
    """Points by customer on the evening.

    Grain: one row per customer_id that earned any. Columns: earned, in the time after which points expire; spent in it; points, what is
    left; tier, by what was earned (loyalty.tiers; empty below the first). The oldest points are spent first.
    """
    company = evening.company
    got = earned(evening, engine)
    sums = got.group_by("customer_id").agg(earned=got.points.sum())
    touches = evening.entities["interaction"]
    since = evening.since(company.loyalty.expire_after_days)
    used = touches.filter((touches.kind == SPENT) & (touches.occurred_at >= since)).mutate(points=lambda t: t.topic.try_cast("int64"))
    spent = used.group_by("customer_id").agg(spent=used.points.fill_null(0).sum())
    joined = sums.join(spent, "customer_id", how="left").select(*sums.columns, spent=ibis._.spent.fill_null(0))
    left = ibis.greatest(joined.earned - joined.spent, 0)
    return joined.mutate(points=left, tier=_tier(joined.earned, company))


def expiring_points(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers with points that expire in that time, as far as they have not been spent.

    Grain and columns as moments.window says: event_at is the first day on which any expire, amount how many do by the window's end.
    """
    got, known = earned(evening, engine), balance(evening, engine)
    ahead = got.filter(window.holds(got.expires_at))
    soon = ahead.group_by("customer_id").agg(event_at=ahead.expires_at.min(), going=ahead.points.sum())
    joined = soon.join(known, "customer_id")
    left = joined.select("customer_id", "event_at", going=ibis.greatest(joined.going - joined.spent, 0), tier=joined.tier)
    losing = left.filter(left.going > 0)
    first = one_each(losing, losing.event_at.asc())
    return told(first, first.event_at, "points", first.tier.coalesce("points_expire"), first.going.cast(MONEY))


def _tier(points: ir.IntegerValue, company: Company) -> ir.StringValue:
    """The highest tier whose points are reached."""
    tiers = sorted(company.loyalty.tiers.items(), key=lambda tier: -tier[1])
    return ibis.cases(*((points >= least, name) for name, least in tiers), else_=ibis.null("string")) if tiers else ibis.null("string")
