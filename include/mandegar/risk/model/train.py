"""Training: from snapshots of the past to a challenger that is judged, kept, and goes live only if it is better."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from mandegar.compute import code_version
from mandegar.errors import BrokenModel
from mandegar.language.catalogue import Said
from mandegar.risk.model import judgement, leakage
from mandegar.risk.model.calibration import Calibration, platt
from mandegar.risk.model.cross_validated import CrossValidated, cross_validated
from mandegar.risk.model.curves import by_segment, curves
from mandegar.risk.model.drift import references
from mandegar.risk.model.encoding import learn_encoding
from mandegar.risk.model.fitting import Part, Parts, learnt_by, left_within
from mandegar.risk.model.hazards import Hazards, learn_hazards
from mandegar.risk.model.judgement import Comparison, Figures, compared, figures
from mandegar.risk.model.learners import SEED, Learnt
from mandegar.risk.model.periods import SCALES, Periods, purged
from mandegar.risk.model.registry import HEALTH_SCORE, Registry
from mandegar.risk.model.settings import HORIZONS, ModelSettings
from mandegar.risk.model.snapshots import BESIDE, HEALTH, LEFT_AFTER, OBSERVED, SNAPSHOT, Snapshots
from mandegar.risk.model.version import ChurnModel
from mandegar.time.local_days import number

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CODE = ("risk.model", "risk.features")
EXPLAINED = 20_000  # rows that say how much each feature counts

TOO_FEW = Said("fewer than {0} customers on an evening: {1}")
TOO_YOUNG = Said("fewer than {0} months of history: {1}")
NOBODY_LEFT = Said("nobody ever left")
TOO_FEW_LEFT = Said("fewer than {0} departures to learn from, or {1} to judge by: {2} and {3}")
NO_HOLD_OUT = Said("the history does not last for a temporal hold-out of {0} days")


@dataclass(frozen=True)
class Judged:
    """One way to tell who leaves, on the period that none of them has seen. curve: mean probability, churn share, customers by tenth."""

    name: str
    figures: Figures
    probability: "np.ndarray" = field(repr=False)
    curve: tuple[tuple[float, float, int], ...] = ()


@dataclass(frozen=True)
class Trained:
    """What became of a training.

    refused: why there is no model, and then, if one evening allows it, what one would have been worth (cross_validated). Else version, its
    figures beside those of the others, the comparison with what was live, what the leakage alarm told, and whether it went live.
    """

    as_of: date
    refused: Said | None = None
    cross_validated: CrossValidated | None = None
    version: str | None = None
    went_live: bool = False
    judged: tuple[Judged, ...] = ()
    comparison: Comparison | None = None
    alarms: tuple[str, ...] = ()
    card: dict = field(default_factory=dict)


def train_on(found: Snapshots, registry: Registry, as_of: date, settings: ModelSettings, say: Callable[[str], None]) -> Trained:
    """Learns and judges a challenger from snapshots."""
    refused, periods = _refused(found, as_of, settings)
    if refused is not None or periods is None:
        return Trained(as_of, refused=refused, cross_validated=cross_validated(found, settings, say))
    say("learning")
    horizon = settings.horizon_days
    of_purpose = {name: _rows(found.rows, days) for name, days in vars(periods).items()}
    encoding = learn_encoding(of_purpose["learn"], without=BESIDE)
    parts = {name: Part(rows, encoding.matrix(rows)) for name, rows in of_purpose.items()}
    alarms = leakage.suspects(parts["learn"].matrix, parts["learn"].left(horizon), encoding, settings.trusted)
    by_horizon: dict[int, tuple[Learnt, Calibration]] = {}
    others: dict[str, np.ndarray] = {}
    for days in HORIZONS:
        say(f"  leaving within {days} days")
        by_horizon[days], beside = learnt_by(encoding, parts, days)
        others = beside if days == horizon else others
    calibrated_on = parts["calibrate"]
    model = ChurnModel(
        horizon=horizon,
        encoding=encoding,
        by_horizon=by_horizon,
        hazards=_hazards(by_horizon[max(HORIZONS)], parts),
        base_rate=float(calibrated_on.left(horizon).mean()),
        references={},
    )
    told = model.probabilities(calibrated_on.matrix)[horizon]
    model = replace(model, references=references(encoding, calibrated_on.matrix, told))
    say("judging")
    unseen = parts["judge"]
    left = unseen.left(horizon)
    challenger = _judged(by_horizon[horizon][0].kind, model.probabilities(unseen.matrix)[horizon], left)
    if challenger.figures.auc >= leakage.BEYOND_BELIEF:
        alarms = [*alarms, f"the model ranks beyond belief (AUC {challenger.figures.auc:.3f})"]
    health = _health(parts, horizon)
    champion = _champion(registry, as_of, unseen, horizon)
    against = champion or health
    comparison = compared(challenger.probability, against.probability, left, unseen.customers, SEED)
    judged = (challenger, *(_judged(name, told, left) for name, told in others.items()), health, *([champion] if champion else []))
    goes_live = comparison.better and not alarms
    card = {
        **_learnt_from(found, periods, parts, horizon),
        **_described(model, parts, judged),
        "champion": against.name,
        "comparison": asdict(comparison),
        "alarms": alarms,
        "went_live": goes_live,
    }
    version = registry.keep(as_of, model, card)
    if goes_live:
        registry.go_live(version, as_of, f"better than {against.name} at ranking and at calibration")
    return Trained(as_of, None, None, version, goes_live, judged, comparison, tuple(alarms), registry.card(version))


def _refused(found: Snapshots, as_of: date, settings: ModelSettings) -> tuple[Said | None, Periods | None]:
    """Why a company cannot have a model yet, or else its periods."""
    floors, rows, horizon = settings.floors, found.rows, settings.horizon_days
    most = int(rows.groupby(SNAPSHOT).size().max()) if len(rows) else 0
    if most < floors.customers:
        return TOO_FEW.of(f"{floors.customers:,}", f"{most:,}"), None
    if len(found.dates) < floors.months:
        return TOO_YOUNG.of(f"{floors.months:,}", f"{len(found.dates):,}"), None
    if not rows[LEFT_AFTER].notna().any():
        return NOBODY_LEFT, None
    periods = _periods(found, horizon, as_of)
    if periods is None:
        return NO_HOLD_OUT.of(str(horizon)), None
    learnt, judged = (_departures(found, days, horizon) for days in (periods.learn, periods.judge))
    others = [_departures(found, days, horizon) for days in (periods.calibrate, periods.choose)]
    if learnt < floors.left_learnt or judged < floors.left_judged or min(others) == 0:
        return TOO_FEW_LEFT.of(f"{floors.left_learnt:,}", f"{floors.left_judged:,}", f"{learnt:,}", f"{judged:,}"), None
    return None, periods


def _periods(found: Snapshots, horizon: int, as_of: date) -> Periods | None:
    """The hold-out; where fewer left in the months to learn from than in those to judge by, these are fewer."""
    periods = None
    for scale in SCALES:
        periods = purged(list(found.dates), horizon, as_of, scale) or periods
        if periods and _departures(found, periods.learn, horizon) >= _departures(found, periods.judge, horizon):
            break
    return periods


def _departures(found: Snapshots, days: tuple[date, ...], horizon: int) -> int:
    return int(left_within(_rows(found.rows, days), horizon).sum())


def _rows(rows: "pd.DataFrame", days: tuple[date, ...]) -> "pd.DataFrame":
    return rows[rows[SNAPSHOT].isin([number(day) for day in days])]


def _hazards(longest: tuple[Learnt, Calibration], parts: Parts) -> Hazards:
    """The hazards, from snapshots that neither the learner has learnt from nor anybody is judged by."""
    import numpy as np

    learnt, calibration = longest
    some = [parts[name] for name in ("calibrate", "choose")]
    return learn_hazards(
        np.concatenate([calibration.of(learnt.raw(part.matrix)) for part in some]),
        np.concatenate([part.rows[LEFT_AFTER].to_numpy(dtype="float64") for part in some]),
        np.concatenate([part.rows[OBSERVED].to_numpy(dtype="float64") for part in some]),
    )


def _judged(name: str, probability: "np.ndarray", left: "np.ndarray") -> Judged:
    return Judged(name, figures(probability, left), probability, tuple(judgement.reliability(probability, left)))


def _health(parts: Parts, horizon: int) -> Judged:
    """The health score as a probability, by Platt's line."""
    risk = {name: (100.5 - parts[name].rows[HEALTH].to_numpy(dtype="float64")) / 101.0 for name in ("calibrate", "judge")}
    told = platt(risk["calibrate"], parts["calibrate"].left(horizon)).of(risk["judge"])
    return _judged(HEALTH_SCORE, told, parts["judge"].left(horizon))


