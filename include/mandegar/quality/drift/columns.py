"""Columns of a source that came, went, or changed their type since the night before."""

from datetime import date

from mandegar.config.systems import TableId
from mandegar.language.catalogue import Said, listed, said
from mandegar.sources.columns import columns_of
from mandegar.storage.lake import Lake

RULE = "columns_as_before"


def columns_result(lake: Lake, table: TableId, as_of: date, locale: str) -> dict:
    """What changed of a source table's columns since the last night, as a line of lake/quality: a warning.

    A lost column that the mapping names, and a used column whose type changed, have stopped
    the table before (sources/columns.py); one whose type changed and that nothing uses is left out.
    """
    name = str(table)
    now, before = columns_of(lake.receipt("raw", name, as_of)), columns_of(lake.latest("raw", name, as_of))
    changed, told = _changes(before, now) if before and now else (0, [])
    return {
        "source": name,
        "entity": table.entity,
        "rule": RULE,
        "severity": "warn",
        "evaluated": len(now),
        "unexpected": changed,
        "status": "no history" if not before or not now else "warned" if changed else "passed",
        "detail": listed(locale, told),
    }


def _changes(before: dict[str, str], now: dict[str, str]) -> tuple[int, list[Said]]:
    """How many columns changed, and how."""
    new = [name for name in now if name not in before]
    gone = [name for name in before if name not in now]
    other = [name for name in now if before.get(name, now[name]) != now[name]]
    told = []
    if new:
        told.append(said("new: {names}", names=", ".join(new)))
    if gone:
        told.append(said("gone: {names}", names=", ".join(gone)))
    for name in other:
        told.append(
            said(
                "another type: {name} ({before} before, {now} now)",
                name=name,
                before=before[name],
                now=now[name],
            )
        )
    return len(new) + len(gone) + len(other), told
