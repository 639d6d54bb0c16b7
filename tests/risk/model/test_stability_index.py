"""The population stability index, by hand."""

import numpy as np
import pytest

from mandegar.risk.model.drift import psi
from mandegar.risk.model.version import Reference


def test_shares_that_stay_have_none() -> None:
    assert psi(Reference((1.0,), (0.5, 0.5, 0.0)), np.array([10.0, 10.0, 0.0])) == pytest.approx(0, abs=1e-9)


def test_half_becomes_four_fifths() -> None:
    """(.8 - .5) ln(.8 / .5) + (.2 - .5) ln(.2 / .5) = .3 x .470004 + .3 x .916291."""
    assert psi(Reference((1.0,), (0.5, 0.5, 0.0)), np.array([80.0, 20.0, 0.0])) == pytest.approx(0.415888, abs=1e-6)


def test_a_feature_that_nobody_has_any_more_moves_far() -> None:
    assert psi(Reference((1.0,), (0.5, 0.5, 0.0)), np.array([0.0, 0.0, 100.0])) > 5
