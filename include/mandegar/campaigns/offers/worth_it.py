"""To whom an offer is worth what it costs."""

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.file.words import Offer

RENEWS_BY_ITSELF = "term_ends_auto"
AT_RISK = ("high", "medium")
STAYS = "renews by itself and is not at risk"
LEAVES_IF_UNKNOWN = 1.0  # the probability of who has left already, and of all where no model says: all of their value is at stake
NOTHING = ibis.null("string")


def against(rows: ir.Table, offer: Offer) -> ir.StringValue:
    """Why a customer does not get an offer; empty where nothing speaks against it.

    Who renews by itself and is not at risk stays without it. Expected saving = churn_probability x value x uplift, expected cost =
    cost x value, whoever takes it; an offer is made only where the first is larger. Where no model says how probable it is that they
    leave, the second is not asked.
    """
    renews = (rows.reason_code == RENEWS_BY_ITSELF).fill_null(False) & ~rows.risk_band.isin(AT_RISK).fill_null(False)
    tests = [] if offer.to_auto_renewing else [(renews, STAYS)]
    if offer.cost is not None and offer.uplift is not None:
        gain = rows.churn_probability * offer.uplift
        tests.append(((gain <= offer.cost).fill_null(False), "costs more than it can be expected to save"))
    return ibis.cases(*tests, else_=NOTHING) if tests else NOTHING
