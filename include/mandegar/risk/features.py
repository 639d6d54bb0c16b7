"""What is known of each customer on the evening of a day: the signals that risk is judged by.

Every function gives one row per customer_id and looks only at what the conformed entities of that day hold.
"""

import ibis
import ibis.expr.types as ir

from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.metrics.contracts.ledger import ledger
from mandegar.metrics.contracts.policies import own_policies
from mandegar.metrics.purchases.purchases import purchases
from mandegar.risk.evening import Evening

DAY = 86_400.0


def customers_there(evening: Evening, intervals: ir.Table | None) -> ir.Table:
    """The customers who can still leave, with what they are worth in a year.

    Grain: one row per customer paying at the end of the day (contract), or with a purchase in the last N days
    (inactivity). Columns: annual_value: 12 x MRR, or the purchases of the last 365 days, in the company's currency.
    """
    if intervals is not None:
        there = intervals.filter((intervals.mrr > 0) & (intervals.until_at.isnull() | (intervals.until_at >= evening.now)))
        return there.group_by("customer_id").agg(annual_value=(there.mrr.sum() * 12).cast(MONEY))
    bought = purchases(evening.entities["invoice"])
    nothing = ibis.literal(0).cast(MONEY)
    in_year = (bought.issued_at >= evening.since(365)).ifelse(bought.net_amount, nothing)
    sums = bought.group_by("customer_id").agg(annual_value=in_year.sum().cast(MONEY), last_at=bought.issued_at.max())
    return sums.filter(sums.last_at >= evening.since(evening.company.churn.days)).drop("last_at")


def payments(evening: Evening) -> ir.Table:
    """failed_payments: failures after the last success; card_days_expired: days since the card last tried ran out."""
    tried = evening.entities["payment"]
    good = tried.filter(tried.status == "succeeded").group_by("customer_id").agg(good_at=ibis._.attempted_at.max())
    last = ibis.row_number().over(group_by="customer_id", order_by=[tried.attempted_at.desc(), tried.payment_id.desc()])
    marked = tried.mutate(place=last).join(good, "customer_id", how="left")
    after = (marked.status == "failed") & (marked.good_at.isnull() | (marked.attempted_at > marked.good_at))
    expired = ibis.literal(evening.as_of).delta(marked.card_expires_on, unit="day")
    return marked.group_by("customer_id").agg(
        failed_payments=(after & (marked.attempted_at >= evening.since(60))).sum().cast("float64"),
        card_days_expired=(marked.place == 0).ifelse(ibis.greatest(expired, 0), ibis.null("int64")).max().cast("float64"),
    )


def usage(evening: Evening) -> ir.Table:
    """usage_percent_of_before: events of the last 28 days against the mean of 28 days in the 84 before; days_since_usage.

    A customer whose use began less than 56 days ago has no `before`: the percentage is empty.
    """
    used = evening.entities["usage"]
    today = ibis.literal(evening.as_of)
    age = today.delta(used.day, unit="day")
    events = used.events.cast("float64")
    sums = used.group_by("customer_id").agg(
        now=(age < 28).ifelse(events, 0.0).sum(),
        before=((age >= 28) & (age < 112)).ifelse(events, 0.0).sum(),
        oldest=age.max(),
        latest=age.min(),
    )
    spans = ibis.least(sums.oldest - 27, 84).cast("float64") / 28.0
    usual = (sums.before / spans.nullif(0.0)).nullif(0.0)
    return sums.select(
        "customer_id",
        usage_percent_of_before=(sums.oldest >= 56).ifelse(100.0 * sums.now / usual, ibis.null("float64")),
        days_since_usage=sums.latest.cast("float64"),
    )


def support(evening: Evening) -> ir.Table:
    """response_hours: the slower of the last two answers of the past 60 days; a question not yet answered counts until now."""
    asked = evening.entities["ticket"]
    recent = asked.filter(asked.opened_at >= evening.since(60))
    waited = (recent.first_response_at.coalesce(evening.now).epoch_seconds() - recent.opened_at.epoch_seconds()) / 3600.0
    place = ibis.row_number().over(group_by="customer_id", order_by=[recent.opened_at.desc(), recent.ticket_id.desc()])
    last_two = recent.mutate(hours=waited, place=place).filter(lambda t: t.place < 2)
    return last_two.group_by("customer_id").agg(response_hours=last_two.hours.max())


