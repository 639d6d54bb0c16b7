"""Drivers of churn: how often customers of each band of each signal left, crudely and with the other signals the same."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.language.catalogue import ENGLISH, Said
from mandegar.metrics.run.marts import write_mart
from mandegar.metrics.service.confidence import CONFIDENCE
from mandegar.risk.drivers.adjusted import adjusted_odds
from mandegar.risk.drivers.bands import LEAST_CUSTOMERS, RESPONSE, UNANSWERED, Banded, banded, distinct_customers, response_bands
from mandegar.risk.drivers.crude import crude
from mandegar.storage.lake import Lake

CUSTOMER, SNAPSHOT, LEFT = "customer_id", "as_of", "left"
LEAST_OF_A_SIDE = 50
FALSE_DISCOVERIES = 0.05
ASSOCIATION = "association"
MART = "churn_driver"
TOO_FEW_LEFT = Said("customers who left: {}; it takes {}")
TOO_FEW_STAYED = Said("customers who stayed: {}; it takes {}")

FIGURES = (
    *("churn_rate", "churn_rate_low", "churn_rate_high", "lift", "lift_low", "lift_high"),
    *("adjusted_odds_ratio", "adjusted_low", "adjusted_high", "p_adjusted"),
)
SCHEMA = pa.schema(
    [
        ("feature", pa.string()),
        ("band", pa.string()),
        ("band_order", pa.int64()),
        ("customers", pa.int64()),
        ("churned", pa.int64()),
        *((name, pa.float64()) for name in FIGURES),
        ("is_notable", pa.bool_()),
        ("kind", pa.string()),
    ]
)


@dataclass(frozen=True)
class Drivers:
    """The rows of churn_driver; why_none: in words, where there are none."""

    rows: pa.Table
    why_none: Said | None = None


def drivers(snapshots: pd.DataFrame | pa.Table, locale: str = ENGLISH) -> Drivers:
    """What goes together with leaving.

    snapshots: one row per customer_id and as_of, with `left` (true where the customer left within the horizon); every other column is a
    signal: numbers, booleans or texts, empty where not known. response_unanswered is no signal of its own but a band of response_hours.
    Grain: one row per feature and band of at least LEAST_CUSTOMERS customers; none where fewer than LEAST_OF_A_SIDE left, or stayed.
    Columns: band, band_order (from 1 on); customers and churned, each customer counted at every snapshot; churn_rate with its interval;
    lift: that over everybody's churn rate, with its interval; adjusted_odds_ratio with its interval: the odds of leaving against those of
    the feature's other known bands, with all other features and the snapshot's day the same (adjusted.py); p_adjusted: its p value by
    Benjamini and Hochberg over all rows; is_notable: that is below 5 %, so of all notable rows about one in twenty is chance; kind:
    association.
    """
    frame = snapshots.to_pandas() if isinstance(snapshots, pa.Table) else snapshots
    frame = frame.sort_values([CUSTOMER, SNAPSHOT], kind="stable").reset_index(drop=True)
    left = frame[LEFT].to_numpy(dtype=bool)
    customers = pd.factorize(frame[CUSTOMER])[0]
    leavers = len(np.unique(customers[left]))
    everybody = len(np.unique(customers))
    for count, words in ((leavers, TOO_FEW_LEFT), (everybody - leavers, TOO_FEW_STAYED)):
        if count < LEAST_OF_A_SIDE:
            return Drivers(SCHEMA.empty_table(), words.of(f"{count:,}", str(LEAST_OF_A_SIDE)))
    features = [one for one in _features(frame, customers, locale) if len(one.names) > 1]
    if not features:
        return Drivers(SCHEMA.empty_table())
    days = pd.factorize(frame[SNAPSHOT], sort=True)[0]
    codes, known = [one.codes for one in features], [one.known for one in features]
    if days.max():
        codes, known = [*codes, days], [*known, int(days.max()) + 1]
    found = adjusted_odds(codes, known, left, customers)
    rows, place = [], 0
    for one in features:
        enough = distinct_customers(one.codes, customers, len(one.names)) >= LEAST_CUSTOMERS
        for code, name in enumerate(one.names):
            if enough[code]:
                band = {"feature": one.feature, "band": name, "band_order": code + 1}
                rows.append(band | _figures(one.codes == code, left, customers, found.log_odds[place], found.std_error[place]))
            place += 1
    return Drivers(pa.Table.from_pylist(_corrected(rows), SCHEMA))


def write_drivers(lake: Lake, engine: Engine, found: Drivers, as_of: date, closes: datetime) -> int:
    """Writes a night's churn_driver to lake/marts; gives its rows. A night that does not write it publishes none."""
    return write_mart(lake, engine, MART, engine.table(found.rows), as_of, closes)


def _features(frame: pd.DataFrame, customers: np.ndarray, locale: str) -> list[Banded]:
    found = []
    for name in sorted(set(frame.columns) - {CUSTOMER, SNAPSHOT, LEFT, UNANSWERED}):
        if name == RESPONSE:
            found.append(response_bands(frame[name], frame.get(UNANSWERED), locale))
        elif frame[name].notna().any():
            found.append(banded(name, frame[name], customers, locale))
    return found


def _figures(in_band: np.ndarray, left: np.ndarray, customers: np.ndarray, log_odds: float, std_error: float) -> dict:
    from scipy import stats

    plain = crude(in_band, left, customers)
    reach = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * std_error
    odds = [float(np.exp(value)) for value in (log_odds, log_odds - reach, log_odds + reach)]
    p = float(2 * stats.norm.sf(abs(log_odds) / std_error))
    return {"customers": plain.customers, "churned": plain.churned, **dict(zip(FIGURES, (*plain.rate, *plain.lift, *odds, p), strict=True))}


def benjamini_hochberg(p: list[float]) -> list[float]:
    """p values as they are among so many: below a share q are those of which a share q at most is expected to be chance.

    Source: Benjamini and Hochberg 1995, Controlling the False Discovery Rate, JRSS B 57.
    """
    from scipy import stats

    return [float(one) for one in stats.false_discovery_control(p, method="bh")] if p else []


def _corrected(rows: list[dict]) -> list[dict]:
    corrected = benjamini_hochberg([row["p_adjusted"] for row in rows])
    return [
        row | {"p_adjusted": p, "is_notable": p < FALSE_DISCOVERIES, "kind": ASSOCIATION} for row, p in zip(rows, corrected, strict=True)
    ]
