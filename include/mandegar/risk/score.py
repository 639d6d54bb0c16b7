"""Score: one night's customer_risk and model_health, from the conformed entities into lake/marts."""

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.config.company import Company
from mandegar.errors import BrokenModel
from mandegar.language.catalogue import Said
from mandegar.metrics.run.marts import write_mart
from mandegar.metrics.run.measure import as_measured, open_night
from mandegar.risk import health as healths
from mandegar.risk import segment_file
from mandegar.risk.drivers.drivers import write_drivers
from mandegar.risk.evening import evening_of
from mandegar.risk.features.kept import forget_old, make_features
from mandegar.risk.learn import DRIVERS, drivers_known
from mandegar.risk.model import settings as model_settings
from mandegar.risk.model.apply import SCHEMA, TOLD, score_customers
from mandegar.risk.model.monitor import Check, checks, matured, night_that_predicted, rows_of
from mandegar.risk.model.registry import HEALTH_SCORE, Registry
from mandegar.risk.model.settings import ModelSettings
from mandegar.risk.segments import write_segments
from mandegar.risk.sentiment.model import Sentiment
from mandegar.risk.sentiment.saved import latest
from mandegar.risk.value_tier import ValueTiers, value_tier
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake

YEAR = 365
Z80 = NormalDist().inv_cdf(0.9)
NO_MODEL = Said("no model is live yet; `{command}` learns one from the company's history")
UNREADABLE = Said("what was learnt cannot be read: {problem}")


@dataclass(frozen=True)
class Risks:
    """Everybody's risk (apply.SCHEMA), by what it was told, for which horizon, and what the checks of the model said."""

    rows: ir.Table
    version: str
    horizon: int | None
    checks: list[Check]


def score(company: Company, lake: Lake, engine: Engine, as_of: date, home: Home) -> dict[str, int]:
    """Computes customer_risk, customer_segment and model_health of a night and writes them to lake/marts; gives their rows.

    The model that was live on that night scores it; where there is none, or it cannot be trusted any more, the health score does, and
    model_health says why.
    """
    company = as_measured(company, lake, as_of)
    evening = evening_of(company, lake, engine, as_of)
    feeling, unread = _feeling(home, as_of)
    signals = make_features(evening, lake, engine, feeling)
    forget_old(lake, as_of)
    health, settings = healths.load(company), model_settings.load(company)
    scored = engine.keep(by_health(signals, health, engine, company.locale))
    risks = _by_model(company, lake, engine, as_of, Registry(home.churn_models), signals, scored, health, settings)
    rows = engine.keep(customer_risk(signals, risks, segment_file.load(company).value_tiers))
    risks.checks.extend([*unread, *expected_loss(engine, rows, risks.horizon)])
    learnt = drivers_known(lake, engine, as_of)
    told = {} if learnt is None else {DRIVERS: write_drivers(lake, engine, learnt, as_of, evening.closes)}
    return told | {
        "customer_segment": write_segments(evening, lake, engine, signals, rows),
        "customer_risk": write_mart(lake, engine, "customer_risk", rows, as_of, evening.closes),
        "model_health": write_mart(
            lake, engine, "model_health", engine.table(rows_of(risks.checks, risks.version, company.locale)), as_of, evening.closes
        ),
    }


def _feeling(home: Home, as_of: date) -> tuple[Sentiment | None, list[Check]]:
    """By what the texts of a night are read: the last that was learnt before it; and what is wrong with that."""
    try:
        return latest(home, as_of - timedelta(days=1)), []
    except BrokenModel as problem:
        return None, [Check("sentiment", "(texts)", None, None, "warned", UNREADABLE.of(problem=str(problem)))]


def by_health(signals: ir.Table, health: healths.Health, engine: Engine, locale: str) -> ir.Table:
    """Everybody's health score, and what it says: band, reasons, action. Grain: one row per customer_id of `signals`."""
    known = engine.keep(healths.points(signals.mutate(company_segment=healths.company_segment(signals)), health))
    scored = engine.keep(healths.scores(known))
    why = healths.reasons(known, health, locale)
    wide = signals.select("customer_id").join(scored, "customer_id", how="left")
    wide = wide.select("customer_id", health_score=wide.health_score.fill_null(100.0))  # of whom nothing is known, nothing costs
    wide = wide.join(why, "customer_id", how="left")
    return wide.select(
        "customer_id",
        "health_score",
        risk_band=healths.band(wide.health_score, health.bands),
        action=wide.action.fill_null("watch"),
        **{name: wide[name] for pair in TOLD for name in pair},
    )


