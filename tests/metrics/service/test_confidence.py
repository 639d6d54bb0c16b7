"""Confidence intervals: published values, values by hand, and that they hold what they are about."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from mandegar.metrics.service import confidence

counts = st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500)).filter(lambda answers: sum(answers) > 0)


def numbers(*values: float) -> np.ndarray:
    """Counts of several cells."""
    return np.array(values, dtype=float)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Stat. Med. 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_wilson_interval(successes: int, trials: int, low: float, high: float) -> None:
    found = confidence.share(numbers(successes), numbers(trials))
    assert (found[0][0], found[1][0]) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_every_wilson_interval_of_up_to_60_answers_and_of_1000_is_that_of_scipy_and_statsmodels() -> None:
    for trials in (*range(1, 61), 1_000):
        successes = np.arange(trials + 1.0)
        low, high = confidence.share(successes, np.full(trials + 1, float(trials)))
        of_scipy = [stats.binomtest(int(some), trials).proportion_ci(0.95, method="wilson") for some in successes]
        assert [(one.low, one.high) for one in of_scipy] == list(zip(low, high, strict=True))
        assert np.allclose((low, high), proportion_confint(successes, trials, method="wilson"), atol=1e-14)


def test_the_interval_of_a_net_promoter_score() -> None:
    """3 promoters, 1 passive, 2 detractors: (3.75 - 2.75) / 9 = 0.1111; v = 6.5 / 9 - 0.1111^2 = 0.70988;
    1.95996 x sqrt(0.70988 / 9) = 0.55045."""
    low, high = confidence.nps(numbers(3), numbers(2), numbers(6))
    assert (low[0], high[0]) == (pytest.approx(-43.934, abs=1e-3), pytest.approx(66.156, abs=1e-3))


def test_three_answers_that_agree_do_not_make_it_certain() -> None:
    """(3.75 - 0.75) / 6 = 0.5; v = 4.5 / 6 - 0.25 = 0.5; 1.95996 x sqrt(0.5 / 6) = 0.56579: -0.0658, and not more than 1."""
    low, high = confidence.nps(numbers(3), numbers(0), numbers(3))
    assert (low[0], high[0]) == (pytest.approx(-6.579, abs=1e-3), 100)


def test_the_interval_of_a_mean() -> None:
    """4, 5, 5 and 6: mean 5, s = sqrt(2/3) = 0.8165; t(0.975; 3) = 3.18245; 3.18245 x 0.8165 / 2 = 1.29923."""
    low, high = confidence.mean(numbers(4), numbers(20), numbers(16 + 25 + 25 + 36), (1, 7))
    assert (low[0], high[0]) == (pytest.approx(3.70077, abs=1e-5), pytest.approx(6.29923, abs=1e-5))


def test_without_answers_there_is_no_interval() -> None:
    nothing, one = numbers(0), numbers(1)
    found = [*confidence.nps(nothing, nothing, nothing), *confidence.share(nothing, nothing), *confidence.mean(one, one, one, (1, 7))]
    assert np.isnan(np.concatenate(found)).tolist() == [True] * 6


@settings(derandomize=True)
@given(answers=counts)
@example(answers=(1, 0, 0))
@example(answers=(0, 0, 1))
def test_the_score_lies_in_its_interval_and_both_on_the_scale(answers: tuple[int, int, int]) -> None:
    promoters, passives, detractors = answers
    low, high = confidence.nps(numbers(promoters), numbers(detractors), numbers(sum(answers)))
    assert -100 <= low[0] <= 100 * (promoters - detractors) / (promoters + passives + detractors) <= high[0] <= 100


@settings(derandomize=True, deadline=None)
@given(successes=st.integers(0, 300), failures=st.integers(0, 300))
def test_a_share_lies_in_its_interval(successes: int, failures: int) -> None:
    trials = max(successes + failures, 1)
    low, high = confidence.share(numbers(successes), numbers(trials))
    assert 0 <= low[0] <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high[0] <= 1


@settings(derandomize=True)
@given(scores=st.lists(st.integers(1, 7), min_size=2, max_size=60))
def test_a_mean_lies_in_its_interval(scores: list[int]) -> None:
    squares = sum(score * score for score in scores)
    low, high = confidence.mean(numbers(len(scores)), numbers(sum(scores)), numbers(squares), (1, 7))
    assert 1 <= low[0] <= sum(scores) / len(scores) + 1e-9
    assert sum(scores) / len(scores) - 1e-9 <= high[0] <= 7
