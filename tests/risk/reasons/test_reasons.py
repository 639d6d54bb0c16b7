"""Reasons: the customer's own numbers, in words of both languages."""

import numpy as np
import pandas as pd
import pytest

from mandegar.risk.reasons.reasons import told_reasons, with_signals
from mandegar.risk.reasons.wording import WORDINGS

NAMES = [
    *("days_since_usage", "events_a_week", "usage_percent_of_before", "response_hours", "days_to_renewal", "days_to_open_renewal"),
    *("card_days_left", "nps_last", "tickets"),
]


def reasons(values: dict[str, float | str | None], adds: dict[str, float], locale: str = "en") -> list[tuple[str, str]]:
    """The reasons of one customer, of whom nothing else is known."""
    names = [*NAMES, *(name for name in adds if name not in NAMES)]
    rows = pd.DataFrame([{name: values.get(name, np.nan) for name in [*names, "events_a_week_before"]}])
    return told_reasons(rows, np.array([[adds.get(name, 0.0) for name in names]]), names, locale)[0]


def test_the_weightiest_comes_first_with_the_customers_own_numbers() -> None:
    values = {"days_since_usage": 24, "events_a_week_before": 3, "response_hours": 30.4, "nps_last": 4}
    assert reasons(values, {"days_since_usage": 0.9, "response_hours": 1.2, "nps_last": 0.3}) == [
        ("slow_answers", "waits 30 hours for an answer from support"),
        ("usage_silence", "no use for 24 days; before that 3 a week"),
        ("detractor", "gave 4 of 10 when last asked"),
    ]


def test_in_persian_with_persian_digits() -> None:
    values = {"days_since_usage": 24, "events_a_week_before": 2.5}
    assert reasons(values, {"days_since_usage": 0.9}, "fa") == [("usage_silence", "۲۴ روز بی‌استفاده؛ پیش از آن هفته‌ای ۲٫۵ بار")]


def test_what_was_before_is_left_out_where_nobody_knows_it() -> None:
    assert reasons({"days_since_usage": 24}, {"days_since_usage": 0.9}) == [("usage_silence", "has not used the product for 24 days")]


def test_measures_of_one_thing_are_told_once_by_the_one_that_adds_most() -> None:
    values = {"usage_percent_of_before": 40, "events_a_week": 2, "events_a_week_before": 5, "response_hours": 30}
    told = reasons(values, {"usage_percent_of_before": 0.4, "events_a_week": 0.3, "response_hours": 0.6})
    assert told == [
        ("usage_trend", "uses the product at 40 % of what it was: 2 a week instead of 5"),
        ("slow_answers", "waits 30 hours for an answer from support"),
    ]


def test_a_value_that_speaks_for_staying_is_no_reason() -> None:
    """More use than before, a quick answer, a renewal next year."""
    values = {"events_a_week": 6, "events_a_week_before": 4, "response_hours": 0.5, "days_to_renewal": 300}
    assert reasons(values, {"events_a_week": 0.5, "response_hours": 0.5, "days_to_renewal": 0.5}) == []


def test_what_speaks_against_leaving_or_hardly_for_it_is_no_reason() -> None:
    values = {"response_hours": 30, "nps_last": 3, "tickets": 5}
    assert reasons(values, {"response_hours": -0.5, "nps_last": 0.04}) == []


def test_a_term_that_does_not_renew_by_itself_is_told_as_such() -> None:
    values = {"days_to_renewal": 21, "days_to_open_renewal": 21}
    assert reasons(values, {"days_to_renewal": 1.0}) == [("renewal_open", "the term ends in 21 days and does not renew by itself")]
    assert reasons({"days_to_renewal": 21}, {"days_to_renewal": 1.0}) == [("renewal_near", "the term ends in 21 days")]


def test_three_at_most() -> None:
    values = {"response_hours": 30, "nps_last": 3, "tickets": 5, "card_days_left": 10}
    told = reasons(values, {"response_hours": 0.4, "nps_last": 0.3, "tickets": 0.2, "card_days_left": 0.1})
    assert [code for code, _ in told] == ["slow_answers", "detractor", "many_tickets"]


def test_health_signals_fill_up_with_what_is_not_said_yet() -> None:
    told = [("renewal_near", "the term ends in 21 days")]
    signals = [("renewal_open", "…"), ("failed_payments", "payments failed: 2"), ("detractor", "gave 3 of 10")]
    assert with_signals(told, signals) == [told[0], signals[1], signals[2]]


def test_what_a_customer_is_like_is_told_by_name() -> None:
    values = {"plan": "Basic 2", "attribute_payment_method": "Electronic check", "attribute_monthly_charges": "104.5"}
    adds = {"plan": 0.2, "attribute_payment_method": 0.4}
    assert reasons(values, adds) == [
        ("attribute_payment_method", "payment method is Electronic check: with that more customers leave"),
        ("plan", "is on the plan Basic 2: more of its customers leave"),
    ]
    assert reasons(values, {"attribute_monthly_charges": 0.3}) == [
        ("attribute_monthly_charges", "monthly charges is 104.5: with that more customers leave")
    ]


def test_a_name_within_persian_keeps_its_direction_and_its_digits() -> None:
    assert reasons({"plan": "Basic 2"}, {"plan": 0.2}, "fa") == [("plan", "طرح \u2068Basic 2\u2069 را دارد؛ مشتریان این طرح بیشتر می‌روند")]


def test_what_is_not_known_of_a_customer_is_no_reason() -> None:
    assert reasons({"plan": None}, {"plan": 0.9}) == []


def test_what_happens_today_is_said_so() -> None:
    assert reasons({"card_days_left": 0}, {"card_days_left": 0.4}) == [("card_expired", "the card expires today")]
    assert reasons({"card_days_left": 1}, {"card_days_left": 0.4}) == [("card_expired", "the card expires in 1 days")]
    assert reasons({"days_to_renewal": 0}, {"days_to_renewal": 0.4}, "fa") == [("renewal_near", "دوره امروز تمام می‌شود")]


@pytest.mark.parametrize("locale", ["en", "fa"])
def test_every_feature_can_be_told(locale: str) -> None:
    """Each with a value of 3 for everything it speaks of: no placeholder is left, and Persian has Persian digits."""
    for name, wording in WORDINGS.items():
        told = wording.said.of(*["3"] * (1 + len(wording.others)), value="x").told(locale)
        assert "{" not in told, name
        assert told
        assert ("3" in told) <= (locale == "en"), name
