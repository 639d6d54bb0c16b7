"""Time zones by name, each read once: Python keeps only the last eight of them."""

import functools
from zoneinfo import ZoneInfo


def zone_named(name: str | None, otherwise: ZoneInfo) -> ZoneInfo:
    """The zone of that name; the other one where there is no name, or none like it."""
    return (_zone(name) if name else None) or otherwise


@functools.cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
