"""Columns of a source that came, went, or changed their type since the night before."""

from datetime import date

from mandegar.lake import Lake
from mandegar.sources.columns import columns_of
from mandegar.systems import TableId

RULE = "columns_as_before"


def columns_result(lake: Lake, table: TableId, as_of: date) -> dict:
    """What changed of a source table's columns since the last night, as a line of lake/quality: a warning.

    A lost column that the mapping names, and a used column whose type changed, have stopped
    the table before (sources/columns.py); one whose type changed and that nothing uses is left out.
    """
    name = str(table)
    now, before = columns_of(lake.receipt("raw", name, as_of)), columns_of(lake.latest("raw", name, as_of))
    changed = _changes(before, now) if before and now else []
    return {
        "source": name,
        "entity": table.entity,
        "rule": RULE,
        "severity": "warn",
        "evaluated": len(now),
        "unexpected": sum(len(names) for _, names in changed),
        "status": "no history" if not before or not now else "warned" if changed else "passed",
        "detail": "; ".join(f"{what}: {', '.join(names)}" for what, names in changed) or None,
    }


def _changes(before: dict[str, str], now: dict[str, str]) -> list[tuple[str, list[str]]]:
    found = (
        ("new", [name for name in now if name not in before]),
        ("gone", [name for name in before if name not in now]),
        ("another type", [f"{name} ({before[name]} before, {now[name]} now)" for name in now if before.get(name, now[name]) != now[name]]),
    )
    return [(what, names) for what, names in found if names]
