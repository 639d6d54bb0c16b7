"""The statistics of results: worked out by hand, and true effects inside the intervals as often as they say."""

from math import isclose

import numpy as np
import pytest

from mandegar.campaigns.results.statistics import adjusted, difference, people_until_clear, sample_ratio, sequential_factor

SEEDS = 200


def shares(ones: int, people: int) -> np.ndarray:
    return np.array([1.0] * ones + [0.0] * (people - ones))


def test_the_difference_of_two_shares_with_its_interval():
    """20 of 40 against 10 of 40. Variances .25641 and .19231 over 40 each: error .10592; 76.4 degrees of freedom, t = 1.9914: .2109."""
    found = difference(shares(20, 40), shares(10, 40))
    assert (found.treated, found.control, found.mean_treated, found.mean_control, found.effect) == (40, 40, 0.5, 0.25, 0.25)
    assert (round(found.low, 3), round(found.high, 3)) == (0.039, 0.461)


def test_the_interval_for_any_look_is_wider_by_its_factor():
    """At 1,000 people: rho^2 = (5.9915 + 1.7904 + 1) / 1000; 9.782 / 8.782 x ln(9.782 / .0025) = 9.214, its root 3.035 instead of 1.96."""
    assert isclose(sequential_factor(1_000), 3.035, abs_tol=0.001)
    found = difference(shares(300, 500), shares(250, 500))
    assert isclose((found.high_any - found.low_any) / (found.high - found.low), 3.035 / 1.962, rel_tol=0.002)


def test_too_few_have_an_effect_and_no_interval():
    found = difference(shares(10, 19), shares(10, 40))
    assert (found.low, found.high_any, found.is_clear) == (None, None, False)
    assert difference(shares(0, 0), shares(1, 2)).effect is None


@pytest.mark.parametrize(
    ("treated", "control", "share", "p"), [(10, 0, 0.5, 0.001953), (5, 5, 0.5, 1.0), (0, 0, 0.5, None), (9, 1, 0, None)]
)
def test_an_odd_division_is_improbable(treated, control, share, p):
    """None of ten heads: 2 x (1/2)^10."""
    found = sample_ratio(treated, control, share)
    assert found is None if p is None else isclose(found, p, rel_tol=0.001)


def test_what_the_time_before_foretells_is_taken_out():
    """Outcome = twice the time before, and 3 more for the treated: the adjusted outcomes vary no more, and differ by 3."""
    before_t, before_c = np.array([1.0, 2, 3, 6]), np.array([2.0, 4, 6, 8])
    treated, control = adjusted(2 * before_t + 3, 2 * before_c, before_t, before_c)
    assert isclose(treated.mean() - control.mean(), 3.0)
    assert treated.std() < 1e-12 > control.std()


def test_where_the_time_before_says_nothing_outcomes_stay():
    treated, control = adjusted(np.array([1.0, 2]), np.array([3.0, 4]), np.zeros(2), np.zeros(2))
    assert (treated.tolist(), control.tolist()) == ([1, 2], [3, 4])


def test_how_many_people_it_takes():
    """An error of .02 with 1,000 people; (1.95996 + 1.28155)^2 x .0004 x 1000 / .02^2 = 10,508."""
    found = difference(shares(0, 500), shares(0, 500))
    assert people_until_clear(found, 0.02) == 1
    half = 1.959964 * 0.02
    found = type(found)(900, 100, 0.5, 0.5, 0.0, -half, half)
    assert people_until_clear(found, 0.02) == 10_508


def simulated(seed: int, effect: float, people: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    """A campaign that keeps so many more of a hundred, with a control group of a fifth."""
    drawn = np.random.default_rng(seed)
    held = drawn.random(people) < 0.2
    stays = (drawn.random(people) < np.where(held, 0.6, 0.6 + effect)).astype(float)
    return stays[~held], stays[held]


@pytest.mark.parametrize("effect", [0.0, 0.05, -0.04])
def test_true_effects_lie_inside_as_often_as_the_interval_says(effect):
    """Of 200, 190 are expected; three standard deviations of the binomial are 9.2."""
    inside = sum(found.low <= effect <= found.high for found in (difference(*simulated(seed, effect)) for seed in range(SEEDS)))
    assert 181 <= inside <= 199


def test_whoever_looks_every_hundred_people_is_not_misled():
    """With no effect at all: of 200 campaigns that are looked at 29 times each, one look at the end would mislead in 10 and 29 looks in
    many more; the interval for any look may do so in at most 10 (here with 9 to spare for chance)."""
    misled, naive = 0, 0
    for seed in range(SEEDS):
        treated, control = simulated(seed, 0.0)
        looks = [difference(treated[: 4 * n], control[:n]) for n in range(50, len(control), 20)]
        misled += any(look.is_clear for look in looks)
        naive += any(look.low > 0 or look.high < 0 for look in looks)
    assert misled <= 10 < naive


def test_a_placebo_is_flat():
    """Two halves of a control group: nothing sets them apart; of 200, 10 are expected outside, and at most 19."""
    outside = 0
    for seed in range(SEEDS):
        _, control = simulated(seed, 0.05)
        half = np.random.default_rng(seed + 10_000).random(len(control)) < 0.5
        found = difference(control[half], control[~half])
        outside += not found.low <= 0 <= found.high
    assert outside <= 19
