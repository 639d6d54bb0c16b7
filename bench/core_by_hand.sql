-- MRR movements, customers by month and the core key figures of the whole company, as a data engineer would write them for DuckDB.
-- It may rely on what is so in this company: one currency, months and years, discounts that last as long as their version.
-- Given: views subscription, invoice, payment, usage over Parquet files; table periods; variables dunning_days, gap_days, silent_days.

CREATE TEMP TABLE priced AS
WITH marked AS (
    SELECT *, lag(status) OVER (PARTITION BY subscription_id ORDER BY valid_from) AS was FROM subscription
), running AS (
    SELECT *, max(CASE WHEN status = 'past_due' AND was IS DISTINCT FROM 'past_due' THEN valid_from END)
        OVER (PARTITION BY subscription_id ORDER BY valid_from) AS unpaid_since
    FROM marked
), dated AS (
    SELECT customer_id, subscription_id, status, valid_from AS from_at,
        coalesce(least(valid_to, CASE WHEN status = 'past_due' THEN unpaid_since + to_days(getvariable('dunning_days')) END),
            TIMESTAMPTZ '9999-01-01') AS until_at,
        CAST(greatest(quantity * unit_price - coalesce(discount, 0), 0) AS DECIMAL(18, 4)) AS amount,
        interval_count * CASE interval_unit WHEN 'year' THEN 12 WHEN 'month' THEN 1 END AS months
    FROM running
    WHERE status IN ('active', 'past_due', 'paused', 'trialing')
)
SELECT customer_id, subscription_id, status, from_at, until_at,
    CASE WHEN status NOT IN ('active', 'past_due') THEN 0
         WHEN months = 1 THEN amount
         ELSE CAST(round(CAST(amount AS DOUBLE) / months, 4) AS DECIMAL(18, 4)) END AS mrr
FROM dated
WHERE until_at > from_at;

-- a gap shorter than gap_days between two runs of paid time is closed: what ended last lasts until its end
CREATE TEMP TABLE stretches AS
WITH reached AS (
    SELECT *, max(until_at) OVER so_far AS reach, lead(from_at) OVER so_far AS next_at
    FROM priced
    WHERE mrr > 0
    WINDOW so_far AS (PARTITION BY customer_id ORDER BY from_at, subscription_id)
), numbered AS (
    SELECT *, coalesce(from_at > lag(reach) OVER (PARTITION BY customer_id ORDER BY from_at, subscription_id), false) AS begins
    FROM reached
), runs AS (
    SELECT *, sum(CAST(begins AS INTEGER)) OVER (PARTITION BY customer_id ORDER BY from_at, subscription_id ROWS UNBOUNDED PRECEDING) AS run
    FROM numbered
), closing AS (
    SELECT *, max(until_at) OVER r AS run_until,
        max(CASE WHEN next_at > reach AND next_at < reach + to_days(getvariable('gap_days')) THEN next_at END) OVER r AS bridge
    FROM runs
    WINDOW r AS (PARTITION BY customer_id, run)
)
SELECT customer_id, subscription_id, status, from_at, mrr,
    CASE WHEN until_at = run_until AND bridge IS NOT NULL THEN bridge ELSE until_at END AS until_at
FROM closing
UNION ALL
SELECT customer_id, subscription_id, status, from_at, mrr, until_at FROM priced WHERE mrr = 0;

CREATE TEMP TABLE first_paid AS
SELECT customer_id, min(from_at) AS first_paid_at FROM stretches WHERE mrr > 0 GROUP BY customer_id;

CREATE TEMP TABLE held AS
SELECT i.instant, s.customer_id, sum(s.mrr) AS mrr,
    bool_or(s.status = 'paused') AS paused, bool_or(s.status = 'past_due') AS past_due, bool_or(s.status = 'trialing') AS trial
FROM stretches s
JOIN (SELECT starts_at AS instant FROM periods UNION SELECT ends_at FROM periods) i ON s.from_at < i.instant AND s.until_at >= i.instant
GROUP BY i.instant, s.customer_id;

CREATE TEMP TABLE accounts AS
WITH opened AS (
    SELECT p.period, h.customer_id, h.mrr, h.paused FROM held h JOIN periods p ON h.instant = p.starts_at
), closed AS (
    SELECT p.period, h.customer_id, h.mrr, h.paused, h.past_due, h.trial FROM held h JOIN periods p ON h.instant = p.ends_at
), both_ends AS (
    SELECT period, customer_id, coalesce(o.mrr, 0) AS m0, coalesce(c.mrr, 0) AS m1, coalesce(o.paused, false) AS was_paused,
        coalesce(c.paused, false) AS is_paused, coalesce(c.past_due, false) AS is_past_due, coalesce(c.trial, false) AS is_trial
    FROM opened o FULL JOIN closed c USING (period, customer_id)
)
SELECT b.*, f.first_paid_at, coalesce(f.first_paid_at < p.starts_at, false) AS ever_paid
FROM both_ends b JOIN periods p USING (period) LEFT JOIN first_paid f USING (customer_id);

