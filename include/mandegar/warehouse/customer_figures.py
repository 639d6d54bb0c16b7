"""The tables of customers over time: cohorts, survival, what they are worth and what it cost to win them."""

import sqlalchemy as sa

from mandegar.warehouse.columns import MONEY, given, key, maybe, metadata, night, period_ends, period_key

COUNT = sa.BigInteger

cohort_retention = sa.Table(
    "cohort_retention",
    metadata,
    key("cohort_by", sa.String(16), "signup or first_payment (of a company without contracts the first purchase)"),
    key("cohort_start", sa.Date, "first day of the period in which they came"),
    key("dimension", sa.String(64), "what the cohort is broken down by; all: everybody"),
    key("dimension_value", sa.String(255), "the value of the dimension, as it was when they came"),
    key("age_unit", sa.String(16), "day, or the kind of period in which age counts"),
    key("method", sa.String(16), "n_day: there at that age; unbounded: then or later; bracketed: at any age from age to age_to"),
    key("age", COUNT, "0 is the day or period in which they came"),
    maybe("age_to", COUNT, "last age of a bracket; empty where it is open"),
    given("calendar", sa.String(16), "gregorian or jalali"),
    given("cohort_kind", sa.String(16), "kind of the period in which they came"),
    given("customers", COUNT, "the cohort"),
    maybe("reached", COUNT, "of them, old enough; empty: nobody is"),
    maybe("retained", COUNT, "of those, there"),
    maybe("retention_rate", sa.Double, "retained / reached"),
    maybe("base_revenue", MONEY, "revenue, with contracts MRR, at age 0 of those who have reached the age"),
    maybe("revenue", MONEY, "the same at the age; of a bracket on average per unit of age"),
    maybe("revenue_retention_rate", sa.Double, "revenue / base_revenue"),
    night(),
    comment="Cohorts: how much of who came in a period is left at each age, by count and by money",
)

survival_curve = sa.Table(
    "survival_curve",
    metadata,
    key("dimension", sa.String(64), "what the curve is broken down by; all: everybody"),
    key("dimension_value", sa.String(255), "the value of the dimension, as it was at the start"),
    key("cause", sa.String(16), "any, voluntary or involuntary (the other is censored)"),
    key("day", COUNT, "day of tenure since the first payment or purchase"),
    given("at_risk", COUNT, "customers there who could leave"),
    given("events", COUNT, "of them, left on the day"),
    given("censored", COUNT, "not seen longer, since the row before"),
    given("survival", sa.Double, "share that stays for more than so many days (Kaplan-Meier)"),
    maybe("std_error", sa.Double, "its standard error (Greenwood)"),
    maybe("lower_95", sa.Double, "lower end of its 95 % interval (log-log)"),
    maybe("upper_95", sa.Double, "upper end of its 95 % interval (log-log)"),
    maybe("median_days", COUNT, "day on which half have left, of the whole curve; empty: not reached"),
    night(),
    comment="Survival: the share of customers that stays for more than so many days",
)

customer_value = sa.Table(
    "customer_value",
    metadata,
    key("customer_id", sa.String(255), "the customer"),
    given("revenue", MONEY, "net revenue of all time, in the company's currency"),
    given("cost_of_goods", MONEY, "cost of what was sold"),
    given("cost_to_serve", MONEY, "cost of the support that was given"),
    given("historic_clv", MONEY, "revenue - cost_of_goods - cost_to_serve"),
    given("purchases", COUNT, "purchases, net of those credited in full"),
    given("frequency", COUNT, "days with a purchase after the first"),
    maybe("recency_days", COUNT, "days since the last purchase"),
    maybe("age_days", COUNT, "days since the first purchase"),
    maybe("recency_score", COUNT, "1 (long ago) to 5"),
    maybe("frequency_score", COUNT, "1 (seldom) to 5"),
    maybe("monetary_score", COUNT, "1 (little) to 5"),
    maybe("rfm_segment", sa.String(32), "name of the scores' group, such as champions or at_risk"),
    maybe("mrr", MONEY, "with contracts: MRR at the end of the night"),
    maybe("clv_contractual", MONEY, "with contracts: margin x r / (1 + d - r)"),
    maybe("clv_contractual_with_first", MONEY, "the same with the payment that is due now: margin x (1 + d) / (1 + d - r)"),
    maybe("clv_sbg", MONEY, "with contracts: margin x the payments ahead by a model in which customers differ; empty without one"),
    maybe("p_alive", sa.Double, "without contracts: probability of still being a customer (BG/NBD)"),
    maybe("expected_purchases", sa.Double, "without contracts: purchases expected in the next year"),
    maybe("expected_value", sa.Double, "without contracts: value expected of each (Gamma-Gamma)"),
    maybe("clv_non_contractual", MONEY, "without contracts: discounted margin expected in the time to come"),
    given("lifetime_value", MONEY, "historic_clv and what is expected"),
    night(),
    comment="What each customer was worth, and is expected to be",
)

value_model = sa.Table(
    "value_model",
    metadata,
    key("model", sa.String(32), "all, contractual, contractual by channel, sbg, bg_nbd or gamma_gamma"),
    key("parameter", sa.String(255), "its parameter, or the channel"),
    maybe("value", sa.Double, "the value; empty where there is no model"),
    maybe("std_error", sa.Double, "its standard error, where it was estimated"),
    maybe("no_model", sa.Text, "why there is none"),
    night(),
    comment="What the expected values stand on: margin, retention, discount, the parameters of the buying models",
)

repurchase_cycle = sa.Table(
    "repurchase_cycle",
    metadata,
    key("category", sa.String(255), "category of products; all: whatever was bought"),
    given("gaps", COUNT, "times between two purchases of a customer"),
    given("customers", COUNT, "of how many customers"),
    given("percentile", sa.Double, "the share of gaps that the cycle covers"),
    maybe("cycle_days", COUNT, "the smallest number of days that covers them; empty: too few gaps"),
    maybe("median_days", COUNT, "the same for one half; empty: too few gaps"),
    night(),
    comment="How long customers take between purchases",
)

acquisition_period = sa.Table(
    "acquisition_period",
    metadata,
    *period_key(),
    key("channel", sa.String(255), "acquisition channel; all: the whole company"),
    *period_ends(),
    given("acquisition_spend", MONEY, "spent on winning customers, in the company's currency"),
    given("customers_acquired", COUNT, "customers won in the period"),
    given("clv_acquired", MONEY, "their lifetime value, as it is known now"),
    maybe("cac", sa.Double, "acquisition_spend / customers_acquired"),
    maybe("clv_to_cac", sa.Double, "clv_acquired / acquisition_spend"),
    maybe("below_1", sa.Boolean, "they cost more than they are worth"),
    night(),
    comment="What it cost to win customers, by channel and cohort, and what they are worth",
)
