"""The leakage alarm."""

import numpy as np

from mandegar.risk.model.encoding import Column, Encoding
from mandegar.risk.model.leakage import suspects

CHANCE = np.random.default_rng(9)
LEFT = (CHANCE.random(4000) < 0.1).astype(float)
HONEST = (CHANCE.normal(size=4000) + LEFT).astype("float32")  # AUC .76


def matrix(*columns: np.ndarray) -> tuple[np.ndarray, Encoding]:
    return np.column_stack(columns).astype("float32"), Encoding(tuple(Column(f"f{place}") for place in range(len(columns))))


def test_honest_features_raise_none() -> None:
    rows, encoding = matrix(HONEST, CHANCE.normal(size=4000))
    assert suspects(rows, LEFT, encoding) == []


def test_a_feature_that_alone_tells_who_left() -> None:
    """Days since something that only happens to those who leave: for all others it is long ago."""
    rows, encoding = matrix(HONEST, np.where(LEFT > 0, 3.0, 300.0) + CHANCE.normal(size=4000))
    assert suspects(rows, LEFT, encoding) == ["f1 alone tells who left (AUC 1.000)"]


def test_a_feature_that_is_filled_only_for_those_who_left() -> None:
    reason = np.where((LEFT > 0) & (CHANCE.random(4000) < 0.5), 1.0, np.nan)
    rows, encoding = matrix(HONEST, reason)
    (told,) = suspects(rows, LEFT, encoding)
    assert told.startswith("f1 is filled for ")
    assert told.endswith("of those who left and for 0.0% of those who stayed")


def test_a_category_that_knows() -> None:
    rows = np.column_stack([HONEST, np.where(LEFT > 0, 2.0, CHANCE.integers(0, 2, 4000))]).astype("float32")
    encoding = Encoding((Column("f0"), Column("state", ("a", "b", "gone"))))
    assert suspects(rows, LEFT, encoding) == ["state alone tells who left (AUC 1.000)"]


def test_a_feature_that_somebody_has_looked_at_is_trusted() -> None:
    rows, encoding = matrix(HONEST, LEFT)
    assert suspects(rows, LEFT, encoding) == ["f1 alone tells who left (AUC 1.000)"]
    assert suspects(rows, LEFT, encoding, trusted=("f1",)) == []
