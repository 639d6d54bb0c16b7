"""Figures of probabilities, each counted by hand."""

import numpy as np
import pytest

from mandegar.risk.model.judgement import brier, calibration_error, compared, figures, lift, log_loss, reliability

# Four customers, of whom two left. Of the four pairs of one who left and one who stayed, all are in order but (.35, .4).
TOLD, LEFT = np.array([0.8, 0.35, 0.4, 0.3]), np.array([1.0, 1.0, 0.0, 0.0])


def test_auc_is_the_share_of_pairs_in_order() -> None:
    assert figures(TOLD, LEFT).auc == 0.75


def test_average_precision() -> None:
    """By rank: left (1 of 1), stayed, left (2 of 3), stayed: half the recall at precision 1, half at 2/3."""
    assert figures(TOLD, LEFT).pr_auc == pytest.approx(5 / 6)


def test_brier_is_the_mean_squared_error() -> None:
    """(0.2² + 0.65² + 0.4² + 0.3²) / 4 = (0.04 + 0.4225 + 0.16 + 0.09) / 4."""
    assert brier(TOLD, LEFT) == pytest.approx(0.178125)


def test_log_loss() -> None:
    """A half for everybody costs ln 2 each."""
    assert log_loss(np.full(4, 0.5), LEFT) == pytest.approx(0.693147, abs=1e-6)


def test_bins_hold_equally_many() -> None:
    """Two bins of two: .25 foretold and none came; .75 foretold and half of them came."""
    told, left = np.array([0.2, 0.3, 0.7, 0.8]), np.array([0.0, 0.0, 1.0, 0.0])
    assert reliability(told, left, bins=2) == [(0.25, 0.0, 2), (0.75, 0.5, 2)]


def test_calibration_error_of_ten_bins() -> None:
    """Ten bins of one: six of .1 to whom nothing came, four of .8 of whom all left: (6 x .1 + 4 x .2) / 10."""
    assert calibration_error(np.array([0.1] * 6 + [0.8] * 4), np.array([0.0] * 6 + [1.0] * 4)) == pytest.approx(0.14)


def test_lift_of_the_top_half() -> None:
    """Of the top two one left, of all four one: twice as many."""
    assert lift(np.array([0.9, 0.8, 0.2, 0.1]), np.array([1.0, 0.0, 0.0, 0.0]), 0.5) == 2


def test_a_model_that_knows_is_better_and_one_that_guesses_is_not() -> None:
    chance = np.random.default_rng(1)
    left = (chance.random(2000) < 0.2).astype(float)
    knows = np.where(left > 0, 0.6, 0.1)
    guesses = np.full(2000, 0.2)
    customers = np.arange(2000)
    assert compared(knows, guesses, left, customers, seed=1).better
    assert not compared(guesses, knows, left, customers, seed=1).better


def test_the_same_model_is_not_better_than_itself() -> None:
    left = np.tile([1.0, 0.0, 0.0, 0.0], 100)
    told = np.tile([0.4, 0.1, 0.2, 0.3], 100)
    found = compared(told, told, left, np.arange(400), seed=1)
    assert (found.auc, found.brier, found.better) == ((0, 0, 0), (0, 0, 0), False)


def test_better_at_ranking_alone_is_not_enough() -> None:
    """The challenger puts everybody in the right order, but tells twice the truth."""
    left = np.tile([1.0, 0.0, 0.0, 0.0], 200)
    ranks, fits = np.tile([0.95, 0.9, 0.89, 0.88], 200), np.full(800, 0.25)
    found = compared(ranks, fits, left, np.arange(800), seed=1)
    assert found.auc[1] > 0 > found.brier[2]
    assert not found.better


def test_snapshots_of_one_customer_do_not_count_as_so_many_customers() -> None:
    """Each customer stands there 30 times: the interval is that of 20 customers, some five times as wide as that of 600."""
    chance = np.random.default_rng(3)
    left, told = (chance.random(20) < 0.4).astype(float), chance.random(20)
    other = chance.random(20)
    rows = np.repeat(np.arange(20), 30)
    together = compared(told[rows], other[rows], left[rows], rows, seed=1).auc
    apart = compared(told[rows], other[rows], left[rows], np.arange(600), seed=1).auc
    assert together[2] - together[1] > 3 * (apart[2] - apart[1])
