"""The health score: 100 less what the weighted signals of health.yaml cost, so that every point is explained."""

from pathlib import Path
from typing import Annotated, Literal

import ibis
import ibis.expr.types as ir
from pydantic import Field, model_validator

from mandegar.config import yaml_file
from mandegar.config.company import Company
from mandegar.config.settings import Strict
from mandegar.errors import CompanyError
from mandegar.language.catalogue import DIGITS, ENGLISH, LANGUAGE, MINUS, translated

Action = Literal["call", "fix_payment", "success_call", "support_review", "offer", "renew", "win_back", "watch"]
FEATURES = (
    "cancel_requested",
    "failed_payments",
    "card_days_expired",
    "usage_percent_of_before",
    "days_since_usage",
    "response_hours",
    "nps_last",
    "price_rise_percent",
    "days_to_open_renewal",
    "days_since_purchase",
    "percent_of_own_cycle",
)
REASONS = 3
DEFAULT = Path(__file__).parents[2] / "company" / "health.yaml"


class Reason(Strict):
    """A reason in words; {value} is the signal's value."""

    en: str
    fa: str

    @model_validator(mode="after")
    def _placeholder(self) -> "Reason":
        for text in (self.en, self.fa):
            if "{" in text.replace("{value}", "") or text.count("{value}") > 1:
                raise ValueError(f"found {text!r}. The one placeholder is {{value}}, and it stands once at most.")
        return self


class Signal(Strict):
    """One signal: it takes off nothing at `good`, all its weight at `bad`, in a straight line between."""

    feature: Literal[FEATURES]  # type: ignore[valid-type]
    weight: float = Field(gt=0)
    good: float
    bad: float
    action: Action
    reason: Reason

    @model_validator(mode="after")
    def _apart(self) -> "Signal":
        if self.good == self.bad:
            raise ValueError("`good` and `bad` are the same; nothing lies between them. Write two different values.")
        return self


class Bands(Strict):
    """Scores below `high` are high risk, below `medium` medium, the rest low."""

    high: float = Field(ge=0, le=100)
    medium: float = Field(ge=0, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> "Bands":
        if self.high > self.medium:
            raise ValueError(f"`high` ({self.high:g}) is above `medium` ({self.medium:g}). Write the lower score under `high`.")
        return self


class Health(Strict):
    """The whole of health.yaml."""

    version: str
    bands: Bands
    least_points: float = 4.0
    signals: dict[str, Signal]
    segments: dict[str, dict[str, Annotated[float, Field(ge=0)]]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> "Health":
        for segment, weights in self.segments.items():
            for name in weights:
                if name not in self.signals:
                    raise ValueError(f"segments.{segment}: there is no signal {name!r}. Known: {', '.join(self.signals)}.")
        return self


def load(company: Company) -> Health:
    """The company's own health.yaml, or the default one."""
    own = company.folder / "health.yaml"
    return yaml_file.read(own if own.is_file() else DEFAULT, Health, CompanyError)


def points(features: ir.Table, health: Health) -> ir.Table:
    """What every signal gives and costs each customer.

    Grain: one row per customer_id and signal that is known of the customer. features: with `company_segment`.
    Columns: signal, value, cost: the points it takes off, between 0 (at `good`) and its weight (at `bad`).
    """
    measured = {name: signal for name, signal in health.signals.items() if signal.feature in features.columns}
    if not measured:
        known = ", ".join(name for name in FEATURES if name in features.columns)
        raise CompanyError(f"health.yaml: no signal looks at a feature that this company has. Add one that looks at one of: {known}.")
    return ibis.union(*(_points(features, health, name, signal) for name, signal in measured.items()))


def _points(features: ir.Table, health: Health, name: str, signal: Signal) -> ir.Table:
    value = features[signal.feature].cast("float64")
    share = (value - signal.bad) / (signal.good - signal.bad)
    own = [(features.company_segment == segment, weights[name]) for segment, weights in health.segments.items() if name in weights]
    weight = ibis.cases(*own, else_=signal.weight) if own else ibis.literal(signal.weight)
    return features.filter(value.notnull()).select(
        "customer_id",
        signal=ibis.literal(name),
        value=value,
        cost=((1.0 - ibis.greatest(ibis.least(share, 1.0), 0.0)) * weight.cast("float64")).round(6),
    )


def scores(known: ir.Table) -> ir.Table:
    """The score. Grain: one row per customer_id of `points`. Columns: health_score: 100 less all costs, not below 0, one decimal."""
    sums = known.group_by("customer_id").agg(cost=known.cost.sum())
    return sums.select("customer_id", health_score=ibis.greatest(100.0 - sums.cost, 0.0).round(1))


def health_scores(signals: ir.Table, health: Health) -> ir.Table:
    """The score of everyone in a table of features. Grain: one row per customer_id of whom anything is known. Column: health_score."""
    return scores(points(signals.mutate(company_segment=company_segment(signals)), health))


def company_segment(signals: ir.Table) -> ir.StringValue:
    """The company's own segment of each customer; empty where the company protects it."""
    return signals.segment if "segment" in signals.columns else ibis.null("string")


def reasons(known: ir.Table, health: Health, locale: str) -> ir.Table:
    """Why the score is not 100: the signals that cost most, in words.

    Grain: one row per customer_id with any reason. Columns: reason_1 … reason_3 (text in the company's language),
    reason_code_1 … reason_code_3, action (of the first reason).
    """
    lost = known.filter(known.cost >= health.least_points)
    place = ibis.row_number().over(group_by="customer_id", order_by=[lost.cost.desc(), lost.signal.asc()])
    ranked = lost.mutate(place=place).filter(lambda t: t.place < REASONS)
    told = ranked.mutate(
        text=ibis.cases(
            *((ranked.signal == name, _words(ranked.value, signal, locale)) for name, signal in health.signals.items()), else_=""
        ),
        act=ibis.cases(*((ranked.signal == name, signal.action) for name, signal in health.signals.items()), else_="watch"),
    )

    def nth(column: ir.StringColumn, number: int) -> ir.StringScalar:
        return (told.place == number).ifelse(column, ibis.null("string")).max()

    return told.group_by("customer_id").agg(
        **{f"reason_{number + 1}": nth(told.text, number) for number in range(REASONS)},
        **{f"reason_code_{number + 1}": nth(told.signal, number) for number in range(REASONS)},
        action=nth(told.act, 0),
    )


def band(score: ir.FloatingValue, bands: Bands) -> ir.StringValue:
    """high, medium or low risk."""
    return ibis.cases((score < bands.high, "high"), (score < bands.medium, "medium"), else_="low")


def _words(value: ir.FloatingColumn, signal: Signal, locale: str) -> ir.StringValue:
    """The reason with its value as a whole number, in the digits of the language."""
    text = getattr(signal.reason, locale)
    number = value.round(0).cast("int64").cast("string")
    if locale != ENGLISH:
        number = number.translate(DIGITS + MINUS, translated(locale, DIGITS, LANGUAGE) + translated(locale, MINUS, LANGUAGE))
    before, found, after = text.partition("{value}")
    return ibis.literal(before) + number + ibis.literal(after) if found else ibis.literal(text)
