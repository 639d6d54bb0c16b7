"""more measures: cohorts, survival, value, support, feedback, targets, forecasts, restatements

One revision, of one release; as every revision it stands for itself, and stays what it was whatever tables.py says later.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BEFORE = (
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
ADDED = (
    "customers_new_and_gone",
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


def upgrade() -> None:
    """Makes the tables, and shows the new figures month by month."""
    op.create_table(
        "acquisition_period",
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
            "channel", sa.String(length=255), autoincrement=False, nullable=False, comment="acquisition channel; all: the whole company"
        ),
        sa.Column("period_end", sa.Date(), nullable=False, comment="day after the last of the period"),
        sa.Column("is_complete", sa.Boolean(), nullable=False, comment="false while the period is still running"),
        sa.Column(
            "acquisition_spend",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="spent on winning customers, in the company's currency",
        ),
        sa.Column("customers_acquired", sa.BigInteger(), nullable=False, comment="customers won in the period"),
        sa.Column(
            "clv_acquired",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="their lifetime value, as it is known now",
        ),
        sa.Column("cac", sa.Double(), nullable=True, comment="acquisition_spend / customers_acquired"),
        sa.Column("clv_to_cac", sa.Double(), nullable=True, comment="clv_acquired / acquisition_spend"),
        sa.Column("below_1", sa.Boolean(), nullable=True, comment="they cost more than they are worth"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("calendar", "period_kind", "period_start", "channel", name=op.f("pk_acquisition_period")),
        comment="What it cost to win customers, by channel and cohort, and what they are worth",
    )
    op.create_table(
        "cohort_retention",
        sa.Column(
            "cohort_by",
            sa.String(length=16),
            autoincrement=False,
            nullable=False,
            comment="signup or first_payment (of a company without contracts the first purchase)",
        ),
        sa.Column("cohort_start", sa.Date(), autoincrement=False, nullable=False, comment="first day of the period in which they came"),
        sa.Column(
            "dimension",
            sa.String(length=64),
            autoincrement=False,
            nullable=False,
            comment="what the cohort is broken down by; all: everybody",
        ),
        sa.Column(
            "dimension_value",
            sa.String(length=255),
            autoincrement=False,
            nullable=False,
            comment="the value of the dimension, as it was when they came",
        ),
        sa.Column(
            "age_unit", sa.String(length=16), autoincrement=False, nullable=False, comment="day, or the kind of period in which age counts"
        ),
        sa.Column(
            "method",
            sa.String(length=16),
            autoincrement=False,
            nullable=False,
            comment="n_day: there at that age; unbounded: then or later; bracketed: at any age from age to age_to",
        ),
        sa.Column("age", sa.BigInteger(), autoincrement=False, nullable=False, comment="0 is the day or period in which they came"),
        sa.Column("age_to", sa.BigInteger(), nullable=True, comment="last age of a bracket; empty where it is open"),
        sa.Column("calendar", sa.String(length=16), nullable=False, comment="gregorian or jalali"),
        sa.Column("cohort_kind", sa.String(length=16), nullable=False, comment="kind of the period in which they came"),
        sa.Column("customers", sa.BigInteger(), nullable=False, comment="the cohort"),
        sa.Column("reached", sa.BigInteger(), nullable=True, comment="of them, old enough; empty: nobody is"),
        sa.Column("retained", sa.BigInteger(), nullable=True, comment="of those, there"),
        sa.Column("retention_rate", sa.Double(), nullable=True, comment="retained / reached"),
        sa.Column(
            "base_revenue",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="revenue, with contracts MRR, at age 0 of those who have reached the age",
        ),
        sa.Column(
            "revenue",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="the same at the age; of a bracket on average per unit of age",
        ),
        sa.Column("revenue_retention_rate", sa.Double(), nullable=True, comment="revenue / base_revenue"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint(
            "cohort_by", "cohort_start", "dimension", "dimension_value", "age_unit", "method", "age", name=op.f("pk_cohort_retention")
        ),
        comment="Cohorts: how much of who came in a period is left at each age, by count and by money",
    )
    op.create_table(
        "customer_value",
        sa.Column("customer_id", sa.String(length=255), autoincrement=False, nullable=False, comment="the customer"),
        sa.Column(
            "revenue",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="net revenue of all time, in the company's currency",
        ),
        sa.Column(
            "cost_of_goods",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="cost of what was sold",
        ),
        sa.Column(
            "cost_to_serve",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="cost of the support that was given",
        ),
        sa.Column(
            "historic_clv",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="revenue - cost_of_goods - cost_to_serve",
        ),
        sa.Column("purchases", sa.BigInteger(), nullable=False, comment="purchases, net of those credited in full"),
        sa.Column("frequency", sa.BigInteger(), nullable=False, comment="days with a purchase after the first"),
        sa.Column("recency_days", sa.BigInteger(), nullable=True, comment="days since the last purchase"),
        sa.Column("age_days", sa.BigInteger(), nullable=True, comment="days since the first purchase"),
        sa.Column("recency_score", sa.BigInteger(), nullable=True, comment="1 (long ago) to 5"),
        sa.Column("frequency_score", sa.BigInteger(), nullable=True, comment="1 (seldom) to 5"),
        sa.Column("monetary_score", sa.BigInteger(), nullable=True, comment="1 (little) to 5"),
        sa.Column("rfm_segment", sa.String(length=32), nullable=True, comment="name of the scores' group, such as champions or at_risk"),
        sa.Column(
            "mrr",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="with contracts: MRR at the end of the night",
        ),
        sa.Column(
            "clv_contractual",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="with contracts: margin x r / (1 + d - r)",
        ),
        sa.Column(
            "clv_contractual_with_first",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="the same with the payment that is due now: margin x (1 + d) / (1 + d - r)",
        ),
        sa.Column("p_alive", sa.Double(), nullable=True, comment="without contracts: probability of still being a customer (BG/NBD)"),
        sa.Column("expected_purchases", sa.Double(), nullable=True, comment="without contracts: purchases expected in the next year"),
        sa.Column("expected_value", sa.Double(), nullable=True, comment="without contracts: value expected of each (Gamma-Gamma)"),
        sa.Column(
            "clv_non_contractual",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="without contracts: discounted margin expected in the time to come",
        ),
        sa.Column(
            "lifetime_value",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=False,
            comment="historic_clv and what is expected",
        ),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_value")),
        comment="What each customer was worth, and is expected to be",
    )
    op.create_table(
        "feedback_period",
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
        sa.Column("period_end", sa.Date(), nullable=False, comment="day after the last of the period"),
        sa.Column("is_complete", sa.Boolean(), nullable=False, comment="false while the period is still running"),
        sa.Column(
            "nps_answers",
            sa.BigInteger(),
            nullable=False,
            comment="respondents asked how likely they recommend; the last answer of each in the period",
        ),
        sa.Column("nps_promoters", sa.BigInteger(), nullable=False, comment="answered 9 or 10"),
        sa.Column("nps_passives", sa.BigInteger(), nullable=False, comment="answered 7 or 8"),
        sa.Column("nps_detractors", sa.BigInteger(), nullable=False, comment="answered 0 to 6"),
        sa.Column("nps_points", sa.BigInteger(), nullable=False, comment="100 x (promoters - detractors)"),
        sa.Column("csat_answers", sa.BigInteger(), nullable=False, comment="what CSAT is divided by"),
        sa.Column("csat_good", sa.BigInteger(), nullable=False, comment="answers of 4 and 5"),
        sa.Column("csat_of_tickets", sa.BigInteger(), nullable=False, comment="of csat_answers, ratings of tickets"),
        sa.Column("ces_answers", sa.BigInteger(), nullable=False, comment="answers to how much effort it took"),
        sa.Column("ces_sum", sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"), nullable=False, comment="their sum"),
        sa.Column("detractor_answers", sa.BigInteger(), nullable=False, comment="answers of 0 to 6, all of them"),
        sa.Column("reacted", sa.BigInteger(), nullable=False, comment="of them, followed by a person's contact"),
        sa.Column("reacted_in_24_hours", sa.BigInteger(), nullable=False, comment="of them, within 24 hours"),
        sa.Column(
            "reacted_or_older_24",
            sa.BigInteger(),
            nullable=False,
            comment="of them, contacted, or older than 24 hours when the night closed",
        ),
        sa.Column("reacted_in_48_hours", sa.BigInteger(), nullable=False, comment="of them, within 48 hours"),
        sa.Column(
            "reacted_or_older_48",
            sa.BigInteger(),
            nullable=False,
            comment="of them, contacted, or older than 48 hours when the night closed",
        ),
        sa.Column("time_to_react_hours_median", sa.Double(), nullable=True, comment="half wait at most so many hours; empty: not reached"),
        sa.Column(
            "time_to_react_hours_p90", sa.Double(), nullable=True, comment="nine of ten wait at most so many hours; empty: not reached"
        ),
        sa.Column("nps", sa.Double(), nullable=True, comment="net promoter score, points from -100 to 100"),
        sa.Column("csat", sa.Double(), nullable=True, comment="share of good answers"),
        sa.Column("ces", sa.Double(), nullable=True, comment="mean effort, 1 to 7"),
        sa.Column("nps_low", sa.Double(), nullable=True, comment="lower end of its 95 % interval"),
        sa.Column("nps_high", sa.Double(), nullable=True, comment="upper end of its 95 % interval"),
        sa.Column("csat_low", sa.Double(), nullable=True, comment="lower end of its 95 % interval"),
        sa.Column("csat_high", sa.Double(), nullable=True, comment="upper end of its 95 % interval"),
        sa.Column("ces_low", sa.Double(), nullable=True, comment="lower end of its 95 % interval"),
        sa.Column("ces_high", sa.Double(), nullable=True, comment="upper end of its 95 % interval"),
        sa.Column("share_reacted_in_24_hours", sa.Double(), nullable=True, comment="reacted_in_24_hours / reacted_or_older_24"),
        sa.Column("share_reacted_in_48_hours", sa.Double(), nullable=True, comment="reacted_in_48_hours / reacted_or_older_48"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("calendar", "period_kind", "period_start", "dimension", "dimension_value", name=op.f("pk_feedback_period")),
        comment="Feedback: NPS, CSAT and CES with their intervals, and how soon somebody called a detractor back",
    )
    op.create_table(
        "forecast",
        sa.Column("calendar", sa.String(length=16), autoincrement=False, nullable=False, comment="gregorian or jalali"),
        sa.Column("period_start", sa.Date(), autoincrement=False, nullable=False, comment="first day of the month that is foretold"),
        sa.Column(
            "dimension",
            sa.String(length=64),
            autoincrement=False,
            nullable=False,
            comment="what it is broken down by; all: the whole company",
        ),
        sa.Column("dimension_value", sa.String(length=255), autoincrement=False, nullable=False, comment="the value of the dimension"),
        sa.Column(
            "metric",
            sa.String(length=64),
            autoincrement=False,
            nullable=False,
            comment="customers_churned, logo_churn_rate, churned_mrr or revenue_churn_rate",
        ),
        sa.Column("period_kind", sa.String(length=16), nullable=False, comment="month"),
        sa.Column("period_end", sa.Date(), nullable=False, comment="day after the last of the month"),
        sa.Column("horizon", sa.BigInteger(), nullable=False, comment="months after the last closed one"),
        sa.Column("forecast", sa.Double(), nullable=False, comment="the value expected"),
        sa.Column("low_80", sa.Double(), nullable=True, comment="lower end of the 80 % interval"),
        sa.Column("high_80", sa.Double(), nullable=True, comment="upper end of the 80 % interval"),
        sa.Column("low_95", sa.Double(), nullable=True, comment="lower end of the 95 % interval"),
        sa.Column("high_95", sa.Double(), nullable=True, comment="upper end of the 95 % interval"),
        sa.Column("method", sa.String(length=64), nullable=False, comment="how it is foretold"),
        sa.Column("periods_used", sa.BigInteger(), nullable=False, comment="closed months it stands on"),
        sa.Column(
            "backtests", sa.BigInteger(), nullable=False, comment="past forecasts of this horizon that can be held against what came"
        ),
        sa.Column("coverage_80", sa.Double(), nullable=True, comment="share of them whose 80 % interval held what came"),
        sa.Column("coverage_95", sa.Double(), nullable=True, comment="share of them whose 95 % interval held what came"),
        sa.Column("mae", sa.Double(), nullable=True, comment="their mean absolute error"),
        sa.Column("mae_naive", sa.Double(), nullable=True, comment="that of simply taking the last value"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("calendar", "period_start", "dimension", "dimension_value", "metric", name=op.f("pk_forecast")),
        comment="Churn of the next months with intervals, and how such forecasts did in the past",
    )
    op.create_table(
        "published_part",
        sa.Column("table_name", sa.String(length=64), autoincrement=False, nullable=False, comment="a table that is not replaced whole"),
        sa.Column("part", sa.String(length=64), autoincrement=False, nullable=False, comment="the period, or all"),
        sa.Column("print", sa.String(length=64), nullable=False, comment="a number made of the rows it holds"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("table_name", "part", name=op.f("pk_published_part")),
        comment="What the warehouse holds of which table, so that a night writes only what it changed",
    )
    op.create_table(
        "repurchase_cycle",
        sa.Column(
            "category", sa.String(length=255), autoincrement=False, nullable=False, comment="category of products; all: whatever was bought"
        ),
        sa.Column("gaps", sa.BigInteger(), nullable=False, comment="times between two purchases of a customer"),
        sa.Column("customers", sa.BigInteger(), nullable=False, comment="of how many customers"),
        sa.Column("percentile", sa.Double(), nullable=False, comment="the share of gaps that the cycle covers"),
        sa.Column(
            "cycle_days", sa.BigInteger(), nullable=True, comment="the smallest number of days that covers them; empty: too few gaps"
        ),
        sa.Column("median_days", sa.BigInteger(), nullable=True, comment="the same for one half; empty: too few gaps"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("category", name=op.f("pk_repurchase_cycle")),
        comment="How long customers take between purchases",
    )
    op.create_table(
        "restatement",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night that found another figure"),
        sa.Column("convention", sa.String(length=32), autoincrement=False, nullable=False, comment="the named set of policies"),
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
            comment="what the figure is broken down by; all: the whole company",
        ),
        sa.Column("dimension_value", sa.String(length=255), autoincrement=False, nullable=False, comment="the value of the dimension"),
        sa.Column("metric", sa.String(length=64), autoincrement=False, nullable=False, comment="name of the key figure"),
        sa.Column("published_on", sa.Date(), nullable=True, comment="the night that computed the earlier figure; empty: there was none"),
        sa.Column(
            "numerator_before",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="numerator before",
        ),
        sa.Column(
            "denominator_before",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="denominator before",
        ),
        sa.Column(
            "numerator_after",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="numerator after",
        ),
        sa.Column(
            "denominator_after",
            sa.Numeric(precision=38, scale=4).with_variant(sa.Float(), "sqlite"),
            nullable=True,
            comment="denominator after",
        ),
        sa.Column("value_before", sa.Double(), nullable=True, comment="the figure as it was published"),
        sa.Column("value_after", sa.Double(), nullable=True, comment="the figure as it is now; empty: it is no more"),
        sa.Column("difference", sa.Double(), nullable=True, comment="by how much it moved"),
        sa.Column(
            "because", sa.Text(), nullable=False, comment="the rows that changed, in words: how many of which entity, and the first of them"
        ),
        sa.PrimaryKeyConstraint(
            "as_of",
            "convention",
            "calendar",
            "period_kind",
            "period_start",
            "dimension",
            "dimension_value",
            "metric",
            name=op.f("pk_restatement"),
        ),
        comment="Figures of periods that were over, and moved: which, from what to what, by how much and because of which rows",
    )
    op.create_table(
        "retention_target",
        sa.Column("target_name", sa.String(length=64), autoincrement=False, nullable=False, comment="its name in targets.yaml"),
        sa.Column("period_start", sa.Date(), autoincrement=False, nullable=False, comment="first day of the period it is due for"),
        sa.Column("metric", sa.String(length=64), nullable=False, comment="key figure"),
        sa.Column("figure", sa.String(length=16), nullable=False, comment="value or numerator"),
        sa.Column("dimension", sa.String(length=64), nullable=False, comment="what it is broken down by; all: the whole company"),
        sa.Column("dimension_value", sa.String(length=255), nullable=False, comment="the value of the dimension"),
        sa.Column("calendar", sa.String(length=16), nullable=False, comment="gregorian or jalali"),
        sa.Column("period_kind", sa.String(length=16), nullable=False, comment="kind of the period"),
        sa.Column("period_end", sa.Date(), nullable=False, comment="day after the last of the period"),
        sa.Column("is_complete", sa.Boolean(), nullable=False, comment="false while the period is still running"),
        sa.Column("goal", sa.String(length=16), nullable=False, comment="at_most or at_least"),
        sa.Column("target", sa.Double(), nullable=False, comment="what it shall be"),
        sa.Column("actual_start", sa.Date(), nullable=True, comment="first day of the period that actual is of"),
        sa.Column("actual", sa.Double(), nullable=True, comment="what is reached so far"),
        sa.Column("variance", sa.Double(), nullable=True, comment="actual - target"),
        sa.Column("projected", sa.Double(), nullable=True, comment="what the period will end with, at this rate"),
        sa.Column("projection", sa.String(length=16), nullable=True, comment="how: actual, flow, compounding, trend or as it stands"),
        sa.Column("on_track", sa.Boolean(), nullable=True, comment="what is projected meets the target"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("target_name", "period_start", name=op.f("pk_retention_target")),
        comment="Targets against what is reached, and what the run-rate projects",
    )
    op.create_table(
        "support_period",
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
        sa.Column("period_end", sa.Date(), nullable=False, comment="day after the last of the period"),
        sa.Column("is_complete", sa.Boolean(), nullable=False, comment="false while the period is still running"),
        sa.Column("tickets_opened", sa.BigInteger(), nullable=False, comment="tickets opened in the period"),
        sa.Column("tickets_answered", sa.BigInteger(), nullable=False, comment="of them, answered"),
        sa.Column("tickets_resolved", sa.BigInteger(), nullable=False, comment="of them, solved at least once"),
        sa.Column("answered_in_15_minutes", sa.BigInteger(), nullable=False, comment="of them, answered within 15 minutes by the calendar"),
        sa.Column(
            "answered_or_older",
            sa.BigInteger(),
            nullable=False,
            comment="of them, answered, or older than 15 minutes when the night closed",
        ),
        sa.Column("solved_in_4_hours", sa.BigInteger(), nullable=False, comment="of them, first solved within 4 hours by the calendar"),
        sa.Column(
            "solved_or_older", sa.BigInteger(), nullable=False, comment="of them, solved, or older than 4 hours when the night closed"
        ),
        sa.Column("reopened", sa.BigInteger(), nullable=False, comment="of them, opened again after they were solved"),
        sa.Column("reopened_of", sa.BigInteger(), nullable=False, comment="of them, solved, and known whether opened again"),
        sa.Column("replies", sa.BigInteger(), nullable=False, comment="public replies of agents to them"),
        sa.Column("replies_of", sa.BigInteger(), nullable=False, comment="of them, with a known number of replies"),
        sa.Column("tickets_solved", sa.BigInteger(), nullable=False, comment="solved for the last time in the period, whenever opened"),
        sa.Column("tickets_open", sa.BigInteger(), nullable=False, comment="open at the end of the period"),
        sa.Column(
            "first_response_minutes_median",
            sa.Double(),
            nullable=True,
            comment="half wait at most so many minutes to the first public reply of an agent; empty: not reached",
        ),
        sa.Column(
            "first_response_minutes_p90",
            sa.Double(),
            nullable=True,
            comment="nine of ten wait at most so many minutes to the first public reply of an agent; empty: not reached",
        ),
        sa.Column(
            "first_response_business_minutes_median",
            sa.Double(),
            nullable=True,
            comment="half wait at most so many minutes of working time to the first public reply of an agent; empty: not reached",
        ),
        sa.Column(
            "first_response_business_minutes_p90",
            sa.Double(),
            nullable=True,
            comment="nine of ten wait at most so many minutes of working time to the first public reply of an agent; empty: not reached",
        ),
        sa.Column(
            "first_resolution_minutes_median",
            sa.Double(),
            nullable=True,
            comment="half wait at most so many minutes to the first time it was solved; empty: not reached",
        ),
        sa.Column(
            "first_resolution_minutes_p90",
            sa.Double(),
            nullable=True,
            comment="nine of ten wait at most so many minutes to the first time it was solved; empty: not reached",
        ),
        sa.Column(
            "first_resolution_business_minutes_median",
            sa.Double(),
            nullable=True,
            comment="half wait at most so many minutes of working time to the first time it was solved; empty: not reached",
        ),
        sa.Column(
            "first_resolution_business_minutes_p90",
            sa.Double(),
            nullable=True,
            comment="nine of ten wait at most so many minutes of working time to the first time it was solved; empty: not reached",
        ),
        sa.Column(
            "resolution_minutes_median",
            sa.Double(),
            nullable=True,
            comment="half wait at most so many minutes to the last time it was solved; empty: not reached",
        ),
        sa.Column(
            "resolution_minutes_p90",
            sa.Double(),
            nullable=True,
            comment="nine of ten wait at most so many minutes to the last time it was solved; empty: not reached",
        ),
        sa.Column(
            "resolution_business_minutes_median",
            sa.Double(),
            nullable=True,
            comment="half wait at most so many minutes of working time to the last time it was solved; empty: not reached",
        ),
        sa.Column(
            "resolution_business_minutes_p90",
            sa.Double(),
            nullable=True,
            comment="nine of ten wait at most so many minutes of working time to the last time it was solved; empty: not reached",
        ),
        sa.Column("share_answered_in_15_minutes", sa.Double(), nullable=True, comment="answered_in_15_minutes / answered_or_older"),
        sa.Column("share_solved_in_4_hours", sa.Double(), nullable=True, comment="solved_in_4_hours / solved_or_older"),
        sa.Column("reopened_rate", sa.Double(), nullable=True, comment="reopened / reopened_of"),
        sa.Column("replies_per_ticket", sa.Double(), nullable=True, comment="replies / replies_of"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("calendar", "period_kind", "period_start", "dimension", "dimension_value", name=op.f("pk_support_period")),
        comment="Support: how long tickets waited and what became of them, by period, dimension, channel, priority and topic",
    )
    op.create_table(
        "survival_curve",
        sa.Column(
            "dimension",
            sa.String(length=64),
            autoincrement=False,
            nullable=False,
            comment="what the curve is broken down by; all: everybody",
        ),
        sa.Column(
            "dimension_value",
            sa.String(length=255),
            autoincrement=False,
            nullable=False,
            comment="the value of the dimension, as it was at the start",
        ),
        sa.Column(
            "cause",
            sa.String(length=16),
            autoincrement=False,
            nullable=False,
            comment="any, voluntary or involuntary (the other is censored)",
        ),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False, comment="day of tenure since the first payment or purchase"),
        sa.Column("at_risk", sa.BigInteger(), nullable=False, comment="customers there who could leave"),
        sa.Column("events", sa.BigInteger(), nullable=False, comment="of them, left on the day"),
        sa.Column("censored", sa.BigInteger(), nullable=False, comment="not seen longer, since the row before"),
        sa.Column("survival", sa.Double(), nullable=False, comment="share that stays for more than so many days (Kaplan-Meier)"),
        sa.Column("std_error", sa.Double(), nullable=True, comment="its standard error (Greenwood)"),
        sa.Column("lower_95", sa.Double(), nullable=True, comment="lower end of its 95 % interval (log-log)"),
        sa.Column("upper_95", sa.Double(), nullable=True, comment="upper end of its 95 % interval (log-log)"),
        sa.Column(
            "median_days", sa.BigInteger(), nullable=True, comment="day on which half have left, of the whole curve; empty: not reached"
        ),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("dimension", "dimension_value", "cause", "day", name=op.f("pk_survival_curve")),
        comment="Survival: the share of customers that stays for more than so many days",
    )
    op.create_table(
        "value_model",
        sa.Column("model", sa.String(length=32), autoincrement=False, nullable=False, comment="all, contractual, bg_nbd or gamma_gamma"),
        sa.Column("parameter", sa.String(length=32), autoincrement=False, nullable=False, comment="its parameter"),
        sa.Column("value", sa.Double(), nullable=True, comment="the value; empty where there is no model"),
        sa.Column("std_error", sa.Double(), nullable=True, comment="its standard error, where it was estimated"),
        sa.Column("no_model", sa.Text(), nullable=True, comment="why there is none"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the night that last computed the row"),
        sa.PrimaryKeyConstraint("model", "parameter", name=op.f("pk_value_model")),
        comment="What the expected values stand on: margin, retention, discount, the parameters of the buying models",
    )
    op.create_table(
        "quality_alert",
        sa.Column("as_of", sa.Date(), autoincrement=False, nullable=False, comment="the night"),
        sa.Column("owner", sa.String(length=255), autoincrement=False, nullable=False, comment="whom it was for"),
        sa.Column("channel", sa.String(length=16), autoincrement=False, nullable=False, comment="mail or webhook"),
        sa.Column("print", sa.String(length=64), autoincrement=False, nullable=False, comment="a number made of what it said"),
        sa.Column("findings", sa.BigInteger(), nullable=False, comment="how many findings it named"),
        sa.PrimaryKeyConstraint("as_of", "owner", "channel", "print", name=op.f("pk_quality_alert")),
        comment="Messages to owners that were handed over: one row per night, owner, channel and set of findings",
    )
    with op.batch_alter_table("data_quality_result") as results:
        results.add_column(sa.Column("detail", sa.Text(), nullable=True, comment="of drift and changed columns: what is not as usual"))
        results.alter_column(
            "status",
            existing_type=sa.String(length=16),
            existing_nullable=False,
            comment="passed, warned, quarantined, failed, or no history",
        )
    op.execute("DROP VIEW kpi_monthly")
    op.execute(_monthly((*BEFORE, *ADDED)))


def downgrade() -> None:
    """Takes them away again."""
    op.execute("DROP VIEW kpi_monthly")
    with op.batch_alter_table("data_quality_result") as results:
        results.drop_column("detail")
        results.alter_column(
            "status", existing_type=sa.String(length=16), existing_nullable=False, comment="passed, warned, quarantined or failed"
        )
    op.drop_table("quality_alert")
    op.drop_table("value_model")
    op.drop_table("survival_curve")
    op.drop_table("support_period")
    op.drop_table("retention_target")
    op.drop_table("restatement")
    op.drop_table("repurchase_cycle")
    op.drop_table("published_part")
    op.drop_table("forecast")
    op.drop_table("feedback_period")
    op.drop_table("customer_value")
    op.drop_table("cohort_retention")
    op.drop_table("acquisition_period")
    op.execute(_monthly(BEFORE))


def _monthly(metrics: tuple[str, ...]) -> str:
    """The view for people: a column per figure, a row per convention and month of the whole company."""
    columns = ", ".join(f"max(CASE WHEN metric = '{metric}' THEN value END) AS {metric}" for metric in metrics)
    return (
        f"CREATE VIEW kpi_monthly AS SELECT convention, calendar, period_start, period_end, is_complete, {columns} FROM kpi_period "
        "WHERE period_kind = 'month' AND dimension = 'all' GROUP BY convention, calendar, period_start, period_end, is_complete"
    )
