"""Shares and lift, by published figures and by hand."""

import numpy as np
import pytest

from mandegar.risk.drivers.crude import crude, design_effect


def cross(band_left: int, band: int, rest_left: int, rest: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a band and of the rest, and which of them left."""
    in_band = np.arange(band + rest) < band
    left = np.r_[np.arange(band) < band_left, np.arange(rest) < rest_left]
    return in_band, left


def test_lift_and_its_interval() -> None:
    """40 of 100 left in the band, 10 of the other 100: .4 / .25 = 1.6.

    What each row moves the logarithm by: those of the band who left .6/40 - .75/50 = 0, who stayed -.4/40 + .25/50 = -.005; of the rest
    -.75/50 = -.015 and .005. Squared and summed: 60 x .000025 + 10 x .000225 + 90 x .000025 = .006; e^(1.96 x sqrt(.006)) = 1.16395.
    """
    in_band, left = cross(40, 100, 10, 100)
    found = crude(in_band, left, np.arange(200))
    assert (found.customers, found.churned) == (100, 40)
    assert found.lift == pytest.approx((1.6, 1.6 / 1.16395, 1.6 * 1.16395), rel=1e-5)
    assert found.rate == pytest.approx((0.4, 0.3094, 0.4980), abs=5e-5)


def test_the_same_customers_twice_are_no_more_certain() -> None:
    in_band, left = cross(40, 100, 10, 100)
    once = crude(in_band, left, np.arange(200))
    twice = crude(np.tile(in_band, 2), np.tile(left, 2), np.tile(np.arange(200), 2))
    assert (twice.customers, twice.churned) == (200, 80)
    assert twice.rate == pytest.approx(once.rate)
    assert twice.lift == pytest.approx(once.lift)


def test_design_effect_of_three_equal_rows_each_is_three() -> None:
    customers = np.repeat(np.arange(4), 3)
    assert design_effect(np.repeat([1.0, 0.0, 0.0, 1.0], 3), customers) == pytest.approx(3)
    assert design_effect(np.zeros(12), customers) == 3
    assert design_effect(np.array([1.0, 0.0, 1.0]), np.arange(3)) == 1


def test_a_band_that_nobody_left() -> None:
    """0 of 20: Wilson's upper end .1611, over everybody's 5 of 40."""
    in_band, left = cross(0, 20, 5, 20)
    found = crude(in_band, left, np.arange(40))
    assert found.lift == pytest.approx((0, 0, 0.1611 / 0.125), abs=5e-4)


def test_the_interval_of_a_share_is_wilsons_of_as_many_rows_as_are_worth_the_customers() -> None:
    """Each customer stands in four equal rows of the band: 12 of 40 rows are as certain as 3 of 10. By hand, z^2 = 3.84146:
    (.3 + .192073 ± 1.95996 x sqrt(.021 + .009604)) / 1.384146."""
    in_band, left = cross(12, 40, 1, 4)
    customers = np.r_[np.arange(40) // 4, 10 + np.arange(4)]
    assert crude(in_band, left, customers).rate == pytest.approx((0.3, 0.10779, 0.60322), abs=1e-5)
