"""The warehouse: what BI tools, marketing and people read. Every table and column is described once, here and in the
modules of figures.

Marts are rebuilt from the lake by `publish`; the tables of campaigns are written between nights and live here alone.
"""

import sqlalchemy as sa

from mandegar.warehouse.columns import INSTANT, MONEY, given, key, maybe, metadata, night
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

campaign_run = sa.Table(
    "campaign_run",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night it was decided for"),
    given("mode", sa.String(8), "dry_run or live"),
    given("list_version", sa.String(16), "first digits of the hash of what was decided"),
    given("considered", sa.BigInteger, "customers looked at"),
    given("send", sa.BigInteger, "on the send list"),
    given("holdout", sa.BigInteger, "held out for comparison"),
    given("suppressed", sa.BigInteger, "not to be contacted"),
    given("control_salt", sa.String(255), "by which the control group was drawn"),
    maybe("file_version", sa.String(16), "the campaign file it was decided by (campaign_version)"),
    maybe("cost", sa.Float, "what the contacts cost, by the campaign file"),
    comment="One row per campaign and night",
)

campaign_version = sa.Table(
    "campaign_version",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("file_version", sa.String(16), "first digits of the hash of its settings"),
    given("settings", sa.Text, "the campaign file as it was read, a JSON object"),
    given("first_as_of", sa.Date, "the first night decided by it"),
    comment="Every campaign file that a night was decided by, so that journeys go on as they began",
)

campaign_approval = sa.Table(
    "campaign_approval",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night"),
    key("list_version", sa.String(16), "what was asked for"),
    key("number", sa.Integer, "1, or 2 where two people have to agree"),
    given("answer", sa.String(16), "approved, rejected or expired"),
    maybe("who", sa.String(255), "who answered"),
    given("answered_at", sa.DateTime, "when, UTC"),
    comment="Who let a campaign's lists leave the house, or did not",
)

journey_step = sa.Table(
    "journey_step",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("customer_id", sa.String(255), "the customer"),
    key("entry_key", sa.String(255), "what they entered by"),
    key("mode", sa.String(8), "dry_run or live"),
    key("as_of", sa.Date, "the night on which it came to this"),
    given("step", sa.String(64), "the step reached; of one that ended the last"),
    given("state", sa.String(16), "waiting (for the step), done, goal, or ended"),
    given("entered_on", sa.Date, "the night on which the journey began"),
    given("due_on", sa.Date, "the first night on which the step may be taken"),
    given("file_version", sa.String(16), "the campaign file it goes by (campaign_version)"),
    given("facts", sa.Text, "what was known of the moment when it began, a JSON object"),
    comment="Where everyone in a journey stands: one row for each time that changed",
)

person_account = sa.Table(
    "person_account",
    metadata,
    key("customer_id", sa.String(255), "the account"),
    given("person_key", sa.String(64), "hash of the person behind it, as first recorded"),
    given("first_as_of", sa.Date, "the night on which it was"),
    comment="The person behind every account that a campaign considered, kept when addresses change or accounts merge",
)

campaign_member = sa.Table(
    "campaign_member",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night it was decided for"),
    key("customer_id", sa.String(255), "a customer considered"),
    given("person_key", sa.String(64), "hash of the person behind the account"),
    given("decision", sa.String(16), "send, holdout or suppressed"),
    given("deciding_rule", sa.String(64), "the rule that decided"),
    given("rules", sa.Text, "what every rule said, a JSON object"),
    maybe("stage", sa.String(64), "the stage of the campaign"),
    given("dedupe_key", sa.String(64), "what may be sent once only"),
    maybe("channel", sa.String(16), "email, sms or call: by which they would be, or were, contacted"),
    maybe("offer_code", sa.String(64), "what was offered"),
    maybe("risk_band", sa.String(16), "high, medium or low on that night"),
    maybe("value", sa.Float, "of a year, in the company's currency"),
    comment="The decision log: every customer considered, every rule and what it said",
)

contact_event = sa.Table(
    "contact_event",
    metadata,
    key("dedupe_key", sa.String(64), "what may be sent once only"),
    key("mode", sa.String(8), "dry_run or live"),
    sa.Column("as_of", sa.Date, primary_key=True, autoincrement=False, index=True, comment="the night whose list it was on"),
    given("campaign_id", sa.String(64), "the campaign"),
    given("customer_id", sa.String(255), "the customer"),
    sa.Column("person_key", sa.String(64), nullable=False, index=True, comment="hash of the person behind the account"),
    given("channel", sa.String(16), "email, sms or call"),
    given("kind", sa.String(16), "listed: put on a send list"),
    comment="Every contact made or, in a dry run, planned",
)

outbox = sa.Table(
    "outbox",
    metadata,
    key("message_id", sa.String(64), "hash of campaign, person, stage, occasion and channel: the same thing is sent once"),
    given("campaign_id", sa.String(64), "the campaign"),
    given("as_of", sa.Date, "the night it was decided for"),
    given("stage", sa.String(64), "the stage, or the step of the journey"),
    given("customer_id", sa.String(255), "the customer"),
    given("person_key", sa.String(64), "hash of the person behind the account"),
    given("dedupe_key", sa.String(64), "what may be sent once only"),
    given("channel", sa.String(16), "email, sms, call or task"),
    given("state", sa.String(16), "held (for approval), queued, sending, sent, withdrawn, uncertain or dead"),
    given("not_before", sa.DateTime, "the customer's own hour, UTC"),
    given("expires_at", sa.DateTime, "after which it is not sent any more, UTC"),
    given("attempts", sa.Integer, "how often it was tried"),
    maybe("next_attempt_at", sa.DateTime, "when it is tried again, UTC"),
    maybe("claimed_by", sa.String(64), "the sender that has it in hand"),
    maybe("claimed_until", sa.DateTime, "when another may take it over, UTC"),
    maybe("provider_id", sa.String(255), "what the gateway calls it"),
    maybe("reason", sa.String(255), "why it was withdrawn, or what the last attempt met"),
    maybe("sent_at", sa.DateTime, "when it was handed over, UTC"),
    sa.Index("ix_outbox_state", "state", "channel", "not_before"),
    sa.Index("ix_outbox_campaign", "campaign_id", "as_of"),
    comment="Every message of a live run, and what became of it",
)

