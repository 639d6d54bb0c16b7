"""Months, days and the wall clock of Tehran, which knew summer time until 2022."""

from datetime import date
from pathlib import Path

import numpy as np

from mandegar.sample import write_sample
from mandegar.sample.instants import DAY, NONE, add_months, awake, day_number, later, numbered, stamps, stamps_with_offset


def at(day: date, hour: int = 0, minute: int = 0) -> np.ndarray:
    """An instant of the wall clock, as an array of one."""
    return np.array([day_number(day) * DAY + hour * 3600 + minute * 60])


def test_a_month_after_the_last_of_january_is_the_last_of_february() -> None:
    assert add_months(at(date(2025, 1, 31)) // DAY, np.array([1]))[0] == day_number(date(2025, 2, 28))
    assert add_months(at(date(2024, 1, 31)) // DAY, np.array([1]))[0] == day_number(date(2024, 2, 29))
    assert add_months(at(date(2024, 1, 31)) // DAY, np.array([-2]))[0] == day_number(date(2023, 11, 30))


def test_instants_are_spelled_with_the_offset_of_their_day() -> None:
    assert stamps_with_offset(at(date(2022, 8, 1), 9, 30)).tolist() == ["2022-08-01T09:30:00+04:30"]
    assert stamps_with_offset(at(date(2023, 8, 1), 9, 30)).tolist() == ["2023-08-01T09:30:00+03:30"]


def test_nothing_is_spelled_as_none() -> None:
    assert stamps(np.array([NONE])).tolist() == [None]


def test_thirty_days_over_the_end_of_summer_time_are_thirty_days() -> None:
    assert stamps(later(at(date(2022, 9, 10), 12), 30 * DAY)).tolist() == ["2022-10-10 11:00:00"]
    assert stamps(later(at(date(2025, 9, 10), 12), 30 * DAY)).tolist() == ["2025-10-10 12:00:00"]


def test_nothing_happens_at_night() -> None:
    assert stamps(awake(at(date(2022, 3, 22), 0, 30))).tolist() == ["2022-03-22 01:05:00"]
    assert stamps(awake(at(date(2022, 9, 21), 23, 30))).tolist() == ["2022-09-21 22:55:00"]


def test_numbers_keep_their_width() -> None:
    assert numbered("I-", np.array([7, 12345678]), 8).tolist() == ["I-00000007", "I-12345678"]


def test_a_history_in_the_years_of_summer_time_can_be_written(tmp_path: Path) -> None:
    out = write_sample(tmp_path / "a", customers=400, months=12, seed=2, until=date(2022, 12, 31)).out
    lines = (out / "tickets.jsonl").read_text("utf-8").splitlines()
    summer = [line for line in lines if '"created_at": "2022-07' in line]
    winter = [line for line in lines if '"created_at": "2022-11' in line]
    assert len(summer) > 5
    assert len(winter) > 5
    assert all('"updated_at": "2022-07' not in line or "+04:30" in line for line in summer)
    assert all("+03:30" in line for line in winter)
