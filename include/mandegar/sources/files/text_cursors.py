"""Cursors that are told as text: only what is written year first compares as texts do."""

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from mandegar.errors import SourceError

YEAR_FIRST = r"^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([ T].*)?$"
LOOKED_AT = 1_000  # values of a database that are looked at


def is_comparable(kind: pa.DataType) -> bool:
    """Whether a column of that type can be a cursor: a time, a day, or text that tells one."""
    return pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_string(kind)


def strange(values: pa.Array) -> pa.Array:
    """Which values of a column of texts are there and are no times that compare as texts."""
    return pc.and_(pc.is_valid(values), pc.invert(pc.fill_null(pc.match_substring_regex(values, YEAR_FIRST), True)))


def refuse_strange(shown: str, column: str, values: Iterable[object]) -> None:
    """Errors: SourceError if more than half of some values of a cursor are no times that compare as texts."""
    given = [str(value) for value in values if value is not None]
    wrong = [value for value in given if not re.match(YEAR_FIRST, value)]
    if wrong and 2 * len(wrong) > len(given):
        raise unusable(shown, column, wrong[0])


def unusable(shown: str, column: str, value: str) -> SourceError:
    """The message for a cursor by which no window can be found."""
    return SourceError(
        f"{shown}: the cursor {column!r} holds {value[:60]!r}. New rows are found by times that are written year first, in the Gregorian "
        "calendar, such as 2025-01-31 or 2025-01-31 10:00:00. Write it so in the source, or leave `cursor:` out: the table is then "
        "read whole every night."
    )
