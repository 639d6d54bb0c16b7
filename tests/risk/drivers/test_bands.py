"""Bands of signals: quartiles, heavy zeros, ties, small bands, texts; each case is small enough to count."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from mandegar.risk.drivers.bands import banded, response_bands

NAN = float("nan")


def counted(values: list, locale: str = "en") -> dict[str, int]:
    """How many rows are in which band, in their order; every row is another customer's."""
    found = banded("signal", pd.Series(values), np.arange(len(values)), locale)
    count = Counter(found.codes.tolist())
    return {name: count[code] for code, name in enumerate(found.names)}


# of a hundred rows the outer tenths are too few customers
TO_100 = [float(value) for value in range(1, 101)]
CASES: dict[str, tuple[list, dict[str, int]]] = {
    "quartiles": (TO_100, {"below 25": 24, "25 to 49": 25, "50 to 74": 25, "75 or more": 26}),
    "outer tenths": (
        [value / 4 for value in range(1, 401)],
        {"below 10": 39, "10 to 25": 60, "25 to 50": 100, "50 to 75": 100, "75 to 90": 60, "90 or more": 41},
    ),
    "what is not known comes last": (
        [*TO_100, *[NAN] * 30],
        {"below 25": 24, "25 to 49": 25, "50 to 74": 25, "75 or more": 26, "none known": 30},
    ),
    # the span between the quartiles is 500: cuts are rounded to tens
    "two digits of the span": (
        [3.0 + 10 * value for value in TO_100],
        {"below 250": 24, "250 to 499": 25, "500 to 749": 25, "750 or more": 26},
    ),
    "thousands": (
        [1000 * value for value in TO_100],
        {"below 25,000": 24, "25,000 to 49,999": 25, "50,000 to 74,999": 25, "75,000 or more": 26},
    ),
    "shares": ([value / 100 for value in TO_100], {"below 0.25": 24, "0.25 to 0.5": 25, "0.5 to 0.75": 25, "0.75 or more": 26}),
    "mostly 0": ([*[0.0] * 60, *TO_100], {"0": 60, "1 to 24": 24, "25 to 49": 25, "50 to 74": 25, "75 or more": 26}),
    "mostly 0, or below": (
        [*[0.0] * 60, *(-value for value in TO_100)],
        {"below -76": 24, "-76 to -52": 25, "-51 to -27": 25, "-26 to -1": 26, "0": 60},
    ),
    "mostly 0, above it too few customers for quarters": ([*[0.0] * 90, *TO_100[:30]], {"0": 90, "1 or more": 30}),
    "mostly 0, above it shares": (
        [*[0.0] * 60, *(value / 100 for value in TO_100)],
        {"0": 60, "above 0 to 0.25": 24, "0.25 to 0.5": 25, "0.5 to 0.75": 25, "0.75 or more": 26},
    ),
    "mostly 0, above it few shares": ([*[0.0] * 90, *(value / 100 for value in TO_100[:30])], {"0": 90, "above 0": 30}),
    "whole numbers next to each other": (
        [6.0, 7.0, 8.0, 9.0, 10.0, 5.0] * 20,
        {"below 6": 20, "6": 20, "7 to 8": 40, "9": 20, "10 or more": 20},
    ),
    "half of all are 100": ([*[100.0] * 100, *TO_100[:99]], {"below 50": 49, "50 to 99": 50, "100 or more": 100}),
    "few values": ([*[0.0] * 3, *[1.0] * 4, *[2.5] * 5], {"0": 3, "1": 4, "2.5": 5}),
    "no and yes as numbers": ([0.0, 1.0, 1.0, NAN], {"no": 1, "yes": 2, "none known": 1}),
    "no and yes": ([True, False, True], {"no": 1, "yes": 2}),
    "no, yes and not known": ([True, None, True, False], {"no": 1, "yes": 2, "none known": 1}),
    "one value": ([7.0] * 40, {"7": 40}),
    "texts": ([*["small"] * 25, *["large"] * 30, *["rare"] * 19, None], {"large": 30, "small": 25, "others": 19, "none known": 1}),
}


@pytest.mark.parametrize("what", CASES)
def test_bands(what: str) -> None:
    values, expected = CASES[what]
    found = counted(values)
    assert found == expected
    assert list(found) == list(expected)


@pytest.mark.parametrize("what", CASES)
def test_the_order_of_rows_changes_no_band(what: str) -> None:
    values, expected = CASES[what]
    assert counted(values[::-1]) == expected


def test_bands_of_a_customers_many_rows_are_too_small() -> None:
    """A hundred rows of ten customers: ten are no band of their own, whatever their rows."""
    found = banded("signal", pd.Series(TO_100), np.repeat(np.arange(10), 10), "en")
    assert found.names == ("any",)


def test_the_ninth_category_is_among_the_others() -> None:
    values = [f"plan {letter}" for number, letter in enumerate("abcdefghi") for _ in range(30 - number)]
    assert list(counted(values)) == [*(f"plan {letter}" for letter in "abcdefgh"), "others"]


def test_bands_in_persian() -> None:
    found = counted([*[0.0] * 60, *(-1000 * value for value in TO_100), None], "fa")
    assert list(found) == ["کمتر از −۷۶٬۰۰۰", "−۷۶٬۰۰۰ تا −۵۱٬۰۰۱", "−۵۱٬۰۰۰ تا −۲۶٬۰۰۱", "−۲۶٬۰۰۰ تا −۱", "۰", "نامعلوم"]


RESPONSES = {
    0.0: "within 15 minutes",
    0.25: "within 15 minutes",
    0.26: "within an hour",
    1.0: "within an hour",
    4.0: "within 4 hours",
    4.1: "within a day",
    24.0: "within a day",
    24.1: "after more than a day",
    NAN: "no ticket",
}


def test_answers_have_fixed_bands() -> None:
    found = response_bands(pd.Series(list(RESPONSES)), None, "en")
    assert [found.names[code] for code in found.codes] == list(RESPONSES.values())


def test_a_question_that_still_waits_is_unanswered_whatever_was_answered() -> None:
    found = response_bands(pd.Series([0.1, NAN, NAN, 3.0]), pd.Series([1.0, 1.0, NAN, 0.0]), "en")
    assert [found.names[code] for code in found.codes] == ["unanswered", "unanswered", "no ticket", "within 4 hours"]