def _champion(registry: Registry, as_of: date, unseen: Part, horizon: int) -> Judged | None:
    """What scores this night, on the rows to judge by; None where that is the health score, or the live model is damaged."""
    live = registry.live_on(as_of)
    if live is None:
        return None
    try:
        model = registry.model(live)
    except BrokenModel:
        return None
    return _judged(live, model.probabilities(model.matrix(unseen.rows))[horizon], unseen.left(horizon))


def _learnt_from(found: Snapshots, periods: Periods, parts: Parts, horizon: int) -> dict:
    """The part of a card that says from what a version was learnt."""
    return {
        "horizon_days": horizon,
        "periods": {name: [day.isoformat() for day in days] for name, days in vars(periods).items()},
        "rows": {name: len(part.rows) for name, part in parts.items()},
        "left": {name: int(part.left(horizon).sum()) for name, part in parts.items()},
        "share_of_customers": found.share,
        "code": code_version.fingerprint(*CODE),
        "seed": SEED,
    }


def _importance(model: ChurnModel, part: Part) -> "np.ndarray":
    """How much each feature counts: by how much the logarithmic loss rises when its values change hands at random (Breiman 2001)."""
    import numpy as np

    learnt, calibration = model.by_horizon[model.horizon]
    chance = np.random.default_rng(SEED)
    taken = np.sort(chance.permutation(len(part.rows))[:EXPLAINED])
    matrix, left = part.matrix[taken], part.left(model.horizon)[taken]
    whole = judgement.log_loss(calibration.of(learnt.raw(matrix)), left)
    found = np.zeros(matrix.shape[1])
    for place in range(matrix.shape[1]):
        mixed = matrix.copy()
        mixed[:, place] = chance.permutation(mixed[:, place])
        found[place] = judgement.log_loss(calibration.of(learnt.raw(mixed)), left) - whole
    return found


def _described(model: ChurnModel, parts: Parts, judged: tuple[Judged, ...]) -> dict:
    """The part of a card that says what a version is and how good."""
    import numpy as np

    importance = _importance(model, parts["choose"])
    order = np.argsort(-importance, kind="stable")
    told, left = model.probabilities(parts["judge"].matrix), parts["judge"].left(model.horizon)
    learnt, calibration = model.by_horizon[model.horizon]
    return {
        "kind": learnt.kind,
        "calibration": calibration.kind,
        "base_rate": model.base_rate,
        "features": [{"name": model.encoding.columns[place].name, "importance": float(importance[place])} for place in order],
        "figures": {one.name: asdict(one.figures) for one in judged},
        "reliability": {one.name: one.curve for one in judged},
        "curves": {one.name: curves(one.probability, left) for one in judged},
        "segments": by_segment(parts["judge"].rows, judged[0].probability, left),
        "by_horizon": {str(days): asdict(figures(told[days], parts["judge"].left(days))) for days in HORIZONS},
    }
