"""The tables of figures: what measure computes, for the whole company and for its parts."""

import sqlalchemy as sa

from mandegar.warehouse.columns import MONEY, given, key, maybe, metadata, night, period_ends, period_key

kpi_period = sa.Table(
    "kpi_period",
    metadata,
    key("convention", sa.String(32), "the named set of policies it is computed under"),
    *period_key(),
    key("dimension", sa.String(64), "what the row is broken down by; all: the whole company"),
    key("dimension_value", sa.String(255), "the value of the dimension; all: the whole company"),
    key("metric", sa.String(64), "name of the key figure"),
    given("period_end", sa.Date, "day after the last of the period"),
    given("is_complete", sa.Boolean, "false while the period is still running"),
    maybe("numerator", MONEY, "what is divided, exact; of a metric without denominator the figure itself"),
    maybe("denominator", MONEY, "what it is divided by, exact"),
    maybe("value", sa.Double, "numerator / denominator (rates are fractions of 1); empty where the denominator is 0"),
    night(),
    comment="Key figures, tall: one row per convention, calendar, period, dimension value and metric; the current truth",
)

fct_mrr_movement = sa.Table(
    "fct_mrr_movement",
    metadata,
    *period_key(),
    key("customer_id", sa.String(255), "the customer"),
    key("movement", sa.String(16), "new, reactivation, resumed, expansion, contraction, churn, paused or fx"),
    key("currency", sa.String(3), "currency of the contract"),
    given("amount", MONEY, "change of MRR in the contract's currency, signed; 0 for fx"),
    given("amount_reporting", MONEY, "the same in the company's currency, signed"),
    night(),
    comment="What became of each account's MRR: one row per period, customer, movement and currency",
)

fct_customer_period = sa.Table(
    "fct_customer_period",
    metadata,
    *period_key(),
    key("customer_id", sa.String(255), "the customer"),
    given("period_end", sa.Date, "day after the last of the period"),
    given("is_complete", sa.Boolean, "false while the period is still running"),
    given("status", sa.String(16), "standing at the end: prospect, trial, active, past_due, paused, inactive or churned"),
    maybe("m0", MONEY, "MRR at the start, in the company's currency"),
    maybe("m1", MONEY, "MRR at the end, in the company's currency"),
    given("revenue", MONEY, "invoiced in the period net of tax, less credit notes and refunds"),
    night(),
    comment="Each customer month by month of the company's calendar",
)

restatement = sa.Table(
    "restatement",
    metadata,
    key("as_of", sa.Date, "the night that found another figure"),
    key("convention", sa.String(32), "the named set of policies"),
    *period_key(),
    key("dimension", sa.String(64), "what the figure is broken down by; all: the whole company"),
    key("dimension_value", sa.String(255), "the value of the dimension"),
    key("metric", sa.String(64), "name of the key figure"),
    maybe("published_on", sa.Date, "the night that computed the earlier figure; empty: there was none"),
    *(maybe(f"{part}_{when}", MONEY, f"{part} {when}") for when in ("before", "after") for part in ("numerator", "denominator")),
    maybe("value_before", sa.Double, "the figure as it was published"),
    maybe("value_after", sa.Double, "the figure as it is now; empty: it is no more"),
    maybe("difference", sa.Double, "by how much it moved"),
    given("because", sa.Text, "the rows that changed, in words: how many of which entity, and the first of them"),
    comment="Figures of periods that were over, and moved: which, from what to what, by how much and because of which rows",
)

COUNT = sa.BigInteger

retention_target = sa.Table(
    "retention_target",
    metadata,
    key("target_name", sa.String(64), "its name in targets.yaml"),
    key("period_start", sa.Date, "first day of the period it is due for"),
    given("metric", sa.String(64), "key figure"),
    given("figure", sa.String(16), "value or numerator"),
    given("dimension", sa.String(64), "what it is broken down by; all: the whole company"),
    given("dimension_value", sa.String(255), "the value of the dimension"),
    given("calendar", sa.String(16), "gregorian or jalali"),
    given("period_kind", sa.String(16), "kind of the period"),
    *period_ends(),
    given("goal", sa.String(16), "at_most or at_least"),
    given("target", sa.Double, "what it shall be"),
    maybe("actual_start", sa.Date, "first day of the period that actual is of"),
    maybe("actual", sa.Double, "what is reached so far"),
    maybe("variance", sa.Double, "actual - target"),
    maybe("projected", sa.Double, "what the period will end with, at this rate"),
    maybe("projection", sa.String(16), "how: actual, flow, compounding, trend or as it stands"),
    maybe("on_track", sa.Boolean, "what is projected meets the target"),
    night(),
    comment="Targets against what is reached, and what the run-rate projects",
)

forecast = sa.Table(
    "forecast",
    metadata,
    key("calendar", sa.String(16), "gregorian or jalali"),
    key("period_start", sa.Date, "first day of the month that is foretold"),
    key("dimension", sa.String(64), "what it is broken down by; all: the whole company"),
    key("dimension_value", sa.String(255), "the value of the dimension"),
    key("metric", sa.String(64), "customers_churned, logo_churn_rate, churned_mrr or revenue_churn_rate"),
    given("period_kind", sa.String(16), "month"),
    given("period_end", sa.Date, "day after the last of the month"),
    given("horizon", COUNT, "months after the last closed one"),
    given("forecast", sa.Double, "the value expected"),
    *(
        maybe(f"{end}_{level}", sa.Double, f"{words} end of the {level} % interval")
        for level in (80, 95)
        for end, words in (("low", "lower"), ("high", "upper"))
    ),
    given("method", sa.String(64), "how it is foretold"),
    given("periods_used", COUNT, "closed months it stands on"),
    given("backtests", COUNT, "past forecasts of this horizon that can be held against what came"),
    *(maybe(f"coverage_{level}", sa.Double, f"share of them whose {level} % interval held what came") for level in (80, 95)),
    maybe("mae", sa.Double, "their mean absolute error"),
    maybe("mae_naive", sa.Double, "that of simply taking the last value"),
    night(),
    comment="Churn of the next months with intervals, and how such forecasts did in the past",
)
