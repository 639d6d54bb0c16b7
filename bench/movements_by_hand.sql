-- The MRR movements of every month, as a person would write them in DuckDB's own SQL. Parameters: versions, periods.
WITH seen AS (
    SELECT *, lag(status) OVER w AS was FROM versions WINDOW w AS (PARTITION BY subscription_id ORDER BY valid_from)
), runs AS (
    SELECT *, max(CASE WHEN status = 'past_due' AND was IS DISTINCT FROM 'past_due' THEN valid_from END)
        OVER (PARTITION BY subscription_id ORDER BY valid_from) AS since FROM seen
), stretches AS (
    SELECT customer_id, subscription_id, status, valid_from AS from_at,
        CASE WHEN status = 'past_due' THEN least(valid_to, since + INTERVAL 30 DAY) ELSE valid_to END AS until_at,
        CASE WHEN status IN ('active', 'past_due') THEN CAST(CAST(greatest(quantity * unit_price - coalesce(discount, 0), 0) AS DECIMAL(18, 4))
            * CAST(CASE interval_unit WHEN 'year' THEN 0.08333333333333333 WHEN 'month' THEN 1 END AS DECIMAL(19, 17)) AS DECIMAL(18, 4))
            ELSE 0 END AS mrr
    FROM runs WHERE status IN ('active', 'past_due', 'paused')
), paid AS (
    SELECT *, coalesce(until_at, TIMESTAMPTZ '9999-01-01') AS end_at FROM stretches
    WHERE mrr > 0 AND (until_at IS NULL OR until_at > from_at)
), reached AS (
    SELECT *, max(end_at) OVER w AS reach, lead(from_at) OVER w AS next_at FROM paid
    WINDOW w AS (PARTITION BY customer_id ORDER BY from_at, subscription_id)
), bridged AS (
    SELECT customer_id, from_at, mrr, CASE WHEN end_at = reach AND next_at > reach AND next_at < reach + INTERVAL 1 DAY
        THEN next_at ELSE until_at END AS until_at FROM reached
), first AS (SELECT customer_id, min(from_at) AS first_at FROM bridged GROUP BY ALL
), instants AS (SELECT starts_at AS at FROM periods UNION SELECT ends_at FROM periods
), held AS (
    SELECT i.at, b.customer_id, sum(b.mrr) AS mrr FROM bridged b
    JOIN instants i ON b.from_at < i.at AND (b.until_at IS NULL OR b.until_at >= i.at) GROUP BY ALL
), paused AS (
    SELECT DISTINCT i.at, s.customer_id FROM stretches s
    JOIN instants i ON s.from_at < i.at AND (s.until_at IS NULL OR s.until_at >= i.at) WHERE s.status = 'paused'
), account AS (
    SELECT period_start, starts_at, ends_at, customer_id, sum(m0) AS m0, sum(m1) AS m1 FROM (
        SELECT p.period_start, p.starts_at, p.ends_at, h.customer_id, h.mrr AS m0, 0 AS m1 FROM held h JOIN periods p ON h.at = p.starts_at
        UNION ALL
        SELECT p.period_start, p.starts_at, p.ends_at, h.customer_id, 0, h.mrr FROM held h JOIN periods p ON h.at = p.ends_at
    ) GROUP BY ALL
)
SELECT b.period_start, b.customer_id,
    CASE WHEN m0 = 0 AND f.first_at >= b.starts_at THEN 'new'
         WHEN m0 = 0 AND p0.at IS NOT NULL THEN 'resumed'
         WHEN m0 = 0 THEN 'reactivation'
         WHEN m1 = 0 AND p1.at IS NOT NULL THEN 'paused'
         WHEN m1 = 0 THEN 'churn'
         WHEN m1 > m0 THEN 'expansion' ELSE 'contraction' END AS movement,
    m1 - m0 AS amount
FROM account b
JOIN first f USING (customer_id)
LEFT JOIN paused p0 ON p0.customer_id = b.customer_id AND p0.at = b.starts_at
LEFT JOIN paused p1 ON p1.customer_id = b.customer_id AND p1.at = b.ends_at
WHERE m0 <> m1
