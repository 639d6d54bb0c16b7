"""The span of a source's cursor that one night takes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from mandegar.storage.receipts import Receipt

NEVER = 3000  # a window that ends in that year or later has no end


@dataclass(frozen=True)
class Window:
    """starts_at <= cursor < ends_at; starts_at None takes all that came before. zone: the source's, for times without one."""

    starts_at: datetime | None
    ends_at: datetime
    zone: ZoneInfo


def next_window(before: list[Receipt], opens: datetime, closes: datetime, look_back_days: int, zone: ZoneInfo) -> Window:
    """The window of a night: from the end of the last one, or the day's beginning if that is earlier, less the look-back.

    before: receipts of earlier nights. opens, closes: the business day's first and last instant. A night whose
    predecessor was skipped reaches back to where the chain of windows ended, so that no row falls between two nights.
    """
    if not before:
        return Window(None, closes, zone)
    reached = min(before[-1].ends_at, opens)
    return Window(reached - timedelta(days=look_back_days), closes, zone)


def bounds(window: Window, kind: str) -> tuple[str | date | datetime | None, str | date | datetime]:
    """The window's ends in the form of a cursor column: aware, naive, date or text."""
    return (None if window.starts_at is None else _form(window.starts_at, window.zone, kind)), _form(window.ends_at, window.zone, kind)


def _form(instant: datetime, zone: ZoneInfo, kind: str) -> str | date | datetime:
    local = instant.astimezone(zone)
    match kind:
        case "aware":
            return instant.astimezone(UTC)
        case "naive":
            return local.replace(tzinfo=None)
        case "date":
            return local.date()
        case _:
            # midnight as the day alone: it sorts before every spelling of that day, with a time or without
            return local.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")
