"""What customers' texts of the last months say, one row per customer."""

from datetime import timedelta

import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.risk.evening import Evening
from mandegar.risk.sentiment.model import Sentiment
from mandegar.risk.sentiment.texts import SURVEY, TICKET, recent_texts
from mandegar.time.calendar import midnight

RECENT_DAYS = 60
BEFORE_DAYS = 120
DIGITS = 6  # a sum whose order the engine chooses ends alike
BEFORE = "before"
PARTS = (TICKET, SURVEY, BEFORE)
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("ticket_sentiment", pa.float64()),
        ("survey_sentiment", pa.float64()),
        ("sentiment_change", pa.float64()),
        ("sentiment_texts", pa.float64()),
    ]
)


def sentiment(evening: Evening, model: Sentiment, engine: Engine) -> ir.Table:
    """How satisfied customers sound.

    Grain: one row per customer_id with a text of the last 180 days in a language of the model. Columns: ticket_sentiment,
    survey_sentiment: the mean of the last 60 days' texts, -1 to 1, empty without one; sentiment_change: the mean of all texts of the last
    60 days less that of the 120 days before, empty where either has none; sentiment_texts: how many texts of the last 60 days that is.
    """
    sums: dict[str, dict[str, list[float]]] = {}
    recent = midnight(evening.as_of + timedelta(days=1 - RECENT_DAYS), evening.company.zone)
    oldest = midnight(evening.as_of + timedelta(days=1 - RECENT_DAYS - BEFORE_DAYS), evening.company.zone)
    for batch in recent_texts(evening, engine, oldest):
        scored = zip(batch["customer_id"], batch["source"], batch["written_at"], model.scores(batch["text"]), strict=True)
        for customer, source, written_at, score in scored:
            if score is not None:
                sum_ = sums.setdefault(customer, {part: [0.0, 0.0] for part in PARTS})[source if written_at >= recent else BEFORE]
                sum_[0] += score
                sum_[1] += 1
    rows = [{"customer_id": customer, **_figures(sums[customer])} for customer in sorted(sums)]
    return engine.table(pa.Table.from_pylist(rows, SCHEMA))


def _figures(parts: dict[str, list[float]]) -> dict[str, float | None]:
    now = [sum(parts[source][place] for source in (TICKET, SURVEY)) for place in (0, 1)]
    late, early = _mean(*now), _mean(*parts[BEFORE])
    return {
        "ticket_sentiment": _mean(*parts[TICKET]),
        "survey_sentiment": _mean(*parts[SURVEY]),
        "sentiment_change": None if late is None or early is None else round(late - early, DIGITS),
        "sentiment_texts": now[1],
    }


def _mean(total: float, count: float) -> float | None:
    return round(total / count, DIGITS) if count else None
