"""The tables of what goes together with leaving."""

import sqlalchemy as sa

from mandegar.warehouse.columns import given, key, metadata

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
