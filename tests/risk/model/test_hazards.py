"""Time to churn, against counts by hand and against Kaplan and Meier's curve."""

import numpy as np
import pytest

from mandegar.metrics.lifecycle.survival import kaplan_meier
from mandegar.risk.model.hazards import STEP, Hazards, learn_hazards


def test_survival_is_the_product_of_what_stays() -> None:
    """At a hazard of one half in each step a half, a quarter, an eighth are left; half of them after the first thirty days."""
    half = Hazards((0.0,) * 12, (0.0,) * 12)
    assert half.survival(np.array([0.3]))[0, :3] == pytest.approx([0.5, 0.25, 0.125])
    assert half.median_days(np.array([0.3])) == pytest.approx([30])


def test_half_within_a_step_lies_on_a_straight_line() -> None:
    """A fifth leaves in each step: .8, .64, .512, .4096; one half lies (.512 - .5) / (.512 - .4096) into the fourth: 90 + 30 x .117."""
    fifth = Hazards((float(np.log(0.25)),) * 12, (0.0,) * 12)
    assert fifth.median_days(np.array([0.3])) == pytest.approx([90 + 30 * 0.1171875])


def test_who_hardly_leaves_has_no_median() -> None:
    few = Hazards((-6.0,) * 12, (0.0,) * 12)
    assert np.isnan(few.median_days(np.array([0.01]))).all()


def test_by_band_it_follows_kaplan_and_meier() -> None:
    """Customers of three kinds leave at 2, 6 and 15 % a month, and are seen for 60 to 360 days: within each band the curves agree."""
    chance = np.random.default_rng(4)
    count = 30_000
    monthly = np.repeat([0.02, 0.06, 0.15], count // 3)
    ends = np.ceil(30 * np.log(chance.random(count)) / np.log(1 - monthly))
    observed = chance.integers(2, 13, count) * float(STEP)
    left_after = np.where(ends <= observed, ends, np.nan)
    probability = 1 - (1 - monthly) ** 3
    told = learn_hazards(probability, left_after, observed)
    for rate in (0.02, 0.06, 0.15):
        mine = monthly == rate
        days = np.where(np.isnan(left_after[mine]), observed[mine], left_after[mine]).astype(int)
        events = np.bincount(days[~np.isnan(left_after[mine])], minlength=361)
        censored = np.bincount(days[np.isnan(left_after[mine])], minlength=361)
        entered = np.r_[mine.sum(), np.zeros(360)]
        curve = kaplan_meier(np.arange(361), entered, events, censored)["survival"]
        expected = told.survival(np.array([1 - (1 - rate) ** 3]))[0]
        assert expected == pytest.approx([curve[STEP * (step + 1)] for step in range(12)], abs=0.02)


def test_a_step_in_which_hardly_anybody_leaves_goes_by_the_one_before() -> None:
    left_after = np.where(np.arange(1000) < 100, 10.0, np.nan)
    told = learn_hazards(np.full(1000, 0.1), left_after, np.full(1000, 360.0))
    assert len(set(told.offsets)) == 1
