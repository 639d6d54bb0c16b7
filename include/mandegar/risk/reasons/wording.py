"""What each feature says when it speaks for leaving: when it is worth saying, and in which words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mandegar.language.catalogue import Said
from mandegar.risk.features.names import called
from mandegar.risk.features.traits import PREFIX

Value = float | str
Values = Mapping[str, Value]
Worth = Callable[[Value, Values], bool]


@dataclass(frozen=True)
class Wording:
    """How a feature is told as a reason.

    code: of the reason. said: with {0} for the feature's own value, {1} … for the values of `others`; {value} for a text. worth: whether a
    value says anything, beside the customer's other values; a number that speaks against leaving is no reason. theme: features of one
    theme are told once, by the one that adds most; the code, unless it is named. better: the feature that tells the same more exactly,
    where it is known.
    """

    code: str
    said: Said
    worth: Worth
    others: tuple[str, ...] = ()
    named: str | None = None
    better: str | None = None

    @property
    def theme(self) -> str:
        """What it is about."""
        return self.named or self.code


def _below(limit: float) -> Worth:
    return lambda value, _: float(value) < limit


def _above(limit: float) -> Worth:
    return lambda value, _: float(value) > limit


def _less_than(before: str, share: float) -> Worth:
    """Whether a value is less than so much of another of the customer's values."""
    return lambda value, values: float(value) < share * float(values.get(before, float("nan")))


def _always(value: Value, values: Values) -> bool:
    """Of a text, whether more of such customers leave is for the model to say."""
    return True


