"""The learners: what they learn, that they say it twice alike, and that JSON keeps it."""

import json

import numpy as np
import pytest

from mandegar.errors import BrokenModel
from mandegar.risk.model.encoding import Column, Encoding
from mandegar.risk.model.judgement import figures
from mandegar.risk.model.learners import Learnt, learn_logistic, learn_trees, learnt_of

ENCODING = Encoding((Column("usage"), Column("plan", ("a", "b")), Column("noise")))
CHANCE = np.random.default_rng(11)
COUNT = 6000
USAGE = CHANCE.normal(size=COUNT)
PLAN = CHANCE.integers(0, 2, COUNT).astype(float)
USAGE[:600] = np.nan
ODDS = -2.0 - 1.2 * np.nan_to_num(USAGE) + 1.0 * PLAN
LEFT = (CHANCE.random(COUNT) < 1 / (1 + np.exp(-ODDS))).astype(float)
MATRIX = np.column_stack([USAGE, PLAN, CHANCE.normal(size=COUNT)]).astype("float32")


def learnt(kind: str) -> Learnt:
    learn = {"trees": learn_trees, "logistic": learn_logistic}[kind]
    return learn(MATRIX[:3000], LEFT[:3000], (MATRIX[3000:4000], LEFT[3000:4000]), ENCODING)


@pytest.fixture(scope="module", params=["trees", "logistic"])
def model(request: pytest.FixtureRequest) -> Learnt:
    return learnt(request.param)


def test_it_ranks_nearly_as_well_as_who_knows_the_odds(model: Learnt) -> None:
    best = figures(1 / (1 + np.exp(-ODDS[4000:])), LEFT[4000:]).auc
    assert figures(model.raw(MATRIX[4000:]), LEFT[4000:]).auc > 0.97 * best


def test_its_contributions_add_up_to_what_it_says(model: Learnt) -> None:
    """But for what everybody has alike: between two customers, contributions differ by as much as log-odds do."""
    raw, parts = model.raw(MATRIX[4000:4100]), model.contributions(MATRIX[4000:4100])
    odds = np.log(raw / (1 - raw))
    assert parts.sum(axis=1) - parts.sum(axis=1)[0] == pytest.approx(odds - odds[0], abs=1e-4)


def test_contributions_go_the_right_way(model: Learnt) -> None:
    rows = np.array([[-2.0, 1.0, 0.0], [2.0, 0.0, 0.0]], dtype="float32")
    little_used, much_used = model.contributions(rows)
    assert little_used[0] > 0 > much_used[0]
    assert little_used[1] > 0 > much_used[1]
    assert abs(little_used[2]) < 0.2 * little_used[0]


def test_learnt_twice_it_is_the_same_to_the_letter(model: Learnt) -> None:
    assert json.dumps(learnt(model.kind).told(), sort_keys=True) == json.dumps(model.told(), sort_keys=True)


def test_json_keeps_it(model: Learnt) -> None:
    again = learnt_of(json.loads(json.dumps(model.told())))
    assert again.raw(MATRIX[4000:]) == pytest.approx(model.raw(MATRIX[4000:]), abs=0)


def test_trees_that_are_no_trees_are_told() -> None:
    with pytest.raises(BrokenModel, match="the trees of the model cannot be read"):
        learnt_of({"kind": "trees", "text": "tree\nversion=v4\nnothing"}).raw(MATRIX[:1])