-- of an account that stops paying, what it paid for subscriptions that are paused now is apart
CREATE TEMP TABLE fct_mrr_movement AS
WITH resting AS (
    SELECT DISTINCT p.period, p.starts_at, s.subscription_id
    FROM stretches s JOIN periods p ON s.from_at < p.ends_at AND s.until_at >= p.ends_at
    WHERE s.status = 'paused'
), to_pause AS (
    SELECT r.period, s.customer_id, sum(s.mrr) AS amount
    FROM resting r JOIN stretches s ON s.subscription_id = r.subscription_id AND s.from_at < r.starts_at AND s.until_at >= r.starts_at
    WHERE s.mrr > 0
    GROUP BY r.period, s.customer_id
), changed AS (
    SELECT p.calendar, p.period_kind, p.period_start, a.*,
        CASE WHEN m0 > 0 AND m1 = 0 AND is_paused THEN least(coalesce(t.amount, 0), m0) ELSE 0 END AS parted
    FROM accounts a JOIN periods p USING (period) LEFT JOIN to_pause t USING (period, customer_id)
    WHERE m0 <> m1
), moved AS (
    SELECT *, m1 - m0 + parted AS amount,
        CASE WHEN m0 = 0 AND NOT ever_paid THEN 'new'
             WHEN m0 = 0 AND was_paused THEN 'resumed'
             WHEN m0 = 0 THEN 'reactivation'
             WHEN m1 = 0 THEN 'churn'
             WHEN m1 > m0 THEN 'expansion'
             ELSE 'contraction' END AS movement
    FROM changed
    WHERE m1 - m0 + parted <> 0
    UNION ALL
    SELECT *, -parted, 'paused' FROM changed WHERE parted > 0
)
SELECT calendar, period_kind, period_start, customer_id, movement, 'USD' AS currency,
    CAST(amount AS DECIMAL(18, 4)) AS amount, CAST(amount AS DECIMAL(18, 4)) AS amount_reporting
FROM moved;

-- a refund counts net of tax, and once if there is a credit note of the same amount within a week of it
CREATE TEMP TABLE entries AS
WITH refunds AS (
    SELECT p.customer_id, p.attempted_at,
        CAST(round(CAST(p.amount AS DOUBLE) * CASE WHEN i.net_amount + coalesce(i.tax_amount, 0) > 0
            THEN CAST(i.net_amount AS DOUBLE) / CAST(i.net_amount + coalesce(i.tax_amount, 0) AS DOUBLE) ELSE 1 END, 4) AS DECIMAL(18, 4)) AS amount
    FROM payment p LEFT JOIN invoice i USING (invoice_id)
    WHERE p.status = 'refunded'
)
SELECT customer_id, issued_at AS happened_at, CASE WHEN kind = 'credit' THEN -abs(net_amount) ELSE net_amount END AS amount
FROM invoice
WHERE voided_at IS NULL
UNION ALL
SELECT customer_id, attempted_at, -amount
FROM refunds r
WHERE amount > 0 AND NOT EXISTS (
    SELECT 1 FROM invoice c
    WHERE c.kind = 'credit' AND c.voided_at IS NULL AND c.customer_id = r.customer_id AND abs(abs(c.net_amount) - r.amount) <= 0.01
        AND c.issued_at BETWEEN r.attempted_at - INTERVAL 7 DAY AND r.attempted_at + INTERVAL 7 DAY);

CREATE TEMP TABLE fct_customer_period AS
WITH months AS (
    SELECT a.*, p.calendar, p.period_kind, p.period_start, p.period_end, p.is_complete, p.starts_at, p.ends_at, p.last_day
    FROM accounts a JOIN periods p USING (period)
    WHERE p.period_kind = 'month'
), used AS (
    SELECT DISTINCT p.period, u.customer_id
    FROM usage u JOIN periods p ON u.day > p.last_day - getvariable('silent_days') AND u.day <= p.last_day
    WHERE u.events > 0 AND p.period_kind = 'month'
), earned AS (
    SELECT p.period, e.customer_id, sum(e.amount) AS revenue
    FROM entries e JOIN periods p ON e.happened_at >= p.starts_at AND e.happened_at < p.ends_at
    WHERE p.period_kind = 'month'
    GROUP BY p.period, e.customer_id
)
SELECT m.calendar, m.period_kind, m.period_start, m.period_end, m.is_complete, m.customer_id,
    CASE WHEN m.m1 > 0 AND m.is_past_due THEN 'past_due'
         WHEN m.m1 > 0 AND u.customer_id IS NULL AND m.first_paid_at < m.ends_at - to_days(getvariable('silent_days')) THEN 'inactive'
         WHEN m.m1 > 0 THEN 'active'
         WHEN m.is_paused THEN 'paused'
         WHEN m.is_trial THEN 'trial'
         WHEN m.ever_paid OR m.m0 > 0 THEN 'churned'
         ELSE 'prospect' END AS status,
    CAST(m.m0 AS DECIMAL(18, 4)) AS m0, CAST(m.m1 AS DECIMAL(18, 4)) AS m1, CAST(coalesce(e.revenue, 0) AS DECIMAL(18, 4)) AS revenue
