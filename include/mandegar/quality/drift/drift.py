"""Drift: is a night of a table like its last nights? Volume, freshness, and what stands in the columns.

A night is compared with the nights before it alone, those of the same weekday, so that a day made again gives what it gave.
Usual is the median of those nights; how far they are apart is told by their median absolute deviation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import fsum
from statistics import median

from mandegar.config.systems import TableId
from mandegar.language.catalogue import Said, listed, said
from mandegar.quality.drift import profile
from mandegar.quality.drift.profile import Facts
from mandegar.quality.suites.suite_file import Drift
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt

NORMAL = 1.4826  # median absolute deviation to standard deviation, of a normal distribution
VOLUME, FRESHNESS, DISTRIBUTION = "volume_as_usual", "freshness_as_usual", "distribution_as_usual"
NO_HISTORY = "no history"
FACTS = {
    "nulls": Said("{column}: {} empty, usually {}"),
    "median": Said("{column}: median {}, usually {}"),
    "mean": Said("{column}: mean {}, usually {}"),
}


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


@dataclass(frozen=True)
class Told:
    """What one rule of drift found: its line of lake/quality, and what is not as usual in English, for an error."""

    line: dict
    english: str | None


def results(lake: Lake, table: TableId, receipt: Receipt, tonight: Facts, settings: Drift, locale: str) -> list[Told]:
    """The facts of a window held against those of earlier nights.

    evaluated: how many facts were compared; unexpected: how many are not as usual; detail says which. Without enough
    earlier nights the status is `no history`, and nothing is alarmed. locale: of the detail.
    """
    nights = profile.profiles(lake, str(table), _comparable(lake, table, receipt, settings))
    known = nights if len(nights) >= settings.at_least else []
    rules = (
        (VOLUME, settings.volume.severity, lambda: _volume(tonight, known, settings)),
        (FRESHNESS, settings.freshness.severity, lambda: _freshness(tonight, known, settings)),
        (DISTRIBUTION, settings.distribution.severity, lambda: _distribution(tonight, known, settings)),
    )
    return [_result(table, rule, severity, compare, locale) for rule, severity, compare in rules if severity != "off"]


def _comparable(lake: Lake, table: TableId, receipt: Receipt, settings: Drift) -> list[Receipt]:
    """The last nights before, of the same weekday and that took as much of the source (all of it, or a window)."""
    before = [one for one in lake.receipts("valid", str(table)) if one.as_of < receipt.as_of and one.covers == receipt.covers]
    if settings.same_weekday:
        before = [one for one in before if (receipt.as_of - one.as_of) % timedelta(days=7) == timedelta()]
    return before[-settings.nights :]


Compared = tuple[int, list[Said]]


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
    return 1, [said("{} rows, usually {}", f"{now:,.0f}", f"{usual.middle:,.0f}")]


def _freshness(tonight: Facts, nights: list[Facts], settings: Drift) -> Compared:
    """How old the newest row is; only older than usual is a drift."""
    limits, now = settings.freshness, tonight.of("", "hours_behind")
    if now is None:
        return 0, []
    if limits.at_most_hours is not None and now > limits.at_most_hours:
        forbidden = Said("the newest row is {} hours old, at most {} are allowed")
        return 1, [forbidden.of(f"{now:,.1f}", f"{limits.at_most_hours:g}")]
    behind = [hours for night in nights if (hours := night.of("", "hours_behind")) is not None]
    if not behind:
        return int(limits.at_most_hours is not None), []
    usual = Usual.of(behind)
    if now > usual.middle and usual.differs(now, limits.deviations, limits.least_hours):
        return 1, [said("the newest row is {} hours old, usually {}", f"{now:,.1f}", f"{usual.middle:,.1f}")]
    return 1, []


def _distribution(tonight: Facts, nights: list[Facts], settings: Drift) -> Compared:
    """What stands in the columns: the share of empty cells, the shares of categories, median and mean of numbers."""
    limits = settings.distribution
    nights = [night for night in nights if (night.of("", "rows") or 0) >= limits.least_rows]
    if len(nights) < settings.at_least or (tonight.of("", "rows") or 0) < limits.least_rows:
        return 0, []
    compared = 0
    told: list[Said] = []
    for column in sorted({name for name, _, _ in tonight.values if name}):
        for fact, words in FACTS.items():
            now = tonight.of(column, fact)
            before = [value for night in nights if (value := night.of(column, fact)) is not None]
            if now is None or len(before) < settings.at_least:
                continue
            compared += 1
            usual = Usual.of(before)
            if usual.differs(now, limits.deviations, limits.nulls if fact == "nulls" else limits.amounts * abs(usual.middle)):
                numbers = (f"{one:.1%}" if fact == "nulls" else f"{one:,.6g}" for one in (now, usual.middle))
                told.append(words.of(*numbers, column=column))
        looked_at, moved = _categories(column, tonight, nights, settings)
        compared += looked_at
        told += moved
    return compared, told


def _categories(column: str, tonight: Facts, nights: list[Facts], settings: Drift) -> Compared:
    """How the shares of a column's categories moved.

    Distance: total variation, half the sum of the absolute differences to the mean shares of the nights before.
    """
    now = tonight.shares(column)
    before = [shares for night in nights if (shares := night.shares(column))]
    if not now or len(before) < settings.at_least:
        return 0, []
    mean = {part: fsum(shares.get(part, 0) for shares in before) / len(before) for shares in before for part in shares}
    usual = Usual.of([_distance(shares, mean) for shares in before])
    limits = settings.distribution
    distance = _distance(now, mean)
    if distance <= max(usual.middle + limits.deviations * usual.spread, limits.categories):
        return 1, []
    most = max(now.keys() | mean.keys(), key=lambda part: (abs(now.get(part, 0) - mean.get(part, 0)), part))
    words = Said("{column}: {} {part}, usually {}")
    return 1, [words.of(f"{now.get(most, 0):.1%}", f"{mean.get(most, 0):.1%}", column=column, part=most)]


def _distance(one: dict[str, float], other: dict[str, float]) -> float:
    """Half of what the shares differ by; by fsum, which asks neither in which order nor under which CPython they are summed up."""
    return fsum(abs(one.get(part, 0) - other.get(part, 0)) for part in one.keys() | other.keys()) / 2


def _result(table: TableId, rule: str, severity: str, compare: Callable[[], Compared], locale: str) -> Told:
    compared, told = compare()
    status = NO_HISTORY if not compared else "passed" if not told else "failed" if severity == "fail" else "warned"
    line = {
        "source": str(table),
        "entity": table.entity,
        "rule": rule,
        "severity": severity,
        "evaluated": compared,
        "unexpected": len(told),
        "status": status,
        "detail": listed(locale, told),
    }
    return Told(line, listed("en", told))
