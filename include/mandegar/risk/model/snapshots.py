"""Snapshots: what was known of the customers on evenings of the past, and who of them left afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.lifecycle.spells import spans, spells
from mandegar.risk import health as healths
from mandegar.risk.evening import Evening
from mandegar.risk.features.kept import is_month_end, kept_features
from mandegar.risk.sentiment.model import Sentiment
from mandegar.storage.lake import Lake
from mandegar.time.local_days import number

if TYPE_CHECKING:
    import pandas as pd

MOST_MONTHS = 36
MOST_ROWS = 400_000
LARGE = 2_147_483_647
LEFT_AFTER, OBSERVED, HEALTH, SNAPSHOT = "left_after", "observed_days", "health_score", "snapshot"
BESIDE = ("customer_id", SNAPSHOT, LEFT_AFTER, OBSERVED, HEALTH)  # columns that are no features


@dataclass(frozen=True)
class Snapshots:
    """Customers on evenings of the past.

    rows: one per customer and snapshot, oldest first: the features; `left_after`, the days after which the customer left, empty if it did
    not; `observed_days`, how many days are known since; `health_score` of that evening. share: of the customers, who were taken.
    """

    rows: "pd.DataFrame"
    dates: tuple[date, ...]
    share: float = 1.0


def snapshot_dates(first: date, as_of: date, shortest_horizon: int) -> list[date]:
    """The ends of months after which so many days are known, the last 36 of them, oldest first."""
    last = as_of - timedelta(days=shortest_horizon)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if is_month_end(day)][-MOST_MONTHS:]


def snapshots(
    evening: Evening,
    night: MeasuredNight,
    lake: Lake,
    engine: Engine,
    dates: list[date],
    say: Callable[[str], None],
    feeling: Sentiment | None = None,
) -> Snapshots:
    """The snapshots of the named dates, as the lake kept them; those it did not keep are made of what is known tonight.

    evening, night: tonight. Of more rows than 400,000, some customers are taken, always whole.
    """
    import pandas as pd

    spell = engine.keep(spells(spans(night)).select("customer_id", "from_day", "until_day"))
    health = healths.load(evening.company)
    tables, counts = [], []
    for day in dates:
        say(f"  features of {day}")
        rows = kept_features(evening.at(day), lake, engine, feeling)
        tables.append((day, rows))
        counts.append(engine.count(rows))
    share = min(1.0, MOST_ROWS / max(sum(counts), 1))
    frames = [_frame(engine, rows, spell, health, day, evening.as_of, share) for day, rows in tables]
    whole = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(BESIDE))
    return Snapshots(whole, tuple(dates), share)


def _frame(engine: Engine, rows: ir.Table, spell: ir.Table, health: healths.Health, day: date, as_of: date, share: float) -> "pd.DataFrame":
    """One snapshot with what became of its customers, ordered by customer."""
    import numpy as np

    here, over = number(day), number(as_of) + 1
    taken = rows.filter(rows.customer_id.hash().abs() % LARGE < int(share * LARGE)) if share < 1.0 else rows
    life = spell.filter((spell.from_day <= here) & (spell.until_day > here))
    joined = taken.left_join(life.select("customer_id", "until_day"), "customer_id")
    left = (joined.until_day < over).ifelse(joined.until_day - here, ibis.null("int64"))
    scored = healths.health_scores(taken, health)
    found = joined.select(*taken.columns, **{LEFT_AFTER: left.cast("float64"), OBSERVED: ibis.literal(float(over - 1 - here))})
    beside = found.left_join(scored, "customer_id")
    numbers = {name: beside[name].cast("float32") for name, kind in taken.schema().items() if kind.is_numeric()}
    told = beside.select(*found.columns, **{HEALTH: beside[HEALTH].fill_null(100.0)}).mutate(
        **{name: ibis._[name].cast("float32") for name in numbers}
    )
    frame = engine.arrow(told.order_by("customer_id")).to_pandas()
    for name in frame.columns:
        if name in numbers:
            frame[name] = frame[name].astype("float32")
    frame[SNAPSHOT] = np.int32(here)
    return frame
