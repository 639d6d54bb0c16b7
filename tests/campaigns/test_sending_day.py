"""The next day on which people may be written to: by the company's own days off and its country's holidays, lunar ones too."""

from datetime import date

import pytest

from mandegar.campaigns.sending_day import is_closed, next_sending_day
from mandegar.config.settings import Contacting, WorkingTime
from mandegar.errors import CompanyError


@pytest.fixture
def company_that(company):
    """A company with days on which nobody is written to."""

    def make(holidays: tuple = (), calendar: str = "jalali", **contacting):
        settings = {"contacting": Contacting(**contacting), "working_time": WorkingTime(holidays=holidays), "calendar": calendar}
        return company.model_copy(update=settings)

    return make


def test_usually_it_is_the_day_after_the_night(company):
    assert next_sending_day(company, date(2025, 3, 20)) == date(2025, 3, 21)


def test_nowruz_is_waited_for(company_that):
    """1 to 4 Farvardin 1404 are 21 to 24 March 2025."""
    assert next_sending_day(company_that(public_holidays="IR"), date(2025, 3, 20)) == date(2025, 3, 25)


def test_a_weekday_off_is_passed_over(company_that):
    """Friday 28 March 2025."""
    assert next_sending_day(company_that(days_off=("friday",)), date(2025, 3, 27)) == date(2025, 3, 29)


def test_a_lunar_holiday_is_one_too(company_that):
    """Ashura of the lunar year 1447 is 5 July 2025 in Iran, or the day beside it: by the moon."""
    closed = [is_closed(company_that(public_holidays="IR"), date(2025, 7, day)) for day in range(1, 12)]
    assert any(closed)
    assert not all(closed)


@pytest.mark.parametrize(
    ("holidays", "calendar", "closed"),
    [(("01-13",), "jalali", True), (("04-02",), "gregorian", True), (("04-02",), "jalali", False), ((date(2025, 4, 2),), "jalali", True)],
)
def test_the_company_s_own_holidays_are_of_its_calendar(company_that, holidays, calendar, closed):
    """13 Farvardin 1404 is 2 April 2025."""
    assert is_closed(company_that(holidays, calendar), date(2025, 4, 2)) is closed


def test_a_country_whose_holidays_nobody_knows_is_told(company_that):
    with pytest.raises(CompanyError, match="the holidays of 'ZZ' are not known"):
        next_sending_day(company_that(public_holidays="ZZ"), date(2025, 3, 20))
