"""The two learners: boosted trees (LightGBM), and a regularised logistic regression as the baseline; both are kept as JSON."""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mandegar.errors import BrokenModel
from mandegar.risk.model.encoding import Encoding

if TYPE_CHECKING:
    import lightgbm
    import numpy as np

SEED = 7
MOST_ROUNDS, PATIENCE = 600, 30
STRENGTHS = (0.01, 0.1, 1.0)  # C: the larger, the less regularised
LOGISTIC_ROWS = 200_000
MANY_ROWS = 50_000
TREES = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "min_data_per_group": 1000,
    "cat_smooth": 300.0,
    "cat_l2": 200.0,
    "max_bin": 127,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": SEED,
}


class Learnt(Protocol):
    """A model that was learnt."""

    @property
    def kind(self) -> str:
        """trees or logistic."""

    def raw(self, matrix: "np.ndarray") -> "np.ndarray":
        """The probability of leaving, not calibrated."""

    def contributions(self, matrix: "np.ndarray") -> "np.ndarray":
        """What each feature adds to the log-odds of each row, in the order of the encoding."""

    def told(self) -> dict:
        """As JSON keeps it."""


@dataclass(frozen=True)
class Trees:
    """Boosted trees, as LightGBM's own text."""

    text: str
    kind: str = "trees"

    def _booster(self) -> "lightgbm.Booster":
        import lightgbm

        try:
            return lightgbm.Booster(model_str=self.text)
        except lightgbm.basic.LightGBMError as problem:
            raise BrokenModel(f"the trees of the model cannot be read ({problem}).") from problem

    def raw(self, matrix: "np.ndarray") -> "np.ndarray":
        """The probability of leaving, not calibrated."""
        import numpy as np

        return np.asarray(self._booster().predict(matrix), dtype="float64")

    def contributions(self, matrix: "np.ndarray") -> "np.ndarray":
        """Shapley values of the trees (Lundberg and Lee 2017), LightGBM's own."""
        import numpy as np

        return np.asarray(self._booster().predict(matrix, pred_contrib=True))[:, :-1]

    def told(self) -> dict:
        """As JSON keeps it."""
        return {"kind": self.kind, "text": self.text}


@dataclass(frozen=True)
class Logistic:
    """A logistic regression on standardised numbers, on whether each is known, and on categories.

    coefficients: of each number; unknown: added where it is not known (it is taken to be the middle then); levels: of each level of a
    category by its place, the last for all others.
    """

    offset: float
    middle: tuple[float, ...]
    spread: tuple[float, ...]
    coefficients: tuple[float, ...]
    unknown: tuple[float, ...]
    levels: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]  # of each feature's part, over what was learnt from
    kind: str = "logistic"

    def raw(self, matrix: "np.ndarray") -> "np.ndarray":
        """The probability of leaving, not calibrated."""
        import numpy as np

        return 1.0 / (1.0 + np.exp(-(self._parts(matrix).sum(axis=1) + self.offset)))

    def contributions(self, matrix: "np.ndarray") -> "np.ndarray":
        """What each feature adds to the log-odds beyond what it adds on the average."""
        import numpy as np

        return self._parts(matrix) - np.array(self.means)

    def _parts(self, matrix: "np.ndarray") -> "np.ndarray":
        import numpy as np

        parts = np.zeros(matrix.shape, dtype="float64")
        for place in range(matrix.shape[1]):
            values = matrix[:, place].astype("float64")
            known = ~np.isnan(values)
            if self.levels[place]:
                codes = np.minimum(np.where(known, values, 0).astype(int), len(self.levels[place]) - 1)
                parts[:, place] = np.where(known, np.array(self.levels[place])[codes], self.unknown[place])
            else:
                scaled = np.clip((values - self.middle[place]) / self.spread[place], -CLIP, CLIP)
                parts[:, place] = np.where(known, scaled * self.coefficients[place], self.unknown[place])
        return parts

    def told(self) -> dict:
        """As JSON keeps it."""
        return asdict(self)


CLIP = 5.0  # standard deviations beyond which a number counts no more


