"""Tests that need what is not there: left out with the reason and the command that brings it, told together at the end."""

from typing import NoReturn

import pytest

MARK = "left out: "
BROUGHT_BY = "; brought by: "


def leave_out(why: str, command: str) -> NoReturn:
    """Skips the test. why: what is not there; command: what a person types to have it."""
    pytest.skip(f"{MARK}{why}{BROUGHT_BY}{command}")


def told(skipped: list[pytest.TestReport]) -> list[str]:
    """One paragraph per reason: how many tests, which files, why, and what brings them; nothing where none was left out."""
    groups: dict[str, list[str]] = {}
    for report in skipped:
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")
        groups.setdefault(reason, []).append(report.nodeid.split("::")[0])
    lines = []
    for reason, files in sorted(groups.items()):
        why, _, command = reason.removeprefix(MARK).partition(BROUGHT_BY)
        lines.append(f"{len(files)} of {', '.join(sorted(set(files)))}: {why}")
        if command:
            lines.append(f"    to have them: {command}")
    return lines
