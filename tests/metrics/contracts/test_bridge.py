"""The bridge: every difference between two conventions has a policy and a customer, and they add up exactly."""

from fractions import Fraction

import pytest
from tests.metrics.contracts.test_conventions import BOOK, CREDITS, CUSTOMERS
from tests.small_tables import company, night

from mandegar.compute.engine import Engine
from mandegar.metrics.contracts.bridge import Bridge, ExactFigure, bridge
from mandegar.metrics.contracts.policies import conventions

ADDITIVE = ("mrr_end", "customers_churned", "churned_mrr", "new_mrr", "customers_end", "logo_churn_rate")


@pytest.fixture(scope="module")
def from_stripe(duckdb: Engine) -> Bridge:
    """January 2026, from Stripe's figures to the default's."""
    known = conventions(company())
    given = night(duckdb, company(), "2026-01-01", "2026-01-31", customer=CUSTOMERS, subscription=BOOK, invoice=CREDITS)
    return bridge(given, known["stripe"], known["default"])


def value(figure: ExactFigure) -> Fraction:
    assert figure.value is not None
    return figure.value


def test_a_step_for_every_policy_in_which_they_differ(from_stripe: Bridge) -> None:
    told = [(step.policy, step.was, step.now) for step in from_stripe.steps]
    assert told == [
        ("cancellation", "at_request", "end_of_service"),
        ("past_due", "until_ended", "until_dunning_ends"),
        ("new_and_gone", "counted", "apart"),
        ("churn_base", "start_and_new", "start"),
        ("discounts", "forever_only", "subtracted"),
    ]


def test_mrr_policy_by_policy(from_stripe: Bridge) -> None:
    """390 to Stripe: unpaid 100, coupon 100, forever 90, credited 100; request, who asked to leave, is paid for until February: 100 more;
    the unpaid subscription goes when dunning is over; the coupon takes 30 off: 360."""
    walked = [(step.policy, value(after) - value(before)) for step, before, after in from_stripe.walk("mrr_end")]
    assert value(from_stripe.figures["mrr_end"]) == 390
    assert walked == [("cancellation", 100), ("past_due", -100), ("new_and_gone", 0), ("churn_base", 0), ("discounts", -30)]


def test_the_churn_rate_policy_by_policy(from_stripe: Bridge) -> None:
    """4 of 9 (request, early, back soon, passing; 8 at the start and passing); 3 of 9 without request; 4 of 9 with unpaid; 3 of 8 without
    passing, above the line and below it."""
    walked = [value(after) for _, _, after in from_stripe.walk("logo_churn_rate")]
    assert value(from_stripe.figures["logo_churn_rate"]) == Fraction(4, 9)
    assert walked == [Fraction(3, 9), Fraction(4, 9), Fraction(3, 8), Fraction(3, 8), Fraction(3, 8)]


def test_customer_by_customer(from_stripe: Bridge) -> None:
    moved = {
        (step.policy, change.metric, change.customer_id): change.after.numerator - change.before.numerator
        for step in from_stripe.steps
        for change in step.changes
        if change.metric in ("mrr_end", "customers_churned")
    }
    assert moved == {
        ("cancellation", "mrr_end", "request"): 100,
        ("cancellation", "customers_churned", "request"): -1,
        ("past_due", "mrr_end", "unpaid"): -100,
        ("past_due", "customers_churned", "unpaid"): 1,
        ("new_and_gone", "customers_churned", "passing"): -1,
        ("discounts", "mrr_end", "coupon"): -30,
    }


@pytest.mark.parametrize("one", conventions(company()))
def test_steps_and_customers_add_up_exactly(duckdb: Engine, one: str) -> None:
    known = conventions(company())
    given = night(duckdb, company(), "2026-01-01", "2026-01-31", customer=CUSTOMERS, subscription=BOOK, invoice=CREDITS)
    found = bridge(given, known[one], known["default"])
    target = bridge(given, known["default"], known["default"])
    assert target.steps == []
    for metric in ADDITIVE:
        differences = [value(after) - value(before) for _, before, after in found.walk(metric)]
        assert value(found.figures[metric]) + sum(differences) == value(target.figures[metric])
        for step, before, after in found.walk(metric):
            changes = [change for change in step.changes if change.metric == metric]
            assert sum(change.after.numerator - change.before.numerator for change in changes) == after.numerator - before.numerator
    assert bool(found.steps) == (one != "default")