FROM months m LEFT JOIN used u USING (period, customer_id) LEFT JOIN earned e USING (period, customer_id);

CREATE TEMP TABLE wide AS
WITH passed AS (
    SELECT p.period, f.customer_id
    FROM first_paid f JOIN periods p ON f.first_paid_at >= p.starts_at AND f.first_paid_at < p.ends_at
    WHERE NOT EXISTS (SELECT 1 FROM accounts a
        WHERE a.period = p.period AND a.customer_id = f.customer_id AND (a.m1 > 0 OR a.is_paused))
), endings AS (
    SELECT customer_id, ended_at, ended_reason IS NOT NULL AS stated, coalesce(ended_reason IN
        ('payment_failed', 'card_expired', 'dunning_exhausted', 'unpaid', 'tax_location_invalid'), false) AS involuntary
    FROM subscription
    WHERE ended_at IS NOT NULL
    UNION ALL
    SELECT customer_id, until_at, false, true FROM stretches WHERE status = 'past_due' AND until_at < TIMESTAMPTZ '9999-01-01'
), last_ending AS (
    SELECT p.period, e.customer_id, arg_max(e.involuntary, (e.ended_at, e.stated, e.involuntary)) AS involuntary
    FROM endings e JOIN periods p ON e.ended_at >= p.starts_at AND e.ended_at < p.ends_at
    GROUP BY p.period, e.customer_id
), standing AS (
    SELECT a.*, g.customer_id IS NOT NULL AS gone, coalesce(e.involuntary, false) AS involuntary,
        m0 = 0 AND m1 = 0 AND was_paused AND ever_paid AND NOT is_paused AND g.customer_id IS NULL AS from_pause,
        m0 > 0 AND m1 = 0 AND NOT is_paused AS stopped
    FROM accounts a LEFT JOIN passed g USING (period, customer_id) LEFT JOIN last_ending e USING (period, customer_id)
), counts AS (
    SELECT period, count_if(m0 > 0) AS customers_start, count_if(m1 > 0) AS customers_end,
        count_if(stopped OR from_pause) AS churned, count_if(m0 > 0 OR from_pause) AS base,
        count_if((stopped OR from_pause) AND involuntary) AS involuntary,
        count_if(m0 > 0 AND m1 = 0 AND is_paused) AS paused_customers,
        count_if(m0 = 0 AND m1 > 0 AND NOT ever_paid) AS new_customers,
        count_if(m0 = 0 AND m1 > 0 AND ever_paid AND was_paused) AS resumed_customers,
        count_if(m0 = 0 AND m1 > 0 AND ever_paid AND NOT was_paused) AS reactivated,
        count_if((m0 > 0 OR (was_paused AND ever_paid)) AND NOT gone) AS there,
        sum(m0) AS mrr_start, sum(m1) AS mrr_end,
        sum(least(m0, m1)) FILTER (m0 > 0) AS kept, sum(m1) FILTER (m0 > 0) AS grown
    FROM standing
    GROUP BY period
), moved AS (
    SELECT calendar, period_kind, period_start,
        abs(sum(amount_reporting) FILTER (movement = 'new')) AS new_mrr,
        abs(sum(amount_reporting) FILTER (movement = 'expansion')) AS expansion,
        abs(sum(amount_reporting) FILTER (movement = 'contraction')) AS contraction,
        abs(sum(amount_reporting) FILTER (movement = 'churn')) AS churn,
        abs(sum(amount_reporting) FILTER (movement = 'reactivation')) AS reactivation,
        abs(sum(amount_reporting) FILTER (movement = 'paused')) AS paused,
        abs(sum(amount_reporting) FILTER (movement = 'resumed')) AS resumed
    FROM fct_mrr_movement
    GROUP BY ALL
), seen AS (
    SELECT p.period, count(*) AS ever FROM first_paid f JOIN periods p ON f.first_paid_at < p.starts_at GROUP BY p.period
), gone AS (
    SELECT period, count(*) AS new_and_gone FROM passed GROUP BY period
), taken_in AS (
    SELECT p.period, sum(e.amount) AS revenue
    FROM entries e JOIN periods p ON e.happened_at >= p.starts_at AND e.happened_at < p.ends_at
    GROUP BY p.period
), buyers AS (
    SELECT p.period, count(DISTINCT i.customer_id) AS buying
    FROM invoice i JOIN periods p ON i.issued_at >= p.starts_at AND i.issued_at < p.ends_at
    WHERE i.kind <> 'credit' AND i.voided_at IS NULL AND i.net_amount > 0
    GROUP BY p.period
)
SELECT p.calendar, p.period_kind, p.period_start, p.period_end, p.is_complete,
    COLUMNS(* EXCLUDE (period, calendar, period_kind, period_start, period_end, is_complete, starts_at, ends_at, last_day, ever, there)),
    greatest(coalesce(s.ever, 0) - coalesce(c.there, 0), 0) AS pool
