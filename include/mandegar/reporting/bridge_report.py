"""The bridge between two conventions as people read it: a table per key figure, and every customer's part as a file."""

import csv
from fractions import Fraction
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mandegar.campaigns.lists.files import neutral
from mandegar.metrics.contracts.bridge import Bridge, ExactFigure

SHOWN = 5


def show_bridge(console: Console, bridge: Bridge, period: str, one: str, other: str, metrics: tuple[str, ...] = ()) -> None:
    """Prints a table for every key figure asked for; else for every one that differs."""
    console.rule(f"From {one} to {other}: {period}")
    wanted = metrics or tuple(name for name in bridge.figures if _differs(bridge, name))
    if not wanted:
        console.print("Both conventions give the same figures." if bridge.steps else "Both conventions have the same policies.")
    for metric in wanted:
        if metric not in bridge.figures:
            console.print(f"There is no key figure {metric!r}; docs/metrics.md lists them.")
            continue
        table = Table(title=metric, title_justify="left")
        for heading in ("policy", "from", "to", "difference", "figure", "customers"):
            table.add_column(heading, justify="left" if heading in ("policy", "from", "to", "customers") else "right", overflow="fold")
        table.add_row(one, "", "", "", _text(bridge.figures[metric]), "")
        for step, before, after in bridge.walk(metric):
            who = [change.customer_id for change in step.changes if change.metric == metric]
            if before != after or who:
                told = ", ".join(who[:SHOWN]) + (f" and {len(who) - SHOWN:,} more" if len(who) > SHOWN else "")
                table.add_row(step.policy, str(step.was), str(step.now), _difference(before, after), _text(after), told)
        last = bridge.steps[-1].figures[metric] if bridge.steps else bridge.figures[metric]
        table.add_row(other, "", "", _difference(bridge.figures[metric], last), _text(last), "", style="bold")
        console.print(table)


def write_changes(bridge: Bridge, path: Path) -> int:
    """Writes every customer whose part of a figure moved, a line per policy, customer and figure; gives the lines.

    A customer_id that a spreadsheet would take for a formula is neutralised, as in the lists.
    """
    lines = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["policy", "from", "to", "metric", "customer_id", "numerator_from", "numerator_to", "denominator_from", "denominator_to"]
        )
        for step in bridge.steps:
            for change in step.changes:
                before, after = change.before, change.after
                parts = (before.numerator, after.numerator, before.denominator, after.denominator)
                writer.writerow([step.policy, step.was, step.now, change.metric, neutral(change.customer_id), *parts])
                lines += 1
    return lines


def _differs(bridge: Bridge, metric: str) -> bool:
    return any(before != after for _, before, after in bridge.walk(metric))


def _text(figure: ExactFigure) -> str:
    if figure.value is None:
        return "–"
    if figure.denominator is None:
        return f"{figure.numerator.normalize():,f}"
    return f"{_plain(figure.value)} = {figure.numerator.normalize():,f} / {figure.denominator.normalize():,f}"


def _difference(before: ExactFigure, after: ExactFigure) -> str:
    if before.value is None or after.value is None:
        return "–"
    change = after.value - before.value
    return _plain(change, sign=True) if change else "0"


def _plain(value: Fraction, sign: bool = False) -> str:
    return f"{float(value):{'+' if sign else ''},.6f}".rstrip("0").rstrip(".")
