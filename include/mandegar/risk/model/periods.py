"""A temporal hold-out: which snapshots are learnt from, calibrated on, chosen by and judged by, with gaps so that no answer leaks."""

from dataclasses import dataclass
from datetime import date, timedelta

SHARES = (0.2, 0.08, 0.1)  # of the snapshots: judged by, chosen by, calibrated on; the others are learnt from
FEWEST = 2  # snapshots to learn from


SCALES = (1.0, 0.75, 0.5, 0.25)  # a young company that grows has most departures in its last months: fewer of them are enough


@dataclass(frozen=True)
class Periods:
    """The snapshots of each purpose, oldest first; between two of them lies at least the horizon."""

    learn: tuple[date, ...]
    calibrate: tuple[date, ...]
    choose: tuple[date, ...]
    judge: tuple[date, ...]


def purged(dates: list[date], horizon: int, as_of: date, scale: float = 1.0) -> Periods | None:
    """The hold-out of some snapshots for a horizon in days; None where they do not last.

    A snapshot counts when the whole horizon after it is known. The answer of each snapshot of one purpose is known before the first
    snapshot of the next purpose is taken: snapshots within the gap are left out. scale: of the usual shares to judge, choose and
    calibrate by, where the first months are needed for learning.
    """
    gap = timedelta(days=horizon)
    usable = [day for day in dates if day + gap <= as_of]
    rest, parts = usable, []
    for share in SHARES:
        count = max(1, round(share * scale * len(usable)))
        part = rest[-count:]
        if not part:
            return None
        parts.append(tuple(part))
        rest = [day for day in rest if day + gap <= part[0]]
    if len(rest) < FEWEST:
        return None
    judge, choose, calibrate = parts
    return Periods(tuple(rest), calibrate, choose, judge)
