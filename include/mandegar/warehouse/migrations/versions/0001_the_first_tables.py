"""the first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


MONTHLY = (
    "customers_start",
    "customers_end",
    "customers_churned",
    "customers_new",
    "customers_reactivated",
    "logo_churn_rate",
    "logo_retention_rate",
    "reactivation_rate",
    "customers_paused",
    "customers_resumed",
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
    "gross_revenue_retention",
    "net_revenue_retention",
    "arpa",
    "quick_ratio",
    "revenue",
    "customers_buying",
)


def upgrade() -> None:
    op.create_table(
        "campaign_member",
        sa.Column("campaign_id", sa.String(length=64), autoincrement=False, nullable=False, comment="the campaign"),
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night it was decided for"),
        sa.Column("customer_id", sa.String(length=255), autoincrement=False, nullable=False, comment="a customer considered"),
        sa.Column("person_key", sa.String(length=64), nullable=False, comment="hash of the person behind the account"),
        sa.Column("decision", sa.String(length=16), nullable=False, comment="send, holdout or suppressed"),
        sa.Column("deciding_rule", sa.String(length=64), nullable=False, comment="the rule that decided"),
        sa.Column("rules", sa.Text(), nullable=False, comment="what every rule said, a JSON object"),
        sa.Column("stage", sa.String(length=64), nullable=True, comment="the stage of the campaign"),
        sa.Column("dedupe_key", sa.String(length=64), nullable=False, comment="what may be sent once only"),
        sa.PrimaryKeyConstraint("campaign_id", "as_of", "customer_id", name=op.f("pk_campaign_member")),
        comment="The decision log: every customer considered, every rule and what it said",
    )
    op.create_table(
        "campaign_run",
        sa.Column("campaign_id", sa.String(length=64), autoincrement=False, nullable=False, comment="the campaign"),
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night it was decided for"),
        sa.Column("mode", sa.String(length=8), nullable=False, comment="dry_run or live"),
        sa.Column("list_version", sa.String(length=16), nullable=False, comment="first digits of the hash of what was decided"),
        sa.Column("considered", sa.BigInteger(), nullable=False, comment="customers looked at"),
        sa.Column("send", sa.BigInteger(), nullable=False, comment="on the send list"),
        sa.Column("holdout", sa.BigInteger(), nullable=False, comment="held out for comparison"),
        sa.Column("suppressed", sa.BigInteger(), nullable=False, comment="not to be contacted"),
        sa.PrimaryKeyConstraint("campaign_id", "as_of", name=op.f("pk_campaign_run")),
        comment="One row per campaign and night",
    )
    op.create_table(
        "contact_event",
        sa.Column("dedupe_key", sa.String(length=64), autoincrement=False, nullable=False, comment="what may be sent once only"),
        sa.Column("mode", sa.String(length=8), autoincrement=False, nullable=False, comment="dry_run or live"),
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night whose list it was on"),
        sa.Column("campaign_id", sa.String(length=64), nullable=False, comment="the campaign"),
        sa.Column("customer_id", sa.String(length=255), nullable=False, comment="the customer"),
        sa.Column("person_key", sa.String(length=64), nullable=False, comment="hash of the person behind the account"),
        sa.Column("channel", sa.String(length=16), nullable=False, comment="email, sms or call"),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="listed: put on a send list"),
        sa.PrimaryKeyConstraint("dedupe_key", "mode", "as_of", name=op.f("pk_contact_event")),
        comment="Every contact made or, in a dry run, planned",
    )
    with op.batch_alter_table("contact_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contact_event_person_key"), ["person_key"], unique=False)

    op.create_table(
        "customer_contact",
        sa.Column("customer_id", sa.String(length=255), autoincrement=False, nullable=False, comment="the customer"),
        sa.Column("name", sa.Text(), nullable=False, comment="the name as the customer writes it"),
        sa.Column("email", sa.Text(), nullable=True, comment="mail address"),
        sa.Column("phone", sa.Text(), nullable=True, comment="telephone number as the source spells it"),
        sa.Column("birth_date", sa.Date(), nullable=True, comment="date of birth"),
        sa.Column("preferred_channel", sa.String(length=16), nullable=True, comment="email, sms or call"),
        sa.Column("preferred_hour", sa.Integer(), nullable=True, comment="hour of the customer's day"),
        sa.Column("email_opt_in", sa.Boolean(), nullable=True, comment="agreed to mail"),
        sa.Column("sms_opt_in", sa.Boolean(), nullable=True, comment="agreed to text messages"),
        sa.Column("call_opt_in", sa.Boolean(), nullable=True, comment="agreed to calls"),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True, comment="when the consent was given, UTC"),
        sa.Column("do_not_contact", sa.Boolean(), nullable=True, comment="wants no contact"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_contact")),
        comment="Personal data: who each customer is and how to reach them; grant it apart from the marts",
    )
    op.create_table(
        "customer_risk",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night that computed it"),
        sa.Column("customer_id", sa.String(length=255), autoincrement=False, nullable=False, comment="a customer who can still leave"),
        sa.Column(
            "churn_probability", sa.Double(), nullable=True, comment="probability of leaving; empty while only the health score is live"
        ),
        sa.Column("health_score", sa.Double(), nullable=False, comment="0 (worst) to 100"),
        sa.Column("risk_band", sa.String(length=8), nullable=False, comment="high, medium or low"),
        sa.Column(
            "value_at_risk",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="what the customer is worth in a year, in the company's currency",
        ),
        sa.Column("segment", sa.String(length=64), nullable=False, comment="risk band x value tier"),
        sa.Column("action", sa.String(length=32), nullable=False, comment="what to do next"),
        sa.Column("reason_1", sa.Text(), nullable=True, comment="reason 1 in plain words"),
        sa.Column("reason_2", sa.Text(), nullable=True, comment="reason 2 in plain words"),
        sa.Column("reason_3", sa.Text(), nullable=True, comment="reason 3 in plain words"),
        sa.Column("reason_code_1", sa.String(length=64), nullable=True, comment="signal behind reason 1"),
        sa.Column("reason_code_2", sa.String(length=64), nullable=True, comment="signal behind reason 2"),
        sa.Column("reason_code_3", sa.String(length=64), nullable=True, comment="signal behind reason 3"),
        sa.Column("model_version", sa.String(length=64), nullable=False, comment="what computed it"),
        sa.PrimaryKeyConstraint("as_of", "customer_id", name=op.f("pk_customer_risk")),
        comment="How likely each customer is to leave and why: one row per night and customer",
    )
    op.create_table(
        "data_quality_result",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night"),
        sa.Column(
            "source",
            sa.String(length=255),
            autoincrement=False,
            nullable=False,
            comment="source table, conform.<entity> or warehouse.<table>",
        ),
        sa.Column("rule", sa.String(length=128), autoincrement=False, nullable=False, comment="the rule"),
        sa.Column("entity", sa.String(length=64), nullable=False, comment="the entity or mart"),
        sa.Column("severity", sa.String(length=8), nullable=False, comment="fail or warn"),
        sa.Column("evaluated", sa.BigInteger(), nullable=False, comment="values looked at"),
        sa.Column("unexpected", sa.BigInteger(), nullable=False, comment="values that broke the rule"),
        sa.Column("status", sa.String(length=16), nullable=False, comment="passed, warned, quarantined or failed"),
        sa.PrimaryKeyConstraint("as_of", "source", "rule", name=op.f("pk_data_quality_result")),
        comment="What every rule counted on every night",
    )
    op.create_table(
        "dim_customer",
        sa.Column(
            "customer_id", sa.String(length=255), autoincrement=False, nullable=False, comment="the customer's id in the leading source"
        ),
        sa.Column("kind", sa.String(length=16), nullable=True, comment="person or company"),
        sa.Column("country", sa.Text(), nullable=True, comment="country"),
        sa.Column("region", sa.Text(), nullable=True, comment="province or state"),
        sa.Column("city", sa.Text(), nullable=True, comment="city"),
        sa.Column("language", sa.Text(), nullable=True, comment="language the customer reads"),
        sa.Column("time_zone", sa.Text(), nullable=True, comment="the customer's time zone"),
        sa.Column("segment", sa.Text(), nullable=True, comment="the company's own segment"),
        sa.Column("industry", sa.Text(), nullable=True, comment="branch of trade"),
        sa.Column("acquisition_channel", sa.Text(), nullable=True, comment="where the customer came from"),
        sa.Column("signed_up_at", sa.DateTime(timezone=True), nullable=False, comment="when the customer signed up, UTC"),
        sa.Column("owner", sa.Text(), nullable=True, comment="who looks after the account"),
        sa.Column("strategic_role", sa.Text(), nullable=True, comment="strategic role"),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True, comment="when the customer was deleted in the source, UTC"),
        sa.Column("attributes", sa.Text(), nullable=True, comment="further attributes, a JSON object"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_dim_customer")),
        comment="What is known of each customer without saying who it is",
    )
    op.create_table(
        "dim_date",
        sa.Column("day", sa.Date(), autoincrement=False, nullable=False, comment="the day"),
        sa.Column("gregorian_year", sa.Integer(), nullable=False, comment="year"),
        sa.Column("gregorian_month", sa.Integer(), nullable=False, comment="month, 1 to 12"),
        sa.Column("gregorian_quarter", sa.Integer(), nullable=False, comment="quarter, 1 to 4"),
        sa.Column("jalali_year", sa.Integer(), nullable=False, comment="Jalali year"),
        sa.Column("jalali_month", sa.Integer(), nullable=False, comment="Jalali month, 1 (Farvardin) to 12 (Esfand)"),
        sa.Column("jalali_day", sa.Integer(), nullable=False, comment="day of the Jalali month"),
        sa.Column("jalali_quarter", sa.Integer(), nullable=False, comment="Jalali quarter, 1 to 4"),
        sa.Column("jalali_date", sa.String(length=10), nullable=False, comment="1404-08-29"),
        sa.Column("weekday", sa.Integer(), nullable=False, comment="ISO weekday, 1 (Monday) to 7 (Sunday)"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_dim_date")),
        comment="The days the company has data for, in both calendars",
    )
    op.create_table(
        "fct_customer_period",
        sa.Column("calendar", sa.String(length=16), autoincrement=False, nullable=False, comment="gregorian or jalali"),
        sa.Column(
            "period_kind",
            sa.String(length=16),
            autoincrement=False,
            nullable=False,
            comment="day, week, month, quarter or year of that calendar",
        ),
        sa.Column("period_start", sa.Date(), autoincrement=False, nullable=False, comment="first day of the period"),
        sa.Column("customer_id", sa.String(length=255), autoincrement=False, nullable=False, comment="the customer"),
        sa.Column("period_end", sa.Date(), nullable=False, comment="day after the last of the period"),
        sa.Column("is_complete", sa.Boolean(), nullable=False, comment="false while the period is still running"),
        sa.Column(
            "status",
            sa.String(length=16),
            nullable=False,
            comment="standing at the end: prospect, trial, active, past_due, paused, inactive or churned",
        ),
        sa.Column(
            "m0",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="MRR at the start, in the company's currency",
        ),
        sa.Column(
            "m1",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="MRR at the end, in the company's currency",
        ),
        sa.Column(
            "revenue",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="invoiced in the period net of tax, less credit notes and refunds",
        ),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("calendar", "period_kind", "period_start", "customer_id", name=op.f("pk_fct_customer_period")),
        comment="Each customer month by month of the company's calendar",
    )
    op.create_table(
        "fct_mrr_movement",
        sa.Column("calendar", sa.String(length=16), autoincrement=False, nullable=False, comment="gregorian or jalali"),
        sa.Column(
            "period_kind",
            sa.String(length=16),
            autoincrement=False,
            nullable=False,
            comment="day, week, month, quarter or year of that calendar",
        ),
        sa.Column("period_start", sa.Date(), autoincrement=False, nullable=False, comment="first day of the period"),
        sa.Column("customer_id", sa.String(length=255), autoincrement=False, nullable=False, comment="the customer"),
        sa.Column(
            "movement",
            sa.String(length=16),
            autoincrement=False,
            nullable=False,
            comment="new, reactivation, resumed, expansion, contraction, churn, paused or fx",
        ),
        sa.Column("currency", sa.String(length=3), autoincrement=False, nullable=False, comment="currency of the contract"),
        sa.Column(
            "amount",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="change of MRR in the contract's currency, signed; 0 for fx",
        ),
        sa.Column(
            "amount_reporting",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="the same in the company's currency, signed",
        ),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint(
            "calendar", "period_kind", "period_start", "customer_id", "movement", "currency", name=op.f("pk_fct_mrr_movement")
        ),
        comment="What became of each account's MRR: one row per period, customer, movement and currency",
    )
    op.create_table(
        "kpi_period",
        sa.Column(
            "convention",
            sa.String(length=32),
            autoincrement=False,
            nullable=False,
            comment="the named set of policies it is computed under",
        ),
        sa.Column("calendar", sa.String(length=16), autoincrement=False, nullable=False, comment="gregorian or jalali"),
        sa.Column(
            "period_kind",
            sa.String(length=16),
            autoincrement=False,
            nullable=False,
            comment="day, week, month, quarter or year of that calendar",
        ),
        sa.Column("period_start", sa.Date(), autoincrement=False, nullable=False, comment="first day of the period"),
        sa.Column(
            "dimension",
            sa.String(length=64),
            autoincrement=False,
            nullable=False,
            comment="what the row is broken down by; all: the whole company",
        ),
        sa.Column(
            "dimension_value",
            sa.String(length=255),
            autoincrement=False,
            nullable=False,
            comment="the value of the dimension; all: the whole company",
        ),
        sa.Column("metric", sa.String(length=64), autoincrement=False, nullable=False, comment="name of the key figure"),
        sa.Column("period_end", sa.Date(), nullable=False, comment="day after the last of the period"),
        sa.Column("is_complete", sa.Boolean(), nullable=False, comment="false while the period is still running"),
        sa.Column(
            "numerator",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="what is divided, exact; of a metric without denominator the figure itself",
        ),
        sa.Column(
            "denominator",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="what it is divided by, exact",
        ),
        sa.Column(
            "value",
            sa.Double(),
            nullable=True,
            comment="numerator / denominator (rates are fractions of 1); empty where the denominator is 0",
        ),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint(
            "convention", "calendar", "period_kind", "period_start", "dimension", "dimension_value", "metric", name=op.f("pk_kpi_period")
        ),
        comment="Key figures, tall: one row per convention, calendar, period, dimension value and metric; the current truth",
    )
    op.create_table(
        "pipeline_run",
        sa.Column(
            "run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False, comment="number of the run"
        ),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night"),
        sa.Column("stage", sa.String(length=64), nullable=False, comment="the stage"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="when it began, by the clock, UTC"),
        sa.Column("seconds", sa.Double(), nullable=False, comment="how long it took"),
        sa.Column("status", sa.String(length=16), nullable=False, comment="succeeded or failed"),
        sa.Column("rows", sa.BigInteger(), nullable=True, comment="rows written"),
        sa.Column("message", sa.Text(), nullable=True, comment="what it said"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_pipeline_run")),
        comment="Run log; the one table that tells the time of the clock and grows with every run",
    )
    op.create_table(
        "published_night",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="a night whose marts were published whole"),
        sa.PrimaryKeyConstraint("as_of", name=op.f("pk_published_night")),
        comment="Which nights are in the warehouse; the latest is the one the current-truth tables show",
    )
    op.create_table(
        "quarantined_row",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night"),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False, comment="number of the line within the night"),
        sa.Column("source", sa.String(length=255), nullable=False, comment="source table"),
        sa.Column("entity", sa.String(length=64), nullable=False, comment="entity"),
        sa.Column("key", sa.Text(), nullable=True, comment="the row's key"),
        sa.Column("row", sa.BigInteger(), nullable=True, comment="its place in the source"),
        sa.Column("column", sa.String(length=64), nullable=True, comment="the column that is wrong"),
        sa.Column("value", sa.Text(), nullable=True, comment="what stands there; empty for personal data"),
        sa.Column("rule", sa.String(length=128), nullable=False, comment="the rule it breaks"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why the row waits, in words"),
        sa.PrimaryKeyConstraint("as_of", "line", name=op.f("pk_quarantined_row")),
        comment="Rows that could not be used, one line per row and reason; the rows themselves wait in the lake",
    )
    columns = ", ".join(f"max(CASE WHEN metric = '{metric}' THEN value END) AS {metric}" for metric in MONTHLY)
    op.execute(
        f"CREATE VIEW kpi_monthly AS SELECT convention, calendar, period_start, period_end, is_complete, {columns} FROM kpi_period "
        "WHERE period_kind = 'month' AND dimension = 'all' GROUP BY convention, calendar, period_start, period_end, is_complete"
    )


def downgrade() -> None:
    op.execute("DROP VIEW kpi_monthly")
    op.drop_table("quarantined_row")
    op.drop_table("published_night")
    op.drop_table("pipeline_run")
    op.drop_table("kpi_period")
    op.drop_table("fct_mrr_movement")
    op.drop_table("fct_customer_period")
    op.drop_table("dim_date")
    op.drop_table("dim_customer")
    op.drop_table("data_quality_result")
    op.drop_table("customer_risk")
    op.drop_table("customer_contact")
    with op.batch_alter_table("contact_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_event_person_key"))

    op.drop_table("contact_event")
    op.drop_table("campaign_run")
    op.drop_table("campaign_member")