def learnt_of(told: dict) -> Learnt:
    """A model from JSON. Errors: BrokenModel when a part of it is missing."""
    try:
        if told["kind"] == "trees":
            return Trees(told["text"])
        return Logistic(
            offset=told["offset"],
            middle=tuple(told["middle"]),
            spread=tuple(told["spread"]),
            coefficients=tuple(told["coefficients"]),
            unknown=tuple(told["unknown"]),
            levels=tuple(map(tuple, told["levels"])),
            means=tuple(told["means"]),
        )
    except KeyError as problem:
        raise BrokenModel(f"the model has no {problem}.") from problem


def learn_trees(
    matrix: "np.ndarray", left: "np.ndarray", later: tuple["np.ndarray", "np.ndarray"], encoding: Encoding, threads: int | None = None
) -> Trees:
    """Boosted trees of rows; how many, says the logarithmic loss on later rows, which are learnt from afterwards with the others.

    Nothing is resampled or weighted: that few leave is what calibration is for. The same rows give the same text.
    threads: by default two for many rows; over few they wait for each other longer than they work, above all on a busy machine.
    """
    import lightgbm
    import numpy as np

    settings = {**TREES, "num_threads": threads or (2 if len(left) >= MANY_ROWS else 1)}
    names, categories = [f"f{place}" for place in range(len(encoding.columns))], encoding.categories

    def dataset(rows: "np.ndarray", answer: "np.ndarray", reference: "lightgbm.Dataset | None" = None) -> "lightgbm.Dataset":
        return lightgbm.Dataset(
            rows, answer, feature_name=names, categorical_feature=categories, reference=reference, params={**settings}, free_raw_data=True
        )

    first = dataset(matrix, left)
    held = dataset(*later, reference=first)
    tried = lightgbm.train(settings, first, MOST_ROUNDS, valid_sets=[held], callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)])
    rounds = max(20, tried.best_iteration)
    whole = dataset(np.concatenate([matrix, later[0]]), np.concatenate([left, later[1]]))
    return Trees(lightgbm.train(settings, whole, rounds).model_to_string())


def learn_logistic(matrix: "np.ndarray", left: "np.ndarray", later: tuple["np.ndarray", "np.ndarray"], encoding: Encoding) -> Logistic:
    """A logistic regression; how strongly it is regularised, says the logarithmic loss on later rows, as of the trees."""
    import numpy as np

    from mandegar.risk.model.judgement import log_loss

    if len(left) > LOGISTIC_ROWS:
        taken = np.sort(np.random.default_rng(SEED).choice(len(left), LOGISTIC_ROWS, replace=False))
        matrix, left = matrix[taken], left[taken]
    tried = [_logistic(matrix, left, encoding, strength) for strength in STRENGTHS]
    return min(tried, key=lambda one: log_loss(one.raw(later[0]), later[1]))


def _logistic(matrix: "np.ndarray", left: "np.ndarray", encoding: Encoding, strength: float) -> Logistic:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    middle, spread = np.zeros(matrix.shape[1]), np.ones(matrix.shape[1])
    columns, owners = [], []
    for place, column in enumerate(encoding.columns):
        values = matrix[:, place].astype("float64")
        known = ~np.isnan(values)
        if column.levels is not None:
            for level in range(len(column.levels) + 1):
                columns.append((values == level).astype("float64"))
                owners.append((place, level))
        else:
            middle[place] = np.median(values[known]) if known.any() else 0.0
            deviation = values[known].std() if known.any() else 0.0
            spread[place] = deviation if deviation > 0 else 1.0
            columns.append(np.where(known, np.clip((values - middle[place]) / spread[place], -CLIP, CLIP), 0.0))
            owners.append((place, -1))
        if not known.all():
            columns.append((~known).astype("float64"))
            owners.append((place, -2))
    fitted = LogisticRegression(C=strength, max_iter=300).fit(np.column_stack(columns), left)
    weights = dict(zip(owners, map(float, fitted.coef_[0]), strict=True))
    count = len(encoding.columns)
    made = Logistic(
        offset=float(fitted.intercept_[0]),
        middle=tuple(map(float, middle)),
        spread=tuple(map(float, spread)),
        coefficients=tuple(weights.get((place, -1), 0.0) for place in range(count)),
        unknown=tuple(weights.get((place, -2), 0.0) for place in range(count)),
        levels=tuple(
            tuple(weights[(place, level)] for level in range(len(column.levels) + 1)) if column.levels is not None else ()
            for place, column in enumerate(encoding.columns)
        ),
        means=(0.0,) * count,
    )
    means = made._parts(matrix).mean(axis=0)
    return replace(made, means=tuple(map(float, means)))