def _by_model(
    company: Company,
    lake: Lake,
    engine: Engine,
    as_of: date,
    registry: Registry,
    signals: ir.Table,
    scored: ir.Table,
    health: healths.Health,
    settings: ModelSettings,
) -> Risks:
    """Everybody's risk by the live model, if there is one and it can be trusted; else by the health score."""
    live = registry.live_on(as_of)
    if live is None:
        told = NO_MODEL.of(command=f"mandegar model train --company DIR --as-of {as_of}")
        return told_by_health(scored, health, [Check("live", HEALTH_SCORE, None, None, "ok", told)])
    try:
        model = registry.model(live)
    except BrokenModel as problem:
        return told_by_health(scored, health, [Check("live", live, None, None, "failed", UNREADABLE.of(problem=str(problem)))])
    joined = signals.left_join(scored, "customer_id")
    wide = joined.select(*signals.columns, *(name for name in scored.columns if name != "customer_id"))
    found = score_customers(model, wide, health, settings, engine, company.locale)
    looked_at = checks(model, found.spread, settings) if len(found.rows) else []
    if night_that_predicted(lake, as_of, settings.horizon_days) is not None:
        looked_at += matured(open_night(company, lake, engine, as_of), lake, engine, settings)
    failed = [one for one in looked_at if one.status == "failed"]
    if failed:
        state = Check("live", live, None, None, "failed", failed[0].said)
        return told_by_health(scored, health, [state, *looked_at])
    return Risks(engine.table(found.rows), live, model.horizon, [Check("live", live, model.base_rate, None, "ok"), *looked_at])


def expected_loss(engine: Engine, rows: ir.Table, horizon: int | None) -> list[Check]:
    """What is expected to go within the horizon, over all customers, as measures of model_health whose name is the horizon in days.

    expected_departures: the sum of churn_probability; expected_loss: the sum of value_at_risk; its bounds: 1.2816 standard deviations of a
    sum of independent customers, sqrt(sum p (1 - p) v^2), where v is what a customer pays within the horizon; not below 0, nor above all.
    """
    if horizon is None:
        return []
    worth = rows.annual_value.cast("float64") * (horizon / YEAR)
    told = rows.churn_probability
    sums = rows.agg(departures=told.sum(), loss=(told * worth).sum(), spread=(told * (1.0 - told) * worth * worth).sum(), most=worth.sum())
    found = engine.arrow(sums).to_pylist()[0]
    if found["loss"] is None:
        return []
    width = Z80 * found["spread"] ** 0.5
    measures = {
        "expected_departures": found["departures"],
        "expected_loss": found["loss"],
        "expected_loss_low_80": max(found["loss"] - width, 0.0),
        "expected_loss_high_80": min(found["loss"] + width, found["most"]),
    }
    return [Check(measure, str(horizon), value, None, "ok") for measure, value in measures.items()]


def told_by_health(scored: ir.Table, health: healths.Health, looked_at: list[Check]) -> Risks:
    """Everybody's risk by the health score, which is no probability."""
    empty = {name: ibis.null("float64") for name in SCHEMA.names if name.startswith("churn_probability") or name == "days_to_churn"}
    return Risks(scored.mutate(**empty).select(*SCHEMA.names), health.version, None, looked_at)


def customer_risk(signals: ir.Table, risks: Risks, tiers: ValueTiers) -> ir.Table:
    """How likely each customer is to leave, and why.

    Grain: one row per customer who can still leave.
    Columns: churn_probability, within horizon_days, and those within 30, 60 and 90 days (empty where the health score is live: it is no
    probability); days_to_churn: after so many days half of such customers have left, empty beyond a year; health_score (0 to 100);
    risk_band (high, medium, low): by the probability, or by the health score; annual_value: what the customer is worth in a year, in
    the company's currency; value_at_risk: churn_probability x annual_value x horizon_days / 365, and annual_value where there is no
    probability; segment (risk band x value tier: of which segments.yaml tells the shares); action;
    reason_1 … reason_3 and reason_code_1 … reason_code_3, empty where nothing speaks for leaving; model_version.
    """
    rows = risks.rows
    joined = signals.select("customer_id", "annual_value").join(rows, "customer_id")
    wide = joined.mutate(tier=value_tier(joined.annual_value, tiers))
    at_stake = wide.annual_value.cast("float64") * wide.churn_probability * ((risks.horizon or YEAR) / YEAR)
    horizon = ibis.literal(risks.horizon, type="int64") if risks.horizon else ibis.null("int64")
    return wide.select(
        "customer_id",
        "health_score",
        "risk_band",
        "churn_probability",
        "churn_probability_30",
        "churn_probability_60",
        "churn_probability_90",
        "days_to_churn",
        horizon_days=horizon,
        annual_value=wide.annual_value.cast(MONEY),
        value_at_risk=wide.churn_probability.isnull().ifelse(wide.annual_value.cast(MONEY), at_stake.round(4).cast(MONEY)),
        segment=wide.risk_band + "_risk_" + wide.tier + "_value",
        action=wide.action,
        **{name: wide[name] for pair in TOLD for name in pair},
        model_version=ibis.literal(risks.version),
    )
