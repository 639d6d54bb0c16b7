"""Score: one night's customer_risk, from the conformed entities into lake/marts."""

from datetime import date

import ibis
import ibis.expr.types as ir

from mandegar.compute import exchange_rates
from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.config.company import Company
from mandegar.conform.conform import conformed
from mandegar.metrics.run.marts import write_mart
from mandegar.metrics.run.measure import as_measured
from mandegar.risk import health as healths
from mandegar.risk import segment_file
from mandegar.risk.evening import Evening, evening_of
from mandegar.risk.features import features, stretches_of
from mandegar.risk.segments import write_segments
from mandegar.risk.value_tier import ValueTiers, value_tier
from mandegar.storage.lake import Lake
from mandegar.time import calendar

TIERS = ValueTiers()


def score(company: Company, lake: Lake, engine: Engine, as_of: date) -> dict[str, int]:
    """Computes customer_risk and customer_segment of a night and writes them to lake/marts; gives their rows."""
    company = as_measured(company, lake, as_of)
    closes = calendar.day_end(as_of, company.zone)
    names = ("customer", "subscription", "invoice", "payment", "ticket", "survey", "usage", "fx_rate")
    entities = {name: conformed(lake, engine, name, as_of) for name in names}
    known = exchange_rates.known_rates(engine, entities["fx_rate"])
    converted = exchange_rates.in_own_currency(company, engine, entities["invoice"], "issued_at", ("net_amount",), known)
    evening = Evening(company, as_of, closes, {**entities, "invoice": converted})
    intervals = stretches_of(evening, engine, entities["invoice"])
    signals = engine.keep(features(evening, intervals))
    tiers = segment_file.load(company).value_tiers
    rows = engine.keep(customer_risk(signals, evening.entities["customer"], healths.load(company), engine, company.locale, tiers))
    as_billed = evening_of(company, lake, engine, as_of)
    return {
        "customer_risk": write_mart(lake, engine, "customer_risk", rows, as_of, closes),
        "customer_segment": write_segments(as_billed, lake, engine, signals, rows, intervals),
    }


def customer_risk(
    signals: ir.Table, customers: ir.Table, health: healths.Health, engine: Engine, locale: str, tiers: ValueTiers = TIERS
) -> ir.Table:
    """How likely each customer is to leave, and why.

    Grain: one row per customer who can still leave.
    Columns: health_score (0 to 100); risk_band (high, medium, low); churn_probability (empty: the health score is no
    probability, and no model is live); value_at_risk (what the customer is worth in a year, in the company's currency);
    segment (risk band x value tier, of which segments.yaml tells the shares); action;
    reason_1 … reason_3 and reason_code_1 … reason_code_3, empty where nothing costs enough points; model_version.
    """
    segment = customers.select("customer_id", company_segment=customers.segment)
    joined = signals.join(segment, "customer_id", how="left")
    known = engine.keep(healths.points(joined.select(*signals.columns, "company_segment"), health))
    scored = engine.keep(healths.scores(known))
    why = healths.reasons(known, health, locale)
    worth = signals.select("customer_id", "annual_value")
    wide = worth.join(scored, "customer_id", how="left")
    wide = wide.select(*worth.columns, health_score=wide.health_score.fill_null(100.0))  # of whom nothing is known, nothing costs
    wide = wide.join(why, "customer_id", how="left")
    wide = wide.mutate(risk_band=healths.band(wide.health_score, health.bands), tier=value_tier(wide.annual_value, tiers))
    return wide.select(
        "customer_id",
        "health_score",
        "risk_band",
        churn_probability=ibis.null("float64"),
        value_at_risk=wide.annual_value.cast(MONEY),
        segment=wide.risk_band + "_risk_" + wide.tier + "_value",
        action=wide.action.fill_null("watch"),
        **{f"reason_{number}": wide[f"reason_{number}"] for number in range(1, 4)},
        **{f"reason_code_{number}": wide[f"reason_code_{number}"] for number in range(1, 4)},
        model_version=ibis.literal(health.version),
    )
