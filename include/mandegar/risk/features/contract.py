"""What the contract shows: its price, its term, its seats, and whether it is to end."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.contracts.ledger import MONTHS_PER, PAYING
from mandegar.metrics.frame.dimensions import main_plan
from mandegar.risk.evening import DAY, Evening
from mandegar.risk.features.there import paying_now
from mandegar.time.seconds import seconds

RISEN_WITHIN, RISES_OF = 120, 365
SEATS_BEFORE = 90


def contract(evening: Evening) -> ir.Table:
    """What the versions of the contracts show, one row per customer_id.

    tenure_days: since the first subscription started; seats: quantity of the paying subscriptions, and seats_percent_of_before: against
    90 days ago; interval_months: of the longest billing interval; cancel_requested: 0 or 1; price_rise_percent: of one plan in one
    currency, in the past 120 days; last_rise_percent and days_since_rise: the latest such rise of the past 365 days; days_to_renewal: to
    the end of the nearest term; days_to_open_renewal: likewise of a term that does not renew by itself; auto_renew: 1 when all renew by
    themselves; discount_percent: of the list price; days_to_discount_end; days_past_due; pauses: begun in the past 365 days.
    """
    seen = _with_rises(evening.entities["subscription"])
    present = seen.valid_to.isnull() & seen.status.isin([*PAYING, "paused"])
    paying = seen.valid_to.isnull() & seen.status.isin(PAYING)
    then = evening.since(SEATS_BEFORE)
    before = seen.status.isin(PAYING) & (seen.valid_from < then) & (seen.valid_to.isnull() | (seen.valid_to >= then))
    ahead = seconds(seen.renews_at) - seconds(evening.now)
    days = (ahead / DAY).floor() + 1  # counted from the day that the night closes, as the lists count
    coming = present & (ahead >= 0)
    opened = coming & ~seen.auto_renew.fill_null(True)
    recent = seen.rise.notnull() & (seen.valid_from >= evening.since(RISEN_WITHIN))
    lately = (seen.rise > 0) & (seen.valid_from >= evening.since(RISES_OF))
    gross = seen.quantity.cast("float64") * seen.unit_price.cast("float64")
    discounted = paying & seen.discount.notnull() & (seen.discount_ends_at.isnull() | (seen.discount_ends_at >= evening.now))
    discount_ends = (seconds(seen.discount_ends_at) - seconds(evening.now)) / DAY
    quantity = seen.quantity.cast("float64")
    months = seen.interval_unit.cases(*((unit, float(1 / per)) for unit, per in MONTHS_PER.items()), else_=1.0) * seen.interval_count.cast(
        "float64"
    )
    empty = ibis.null("float64")
    wide = seen.group_by("customer_id").agg(
        tenure_days=evening.days_since(seen.started_at.min()),
        seats=quantity.sum(where=paying),
        seats_before=quantity.sum(where=before),
        interval_months=paying.ifelse(months, empty).max(),
        cancel_requested=(present & seen.cancel_requested_at.notnull()).any().ifelse(1.0, 0.0),
        price_rise_percent=ibis.greatest(recent.ifelse(seen.rise, 0.0).max(), 0.0),
        last_rise_percent=seen.rise.argmax(seen.valid_from, where=lately),
        days_since_rise=evening.days_since(seen.valid_from.max(where=lately)),
        days_to_renewal=coming.ifelse(days, empty).min(),
        days_to_open_renewal=opened.ifelse(days, empty).min(),
        auto_renew=present.ifelse(seen.auto_renew.fill_null(True).ifelse(1.0, 0.0), empty).min(),
        discount_percent=(100.0 * (seen.discount.cast("float64") / gross.nullif(0.0))).max(where=discounted),
        days_to_discount_end=discounted.ifelse(discount_ends.floor() + 1, empty).min(),
        past_due_since=seen.valid_from.min(where=paying & (seen.status == "past_due")),
        pauses=(seen.begins_pause & (seen.valid_from >= evening.since(RISES_OF))).sum().cast("float64"),
    )
    return wide.mutate(
        discount_percent=wide.discount_percent.fill_null(0.0),
        seats_percent_of_before=100.0 * wide.seats / wide.seats_before.nullif(0.0),
        days_past_due=evening.days_since(wide.past_due_since).fill_null(0.0),
    ).drop("seats_before", "past_due_since")


def paid(evening: Evening, intervals: ir.Table) -> ir.Table:
    """What is paid as the day ends: mrr, in the company's currency; subscriptions; plan, for which most is paid."""
    now = paying_now(evening, intervals)
    return now.group_by("customer_id").agg(
        mrr=now.mrr.sum().cast("float64"), subscriptions=now.subscription_id.nunique().cast("float64"), plan=main_plan(now)
    )


def _with_rises(versions: ir.Table) -> ir.Table:
    """The versions, with the rise of the price of one plan in one currency in percent, and whether a pause begins."""
    order = {"group_by": "subscription_id", "order_by": "valid_from"}
    before, plan, currency, status = (versions[name].lag().over(**order) for name in ("unit_price", "plan", "currency", "status"))
    rise = (versions.unit_price.cast("float64") / before.cast("float64").nullif(0.0) - 1.0) * 100.0
    same = (plan == versions.plan) & (currency == versions.currency)
    return versions.mutate(
        rise=same.ifelse(rise, ibis.null("float64")),
        begins_pause=(versions.status == "paused") & (status != "paused").fill_null(True),
    )
