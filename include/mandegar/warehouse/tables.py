"""The warehouse: what BI tools, marketing and people read. Every table and column is described once, here and in the
modules of figures and of campaigns.

Marts are rebuilt from the lake by `publish`; the tables of campaigns are written between nights and live here alone.
"""

import sqlalchemy as sa

from mandegar.warehouse.campaign_tables import campaign_approval as campaign_approval
from mandegar.warehouse.campaign_tables import campaign_member as campaign_member
from mandegar.warehouse.campaign_tables import campaign_result as campaign_result
from mandegar.warehouse.campaign_tables import campaign_run as campaign_run
from mandegar.warehouse.campaign_tables import campaign_version as campaign_version
from mandegar.warehouse.campaign_tables import channel_refusal as channel_refusal
from mandegar.warehouse.campaign_tables import contact_event as contact_event
from mandegar.warehouse.campaign_tables import customer_task as customer_task
from mandegar.warehouse.campaign_tables import delivery_event as delivery_event
from mandegar.warehouse.campaign_tables import journey_step as journey_step
from mandegar.warehouse.campaign_tables import list_push as list_push
from mandegar.warehouse.campaign_tables import offer_state as offer_state
from mandegar.warehouse.campaign_tables import outbox as outbox
from mandegar.warehouse.campaign_tables import outbox_message as outbox_message
from mandegar.warehouse.campaign_tables import person_account as person_account
from mandegar.warehouse.columns import INSTANT, given, key, maybe, metadata, night
from mandegar.warehouse.customer_figures import acquisition_period as acquisition_period
from mandegar.warehouse.customer_figures import cohort_retention as cohort_retention
from mandegar.warehouse.customer_figures import customer_value as customer_value
from mandegar.warehouse.customer_figures import repurchase_cycle as repurchase_cycle
from mandegar.warehouse.customer_figures import survival_curve as survival_curve
from mandegar.warehouse.customer_figures import value_model as value_model
from mandegar.warehouse.figures import fct_customer_period as fct_customer_period
from mandegar.warehouse.figures import fct_mrr_movement as fct_mrr_movement
from mandegar.warehouse.figures import forecast as forecast
from mandegar.warehouse.figures import kpi_period as kpi_period
from mandegar.warehouse.figures import restatement as restatement
from mandegar.warehouse.figures import retention_target as retention_target
from mandegar.warehouse.risk_figures import churn_driver as churn_driver
from mandegar.warehouse.risk_figures import customer_risk as customer_risk
from mandegar.warehouse.risk_figures import customer_segment as customer_segment
from mandegar.warehouse.risk_figures import model_health as model_health
from mandegar.warehouse.service_figures import feedback_period as feedback_period
from mandegar.warehouse.service_figures import support_period as support_period

dim_customer = sa.Table(
    "dim_customer",
    metadata,
    key("customer_id", sa.String(255), "the customer's id in the leading source"),
    maybe("kind", sa.String(16), "person or company"),
    maybe("country", sa.Text, "country"),
    maybe("region", sa.Text, "province or state"),
    maybe("city", sa.Text, "city"),
    maybe("language", sa.Text, "language the customer reads"),
    maybe("time_zone", sa.Text, "the customer's time zone"),
    maybe("segment", sa.Text, "the company's own segment"),
    maybe("industry", sa.Text, "branch of trade"),
    maybe("acquisition_channel", sa.Text, "where the customer came from"),
    given("signed_up_at", INSTANT, "when the customer signed up, UTC"),
    maybe("owner", sa.Text, "who looks after the account"),
    maybe("strategic_role", sa.Text, "strategic role"),
    maybe("deleted_at", INSTANT, "when the customer was deleted in the source, UTC"),
    maybe("attributes", sa.Text, "further attributes, a JSON object"),
    night(),
    comment="What is known of each customer without saying who it is",
)

customer_contact = sa.Table(
    "customer_contact",
    metadata,
    key("customer_id", sa.String(255), "the customer"),
    given("name", sa.Text, "the name as the customer writes it"),
    maybe("email", sa.Text, "mail address"),
    maybe("phone", sa.Text, "telephone number as the source spells it"),
    maybe("birth_date", sa.Date, "date of birth"),
    maybe("preferred_channel", sa.String(16), "email, sms or call"),
    maybe("preferred_hour", sa.Integer, "hour of the customer's day"),
    maybe("email_opt_in", sa.Boolean, "agreed to mail"),
    maybe("sms_opt_in", sa.Boolean, "agreed to text messages"),
    maybe("call_opt_in", sa.Boolean, "agreed to calls"),
    maybe("consent_at", INSTANT, "when the consent was given, UTC"),
    maybe("do_not_contact", sa.Boolean, "wants no contact"),
    night(),
    comment="Personal data: who each customer is and how to reach them; grant it apart from the marts",
)

