"""Activation: which share of new customers reaches what makes them stay within their first 30 days."""

import ibis
import ibis.expr.types as ir

from mandegar.config.settings import Milestone
from mandegar.metrics.contracts.ledger import first_payments
from mandegar.metrics.frame.dimensions import totals
from mandegar.metrics.frame.family import Family, Found, Given
from mandegar.metrics.frame.grain import PERIOD
from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.frame.periods import within
from mandegar.metrics.lifecycle.spells import today
from mandegar.metrics.purchases.purchases import purchases_of
from mandegar.time.calendar import midnight
from mandegar.time.local_days import local_day

WINDOW = 30
ACTIVATION = (
    Metric("activation_30_rate", "activated_30", "aged_30", "of those who signed up and are 30 days old: all milestones within 30 days"),
)
USUAL_DAYS_OF_USE = 3


def activation(night: MeasuredNight) -> ir.Table:
    """How many of those who signed up in each period were activated.

    Grain: one row per period, dimension and dimension_value (the customer's traits at signup) with a signup. Columns, counts:
    signed_up; aged_30, of these, at least 30 days old; activated_30, of these, with every milestone within 30 days.
    Formula: activation_30_rate = activated_30 / aged_30. Of a signup on day D the window is D <= day < D + 30 of the company's
    days; a first payment before the signup counts too. A signup before company.yaml's data_from is left out: what followed it was
    not seen.
    """
    customers = night.entities["customer"].select("customer_id", "signed_up_at")
    if night.company.data_from:
        customers = customers.filter(customers.signed_up_at >= ibis.literal(midnight(night.company.data_from, night.company.zone)))
    dated = customers.mutate(signup_day=local_day(customers.signed_up_at, night.company.zone, night.closes))
    signups = night.engine.keep(within(night.with_traits(dated, "signed_up_at"), "signed_up_at", night.periods))
    aged = signups.filter(signups.signup_day + WINDOW <= today(night)).select("customer_id", "signup_day").distinct()
    activated = night.engine.keep(aged)
    for milestone in milestones(night):
        activated = activated.semi_join(_reached(night, milestone, activated), "customer_id")
    done = night.engine.keep(activated.select("customer_id", done=ibis.literal(True)))
    joined = signups.left_join(done, "customer_id")
    flagged = joined.select(
        *signups.columns,
        signed=ibis.literal(1),
        aged=(joined.signup_day + WINDOW <= today(night)).cast("int64"),
        activated=joined.done.fill_null(False).cast("int64"),
    )
    night.small_cells.speak_of(FAMILY.title, flagged)
    columns = {"signed_up": "signed", "aged_30": "aged", "activated_30": "activated"}
    return totals(
        flagged, night.dimensions, lambda rows: {name: rows[column].sum().cast("int64") for name, column in columns.items()}, PERIOD
    )


def milestones(night: MeasuredNight) -> tuple[Milestone, ...]:
    """What the company says a new customer has to reach; else the first payment or purchase, and use on 3 days if use is known."""
    told = night.company.activation.milestones
    if told:
        return told
    paid = Milestone(kind="first_payment")
    return (paid, Milestone(kind="usage", days=USUAL_DAYS_OF_USE)) if night.company.has("usage") else (paid,)


def _reached(night: MeasuredNight, milestone: Milestone, new: ir.Table) -> ir.Table:
    """Which of the new customers reached a milestone within their window. Column: customer_id."""
    zone, until = night.company.zone, night.closes
    if milestone.kind == "first_payment":
        at = first_payments(night).select("customer_id", at="first_paid_at") if night.contractual else _first_purchases(night)
        events = at.select("customer_id", day=local_day(at["at"], zone, until), times=ibis.literal(1))
        inside = _in_window(events, new)
        return inside.select("customer_id").distinct()
    if milestone.kind == "usage":
        usage = night.entities["usage"]
        used = usage if milestone.feature is None else usage.filter(usage.feature == milestone.feature)
        used = used.filter(used.events > 0)
        events = used.select("customer_id", day=used.day.epoch_days().cast("int64"), times="events")
    else:
        touched = night.entities["interaction"].filter(night.entities["interaction"].kind == milestone.interaction)
        events = touched.select("customer_id", day=local_day(touched.occurred_at, zone, until), times=ibis.literal(1))
    inside = _in_window(events, new).filter(lambda rows: rows.day >= rows.signup_day)
    summed = inside.group_by("customer_id").agg(times=inside.times.sum(), days=inside.day.nunique())
    return summed.filter((summed.times >= milestone.times) & (summed.days >= milestone.days)).select("customer_id")


def _first_purchases(night: MeasuredNight) -> ir.Table:
    return purchases_of(night).group_by("customer_id").agg(at=purchases_of(night).issued_at.min())


def _in_window(events: ir.Table, new: ir.Table) -> ir.Table:
    joined = events.join(new, "customer_id")
    return joined.filter(joined.day < joined.signup_day + WINDOW)


def _family(night: MeasuredNight, _: Given) -> Found:
    return Found(night.engine.keep(activation(night)))


FAMILY = Family(
    "Activation", "lifecycle.activation.activation", ACTIVATION, _family, settles="later", stands_on=("customer", "usage", "interaction")
)
