"""Terms and trials that end.

Values are told in the company's currency, at the rate of the evening, so that they can be compared and summed; amounts as the customer
knows them.
"""

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.moments.window import Window, one_each, told, with_rate
from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.money import FACTORED, MONEY
from mandegar.risk.evening import Evening


def renewals(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers one of whose terms ends in that time.

    Grain: one row per customer_id, of the term that ends first. Columns: event_at (the term's end), event_key, amount (of
    the term that would follow, less a discount that still lasts then) and currency, the contract's; value, of a year, in the
    company's currency; reason_code; already (another subscription to the same plan runs longer).
    """
    versions = evening.entities["subscription"]
    present = versions.filter(versions.valid_to.isnull() & versions.status.isin(["active", "past_due"]) & versions.renews_at.notnull())
    longest = present.group_by("customer_id", "plan").agg(longest_at=present.renews_at.max())
    lasts = present.discount_ends_at.isnull() | (present.discount_ends_at > present.renews_at)
    discount = lasts.ifelse(present.discount.fill_null(0), 0)
    amount = (present.quantity.cast(FACTORED) * present.unit_price - discount).cast(MONEY)
    months = present.interval_unit.cases(("year", 12.0), ("month", 1.0), ("week", 12.0 / 52.0), ("day", 12.0 / 365.0), else_=1.0)
    ending = present.mutate(
        amount=amount,
        a_year=(amount.cast("float64") * 12.0 / (months * present.interval_count.cast("float64"))).round(4).cast(MONEY),
    ).filter(window.holds(present.renews_at))
    first = ibis.row_number().over(group_by="customer_id", order_by=[ending.renews_at.asc(), ending.subscription_id.asc()])
    chosen = ending.mutate(place=first).filter(lambda t: t.place == 0).join(longest, ["customer_id", "plan"])
    valued = with_rate(evening, engine, chosen)
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


def trial_ends(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers whose trial ends (or ended) in that time. Grain and columns as moments.window says; already: pays by now."""
    versions = evening.entities["subscription"]
    present = versions.filter(versions.valid_to.isnull())
    pays = present.filter(present.status == "active").select("customer_id", pays=ibis.literal(True)).distinct()
    trials = versions.filter((versions.status == "trialing") & window.holds(versions.trial_ends_at))
    first = one_each(trials, trials.trial_ends_at.asc(), trials.subscription_id.asc())
    joined = first.join(pays, "customer_id", how="left").select(*first.columns, "pays")
    return told(joined, joined.trial_ends_at, joined.subscription_id, "trial_ends", already=joined.pays.fill_null(False))
