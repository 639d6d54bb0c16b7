"""RFM: buyers scored by how lately, how often and for how much they bought."""

import ibis
import ibis.expr.types as ir

QUINTILES = 5
# Segment: from and to which recency and frequency score; together they cover every pair once
SEGMENTS = {
    "champions": ((5, 5), (4, 5)),
    "loyal": ((3, 4), (4, 5)),
    "potential_loyalist": ((4, 5), (2, 3)),
    "new_customers": ((5, 5), (1, 1)),
    "promising": ((4, 4), (1, 1)),
    "need_attention": ((3, 3), (3, 3)),
    "about_to_sleep": ((3, 3), (1, 2)),
    "cannot_lose": ((1, 2), (5, 5)),
    "at_risk": ((1, 2), (3, 4)),
    "hibernating": ((1, 2), (1, 2)),
}


def rfm(buyers: ir.Table) -> ir.Table:
    """The scores and the segment of every buyer.

    Grain: that of buyers, one row per customer_id. Columns: recency_score, frequency_score, monetary_score, 1 to 5, 5 the best
    fifth; rfm_segment, one of SEGMENTS.
    Formula: quintiles of the rank (SQL's NTILE): of recency_days, the fewest best; of purchases; of revenue. Equal customers are
    ranked by the other two, then by customer_id, so that a score never depends on the order of rows; where the count is not a
    multiple of five the lower fifths are larger by one.
    buyers: customer_id, recency_days, purchases and revenue, all net of what was cancelled (metrics.purchases.purchase_history).
    Source: Hughes 1994, Strategic Database Marketing (quintiles); the segments' names are the field's usual ones.
    """
    late, often, much = buyers.recency_days.desc(), buyers.purchases.asc(), buyers.revenue.asc()
    who = buyers.customer_id.asc()
    scored = buyers.mutate(
        recency_score=_fifth([late, often, much, who]),
        frequency_score=_fifth([often, late, much, who]),
        monetary_score=_fifth([much, late, often, who]),
    )
    named = ibis.cases(
        *(
            (scored.recency_score.between(*recency) & scored.frequency_score.between(*frequency), name)
            for name, (recency, frequency) in SEGMENTS.items()
        )
    )
    return scored.select("customer_id", "recency_score", "frequency_score", "monetary_score", rfm_segment=named)


def _fifth(order: list[ir.Value]) -> ir.IntegerValue:
    return (ibis.ntile(QUINTILES).over(order_by=order) + 1).cast("int64")
