"""All that is known of each customer on the evening of a day, side by side: what health scores, models and rules look at."""

import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.risk.evening import Evening
from mandegar.risk.features import buying, contract, payments, service, touches, traits, usage
from mandegar.risk.features.there import customers_there, gone_lately, invoices_of, mrr_intervals_of
from mandegar.risk.sentiment.model import Sentiment
from mandegar.risk.sentiment.score import SCHEMA as SENTIMENT
from mandegar.risk.sentiment.score import sentiment


def features(evening: Evening, engine: Engine, feeling: Sentiment | None = None) -> ir.Table:
    """What is known of everyone who can still leave, strictly as of the day.

    Grain: one row per customer who can still leave. Columns: annual_value, in the company's currency; the signals of the modules of
    this package, as doubles, money in the company's currency; traits, as text. What nobody measured is empty. feeling: by which texts
    are read (risk.sentiment), if anything was learnt of them.
    """
    intervals, invoices = mrr_intervals_of(evening, engine), invoices_of(evening, engine)
    there = engine.keep(customers_there(evening, intervals, invoices))
    gone = gone_lately(evening, intervals, invoices, there, traits.NEIGHBOURS_WITHIN)
    of_the_kind = (
        [contract.contract(evening), contract.paid(evening, intervals)]
        if intervals is not None
        else [buying.buying(evening, invoices), buying.returns(evening, invoices)]
    )
    parts = [
        *of_the_kind,
        payments.payments(evening),
        payments.bills(evening),
        usage.usage(evening),
        usage.key_feature(evening),
        service.support(evening),
        service.feedback(evening),
        touches.touches(evening),
        traits.neighbours(evening, there, gone),
        traits.traits(evening, engine),
        sentiment(evening, feeling, engine) if feeling else _without_sentiment(engine),
    ]
    wide = there
    for part in parts:
        joined = wide.join(part, "customer_id", how="left")
        wide = joined.select(*wide.columns, *(name for name in part.columns if name != "customer_id"))
    return wide


def _without_sentiment(engine: Engine) -> ir.Table:
    """The columns of sentiment, known of nobody."""
    return engine.table(SENTIMENT.empty_table())
