"""Drift: is a night of a table like its last nights? Volume, freshness, and what stands in the columns.

A night is compared with the nights before it alone, those of the same weekday, so that a day made again gives what it gave.
Usual is the median of those nights; how far they are apart is told by their median absolute deviation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from mandegar import calendar
from mandegar.company import Company
from mandegar.entities import ENTITIES
from mandegar.lake import Lake, Receipt
from mandegar.quality import profile
from mandegar.quality.profile import Facts
from mandegar.quality.suite_file import Drift
from mandegar.systems import TableId

NORMAL = 1.4826  # median absolute deviation to standard deviation, of a normal distribution
VOLUME, FRESHNESS, DISTRIBUTION = "volume_as_usual", "freshness_as_usual", "distribution_as_usual"
NO_HISTORY = "no history"


@dataclass(frozen=True)
class Usual:
    """What a number usually is, and by how much it usually differs from that."""

    middle: float
    spread: float

    @staticmethod
    def of(numbers: list[float]) -> "Usual":
        """The median and the robust standard deviation of some numbers."""
        middle = median(numbers)
        return Usual(middle, NORMAL * median(abs(number - middle) for number in numbers))

    def differs(self, number: float, deviations: float, least: float) -> bool:
        """Whether a number is further off than usual, and by `least` at least."""
        return abs(number - self.middle) > max(deviations * self.spread, least)


def results(company: Company, lake: Lake, table: TableId, receipt: Receipt, settings: Drift) -> list[dict]:
    """Remembers the facts of a window and holds them against those of earlier nights; gives lines of lake/quality.

    evaluated: how many facts were compared; unexpected: how many are not as usual; detail says which. Without enough
    earlier nights the status is `no history`, and nothing is alarmed.
    """
    closes = calendar.day_end(receipt.as_of, company.zone)
    tonight = profile.remember(lake, str(table), ENTITIES[table.entity], receipt, closes)
    nights = profile.profiles(lake, str(table), _comparable(lake, table, receipt, settings))
    known = nights if len(nights) >= settings.at_least else []
    rules = (
        (VOLUME, settings.volume.severity, lambda: _volume(tonight, known, settings)),
        (FRESHNESS, settings.freshness.severity, lambda: _freshness(tonight, known, settings)),
        (DISTRIBUTION, settings.distribution.severity, lambda: _distribution(tonight, known, settings)),
    )
    return [_result(table, rule, severity, compare) for rule, severity, compare in rules if severity != "off"]


def _comparable(lake: Lake, table: TableId, receipt: Receipt, settings: Drift) -> list[Receipt]:
    """The last nights before, of the same weekday and that took as much of the source (all of it, or a window)."""
    before = [one for one in lake.receipts("valid", str(table)) if one.as_of < receipt.as_of and one.covers == receipt.covers]
    if settings.same_weekday:
        before = [one for one in before if (receipt.as_of - one.as_of) % timedelta(days=7) == timedelta()]
    return before[-settings.nights :]


Compared = tuple[int, list[str]]


def _volume(tonight: Facts, nights: list[Facts], settings: Drift) -> Compared:
    """The number of rows."""
    counts = [count for night in nights if (count := night.of("", "rows")) is not None]
    now = tonight.of("", "rows")
    if not counts or now is None:
        return 0, []
    usual = Usual.of(counts)
    limits = settings.volume
    if not usual.differs(now, limits.deviations, limits.least_change * usual.middle):
        return 1, []
    return 1, [f"{now:,.0f} rows, usually {usual.middle:,.0f}"]


def _freshness(tonight: Facts, nights: list[Facts], settings: Drift) -> Compared:
    """How old the newest row is; only older than usual is a drift."""
    limits, now = settings.freshness, tonight.of("", "hours_behind")
    if now is None:
        return 0, []
    if limits.at_most_hours is not None and now > limits.at_most_hours:
        return 1, [f"the newest row is {now:,.1f} hours old, at most {limits.at_most_hours:g} are allowed"]
    behind = [hours for night in nights if (hours := night.of("", "hours_behind")) is not None]
    if not behind:
        return int(limits.at_most_hours is not None), []
    usual = Usual.of(behind)
    if now > usual.middle and usual.differs(now, limits.deviations, limits.least_hours):
        return 1, [f"the newest row is {now:,.1f} hours old, usually {usual.middle:,.1f}"]
    return 1, []


def _distribution(tonight: Facts, nights: list[Facts], settings: Drift) -> Compared:
    """What stands in the columns: the share of empty cells, the shares of categories, median and mean of numbers."""
    limits = settings.distribution
    nights = [night for night in nights if (night.of("", "rows") or 0) >= limits.least_rows]
    if len(nights) < settings.at_least or (tonight.of("", "rows") or 0) < limits.least_rows:
        return 0, []
    compared, told = 0, []
    for column in sorted({name for name, _, _ in tonight.values if name}):
        for fact, least, say in (
            ("nulls", lambda middle: limits.nulls, "{0:.1%} empty, usually {1:.1%}"),
            ("median", lambda middle: limits.amounts * abs(middle), "median {0:,.6g}, usually {1:,.6g}"),
            ("mean", lambda middle: limits.amounts * abs(middle), "mean {0:,.6g}, usually {1:,.6g}"),
        ):
            now = tonight.of(column, fact)
            before = [value for night in nights if (value := night.of(column, fact)) is not None]
            if now is None or len(before) < settings.at_least:
                continue
            compared += 1
            usual = Usual.of(before)
            if usual.differs(now, limits.deviations, least(usual.middle)):
                told.append(f"{column}: {say.format(now, usual.middle)}")
        if moved := _categories(column, tonight, nights, settings):
            compared += 1
            told += [moved] if moved != AS_USUAL else []
    return compared, told


AS_USUAL = "as usual"


def _categories(column: str, tonight: Facts, nights: list[Facts], settings: Drift) -> str | None:
    """How the shares of a column's categories moved; None where there is nothing to compare.

    Distance: total variation, half the sum of the absolute differences to the mean shares of the nights before.
    """
    now = tonight.shares(column)
    before = [shares for night in nights if (shares := night.shares(column))]
    if not now or len(before) < settings.at_least:
        return None
    mean = {part: sum(shares.get(part, 0) for shares in before) / len(before) for shares in before for part in shares}
    usual = Usual.of([_distance(shares, mean) for shares in before])
    limits = settings.distribution
    distance = _distance(now, mean)
    if distance <= max(usual.middle + limits.deviations * usual.spread, limits.categories):
        return AS_USUAL
    most = max(now.keys() | mean.keys(), key=lambda part: (abs(now.get(part, 0) - mean.get(part, 0)), part))
    return f"{column}: {now.get(most, 0):.1%} {most}, usually {mean.get(most, 0):.1%}"


def _distance(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(abs(one.get(part, 0) - other.get(part, 0)) for part in one.keys() | other.keys()) / 2


def _result(table: TableId, rule: str, severity: str, compare: Callable[[], Compared]) -> dict:
    compared, told = compare()
    status = NO_HISTORY if not compared else "passed" if not told else "failed" if severity == "fail" else "warned"
    return {
        "source": str(table),
        "entity": table.entity,
        "rule": rule,
        "severity": severity,
        "evaluated": compared,
        "unexpected": len(told),
        "status": status,
        "detail": "; ".join(told) or None,
    }
