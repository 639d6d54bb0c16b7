"""What a campaign is about: a term that ends, a customer who left or fell silent, on the evening of a day.

Values are told in the company's currency, at the rate of the evening, so that they can be compared and summed; amounts as the
customer knows them.
"""

from datetime import timedelta
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.spec import Campaign
from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.money import FACTORED, MONEY
from mandegar.config.company import Company
from mandegar.metrics.contracts.ledger import ledger
from mandegar.metrics.contracts.policies import own_policies
from mandegar.metrics.purchases.purchases import purchases
from mandegar.risk.evening import Evening
from mandegar.time import calendar


def occasions(evening: Evening, campaign: Campaign, engine: Engine) -> ir.Table:
    """Whom a campaign is about, and because of what (renewals, departed or silent)."""
    if campaign.kind == "renewal":
        return renewals(evening, campaign, engine)
    return (departed if evening.company.churn.kind == "contract" else silent)(evening, campaign, engine)


def renewals(evening: Evening, campaign: Campaign, engine: Engine) -> ir.Table:
    """The customers one of whose terms ends within the campaign's stages.

    Grain: one row per customer_id, of the term that ends first. Columns: event_at (the term's end), event_key, amount (of
    the term that would follow, less a discount that still lasts then) and currency, the contract's; value, of a year, in the
    company's currency; reason_code; already (another subscription to the same plan runs longer).
    """
    versions, closes = evening.entities["subscription"], evening.closes
    furthest = calendar.day_end(evening.as_of + timedelta(days=max(span[1] for span in campaign.stages.values())), evening.company.zone)
    present = versions.filter(versions.valid_to.isnull() & versions.status.isin(["active", "past_due"]) & versions.renews_at.notnull())
    longest = present.group_by("customer_id", "plan").agg(longest_at=present.renews_at.max())
    lasts = present.discount_ends_at.isnull() | (present.discount_ends_at > present.renews_at)
    discount = lasts.ifelse(present.discount.fill_null(0), 0)
    amount = (present.quantity.cast(FACTORED) * present.unit_price - discount).cast(MONEY)
    months = present.interval_unit.cases(("year", 12.0), ("month", 1.0), ("week", 12.0 / 52.0), ("day", 12.0 / 365.0), else_=1.0)
    ending = present.mutate(
        amount=amount,
        a_year=(amount.cast("float64") * 12.0 / (months * present.interval_count.cast("float64"))).round(4).cast(MONEY),
    ).filter((present.renews_at >= ibis.literal(closes)) & (present.renews_at < ibis.literal(furthest)))
    first = ibis.row_number().over(group_by="customer_id", order_by=[ending.renews_at.asc(), ending.subscription_id.asc()])
    chosen = ending.mutate(place=first).filter(lambda t: t.place == 0).join(longest, ["customer_id", "plan"])
    valued = _with_rate(evening, engine, chosen)
    return valued.select(
        "customer_id",
        "amount",
        "currency",
        value=exchange_rates.at_rate(valued.a_year, valued.rate),
        event_at=valued.renews_at,
        event_key=valued.subscription_id,
        reason_code=valued.auto_renew.fill_null(False).ifelse("term_ends_auto", "term_ends"),
        already=valued.longest_at > valued.renews_at,
    )


