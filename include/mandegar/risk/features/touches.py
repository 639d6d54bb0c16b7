"""What touches show: mails that are opened or not, and visits to the page of prices."""

import ibis
import ibis.expr.types as ir

from mandegar.risk.evening import Evening

MAILS_OF, VISITS_OF = 180, 30
PRICES = ("pric", "قیمت")


def touches(evening: Evening) -> ir.Table:
    """What is known of the touches of the past 180 days, one row per customer_id that had any.

    mails_opened_percent: of the campaigns sent by mail, those opened; days_since_open; visits, of the past 30 days: touches of kind
    `visited`; price_visits: those whose topic (or else campaign_id), for a visit the page, names prices; called: calls of 180 days.
    """
    seen = evening.entities["interaction"]
    seen = seen.filter(seen.occurred_at >= evening.since(MAILS_OF)).mutate(kind=seen.kind.lower())
    visited = (seen.kind == "visited") & (seen.occurred_at >= evening.since(VISITS_OF))
    page = seen.topic.coalesce(seen.campaign_id, "").lower()
    prices = page.contains(PRICES[0]) | page.contains(PRICES[1])
    wide = seen.group_by("customer_id").agg(
        sent=seen.campaign_id.nunique(where=seen.kind == "sent").cast("float64"),
        opened=seen.campaign_id.nunique(where=seen.kind == "opened").cast("float64"),
        days_since_open=evening.days_since(seen.occurred_at.max(where=seen.kind == "opened")),
        visits=visited.sum().cast("float64"),
        price_visits=(visited & prices).sum().cast("float64"),
        called=(seen.kind == "called").sum().cast("float64"),
    )
    return wide.mutate(mails_opened_percent=100.0 * ibis.least(wide.opened / wide.sent.nullif(0.0), 1.0)).drop("sent", "opened")
