"""The temporal hold-out: which months serve what, and that no answer is known before the next are asked."""

from datetime import date, timedelta

from mandegar.risk.model.periods import purged

ENDS = [
    date(year, month + 1, 1) - timedelta(days=1) if month < 12 else date(year, 12, 31) for year in (2024, 2025) for month in range(1, 13)
]


def test_between_two_purposes_lies_the_horizon() -> None:
    found = purged(ENDS, 90, date(2025, 12, 31))
    assert found is not None
    for before, after in ((found.learn, found.calibrate), (found.calibrate, found.choose), (found.choose, found.judge)):
        assert (after[0] - before[-1]).days >= 90


def test_two_years_of_months() -> None:
    """21 months have 90 days after them: a fifth of them (4) to judge by, 2 to choose by, 2 to calibrate on; 3 months before each go."""
    found = purged(ENDS, 90, date(2025, 12, 31))
    assert found is not None
    assert found.judge == (date(2025, 6, 30), date(2025, 7, 31), date(2025, 8, 31), date(2025, 9, 30))
    assert found.choose == (date(2025, 2, 28), date(2025, 3, 31))
    assert found.calibrate == (date(2024, 10, 31), date(2024, 11, 30))
    assert found.learn == tuple(ENDS[:7])


def test_a_snapshot_whose_horizon_is_not_over_is_not_used() -> None:
    found = purged(ENDS, 90, date(2025, 12, 28))
    assert found is not None
    assert found.judge[-1] == date(2025, 8, 31)


def test_a_quarter_of_the_usual_shares_leaves_more_to_learn_from() -> None:
    """Of 21 months one each to judge, choose and calibrate by; three months before each go, and the others are learnt from."""
    found = purged(ENDS, 90, date(2025, 12, 31), scale=0.25)
    assert found is not None
    assert (found.judge, found.choose, found.calibrate) == ((date(2025, 9, 30),), (date(2025, 6, 30),), (date(2025, 3, 31),))
    assert found.learn == tuple(ENDS[:12])


def test_a_history_too_short_has_none() -> None:
    assert purged(ENDS[:12], 90, date(2024, 12, 31)) is None
    assert purged([], 90, date(2024, 12, 31)) is None