outbox_message = sa.Table(
    "outbox_message",
    metadata,
    key("message_id", sa.String(64), "the message"),
    given("address", sa.String(255), "mail address, telephone number or the task's owner"),
    given("locale", sa.String(8), "the language it is written in"),
    given("subject", sa.Text, "of a mail or a task"),
    given("text", sa.Text, "what it says"),
    maybe("unsubscribe_url", sa.Text, "where the reader can unsubscribe"),
    maybe("due_at", sa.DateTime, "of a task: until when, UTC"),
    comment="What messages say, and to which address: personal data, erased some days after they were sent",
)

delivery_event = sa.Table(
    "delivery_event",
    metadata,
    key("event_id", sa.String(128), "the gateway's id of the event, or a hash of it: told twice it counts once"),
    given("message_id", sa.String(64), "the message"),
    given("kind", sa.String(16), "delivered, opened, clicked, replied, bounced, complained or unsubscribed"),
    given("occurred_at", sa.DateTime, "when, UTC"),
    maybe("detail", sa.String(255), "what the gateway said"),
    comment="What came back of messages",
)

channel_refusal = sa.Table(
    "channel_refusal",
    metadata,
    key("person_key", sa.String(64), "hash of the person"),
    key("channel", sa.String(16), "email, sms or call, or all"),
    key("kind", sa.String(16), "bounced, complained or unsubscribed"),
    given("occurred_at", sa.DateTime, "when it first was, UTC"),
    comment="Refusals that reached this house itself, by links in mails and by gateways",
)

list_push = sa.Table(
    "list_push",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night it was decided for"),
    key("target", sa.String(16), "mailchimp, brevo, klaviyo or files"),
    given("state", sa.String(16), "waiting (for the next attempt), done or dead"),
    given("rows", sa.BigInteger, "people, or files, handed over"),
    given("attempts", sa.Integer, "how often it was tried"),
    maybe("next_attempt_at", sa.DateTime, "when it is tried again, UTC"),
    maybe("reason", sa.String(255), "what the last attempt met"),
    maybe("done_at", sa.DateTime, "when it was done, UTC"),
    comment="Approved runs on their way into marketing tools and to where files are fetched",
)

customer_task = sa.Table(
    "customer_task",
    metadata,
    key("task_id", sa.String(64), "the message of the outbox that asks for it"),
    given("campaign_id", sa.String(64), "the campaign"),
    given("customer_id", sa.String(255), "the customer it is about"),
    given("owner", sa.String(255), "who is asked"),
    given("subject", sa.Text, "what to do"),
    given("opened_at", sa.DateTime, "when it was given, UTC"),
    given("due_at", sa.DateTime, "until when, UTC"),
    given("state", sa.String(16), "open, reacted, or escalated: not reacted in time"),
    maybe("reacted_at", sa.DateTime, "the first contact with the customer after it was given, UTC"),
    maybe("hours_to_react", sa.Float, "from one to the other"),
    comment="Tasks for the owners of accounts, and how long it took until somebody spoke to the customer",
)

campaign_result = sa.Table(
    "campaign_result",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night that computed it"),
    key("stage", sa.String(64), "the stage or step, or all"),
    key("segment", sa.String(64), "the risk band on the night of the decision, or all"),
    key("measure", sa.String(16), "retention, goal, mrr, revenue, or placebo: between two halves of the control group"),
    given("treated", sa.BigInteger, "people sent to whose time to come to the goal is over"),
    given("control", sa.BigInteger, "people held out by chance, likewise"),
    maybe("mean_treated", sa.Float, "of those sent to: a share, or an amount per person"),
    maybe("mean_control", sa.Float, "of those held out"),
    maybe("effect", sa.Float, "the first less the second"),
    maybe("low", sa.Float, "lower end of its 95 % interval, for one look"),
    maybe("high", sa.Float, "upper end"),
    maybe("low_any", sa.Float, "lower end of the 95 % interval that holds however often one looks"),
    maybe("high_any", sa.Float, "upper end"),
    maybe("sample_ratio_p", sa.Float, "how probable so odd a division is; below 0.001 no result can be trusted"),
    maybe("people_until_clear", sa.BigInteger, "people it takes until an effect of two points, or of this amount, would be clear"),
    maybe("total", sa.Float, "the effect on all who were sent to"),
    maybe("cost", sa.Float, "of the contacts so far, in the company's currency; beside revenue"),
    maybe("return_on_cost", sa.Float, "what each unit of cost brought back beyond itself; beside revenue"),
    comment="What campaigns earned against their control groups, also where that is nothing, or less",
)

offer_state = sa.Table(
    "offer_state",
    metadata,
    key("campaign_id", sa.String(64), "the campaign"),
    key("as_of", sa.Date, "the night that computed it"),
    key("offer_code", sa.String(64), "the offer; empty: those who were held out"),
    given("people", sa.BigInteger, "those whose time to come to the goal is over"),
    given("reached", sa.BigInteger, "of them those who came to it"),
    comment="What came of every offer, from which the next best one is learnt",
)

COMMENTS = {table.name: table.comment for table in metadata.sorted_tables}
