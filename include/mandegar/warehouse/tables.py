"""The warehouse: what BI tools, marketing and people read. Every table and column is described here, once.

Marts are rebuilt from the lake by `publish`; the tables of campaigns are written between nights and live here alone.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
)
MONEY = sa.Numeric(38, 4).with_variant(sa.Float(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def _key(name: str, kind: type | sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False, comment=comment)


def _given(name: str, kind: type | sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, comment=comment)


def _maybe(name: str, kind: type | sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=True, comment=comment)


def _period_key() -> list[sa.Column]:
    return [
        _key("calendar", sa.String(16), "gregorian or jalali"),
        _key("period_kind", sa.String(16), "day, week, month, quarter or year of that calendar"),
        _key("period_start", sa.Date, "first day of the period"),
    ]


def _night() -> sa.Column:
    return _given("as_of", sa.Date, "the night that last computed the row")


kpi_period = sa.Table(
    "kpi_period",
    metadata,
    _key("convention", sa.String(32), "the named set of policies it is computed under"),
    *_period_key(),
    _key("dimension", sa.String(64), "what the row is broken down by; all: the whole company"),
    _key("dimension_value", sa.String(255), "the value of the dimension; all: the whole company"),
    _key("metric", sa.String(64), "name of the key figure"),
    _given("period_end", sa.Date, "day after the last of the period"),
    _given("is_complete", sa.Boolean, "false while the period is still running"),
    _maybe("numerator", MONEY, "what is divided, exact; of a metric without denominator the figure itself"),
    _maybe("denominator", MONEY, "what it is divided by, exact"),
    _maybe("value", sa.Double, "numerator / denominator (rates are fractions of 1); empty where the denominator is 0"),
    _night(),
    comment="Key figures, tall: one row per convention, calendar, period, dimension value and metric; the current truth",
)

fct_mrr_movement = sa.Table(
    "fct_mrr_movement",
    metadata,
    *_period_key(),
    _key("customer_id", sa.String(255), "the customer"),
    _key("movement", sa.String(16), "new, reactivation, resumed, expansion, contraction, churn, paused or fx"),
    _key("currency", sa.String(3), "currency of the contract"),
    _given("amount", MONEY, "change of MRR in the contract's currency, signed; 0 for fx"),
    _given("amount_reporting", MONEY, "the same in the company's currency, signed"),
    _night(),
    comment="What became of each account's MRR: one row per period, customer, movement and currency",
)

fct_customer_period = sa.Table(
    "fct_customer_period",
    metadata,
    *_period_key(),
    _key("customer_id", sa.String(255), "the customer"),
    _given("period_end", sa.Date, "day after the last of the period"),
    _given("is_complete", sa.Boolean, "false while the period is still running"),
    _given("status", sa.String(16), "standing at the end: prospect, trial, active, past_due, paused, inactive or churned"),
    _maybe("m0", MONEY, "MRR at the start, in the company's currency"),
    _maybe("m1", MONEY, "MRR at the end, in the company's currency"),
    _given("revenue", MONEY, "invoiced in the period net of tax, less credit notes and refunds"),
    _night(),
    comment="Each customer month by month of the company's calendar",
)

dim_customer = sa.Table(
    "dim_customer",
    metadata,
    _key("customer_id", sa.String(255), "the customer's id in the leading source"),
    _maybe("kind", sa.String(16), "person or company"),
    _maybe("country", sa.Text, "country"),
    _maybe("region", sa.Text, "province or state"),
    _maybe("city", sa.Text, "city"),
    _maybe("language", sa.Text, "language the customer reads"),
    _maybe("time_zone", sa.Text, "the customer's time zone"),
    _maybe("segment", sa.Text, "the company's own segment"),
    _maybe("industry", sa.Text, "branch of trade"),
    _maybe("acquisition_channel", sa.Text, "where the customer came from"),
    _given("signed_up_at", INSTANT, "when the customer signed up, UTC"),
    _maybe("owner", sa.Text, "who looks after the account"),
    _maybe("strategic_role", sa.Text, "strategic role"),
    _maybe("deleted_at", INSTANT, "when the customer was deleted in the source, UTC"),
    _maybe("attributes", sa.Text, "further attributes, a JSON object"),
    _night(),
    comment="What is known of each customer without saying who it is",
)

customer_contact = sa.Table(
    "customer_contact",
    metadata,
    _key("customer_id", sa.String(255), "the customer"),
    _given("name", sa.Text, "the name as the customer writes it"),
    _maybe("email", sa.Text, "mail address"),
    _maybe("phone", sa.Text, "telephone number as the source spells it"),
    _maybe("birth_date", sa.Date, "date of birth"),
    _maybe("preferred_channel", sa.String(16), "email, sms or call"),
    _maybe("preferred_hour", sa.Integer, "hour of the customer's day"),
    _maybe("email_opt_in", sa.Boolean, "agreed to mail"),
    _maybe("sms_opt_in", sa.Boolean, "agreed to text messages"),
    _maybe("call_opt_in", sa.Boolean, "agreed to calls"),
    _maybe("consent_at", INSTANT, "when the consent was given, UTC"),
    _maybe("do_not_contact", sa.Boolean, "wants no contact"),
    _night(),
    comment="Personal data: who each customer is and how to reach them; grant it apart from the marts",
)

dim_date = sa.Table(
    "dim_date",
    metadata,
    _key("day", sa.Date, "the day"),
    _given("gregorian_year", sa.Integer, "year"),
    _given("gregorian_month", sa.Integer, "month, 1 to 12"),
    _given("gregorian_quarter", sa.Integer, "quarter, 1 to 4"),
    _given("jalali_year", sa.Integer, "Jalali year"),
    _given("jalali_month", sa.Integer, "Jalali month, 1 (Farvardin) to 12 (Esfand)"),
    _given("jalali_day", sa.Integer, "day of the Jalali month"),
    _given("jalali_quarter", sa.Integer, "Jalali quarter, 1 to 4"),
    _given("jalali_date", sa.String(10), "1404-08-29"),
    _given("weekday", sa.Integer, "ISO weekday, 1 (Monday) to 7 (Sunday)"),
    comment="The days the company has data for, in both calendars",
)

customer_risk = sa.Table(
    "customer_risk",
    metadata,
    _key("as_of", sa.Date, "the night that computed it"),
    _key("customer_id", sa.String(255), "a customer who can still leave"),
    _maybe("churn_probability", sa.Double, "probability of leaving; empty while only the health score is live"),
    _given("health_score", sa.Double, "0 (worst) to 100"),
    _given("risk_band", sa.String(8), "high, medium or low"),
    _given("value_at_risk", MONEY, "what the customer is worth in a year, in the company's currency"),
    _given("segment", sa.String(64), "risk band x value tier"),
    _given("action", sa.String(32), "what to do next"),
    *(_maybe(f"reason_{number}", sa.Text, f"reason {number} in plain words") for number in range(1, 4)),
    *(_maybe(f"reason_code_{number}", sa.String(64), f"signal behind reason {number}") for number in range(1, 4)),
    _given("model_version", sa.String(64), "what computed it"),
    comment="How likely each customer is to leave and why: one row per night and customer",
)

data_quality_result = sa.Table(
    "data_quality_result",
    metadata,
    _key("as_of", sa.Date, "the night"),
    _key("source", sa.String(255), "source table, conform.<entity> or warehouse.<table>"),
    _key("rule", sa.String(128), "the rule"),
    _given("entity", sa.String(64), "the entity or mart"),
    _given("severity", sa.String(8), "fail or warn"),
    _given("evaluated", sa.BigInteger, "values looked at"),
    _given("unexpected", sa.BigInteger, "values that broke the rule"),
    _given("status", sa.String(16), "passed, warned, quarantined or failed"),
    comment="What every rule counted on every night",
)

quarantined_row = sa.Table(
    "quarantined_row",
    metadata,
    _key("as_of", sa.Date, "the night"),
    _key("line", sa.BigInteger, "number of the line within the night"),
    _given("source", sa.String(255), "source table"),
    _given("entity", sa.String(64), "entity"),
    _maybe("key", sa.Text, "the row's key"),
    _maybe("row", sa.BigInteger, "its place in the source"),
    _maybe("column", sa.String(64), "the column that is wrong"),
    _maybe("value", sa.Text, "what stands there; empty for personal data"),
    _given("rule", sa.String(128), "the rule it breaks"),
    _given("reason", sa.Text, "why the row waits, in words"),
    comment="Rows that could not be used, one line per row and reason; the rows themselves wait in the lake",
)

pipeline_run = sa.Table(
    "pipeline_run",
    metadata,
    sa.Column(
        "run_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True, comment="number of the run"
    ),
    _given("as_of", sa.Date, "the night"),
    _given("stage", sa.String(64), "the stage"),
    _given("started_at", INSTANT, "when it began, by the clock, UTC"),
    _given("seconds", sa.Double, "how long it took"),
    _given("status", sa.String(16), "succeeded or failed"),
    _maybe("rows", sa.BigInteger, "rows written"),
    _maybe("message", sa.Text, "what it said"),
    comment="Run log; the one table that tells the time of the clock and grows with every run",
)

published_night = sa.Table(
    "published_night",
    metadata,
    _key("as_of", sa.Date, "a night whose marts were published whole"),
    comment="Which nights are in the warehouse; the latest is the one the current-truth tables show",
)

published_part = sa.Table(
    "published_part",
    metadata,
    _key("table_name", sa.String(64), "a table that is not replaced whole"),
    _key("part", sa.String(64), "the period, or all"),
    _given("files", sa.String(32), "hash of the lake's files that it holds"),
    _night(),
    comment="What the warehouse holds of which table, so that a night writes only what it changed",
)

restatement = sa.Table(
    "restatement",
    metadata,
    _key("as_of", sa.Date, "the night that found another figure"),
    _key("convention", sa.String(32), "the named set of policies"),
    *_period_key(),
    _key("dimension", sa.String(64), "what the figure is broken down by; all: the whole company"),
    _key("dimension_value", sa.String(255), "the value of the dimension"),
    _key("metric", sa.String(64), "name of the key figure"),
    _maybe("published_on", sa.Date, "the night that computed the earlier figure; empty: there was none"),
    *(_maybe(f"{part}_{when}", MONEY, f"{part} {when}") for when in ("before", "after") for part in ("numerator", "denominator")),
    _maybe("value_before", sa.Double, "the figure as it was published"),
    _maybe("value_after", sa.Double, "the figure as it is now; empty: it is no more"),
    _maybe("difference", sa.Double, "by how much it moved"),
    _given("because", sa.Text, "the rows that changed, in words: how many of which entity, and the first of them"),
    comment="Figures of periods that were over, and moved: which, from what to what, by how much and because of which rows",
)

campaign_run = sa.Table(
    "campaign_run",
    metadata,
    _key("campaign_id", sa.String(64), "the campaign"),
    _key("as_of", sa.Date, "the night it was decided for"),
    _given("mode", sa.String(8), "dry_run or live"),
    _given("list_version", sa.String(16), "first digits of the hash of what was decided"),
    _given("considered", sa.BigInteger, "customers looked at"),
    _given("send", sa.BigInteger, "on the send list"),
    _given("holdout", sa.BigInteger, "held out for comparison"),
    _given("suppressed", sa.BigInteger, "not to be contacted"),
    comment="One row per campaign and night",
)

campaign_member = sa.Table(
    "campaign_member",
    metadata,
    _key("campaign_id", sa.String(64), "the campaign"),
    _key("as_of", sa.Date, "the night it was decided for"),
    _key("customer_id", sa.String(255), "a customer considered"),
    _given("person_key", sa.String(64), "hash of the person behind the account"),
    _given("decision", sa.String(16), "send, holdout or suppressed"),
    _given("deciding_rule", sa.String(64), "the rule that decided"),
    _given("rules", sa.Text, "what every rule said, a JSON object"),
    _maybe("stage", sa.String(64), "the stage of the campaign"),
    _given("dedupe_key", sa.String(64), "what may be sent once only"),
    comment="The decision log: every customer considered, every rule and what it said",
)

contact_event = sa.Table(
    "contact_event",
    metadata,
    _key("dedupe_key", sa.String(64), "what may be sent once only"),
    _key("mode", sa.String(8), "dry_run or live"),
    _key("as_of", sa.Date, "the night whose list it was on"),
    _given("campaign_id", sa.String(64), "the campaign"),
    _given("customer_id", sa.String(255), "the customer"),
    sa.Column("person_key", sa.String(64), nullable=False, index=True, comment="hash of the person behind the account"),
    _given("channel", sa.String(16), "email, sms or call"),
    _given("kind", sa.String(16), "listed: put on a send list"),
    comment="Every contact made or, in a dry run, planned",
)

COMMENTS = {table.name: table.comment for table in metadata.sorted_tables}
