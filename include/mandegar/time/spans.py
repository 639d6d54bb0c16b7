"""Rows and the spans of time that they fall into, matched by day: engines hash equal days, where they try ranges one by one."""

from collections.abc import Sequence
from datetime import datetime

import ibis
import ibis.expr.types as ir

from mandegar.time.seconds import DAY, seconds

BLOCK = 64


def falling(
    rows: ir.Table,
    at: str,
    spans: ir.Table,
    since: str,
    till: str,
    longest: int,
    alike: Sequence[tuple[str, str]] = (),
    between: tuple[datetime, datetime] | None = None,
) -> ir.Table:
    """Rows joined with the spans that they fall into: since <= at < till.

    Grain: one row per row and such a span. Columns: those of both, of which no two may be called alike.
    A span is looked for by the days of UTC that it touches, and only among those of a day by the instant. longest: as many days as no
    span is longer than. alike: pairs of columns, of the rows and of the spans, that are equal too. between: the first and the last instant
    at which a span changes, where some last forever: days before the first count as its day, and days after the last as that one's.
    """

    def day(instant: ir.TimestampValue) -> ir.IntegerValue:
        if between is None:
            return _utc_day(instant)
        earliest, latest = (ibis.literal(bound) for bound in between)
        return _utc_day(ibis.greatest(ibis.least(instant, latest), earliest))

    days = day_by_day(spans, day(spans[since]), day(spans[till]), longest + 2)
    dated = rows.mutate(day_of_row=day(rows[at]))
    same = [dated[of_row] == days[of_span] for of_row, of_span in alike]
    found = dated.join(days, [dated.day_of_row == days.day_touched, *same, dated[at] >= days[since], dated[at] < days[till]])
    return found.select(*rows.columns, *spans.columns)


def day_by_day(spans: ir.Table, first: ir.IntegerValue, last: ir.IntegerValue, longest: int) -> ir.Table:
    """Spans with every day from their first to their last, `longest` at most.

    Grain: one row per span and day. Further column: day_touched, a number as first and last are.
    """
    steps = ibis.literal(list(range(BLOCK)), "array<int64>")
    days = spans.mutate(day_touched=first, last_touched=last)
    for size in reversed(_sizes(longest)):  # first the days a large step apart, then those between them
        stepped = days.mutate(step=steps.unnest())
        days = stepped.mutate(day_touched=stepped.day_touched + stepped.step * size)
        days = days.filter(days.day_touched <= days.last_touched)
    return days.select(*spans.columns, "day_touched")


def _sizes(longest: int) -> list[int]:
    """The steps by which so many days are reached: 1, 64, 4,096, ..."""
    sizes = [1]
    while sizes[-1] * BLOCK < longest:
        sizes.append(sizes[-1] * BLOCK)
    return sizes


def _utc_day(at: ir.TimestampValue) -> ir.IntegerValue:
    """The day of UTC in which an instant falls, as the number of days since 1970-01-01."""
    return (seconds(at) / DAY).floor().cast("int64")  # exact: whole numbers far below 2**53