def feedback(evening: Evening) -> ir.Table:
    """nps_last: the last NPS answer of the past 180 days."""
    answers = evening.entities["survey"]
    recent = answers.filter((answers.kind == "nps") & (answers.answered_at >= evening.since(180)))
    place = ibis.row_number().over(group_by="customer_id", order_by=[recent.answered_at.desc(), recent.response_id.desc()])
    last = recent.mutate(place=place).filter(lambda t: t.place == 0)
    return last.select("customer_id", nps_last=last.score.cast("float64"))


def contract(evening: Evening) -> ir.Table:
    """What the contract shows.

    cancel_requested: 0 or 1; price_rise_percent: of one plan in one currency, in the past 120 days; days_to_open_renewal: to the end of a
    term that does not renew by itself.
    """
    versions = evening.entities["subscription"]
    order = {"group_by": "subscription_id", "order_by": "valid_from"}
    before, plan, currency = (versions[name].lag().over(**order) for name in ("unit_price", "plan", "currency"))
    rise = (versions.unit_price.cast("float64") / before.cast("float64").nullif(0.0) - 1.0) * 100.0
    recent = (versions.valid_from >= evening.since(120)) & (plan == versions.plan) & (currency == versions.currency)
    seen = versions.mutate(rise=recent.ifelse(rise, 0.0))
    present = seen.valid_to.isnull() & seen.status.isin(["active", "past_due", "paused"])
    ahead = seen.renews_at.epoch_seconds() - evening.now.epoch_seconds()
    days = (ahead / DAY).floor() + 1  # counted from the day that the night closes, as the lists count
    opened = present & ~seen.auto_renew.fill_null(True) & (ahead >= 0)
    return seen.group_by("customer_id").agg(
        cancel_requested=(present & seen.cancel_requested_at.notnull()).any().ifelse(1.0, 0.0),
        price_rise_percent=ibis.greatest(seen.rise.max(), 0.0),
        days_to_open_renewal=opened.ifelse(days, ibis.null("float64")).min(),
    )


def buying(evening: Evening) -> ir.Table:
    """days_since_purchase; percent_of_own_cycle: that against the customer's own mean gap (from three purchase days on)."""
    bought = purchases(evening.entities["invoice"])
    days = bought.group_by("customer_id").agg(
        first=bought.issued_at.min().epoch_seconds(),
        last=bought.issued_at.max().epoch_seconds(),
        times=bought.issued_at.truncate("D").nunique(),
    )
    silent = (evening.now.epoch_seconds() - days["last"]) / DAY
    gap = ((days["last"] - days["first"]) / DAY) / (days.times - 1).nullif(0)
    return days.select(
        "customer_id",
        days_since_purchase=silent,
        percent_of_own_cycle=(days.times >= 3).ifelse(100.0 * silent / gap.nullif(0.0), ibis.null("float64")),
    )


def features(evening: Evening, intervals: ir.Table | None) -> ir.Table:
    """All signals side by side. Grain: one row per customer who can still leave; a signal nobody measured is empty."""
    wide = customers_there(evening, intervals)
    families = [payments, usage, support, feedback, *([contract] if intervals is not None else [buying])]
    for family in families:
        part = family(evening)
        joined = wide.join(part, "customer_id", how="left")
        wide = joined.select(*wide.columns, *(name for name in part.columns if name != "customer_id"))
    return wide


def stretches_of(evening: Evening, engine: Engine, invoices: ir.Table) -> ir.Table | None:
    """The MRR ledger of a company with contracts, in the company's currency at the rate of the day.

    invoices: in their own currencies, for the credit notes among them, if the company reckons by those.
    """
    if evening.company.churn.kind != "contract":
        return None
    intervals = ledger(evening.entities["subscription"], own_policies(evening.company), engine, evening.closes, invoices)
    known = exchange_rates.known_rates(engine, evening.entities["fx_rate"])
    valued = exchange_rates.with_rate(evening.company, engine, intervals, evening.closes, known)
    return engine.keep(valued.mutate(mrr=exchange_rates.at_rate(valued.mrr, valued.rate)).select(*intervals.columns))
