"""Bands of a signal: few, readable, each with enough customers; the same values give the same bands."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mandegar.language.catalogue import LANGUAGE, MINUS, Said, digits, translated

LEAST_CUSTOMERS = 20  # of a band that is told of
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
MOST_POINTS = 5  # a number with so few values has a band for each
HEAVY_ZERO = 0.25  # from this share on, 0 has a band of its own
MOST_CATEGORIES = 8
JUST_ABOVE_ZERO = float(np.nextafter(0.0, 1.0))

ANY = Said("any")
NONE_KNOWN = Said("none known")
NO, YES, OTHERS = Said("no"), Said("yes"), Said("others")
BELOW, BETWEEN, FROM = Said("below {}"), Said("{} to {}"), Said("{} or more")
ABOVE_ZERO, ABOVE_ZERO_TO = Said("above 0"), Said("above 0 to {}")

RESPONSE = "response_hours"
UNANSWERED = "response_unanswered"
RESPONSE_CUTS = (0.25, 1.0, 4.0, 24.0)
RESPONSE_BANDS = (
    Said("within 15 minutes"),
    Said("within an hour"),
    Said("within 4 hours"),
    Said("within a day"),
    Said("after more than a day"),
    Said("unanswered"),
    Said("no ticket"),
)


@dataclass(frozen=True)
class Banded:
    """A signal in bands.

    codes: of each row its band's place among names, which stand in their order; known: how many of the names are of something known, the
    one that may come after them is of what is not.
    """

    feature: str
    codes: np.ndarray
    names: tuple[str, ...]
    known: int


def banded(feature: str, values: pd.Series, customers: np.ndarray, locale: str) -> Banded:
    """The bands of a signal.

    values: numbers, booleans or texts, what is not known empty. customers: whose row it is, as whole numbers. Numbers: by quartiles and
    the outer tenths, rounded to two digits of the span between the first and the last; a value that is 0 in a quarter of the rows has a
    band of its own, a number of at most MOST_POINTS values one for each; whole numbers are told with their last (1 to 3), others with
    where the next band begins; a band of too few customers goes to its smaller neighbour. Texts: the most frequent, then `others`.
    Columns of 0 and 1 are no and yes.
    """
    known = values[values.notna()]
    if all(isinstance(value, (bool, np.bool_)) for value in known.unique()):
        return _booleans(feature, values, locale)
    if not pd.api.types.is_numeric_dtype(values):
        return _categories(feature, values, customers, locale)
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    distinct = np.unique(numbers[~np.isnan(numbers)])
    if set(distinct) <= {0.0, 1.0}:
        return _booleans(feature, values, locale)
    if len(distinct) <= MOST_POINTS:
        names = [_number(value, _decimals(distinct), locale) for value in distinct]
        return _with_unknown(feature, np.searchsorted(distinct, numbers), np.isnan(numbers), names, NONE_KNOWN.told(locale))
    cuts, decimals = _cuts(numbers[np.isfinite(numbers)])
    cuts = _enough(cuts, numbers, customers)
    codes = np.searchsorted(cuts, numbers, side="right")
    whole = bool((distinct == np.floor(distinct)).all())
    return _with_unknown(feature, codes, np.isnan(numbers), _names(cuts, decimals, whole, locale), NONE_KNOWN.told(locale))


def response_bands(hours: pd.Series, unanswered: pd.Series | None, locale: str) -> Banded:
    """The time to the first answer in fixed bands; unanswered: where a question still waits, whatever other answers took."""
    waited = hours.to_numpy(dtype=float, na_value=np.nan)
    codes = np.searchsorted(RESPONSE_CUTS, waited, side="left")
    open_ = np.zeros(len(waited), dtype=bool) if unanswered is None else (unanswered == 1).fillna(False).to_numpy(dtype=bool)
    codes = np.where(open_, len(RESPONSE_CUTS) + 1, codes)
    *names, none = (name.told(locale) for name in RESPONSE_BANDS)
    return _with_unknown(RESPONSE, codes, np.isnan(waited) & ~open_, names, none)


def distinct_customers(codes: np.ndarray, customers: np.ndarray, bands: int) -> np.ndarray:
    """How many different customers every band has."""
    pairs = np.unique(customers.astype(np.int64) * bands + codes)
    return np.bincount(pairs % bands, minlength=bands)


def _booleans(feature: str, values: pd.Series, locale: str) -> Banded:
    unknown = values.isna().to_numpy()
    codes = values.astype(object).where(~unknown, False).astype(bool).to_numpy().astype(int)
    return _with_unknown(feature, codes, unknown, [NO.told(locale), YES.told(locale)], NONE_KNOWN.told(locale))


def _categories(feature: str, values: pd.Series, customers: np.ndarray, locale: str) -> Banded:
    unknown = values.isna().to_numpy()
    names, codes = np.unique(values.astype(object).where(~unknown, "").astype(str).to_numpy(dtype=object), return_inverse=True)
    count = distinct_customers(codes[~unknown], customers[~unknown], len(names))
    order = [place for place in np.lexsort((names, -count)) if count[place] >= LEAST_CUSTOMERS][:MOST_CATEGORIES]
    new = np.full(len(names), len(order))
    new[order] = np.arange(len(order))
    return _with_unknown(feature, new[codes], unknown, [*names[order], OTHERS.told(locale)], NONE_KNOWN.told(locale))


def _with_unknown(feature: str, codes: np.ndarray, unknown: np.ndarray, names: Sequence[Any], none: str) -> Banded:
    """The bands that any row is in."""
    every = np.where(unknown, len(names), codes)
    there, found = np.unique(every, return_inverse=True)
    return Banded(feature, found, tuple(str([*names, none][place]) for place in there), int((there < len(names)).sum()))


def _cuts(known: np.ndarray) -> tuple[list[float], int]:
    """Where bands begin, and with how many decimals that is written."""
    heavy = bool((known == 0).mean() >= HEAVY_ZERO)
    rest = known[known != 0] if heavy else known
    quantiles = np.quantile(rest, QUANTILES, method="inverted_cdf")
    span = float(quantiles[-1] - quantiles[0]) or float(rest.max() - rest.min()) or abs(float(rest[0]))
    decimals = 1 - math.floor(math.log10(span))
    found = {float(round(float(value), decimals)) for value in quantiles}
    if heavy:
        found = {cut for cut in found if cut != 0} | {0.0, JUST_ABOVE_ZERO}
    return sorted(found), max(decimals, 0)


def _enough(cuts: list[float], numbers: np.ndarray, customers: np.ndarray) -> list[float]:
    """The cuts that leave every band enough customers; those around a heavy 0 stay."""
    known, heavy_zero = ~np.isnan(numbers), JUST_ABOVE_ZERO in cuts
    while True:
        codes = np.searchsorted(cuts, numbers[known], side="right")
        count = distinct_customers(codes, customers[known], len(cuts) + 1)
        small = [place for place in np.argsort(count, kind="stable") if count[place] < LEAST_CUSTOMERS]
        choices = [
            (count[place + side], cut)
            for place in small
            for side, cut in ((-1, place - 1), (1, place))
            if 0 <= cut < len(cuts) and not (heavy_zero and cuts[cut] in (0.0, JUST_ABOVE_ZERO))
        ]
        if not choices:
            return cuts
        _, gone = min(choices)
        cuts = [cut for place, cut in enumerate(cuts) if place != gone]


def _names(cuts: list[float], decimals: int, whole: bool, locale: str) -> list[str]:
    """The bands between cuts in words. whole: there are whole numbers only."""
    if not cuts:
        return [ANY.told(locale)]
    if whole:
        return _whole_names([1.0 if cut == JUST_ABOVE_ZERO else math.ceil(cut) for cut in cuts], locale)
    found = []
    for low, high in zip([None, *cuts], [*cuts, None], strict=True):
        first, last = (None if cut is None else _number(cut, decimals, locale) for cut in (low, high))
        if high == JUST_ABOVE_ZERO:
            found.append(_number(0.0, 0, locale))
        elif low == JUST_ABOVE_ZERO:
            found.append(ABOVE_ZERO.told(locale) if last is None else ABOVE_ZERO_TO.of(last).told(locale))
        elif first is None:
            found.append(BELOW.of(str(last)).told(locale))
        else:
            found.append(FROM.of(first).told(locale) if last is None else BETWEEN.of(first, last).told(locale))
    return found


def _whole_names(cuts: list[float], locale: str) -> list[str]:
    found = [BELOW.of(_number(cuts[0], 0, locale)).told(locale)]
    for low, next_ in itertools.pairwise(cuts):
        first, last = _number(low, 0, locale), _number(next_ - 1, 0, locale)
        found.append(first if first == last else BETWEEN.of(first, last).told(locale))
    return [*found, FROM.of(_number(cuts[-1], 0, locale)).told(locale)]


def _decimals(values: np.ndarray) -> int:
    return next((places for places in range(7) if np.allclose(values, np.round(values, places), rtol=0, atol=1e-9)), 6)


def _number(value: float, decimals: int, locale: str) -> str:
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return digits(locale, "0" if text == "-0" else text).replace(MINUS, translated(locale, MINUS, LANGUAGE))