dim_date = sa.Table(
    "dim_date",
    metadata,
    key("day", sa.Date, "the day"),
    given("gregorian_year", sa.Integer, "year"),
    given("gregorian_month", sa.Integer, "month, 1 to 12"),
    given("gregorian_quarter", sa.Integer, "quarter, 1 to 4"),
    given("jalali_year", sa.Integer, "Jalali year"),
    given("jalali_month", sa.Integer, "Jalali month, 1 (Farvardin) to 12 (Esfand)"),
    given("jalali_day", sa.Integer, "day of the Jalali month"),
    given("jalali_quarter", sa.Integer, "Jalali quarter, 1 to 4"),
    given("jalali_date", sa.String(10), "1404-08-29"),
    given("weekday", sa.Integer, "ISO weekday, 1 (Monday) to 7 (Sunday)"),
    comment="The days the company has data for, in both calendars",
)

data_quality_result = sa.Table(
    "data_quality_result",
    metadata,
    key("as_of", sa.Date, "the night"),
    key("source", sa.String(255), "source table, conform.<entity> or warehouse.<table>"),
    key("rule", sa.String(128), "the rule"),
    given("entity", sa.String(64), "the entity or mart"),
    given("severity", sa.String(8), "fail or warn"),
    given("evaluated", sa.BigInteger, "values looked at"),
    given("unexpected", sa.BigInteger, "values that broke the rule"),
    given("status", sa.String(16), "passed, warned, quarantined, failed, or no history"),
    maybe("detail", sa.Text, "of drift and changed columns: what is not as usual"),
    comment="What every rule counted on every night",
)

quarantined_row = sa.Table(
    "quarantined_row",
    metadata,
    key("as_of", sa.Date, "the night"),
    key("line", sa.BigInteger, "number of the line within the night"),
    given("source", sa.String(255), "source table"),
    given("entity", sa.String(64), "entity"),
    maybe("key", sa.Text, "the row's key"),
    maybe("row_number", sa.BigInteger, "its place in the source"),
    maybe("column_name", sa.String(64), "the column that is wrong"),
    maybe("value", sa.Text, "what stands there; empty for personal data"),
    given("rule", sa.String(128), "the rule it breaks"),
    given("reason", sa.Text, "why the row waits, in words"),
    comment="Rows that could not be used, one line per row and reason; the rows themselves wait in the lake",
)

quality_alert = sa.Table(
    "quality_alert",
    metadata,
    key("as_of", sa.Date, "the night"),
    key("owner", sa.String(255), "whom it was for"),
    key("channel", sa.String(16), "mail or webhook"),
    key("fingerprint", sa.String(64), "a number made of what it said"),
    given("findings", sa.BigInteger, "how many findings it named"),
    comment="Messages to owners that were handed over: one row per night, owner, channel and set of findings",
)

pipeline_run = sa.Table(
    "pipeline_run",
    metadata,
    sa.Column(
        "run_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True, comment="number of the run"
    ),
    given("as_of", sa.Date, "the night"),
    given("stage", sa.String(64), "the stage"),
    given("started_at", INSTANT, "when it began, by the clock, UTC"),
    given("seconds", sa.Double, "how long it took"),
    given("status", sa.String(16), "succeeded or failed"),
    maybe("rows", sa.BigInteger, "rows written"),
    maybe("message", sa.Text, "what it said"),
    comment="Run log; the one table that tells the time of the clock and grows with every run",
)

published_night = sa.Table(
    "published_night",
    metadata,
    key("as_of", sa.Date, "a night whose marts were published whole"),
    comment="Which nights are in the warehouse; the latest is the one the current-truth tables show",
)

published_part = sa.Table(
    "published_part",
    metadata,
    key("table_name", sa.String(64), "a table that is not replaced whole"),
    key("part", sa.String(64), "the period, or all"),
    given("fingerprint", sa.String(64), "a number made of the rows it holds"),
    night(),
    comment="What the warehouse holds of which table, so that a night writes only what it changed",
)

COMMENTS = {table.name: table.comment for table in metadata.sorted_tables}
