"""Scoring: the probabilities of one night's customers, and why."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.risk.health import REASONS, Health
from mandegar.risk.model.drift import counts_of
from mandegar.risk.model.settings import ModelSettings
from mandegar.risk.model.version import ChurnModel
from mandegar.risk.reasons.reasons import ACTIONS, told_reasons, with_signals

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TOLD = [(f"reason_{number + 1}", f"reason_code_{number + 1}") for number in range(REASONS)]
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("health_score", pa.float64()),
        ("churn_probability", pa.float64()),
        ("churn_probability_30", pa.float64()),
        ("churn_probability_60", pa.float64()),
        ("churn_probability_90", pa.float64()),
        ("days_to_churn", pa.float64()),
        ("risk_band", pa.string()),
        ("action", pa.string()),
        *((name, pa.string()) for pair in TOLD for name in pair),
    ]
)


@dataclass
class Scored:
    """The rows of one night (SCHEMA), and how features and scores are spread among them: counts per bin of the model's references."""

    parts: list[pa.Table] = field(default_factory=list)
    spread: dict[str, "np.ndarray"] = field(default_factory=dict)

    @property
    def rows(self) -> pa.Table:
        """All rows."""
        return pa.concat_tables(self.parts) if self.parts else SCHEMA.empty_table()


def score_customers(model: ChurnModel, signals: ir.Table, health: Health, settings: ModelSettings, engine: Engine, locale: str) -> Scored:
    """The probability of leaving of each customer, in batches.

    signals: the features, with health_score and the reasons and action that the health signals give.
    """
    scored = Scored()
    for batch in engine.batches(signals):
        if batch.num_rows:
            _score(model, batch.to_pandas(), health, settings, locale, scored)
    return scored


def _score(model: ChurnModel, rows: "pd.DataFrame", health: Health, settings: ModelSettings, locale: str, scored: Scored) -> None:
    import numpy as np

    matrix = model.matrix(rows)
    told = model.probabilities(matrix)
    probability = told[model.horizon]
    for name, counts in counts_of(model, matrix, probability).items():
        scored.spread[name] = scored.spread.get(name, 0) + counts
    high, medium = (settings.bands.high * model.base_rate, settings.bands.medium * model.base_rate)
    band = np.where(probability >= high, "high", np.where(probability >= medium, "medium", "low"))
    told_as = {name: rows[name].to_numpy(dtype=object).copy() for pair in TOLD for name in pair}
    actions = rows["action"].to_numpy(dtype=object).copy()
    wanted = np.flatnonzero(band != "low")
    if len(wanted):
        found = told_reasons(rows.iloc[wanted], model.contributions(matrix[wanted]), model.encoding.names, locale)
        of_signal = {name: signal.action for name, signal in health.signals.items()}
        for place, mine in zip(wanted, found, strict=True):
            signals = [(told_as[code][place], told_as[text][place]) for text, code in TOLD]
            reasons = with_signals(mine, [one for one in signals if isinstance(one[0], str)])
            for number, (text, code) in enumerate(TOLD):
                told_as[code][place], told_as[text][place] = reasons[number] if number < len(reasons) else (None, None)
            if reasons:
                actions[place] = of_signal.get(reasons[0][0]) or ACTIONS.get(reasons[0][0], "watch")
    columns: dict[str, object] = {
        "customer_id": rows["customer_id"],
        "health_score": rows["health_score"],
        "churn_probability": probability,
        **{f"churn_probability_{days}": values for days, values in told.items()},
        "days_to_churn": np.round(model.hazards.median_days(told[max(told)])),
        "risk_band": band,
        "action": actions,
        **told_as,
    }
    scored.parts.append(pa.table({name: pa.array(columns[name], SCHEMA.field(name).type, from_pandas=True) for name in SCHEMA.names}))
