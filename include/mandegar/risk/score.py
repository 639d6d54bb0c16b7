"""Score: one night's customer_risk, from the conformed entities into lake/marts."""

from datetime import date

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.config.company import Company
from mandegar.metrics.run.marts import write_mart
from mandegar.metrics.run.measure import as_measured
from mandegar.risk import health as healths
from mandegar.risk.evening import evening_of
from mandegar.risk.features.kept import forget_old, make_features
from mandegar.storage.lake import Lake

VALUE_TIERS = (0.8, 0.5)


def score(company: Company, lake: Lake, engine: Engine, as_of: date) -> dict[str, int]:
    """Computes customer_risk of a night and writes it to lake/marts; gives its rows."""
    company = as_measured(company, lake, as_of)
    evening = evening_of(company, lake, engine, as_of)
    signals = make_features(evening, lake, engine)
    forget_old(lake, as_of)
    rows = customer_risk(signals, healths.load(company), engine, company.locale)
    return {"customer_risk": write_mart(lake, engine, "customer_risk", rows, as_of, evening.closes)}


def customer_risk(signals: ir.Table, health: healths.Health, engine: Engine, locale: str) -> ir.Table:
    """How likely each customer is to leave, and why.

    Grain: one row per customer who can still leave.
    Columns: health_score (0 to 100); risk_band (high, medium, low); churn_probability (empty: the health score is no
    probability, and no model is live); value_at_risk (what the customer is worth in a year, in the company's currency);
    segment (risk band x value tier: the top fifth `high`, the next three tenths `mid`, the rest `low`); action;
    reason_1 … reason_3 and reason_code_1 … reason_code_3, empty where nothing costs enough points; model_version.
    """
    known = engine.keep(healths.points(signals.mutate(company_segment=healths.company_segment(signals)), health))
    scored = engine.keep(healths.scores(known))
    why = healths.reasons(known, health, locale)
    worth = signals.select("customer_id", "annual_value")
    wide = worth.join(scored, "customer_id", how="left")
    wide = wide.select(*worth.columns, health_score=wide.health_score.fill_null(100.0))  # of whom nothing is known, nothing costs
    wide = wide.join(why, "customer_id", how="left")
    wide = wide.mutate(
        risk_band=healths.band(wide.health_score, health.bands),
        rank=ibis.percent_rank().over(order_by=[wide.annual_value.asc()]),
    )
    tier = ibis.cases((wide["rank"] >= VALUE_TIERS[0], "high_value"), (wide["rank"] >= VALUE_TIERS[1], "mid_value"), else_="low_value")
    return wide.select(
        "customer_id",
        "health_score",
        "risk_band",
        churn_probability=ibis.null("float64"),
        value_at_risk=wide.annual_value.cast(MONEY),
        segment=wide.risk_band + "_risk_" + tier,
        action=wide.action.fill_null("watch"),
        **{f"reason_{number}": wide[f"reason_{number}"] for number in range(1, 4)},
        **{f"reason_code_{number}": wide[f"reason_code_{number}"] for number in range(1, 4)},
        model_version=ibis.literal(health.version),
    )