def departed(evening: Evening, campaign: Campaign, engine: Engine) -> ir.Table:
    """The customers who stopped paying within the campaign's days, with the reason the source gives.

    Grain: one row per customer_id. Columns as in `renewals`: event_at is the end of the last paid time; amount what was paid a
    month then, in its currency, or in the company's if it was paid in several; value 12 times that in the company's currency;
    already: pays again.
    """
    assert campaign.gone_days is not None
    versions, closes = evening.entities["subscription"], evening.closes
    intervals = engine.keep(ledger(versions, own_policies(evening.company), engine, closes, evening.entities["invoice"]))
    now = ibis.literal(closes)
    forever = ibis.timestamp("9999-01-01 00:00:00").cast(intervals.from_at.type())
    paid = intervals.filter(intervals.mrr > 0).mutate(end_at=lambda t: t.until_at.coalesce(forever))
    last = paid.group_by("customer_id").agg(event_at=paid.end_at.max())
    left = _with_rate(evening, engine, paid.join(last, "customer_id").filter(lambda t: t.end_at == t.event_at))
    worth = left.group_by("customer_id", "event_at").agg(
        **_amounts(left, left.mrr, exchange_rates.at_rate(left.mrr, left.rate), left.currency, evening.company),
        event_key=left.subscription_id.max(),
        unpaid=(left.standing == "past_due").any(),
    )
    low, high = campaign.gone_days
    gone = worth.filter(
        (worth.event_at < ibis.literal(closes - timedelta(days=low))) & (worth.event_at >= ibis.literal(closes - timedelta(days=high + 1)))
    )
    paused = (
        intervals.filter((intervals.standing == "paused") & (intervals.until_at.isnull() | (intervals.until_at >= now)))
        .select("customer_id")
        .distinct()
    )
    gone = gone.anti_join(paused, "customer_id")
    why = versions.group_by("subscription_id").agg(reason=versions.ended_reason.max())
    joined = gone.join(why, gone.event_key == why.subscription_id, how="left")
    reason = joined.reason.coalesce(joined.unpaid.ifelse("payment_failed", "not_given"))
    return (
        joined.mutate(reason_code=reason, value=(joined.own * 12).cast(MONEY))
        .filter(lambda t: ~t.reason_code.isin(list(campaign.without_reasons) or [""]) & (t.value >= Decimal(str(campaign.least_value))))
        .select("customer_id", "value", "amount", "currency", "event_at", "event_key", "reason_code", already=ibis.literal(False))
    )


def silent(evening: Evening, campaign: Campaign, engine: Engine) -> ir.Table:
    """The customers who fell silent: N days without a purchase, as many days ago as the campaign says.

    Grain: one row per customer_id. Columns as in `departed`: event_at is the last purchase plus N days; amount the last
    purchase; value what was bought in the 365 days before it, each purchase at the rate of its day.
    """
    assert campaign.gone_days is not None
    company, closes = evening.company, evening.closes
    low, high = (days + company.churn.days for days in campaign.gone_days)
    invoices = purchases(evening.entities["invoice"])
    kept = engine.keep(
        invoices.select("customer_id", "issued_at", "currency", "net_amount", own=invoices.net_amount, paid_in=invoices.currency)
    )
    bought = exchange_rates.in_own_currency(company, engine, kept, "issued_at", ("own",), _rates(evening, engine))
    last = bought.group_by("customer_id").agg(last_at=bought.issued_at.max())
    joined = bought.join(last, "customer_id")
    in_year = joined.issued_at >= joined.last_at - ibis.interval(days=365)
    nothing = ibis.literal(0).cast(MONEY)
    lately = joined.issued_at == joined.last_at
    sums = joined.group_by("customer_id", "last_at").agg(
        value=in_year.ifelse(joined.own, nothing).sum().cast(MONEY),
        **_amounts(
            joined,
            lately.ifelse(joined.net_amount, nothing),
            lately.ifelse(joined.own, nothing),
            lately.ifelse(joined.paid_in, ibis.null("string")),
            company,
        ),
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


def _rates(evening: Evening, engine: Engine) -> exchange_rates.Known:
    return exchange_rates.known_rates(engine, evening.entities["fx_rate"])


def _with_rate(evening: Evening, engine: Engine, rows: ir.Table) -> ir.Table:
    """Rows with the rate of their currency on the evening."""
    return exchange_rates.with_rate(evening.company, engine, engine.keep(rows), evening.closes, _rates(evening, engine))


def _amounts(
    rows: ir.Table, amount: ir.DecimalValue, own: ir.DecimalValue, currency: ir.StringValue, company: Company
) -> dict[str, ir.Value]:
    """What a customer's rows come to: own, in the company's currency; amount and currency, in theirs if it is one."""
    one = currency.nunique() == 1
    in_own = own.sum().cast(MONEY)
    return {
        "own": in_own,
        "amount": one.ifelse(amount.sum().cast(MONEY), in_own),
        "currency": one.ifelse(currency.max(), ibis.literal(company.currency)),
    }
