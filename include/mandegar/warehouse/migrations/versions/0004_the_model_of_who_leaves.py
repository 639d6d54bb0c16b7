"""the model of who leaves: probabilities, time to churn, and whether it can be trusted"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite")
WORTH = "what the customer is worth in a year, in the company's currency"
AT_RISK = "churn_probability x annual_value x horizon_days / 365; annual_value where there is no probability"
LEAVING = "probability of leaving within horizon_days; empty while only the health score is live"


def upgrade() -> None:
    """Adds the columns and the table; the view of customers shows the probability."""
    op.execute("DROP VIEW customers_now")
    with op.batch_alter_table("customer_risk") as batch:
        for days in (30, 60, 90):
            batch.add_column(
                sa.Column(f"churn_probability_{days}", sa.Double(), nullable=True, comment=f"probability of leaving within {days} days")
            )
        batch.add_column(sa.Column("horizon_days", sa.Integer(), nullable=True, comment="the days that churn_probability speaks of"))
        batch.add_column(
            sa.Column(
                "days_to_churn",
                sa.Double(),
                nullable=True,
                comment="after so many days half of such customers have left; empty beyond a year",
            )
        )
        batch.add_column(sa.Column("annual_value", MONEY, nullable=True, comment=WORTH))
    op.execute(sa.text("UPDATE customer_risk SET annual_value = value_at_risk"))  # so far they were the same
    with op.batch_alter_table("customer_risk") as batch:
        batch.alter_column("annual_value", existing_type=MONEY, nullable=False, existing_comment=WORTH)
        batch.alter_column("value_at_risk", existing_type=MONEY, existing_nullable=False, comment=AT_RISK, existing_comment=WORTH)
        batch.alter_column("churn_probability", existing_type=sa.Double(), existing_nullable=True, comment=LEAVING)
    op.execute(_customers_now("r.churn_probability, r.days_to_churn, r.annual_value, r.health_score"))
    op.create_table(
        "model_health",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night"),
        sa.Column(
            "measure",
            sa.String(length=64),
            autoincrement=False,
            nullable=False,
            comment="live, score_drift, feature_drift, feature_known, features_drifted, or matured_…",
        ),
        sa.Column(
            "name",
            sa.String(length=255),
            autoincrement=False,
            nullable=False,
            comment="the feature, the night that predicted, or what is live",
        ),
        sa.Column("model_version", sa.String(length=64), nullable=False, comment="what scored the night"),
        sa.Column(
            "value",
            sa.Double(),
            nullable=True,
            comment="what was measured: PSI, AUC, calibration error, departures, the churn share learnt from",
        ),
        sa.Column("limit_value", sa.Double(), nullable=True, comment="beyond this the status is not ok"),
        sa.Column("status", sa.String(length=16), nullable=False, comment="ok, warned, or failed: the night goes by the health score"),
        sa.Column("detail", sa.Text(), nullable=True, comment="what is wrong, in words"),
        sa.PrimaryKeyConstraint("as_of", "measure", "name", name=op.f("pk_model_health")),
        comment="Whether the live model can be trusted: one row per night and thing looked at",
    )


def downgrade() -> None:
    """Takes them back."""
    op.execute("DROP VIEW customers_now")
    op.drop_table("model_health")
    with op.batch_alter_table("customer_risk") as batch:
        for name in (
            "annual_value",
            "days_to_churn",
            "horizon_days",
            "churn_probability_90",
            "churn_probability_60",
            "churn_probability_30",
        ):
            batch.drop_column(name)
    op.execute(_customers_now("r.health_score"))


def _customers_now(risk: str) -> str:
    """Who is there on the last night published, without saying who it is: the month that is still running, the risk, the value."""
    return f"""
CREATE VIEW customers_now AS
SELECT c.customer_id, c.kind, c.country, c.region, c.city, c.segment, c.industry, c.acquisition_channel, c.owner, c.strategic_role,
       c.signed_up_at, p.status, p.m1 AS mrr, v.revenue, v.historic_clv, v.lifetime_value, v.rfm_segment,
       {risk}, r.risk_band, r.value_at_risk, r.segment AS risk_segment, r.action, r.reason_1, r.reason_2, r.reason_3
FROM dim_customer c
LEFT JOIN fct_customer_period p
       ON p.customer_id = c.customer_id
      AND p.period_kind = 'month'
      AND p.period_start = (SELECT max(period_start) FROM fct_customer_period WHERE period_kind = 'month')
LEFT JOIN customer_value v ON v.customer_id = c.customer_id
LEFT JOIN customer_risk r ON r.customer_id = c.customer_id AND r.as_of = (SELECT max(as_of) FROM published_night)
WHERE c.deleted_at IS NULL
"""
