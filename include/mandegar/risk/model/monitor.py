"""Whether the live model can still be trusted: drift, inputs that went missing, and what became of its earlier predictions."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import ibis
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.language.catalogue import Said
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.lifecycle.spells import spans, spells
from mandegar.risk.model.drift import SCORE, psi
from mandegar.risk.model.judgement import calibration_error
from mandegar.risk.model.settings import ModelSettings
from mandegar.risk.model.version import ChurnModel
from mandegar.storage.lake import Lake
from mandegar.time.local_days import number

if TYPE_CHECKING:
    import numpy as np

MISSING_NOW, KNOWN_THEN = 0.01, 0.2  # a feature known of fewer now, and of more where the model was calibrated, has gone missing
FEWEST_LEFT = 20  # departures from which on matured predictions are judged
MATURED_WITHIN = 10  # days by which the night that predicted may be older than the horizon
SCHEMA = pa.schema(
    [
        ("measure", pa.string()),
        ("name", pa.string()),
        ("model_version", pa.string()),
        ("value", pa.float64()),
        ("limit_value", pa.float64()),
        ("status", pa.string()),
        ("detail", pa.string()),
    ]
)

DRIFTED = Said("the scores have moved away from those the model was calibrated on (PSI {0})")
MANY_DRIFTED = Said("{0} features have moved away from where the model was calibrated")
GONE = Said("a feature that the model needs is not known any more: {name}")
UNCALIBRATED = Said("what it predicted did not come: calibration error {0}")
UNRANKED = Said("who it put first did not leave first: AUC {0}")


@dataclass(frozen=True)
class Check:
    """One thing looked at. failed: the night goes by the health score; warned: somebody should look."""

    measure: str
    name: str
    value: float | None
    limit: float | None
    status: Literal["ok", "warned", "failed"]
    said: Said | None = None


def checks(model: ChurnModel, spread: dict[str, "np.ndarray"], settings: ModelSettings) -> list[Check]:
    """What tonight's features and scores say: drift by the population stability index, and features that have gone missing."""
    limits = settings.limits
    found = []
    moved = psi(model.references[SCORE], spread[SCORE])
    far = moved > limits.score_drift
    found.append(
        Check("score_drift", SCORE, moved, limits.score_drift, "failed" if far else "ok", DRIFTED.of(f"{moved:.2f}") if far else None)
    )
    drifted = 0
    for column in model.encoding.columns:
        counts, reference = spread[column.name], model.references[column.name]
        known, then = 1.0 - float(counts[-1]) / max(float(counts.sum()), 1.0), 1.0 - reference.shares[-1]
        if then >= KNOWN_THEN and known < MISSING_NOW:
            found.append(Check("feature_known", column.name, known, MISSING_NOW, "failed", GONE.of(name=column.name)))
            continue
        moved = psi(reference, counts)
        drifted += moved > limits.feature_drift
        found.append(Check("feature_drift", column.name, moved, limits.feature_drift, "warned" if moved > limits.feature_drift else "ok"))
    many = drifted > limits.drifted_features
    said = MANY_DRIFTED.of(str(drifted)) if many else None
    found.append(Check("features_drifted", "(all)", float(drifted), float(limits.drifted_features), "warned" if many else "ok", said))
    return found


def matured(night: MeasuredNight, lake: Lake, engine: Engine, settings: ModelSettings) -> list[Check]:
    """What became of the predictions of the night that was a horizon ago, or up to ten days before that; none if it made none."""
    from sklearn.metrics import roc_auc_score

    horizon = settings.horizon_days
    told = night_that_predicted(lake, night.as_of, horizon)
    if told is None:
        return []
    risk = engine.read(lake, "marts", "customer_risk", [told])
    if "churn_probability" not in risk.columns:
        return []
    risk = risk.filter(risk.churn_probability.notnull()).select("customer_id", "churn_probability")
    spell = spells(spans(night))
    life = spell.filter((spell.from_day <= number(told)) & (spell.until_day > number(told))).select("customer_id", "until_day")
    joined = risk.left_join(life, "customer_id")
    gone = (joined.until_day <= number(told) + horizon).fill_null(False)
    rows = engine.arrow(joined.select("churn_probability", left=gone.ifelse(ibis.literal(1.0), 0.0)))
    probability, left = (rows[name].to_numpy() for name in ("churn_probability", "left"))
    if not FEWEST_LEFT <= left.sum() < len(left):
        return [Check("matured_departures", told.isoformat(), float(left.sum()), float(FEWEST_LEFT), "ok")]
    auc, error, limits = float(roc_auc_score(left, probability)), calibration_error(probability, left), settings.limits
    badly, wrongly = auc < limits.ranking, error > limits.calibration_error
    return [
        Check("matured_departures", told.isoformat(), float(left.sum()), float(FEWEST_LEFT), "ok"),
        Check(
            "matured_auc", told.isoformat(), auc, limits.ranking, "failed" if badly else "ok", UNRANKED.of(f"{auc:.2f}") if badly else None
        ),
        Check(
            "matured_calibration_error",
            told.isoformat(),
            error,
            limits.calibration_error,
            "failed" if wrongly else "ok",
            UNCALIBRATED.of(f"{error:.3f}") if wrongly else None,
        ),
    ]


def rows_of(found: list[Check], version: str, locale: str) -> pa.Table:
    """The checks as rows of model_health."""
    told = [
        {
            "measure": one.measure,
            "name": one.name,
            "model_version": version,
            "value": one.value,
            "limit_value": one.limit,
            "status": one.status,
            "detail": one.said.told(locale) if one.said else None,
        }
        for one in found
    ]
    return pa.Table.from_pylist(told, SCHEMA)


def night_that_predicted(lake: Lake, as_of: date, horizon: int) -> date | None:
    """The night whose predictions have matured: a horizon ago, or up to ten days before that; None if none was scored then."""
    latest = as_of - timedelta(days=horizon)
    nights = [receipt.as_of for receipt in lake.receipts("marts", "customer_risk")]
    near = [day for day in nights if latest - timedelta(days=MATURED_WITHIN) <= day <= latest]
    return max(near, default=None)
