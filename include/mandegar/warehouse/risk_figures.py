"""The tables of who may leave, why, and what goes together with leaving."""

import sqlalchemy as sa

from mandegar.warehouse.columns import MONEY, given, key, maybe, metadata

COUNT = sa.BigInteger

churn_driver = sa.Table(
    "churn_driver",
    metadata,
    key("as_of", sa.Date, "the night that computed it"),
    key("feature", sa.String(128), "a signal"),
    key("band_order", sa.Integer, "place of the band among the feature's, from 1 on; what is not known comes last"),
    given("band", sa.Text, "the band in words, in the company's language"),
    given("customers", COUNT, "customers in the band, each counted at every snapshot it was there"),
    given("churned", COUNT, "of them, those who left within the horizon"),
    given("churn_rate", sa.Double, "churned / customers"),
    given("churn_rate_low", sa.Double, "lower end of its 95 % interval (Wilson)"),
    given("churn_rate_high", sa.Double, "upper end of its 95 % interval"),
    given("lift", sa.Double, "churn_rate over that of everybody"),
    given("lift_low", sa.Double, "lower end of its 95 % interval"),
    given("lift_high", sa.Double, "upper end of its 95 % interval"),
    given("adjusted_odds_ratio", sa.Double, "odds of leaving against the feature's other known bands, all other features the same"),
    given("adjusted_low", sa.Double, "lower end of its 95 % interval"),
    given("adjusted_high", sa.Double, "upper end of its 95 % interval"),
    given("p_adjusted", sa.Double, "p value of adjusted_odds_ratio, corrected for how many bands are looked at (Benjamini-Hochberg)"),
    given("is_notable", sa.Boolean, "p_adjusted is below 5 %"),
    given("kind", sa.String(16), "association: what goes together with leaving, which need not be its cause"),
    comment="How often customers of each band of each signal left, crudely and with the other signals the same",
)

customer_risk = sa.Table(
    "customer_risk",
    metadata,
    key("as_of", sa.Date, "the night that computed it"),
    key("customer_id", sa.String(255), "a customer who can still leave"),
    maybe("churn_probability", sa.Double, "probability of leaving within horizon_days; empty while only the health score is live"),
    *(maybe(f"churn_probability_{days}", sa.Double, f"probability of leaving within {days} days") for days in (30, 60, 90)),
    maybe("horizon_days", sa.Integer, "the days that churn_probability speaks of"),
    maybe("days_to_churn", sa.Double, "after so many days half of such customers have left; empty beyond a year"),
    given("health_score", sa.Double, "0 (worst) to 100"),
    given("risk_band", sa.String(8), "high, medium or low"),
    given("annual_value", MONEY, "what the customer is worth in a year, in the company's currency"),
    given("value_at_risk", MONEY, "churn_probability x annual_value x horizon_days / 365; annual_value where there is no probability"),
    given("segment", sa.String(64), "risk band x value tier"),
    given("action", sa.String(32), "what to do next"),
    *(maybe(f"reason_{number}", sa.Text, f"reason {number} in plain words") for number in range(1, 4)),
    *(maybe(f"reason_code_{number}", sa.String(64), f"signal behind reason {number}") for number in range(1, 4)),
    given("model_version", sa.String(64), "what computed it"),
    comment="How likely each customer is to leave and why: one row per night and customer",
)

model_health = sa.Table(
    "model_health",
    metadata,
    key("as_of", sa.Date, "the night"),
    key("measure", sa.String(64), "live, score_drift, feature_drift, feature_known, features_drifted, or matured_…"),
    key("name", sa.String(255), "the feature, the night that predicted, or what is live"),
    given("model_version", sa.String(64), "what scored the night"),
    maybe("value", sa.Double, "what was measured: PSI, AUC, calibration error, departures, the churn share learnt from"),
    maybe("limit_value", sa.Double, "beyond this the status is not ok"),
    given("status", sa.String(16), "ok, warned, or failed: the night goes by the health score"),
    maybe("detail", sa.Text, "what is wrong, in words"),
    comment="Whether the live model can be trusted: one row per night and thing looked at",
)

customer_segment = sa.Table(
    "customer_segment",
    metadata,
    key("as_of", sa.Date, "the night that computed it"),
    key("customer_id", sa.String(255), "a customer who can still leave"),
    key("segment", sa.String(64), "the segment's name in segments.yaml"),
    given("kind", sa.String(16), "matrix (one cell each), dynamic (any number), role (one at most), or let_go"),
    given("action", sa.String(32), "what to do"),
    maybe("detail", sa.Text, "why, in the company's language; of let_go the figures, a JSON object"),
    comment="In which segments each customer is: one row per night, customer and segment",
)
