"""The shifted-beta-geometric model: the published parameters and projections of Fader and Hardie 2007."""

import numpy as np
import pytest

from mandegar.metrics.purchases.buyer_model import NoModel
from mandegar.metrics.value.retention_model import ShiftedBetaGeometric, fit_sbg

# Table 1 of the paper: per cent of each segment that is there after years 0 to 12; the first seven calibrate the model.
HIGH_END = (100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4)
REGULAR = (100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3)
SEEN = 7


def fitted(survival: tuple[float, ...]) -> ShiftedBetaGeometric:
    """The model of a thousand customers of whom so many stayed through seven renewals."""
    left = -np.diff(np.array(survival[: SEEN + 1]) * 10)
    renewals, gone = np.arange(SEEN + 1), np.r_[np.ones(SEEN, bool), False]
    found = fit_sbg(renewals, gone, np.zeros(SEEN + 1), np.r_[left, survival[SEEN] * 10])
    assert isinstance(found, ShiftedBetaGeometric)
    return found


@pytest.mark.parametrize(
    ("survival", "alpha", "beta", "year_12"), [(HIGH_END, 0.668, 3.806, 0.378), (REGULAR, 0.704, 1.182, 0.170)], ids=["high end", "regular"]
)
def test_the_published_parameters_and_what_they_foretell_of_year_12(
    survival: tuple[float, ...], alpha: float, beta: float, year_12: float
) -> None:
    model = fitted(survival)
    assert (round(model.alpha, 3), round(model.beta, 3)) == (alpha, beta)
    assert round(float(model.survival(np.array([12]))[0]), 3) == year_12
    assert abs(year_12 - survival[12] / 100) < 0.02  # .394 and .173 were there


def test_customers_seen_from_later_on_weigh_from_then_on() -> None:
    """Of who is first seen after two renewals only what follows counts: the same base cut there gives nearly the same model."""
    survival = ShiftedBetaGeometric(0.7, 1.2, 0, 0, 0).survival(np.arange(25)) * 1e7
    renewals, gone = np.arange(25), np.r_[np.ones(24, bool), False]
    counts = np.r_[-np.diff(survival), survival[-1]]
    late = renewals >= 2
    found = fit_sbg(renewals[late], gone[late], np.full(late.sum(), 2), counts[late])
    assert isinstance(found, ShiftedBetaGeometric)
    assert (found.alpha, found.beta) == pytest.approx((0.7, 1.2), rel=1e-3)


@pytest.mark.parametrize("stayed", [0, 3, 40])
def test_the_payments_ahead_are_the_sum_of_the_discounted_survivals(stayed: int) -> None:
    model = ShiftedBetaGeometric(0.668, 3.806, 0, 0, 0)
    far = np.arange(stayed, stayed + 20_000)
    survival = model.survival(far)
    summed = float((survival[1:] / survival[0] * 1.01 ** -np.arange(1, len(far))).sum())
    assert float(model.renewals_ahead(np.array([stayed]), 0.01)[0]) == pytest.approx(summed, rel=1e-6)


def test_who_has_stayed_long_is_expected_to_stay_longer() -> None:
    ahead = ShiftedBetaGeometric(0.668, 3.806, 0, 0, 0).renewals_ahead(np.array([0, 1, 12, 60]), 0.01)
    assert (np.diff(ahead) > 0).all()


def test_too_few_leavings_make_no_model() -> None:
    found = fit_sbg(np.array([0, 5]), np.array([True, False]), np.zeros(2), np.array([99, 1000]))
    assert found == NoModel("customers who left: 99; a model needs 100")
