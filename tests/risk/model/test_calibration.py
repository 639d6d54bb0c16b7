"""Calibration: from what a model says to how often it comes."""

import numpy as np
import pytest

from mandegar.risk.model.calibration import chosen, isotonic, log_odds, platt

CHANCE = np.random.default_rng(5)
TRUE = CHANCE.uniform(0.02, 0.4, 20_000)
CAME = (CHANCE.random(20_000) < TRUE).astype(float)


def test_log_odds() -> None:
    assert log_odds(np.array([0.5, 0.2])) == pytest.approx([0, np.log(0.25)])


def test_platt_mends_odds_that_are_four_times_too_high() -> None:
    odds = 4 * TRUE / (1 - TRUE)
    told = platt(odds / (1 + odds), CAME).of(odds / (1 + odds))
    assert np.abs(told - TRUE).mean() < 0.01


def test_isotonic_mends_what_no_line_can() -> None:
    bent = np.where(TRUE < 0.2, TRUE / 4, 0.05 + (TRUE - 0.2) * 3)
    steps, line = isotonic(bent, CAME), platt(bent, CAME)
    assert np.abs(steps.of(bent) - TRUE).mean() < 0.015
    assert np.abs(line.of(bent) - TRUE).mean() > 0.015
    assert chosen(bent[:10_000], CAME[:10_000], bent[10_000:], CAME[10_000:]).kind == "isotonic"


def test_isotonic_never_turns_the_order_round_and_never_says_never() -> None:
    steps = isotonic(TRUE, CAME)
    told = steps.of(np.linspace(0.001, 0.999, 500))
    assert (np.diff(told) >= 0).all()
    assert 0 < told.min() < told.max() < 1


def test_of_few_departures_platt_is_taken() -> None:
    few = np.zeros(1000)
    few[:150] = 1.0
    assert chosen(TRUE[:1000], few, TRUE[:1000], few).kind == "platt"


def test_a_model_that_has_it_backwards_tells_of_nobody_in_particular() -> None:
    told = platt(1 - TRUE, CAME).of(1 - TRUE)
    assert told == pytest.approx(np.full(len(TRUE), CAME.mean()), abs=1e-6)