WORDINGS: dict[str, Wording] = {
    "cancel_requested": Wording("cancel_requested", Said("has asked to cancel"), _above(0)),
    "days_past_due": Wording("failed_payments", Said("has been past due for {0} days"), _above(0)),
    "failed_payments": Wording("failed_payments", Said("payments failed since the last one that went through: {0}"), _above(0)),
    "failed_in_year": Wording("failed_payments", Said("payments that failed within a year: {0}"), _above(1)),
    "days_since_failure": Wording("failed_payments", Said("a payment failed {0} days ago"), _below(60)),
    "days_overdue": Wording("failed_payments", Said("a bill has been overdue for {0} days"), _above(0)),
    "bills_overdue": Wording("failed_payments", Said("bills that are overdue: {0}"), _above(0)),
    "card_days_expired": Wording("card_expired", Said("the card has been expired for {0} days"), _above(0)),
    "card_days_left": Wording("card_expired", Said("the card expires in {0} days"), _below(90)),
    "usage_percent_of_before": Wording(
        "usage_trend",
        Said("uses the product at {0} % of what it was: {1} a week instead of {2}"),
        _below(85),
        ("events_a_week", "events_a_week_before"),
    ),
    "events_a_week": Wording(
        "usage_trend",
        Said("uses of the product a week: {0}; before that: {1}"),
        _less_than("events_a_week_before", 0.85),
        ("events_a_week_before",),
    ),
    "usage_percent_in_fortnight": Wording("usage_trend", Said("use of the last 14 days is {0} % of that of the 14 before"), _below(85)),
    "days_of_use": Wording("usage_trend", Said("used the product on {0} of the last 28 days"), _below(8)),
    "minutes_a_week": Wording("usage_trend", Said("spends {0} minutes a week with the product"), _below(60)),
    "features_percent_of_before": Wording("usage_trend", Said("uses {0} % of the features it used before"), _below(85)),
    "features_used": Wording("usage_trend", Said("features used in the last 28 days: {0}"), _below(3)),
    "days_since_usage": Wording("usage_silence", Said("no use for {0} days; before that {1} a week"), _above(7), ("events_a_week_before",)),
    "days_since_key_feature": Wording("key_feature_unused", Said("has not used its most used feature for {0} days"), _above(20)),
    "response_hours": Wording("slow_answers", Said("waits {0} hours for an answer from support"), _above(4)),
    "response_hours_before": Wording("slow_answers", Said("has waited {0} hours for answers on the average of half a year"), _above(12)),
    "tickets": Wording("many_tickets", Said("questions to support within 60 days: {0}"), _above(2)),
    "tickets_open": Wording("many_tickets", Said("questions without a solution: {0}"), _above(0)),
    "critical_open": Wording("critical_ticket", Said("critical questions without a solution: {0}"), _above(0)),
    "reopened": Wording("reopened", Said("questions that had to be solved again: {0}"), _above(0)),
    "ticket_csat": Wording("detractor", Said("rates support at {0} of 5"), _below(3.5)),
    "nps_last": Wording("detractor", Said("gave {0} of 10 when last asked"), _below(7)),
    "nps_change": Wording("detractor", Said("gave {0} points more or less than the time before"), _below(-1)),
    "csat_last": Wording("detractor", Said("gave {0} of 5 when last asked"), _below(3.5)),
    "ces_last": Wording("detractor", Said("finds it hard to be a customer: {0} of 7"), _below(4)),
    "price_rise_percent": Wording("price_rise", Said("pays {0} % more since the last rise"), _above(1)),
    "last_rise_percent": Wording("price_rise", Said("the price rose by {0} %, {1} days ago"), _above(1), ("days_since_rise",)),
    "days_since_rise": Wording("price_rise", Said("the price rose {0} days ago, by {1} %"), _below(200), ("last_rise_percent",)),
    "discount_percent": Wording("discount_ends", Said("lives on a discount of {0} %"), _above(1)),
    "days_to_discount_end": Wording("discount_ends", Said("the discount ends in {0} days"), _below(90)),
    "days_to_open_renewal": Wording(
        "renewal_open", Said("the term ends in {0} days and does not renew by itself"), _below(120), named="renewal"
    ),
    "auto_renew": Wording(
        "renewal_open", Said("the contract does not renew by itself"), _below(1), named="renewal", better="days_to_open_renewal"
    ),
    "days_to_renewal": Wording(
        "renewal_near", Said("the term ends in {0} days"), _below(120), named="renewal", better="days_to_open_renewal"
    ),
    "interval_months": Wording("monthly", Said("can leave at the end of every month"), _below(2)),
    "tenure_days": Wording("young_customer", Said("has been a customer for {0} days only"), _below(200)),
    "seats_percent_of_before": Wording("fewer_seats", Said("has {0} % of the seats of three months ago"), _below(97)),
    "pauses": Wording("paused", Said("pauses within a year: {0}"), _above(0)),
    "mails_opened_percent": Wording("mails_unread", Said("opens {0} % of the mails"), _below(20)),
    "days_since_open": Wording("mails_unread", Said("has opened no mail for {0} days"), _above(60)),
    "price_visits": Wording("price_visits", Said("visits to the page of prices within 30 days: {0}"), _above(0)),
    "owner_churn_percent": Wording("neighbours", Said("of the customers of the same owner {0} % left within 90 days"), _above(8)),
    "channel_churn_percent": Wording("neighbours", Said("of the customers from the same channel {0} % left within 90 days"), _above(8)),
    "cohort_churn_percent": Wording("neighbours", Said("of those who came at the same time {0} % left within 90 days"), _above(8)),
    "days_since_purchase": Wording("purchase_silence", Said("has not bought for {0} days"), _above(14)),
    "percent_of_own_cycle": Wording("overdue_purchase", Said("is at {0} % of the usual time between purchases"), _above(110)),
    "spend_percent_of_before": Wording("spends_less", Said("spends {0} % of what it was"), _below(85)),
    "purchase_days": Wording("few_purchases", Said("days with a purchase so far: {0}"), _below(4)),
    "purchase_days_in_year": Wording("few_purchases", Said("days with a purchase within a year: {0}"), _below(4)),
    "purchase_days_lately": Wording("few_purchases", Said("days with a purchase within 90 days: {0}"), _below(2)),
    "credits_in_year": Wording("gave_back", Said("purchases given back within a year: {0}"), _above(0)),
    "ticket_sentiment": Wording("sentiment", Said("writes to support in anger"), _below(-0.1)),
    "survey_sentiment": Wording("sentiment", Said("writes of discontent in surveys"), _below(-0.1)),
    "sentiment_change": Wording("sentiment", Said("writes less kindly than before"), _below(-0.1)),
}
WORDINGS |= {
    "plan": Wording("plan", Said("is on the plan {value}: more of its customers leave"), _always),
    "acquisition_channel": Wording("channel", Said("came through {value}: more of those customers leave"), _always),
    "segment": Wording("segment", Said("is of the segment {value}: more of its customers leave"), _always),
    "industry": Wording("industry", Said("is in the industry {value}: more of its customers leave"), _always),
    "country": Wording("place", Said("is in {value}: more of the customers there leave"), _always),
    "region": Wording("place", Said("is in {value}: more of the customers there leave"), _always),
}
OF_ATTRIBUTES = Said("{name} is {value}: with that more customers leave")
THEMES = {wording.code: wording.theme for wording in WORDINGS.values()}


def wording_of(feature: str) -> Wording | None:
    """How a feature is told; None of one that is no reason for a person. A key of customers' attributes has no other name."""
    if feature.startswith(PREFIX):
        return Wording(feature, OF_ATTRIBUTES.of(name=called(feature, "en")), _always)
    return WORDINGS.get(feature)
