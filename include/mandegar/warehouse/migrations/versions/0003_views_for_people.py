"""views for people; names that need no quotes; by which salt a control group was drawn"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ADDED = (
    "customers_churned_from_pause",
    "customers_moved",
    "customers_cancelled",
    "customers_not_renewed",
    "cancellation_rate",
    "non_renewal_rate",
    "mrr_moved",
)
METRICS = (
    "customers_start",
    "customers_end",
    "customers_churned",
    "customers_churned_from_pause",
    "customers_new",
    "customers_reactivated",
    "customers_new_and_gone",
    "logo_churn_rate",
    "logo_retention_rate",
    "reactivation_rate",
    "customers_moved",
    "customers_paused",
    "customers_resumed",
    "customers_cancelled",
    "customers_not_renewed",
    "cancellation_rate",
    "non_renewal_rate",
    "voluntary_churn_rate",
    "involuntary_churn_rate",
    "mrr_start",
    "mrr_end",
    "new_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churned_mrr",
    "reactivation_mrr",
    "paused_mrr",
    "resumed_mrr",
    "fx_mrr",
    "mrr_moved",
    "gross_revenue_retention",
    "net_revenue_retention",
    "arpa",
    "quick_ratio",
    "revenue",
    "customers_buying",
    "sales_retention_rate",
    "profit_retention_rate",
    "churn_point_customers",
    "churn_point_worth",
    "new_customers_before",
    "new_customer_retention_rate",
    "activation_30_rate",
    "acquisition_spend",
    "customers_acquired",
    "cac",
    "clv_to_cac",
    "tickets_opened",
    "tickets_solved",
    "tickets_open",
    "first_response_minutes_median",
    "first_response_minutes_p90",
    "first_response_business_minutes_median",
    "first_response_business_minutes_p90",
    "first_resolution_minutes_median",
    "first_resolution_minutes_p90",
    "first_resolution_business_minutes_median",
    "first_resolution_business_minutes_p90",
    "resolution_minutes_median",
    "resolution_minutes_p90",
    "resolution_business_minutes_median",
    "resolution_business_minutes_p90",
    "share_answered_in_15_minutes",
    "share_solved_in_4_hours",
    "reopened_rate",
    "replies_per_ticket",
    "nps",
    "nps_answers",
    "csat",
    "csat_answers",
    "ces",
    "ces_answers",
    "time_to_react_hours_median",
    "time_to_react_hours_p90",
    "share_reacted_in_24_hours",
    "share_reacted_in_48_hours",
)
RENAMED = (
    ("quarantined_row", "row", "row_number", sa.BigInteger(), True),
    ("quarantined_row", "column", "column_name", sa.String(64), True),
    ("quality_alert", "print", "fingerprint", sa.String(64), False),
    ("published_part", "print", "fingerprint", sa.String(64), False),
)
STEPS = (
    ("mrr_start", 1),
    ("new_mrr", 1),
    ("reactivation_mrr", 1),
    ("resumed_mrr", 1),
    ("expansion_mrr", 1),
    ("contraction_mrr", -1),
    ("paused_mrr", -1),
    ("churned_mrr", -1),
    ("fx_mrr", 1),
    ("mrr_end", 1),
)
AGES = tuple(range(13))


def upgrade() -> None:
    """Renames, adds the column, and makes the views."""
    op.execute("DROP VIEW kpi_monthly")
    for table, before, after, kind, empty in RENAMED:
        with op.batch_alter_table(table) as changed:
            changed.alter_column(before, new_column_name=after, existing_type=kind, existing_nullable=empty)
    with op.batch_alter_table("campaign_run") as runs:
        salt = sa.Column("control_salt", sa.String(255), nullable=False, server_default="", comment="by which the control group was drawn")
        runs.add_column(salt)
    with op.batch_alter_table("campaign_run") as runs:
        runs.alter_column("control_salt", existing_type=sa.String(255), existing_nullable=False, server_default=None)
    with op.batch_alter_table("customer_value") as values:
        said = "with contracts: margin x the payments ahead by a model in which customers differ; empty without one"
        values.add_column(sa.Column("clv_sbg", sa.Numeric(38, 4).with_variant(sa.Float(), "sqlite"), nullable=True, comment=said))
    with op.batch_alter_table("value_model") as model:
        model.alter_column("parameter", existing_type=sa.String(32), type_=sa.String(255), comment="its parameter, or the channel")
        told = "all, contractual, contractual by channel, sbg, bg_nbd or gamma_gamma"
        model.alter_column("model", existing_type=sa.String(32), existing_nullable=False, comment=told)
    op.execute(_monthly(METRICS))
    op.execute(CUSTOMERS_NOW)
    op.execute(_waterfall())
    op.execute(_matrix())


def downgrade() -> None:
    """Takes them back."""
    for view in ("cohort_matrix", "mrr_waterfall", "customers_now", "kpi_monthly"):
        op.execute(f"DROP VIEW {view}")
    with op.batch_alter_table("value_model") as model:
        model.alter_column("parameter", existing_type=sa.String(255), type_=sa.String(32), comment="its parameter")
        model.alter_column("model", existing_type=sa.String(32), existing_nullable=False, comment="all, contractual, bg_nbd or gamma_gamma")
    with op.batch_alter_table("customer_value") as values:
        values.drop_column("clv_sbg")
    with op.batch_alter_table("campaign_run") as runs:
        runs.drop_column("control_salt")
    for table, before, after, kind, empty in RENAMED:
        with op.batch_alter_table(table) as changed:
            changed.alter_column(after, new_column_name=before, existing_type=kind, existing_nullable=empty)
    op.execute(_monthly(tuple(name for name in METRICS if name not in ADDED)))


def _monthly(metrics: tuple[str, ...]) -> str:
    """A column per figure, a row per convention and month of the whole company."""
    columns = ", ".join(f"max(CASE WHEN metric = '{metric}' THEN value END) AS {metric}" for metric in metrics)
    return (
        f"CREATE VIEW kpi_monthly AS SELECT convention, calendar, period_start, period_end, is_complete, {columns} FROM kpi_period "
        "WHERE period_kind = 'month' AND dimension = 'all' GROUP BY convention, calendar, period_start, period_end, is_complete"
    )


# Who is there on the last night published, without saying who it is: the month that is still running, the risk, the value.
CUSTOMERS_NOW = """
CREATE VIEW customers_now AS
SELECT c.customer_id, c.kind, c.country, c.region, c.city, c.segment, c.industry, c.acquisition_channel, c.owner, c.strategic_role,
       c.signed_up_at, p.status, p.m1 AS mrr, v.revenue, v.historic_clv, v.lifetime_value, v.rfm_segment,
       r.health_score, r.risk_band, r.value_at_risk, r.segment AS risk_segment, r.action, r.reason_1, r.reason_2, r.reason_3