FROM periods p LEFT JOIN counts c USING (period) LEFT JOIN moved m USING (calendar, period_kind, period_start)
    LEFT JOIN seen s USING (period) LEFT JOIN gone g USING (period) LEFT JOIN taken_in t USING (period) LEFT JOIN buyers b USING (period);

CREATE TEMP TABLE kpi_period AS
WITH filled AS (
    SELECT calendar, period_kind, period_start, period_end, is_complete, coalesce(COLUMNS(
        * EXCLUDE (calendar, period_kind, period_start, period_end, is_complete)), 0)
    FROM wide
), told AS (
    SELECT calendar, period_kind, period_start, period_end, is_complete, unnest([
        {metric: 'customers_start', numerator: CAST(customers_start AS DECIMAL(38, 4)), denominator: CAST(NULL AS DECIMAL(38, 4)), divided: false},
        {metric: 'customers_end', numerator: customers_end, denominator: NULL, divided: false},
        {metric: 'customers_churned', numerator: churned, denominator: NULL, divided: false},
        {metric: 'customers_new', numerator: new_customers, denominator: NULL, divided: false},
        {metric: 'customers_reactivated', numerator: reactivated, denominator: NULL, divided: false},
        {metric: 'customers_new_and_gone', numerator: new_and_gone, denominator: NULL, divided: false},
        {metric: 'logo_churn_rate', numerator: churned, denominator: base, divided: true},
        {metric: 'logo_retention_rate', numerator: base - churned, denominator: base, divided: true},
        {metric: 'reactivation_rate', numerator: reactivated, denominator: pool, divided: true},
        {metric: 'customers_paused', numerator: paused_customers, denominator: NULL, divided: false},
        {metric: 'customers_resumed', numerator: resumed_customers, denominator: NULL, divided: false},
        {metric: 'voluntary_churn_rate', numerator: churned - involuntary, denominator: base, divided: true},
        {metric: 'involuntary_churn_rate', numerator: involuntary, denominator: base, divided: true},
        {metric: 'mrr_start', numerator: mrr_start, denominator: NULL, divided: false},
        {metric: 'mrr_end', numerator: mrr_end, denominator: NULL, divided: false},
        {metric: 'new_mrr', numerator: new_mrr, denominator: NULL, divided: false},
        {metric: 'expansion_mrr', numerator: expansion, denominator: NULL, divided: false},
        {metric: 'contraction_mrr', numerator: contraction, denominator: NULL, divided: false},
        {metric: 'churned_mrr', numerator: churn, denominator: NULL, divided: false},
        {metric: 'reactivation_mrr', numerator: reactivation, denominator: NULL, divided: false},
        {metric: 'paused_mrr', numerator: paused, denominator: NULL, divided: false},
        {metric: 'resumed_mrr', numerator: resumed, denominator: NULL, divided: false},
        {metric: 'fx_mrr', numerator: 0, denominator: NULL, divided: false},
        {metric: 'gross_revenue_retention', numerator: kept, denominator: mrr_start, divided: true},
        {metric: 'net_revenue_retention', numerator: grown, denominator: mrr_start, divided: true},
        {metric: 'arpa', numerator: mrr_end, denominator: customers_end, divided: true},
        {metric: 'quick_ratio', numerator: new_mrr + expansion + reactivation, denominator: contraction + churn, divided: true},
        {metric: 'revenue', numerator: revenue, denominator: NULL, divided: false},
        {metric: 'customers_buying', numerator: buying, denominator: NULL, divided: false}
    ]) AS figure
    FROM filled
)
SELECT calendar, period_kind, period_start, period_end, is_complete, 'all' AS dimension, 'all' AS dimension_value, 'default' AS convention,
    figure.metric, figure.numerator, figure.denominator,
    CASE WHEN figure.divided THEN CAST(figure.numerator AS DOUBLE) / nullif(CAST(figure.denominator AS DOUBLE), 0)
         ELSE CAST(figure.numerator AS DOUBLE) END AS value
FROM told;