FROM dim_customer c
LEFT JOIN fct_customer_period p
       ON p.customer_id = c.customer_id
      AND p.period_kind = 'month'
      AND p.period_start = (SELECT max(period_start) FROM fct_customer_period WHERE period_kind = 'month')
LEFT JOIN customer_value v ON v.customer_id = c.customer_id
LEFT JOIN customer_risk r ON r.customer_id = c.customer_id AND r.as_of = (SELECT max(as_of) FROM published_night)
WHERE c.deleted_at IS NULL
"""


def _waterfall() -> str:
    """The way from a period's opening MRR to its closing one, a row per step: signed, so that all but the last add up to it."""
    place = " ".join(f"WHEN '{metric}' THEN {number}" for number, (metric, _) in enumerate(STEPS, start=1))
    losses = ", ".join(f"'{metric}'" for metric, sign in STEPS if sign < 0)
    steps = ", ".join(f"'{metric}'" for metric, _ in STEPS)
    return (
        "CREATE VIEW mrr_waterfall AS SELECT convention, calendar, period_kind, period_start, period_end, is_complete, dimension, "
        f"dimension_value, CASE metric {place} END AS step_number, metric AS step, "
        f"CASE WHEN metric IN ({losses}) THEN -value ELSE value END AS amount FROM kpi_period WHERE metric IN ({steps})"
    )


def _matrix() -> str:
    """A row per cohort, a column per age: the share that is there again in the month 0 to 12 months after it came."""
    ages = ", ".join(f"max(CASE WHEN age = {age} THEN retention_rate END) AS month_{age}" for age in AGES)
    return (
        "CREATE VIEW cohort_matrix AS SELECT cohort_by, cohort_start, calendar, dimension, dimension_value, max(customers) AS customers, "
        f"{ages} FROM cohort_retention WHERE cohort_kind = 'month' AND age_unit = 'month' AND method = 'n_day' "
        "GROUP BY cohort_by, cohort_start, calendar, dimension, dimension_value"
    )
