"""Rows and their periods: in which of them a row happened, and what a period is called."""

import ibis.expr.types as ir

from mandegar.metrics.frame.grain import PERIOD, PERIOD_NAME


def within(rows: ir.Table, at: str, periods: ir.Table) -> ir.Table:
    """Rows with the period (of every kind) in which they happened. Grain: one row per period and row within it."""
    spans = periods.select(*PERIOD, "starts_at", "ends_at")
    inside = rows.join(spans, [rows[at] >= spans.starts_at, rows[at] < spans.ends_at])
    return inside.select(*PERIOD, *rows.columns)


def named(rows: ir.Table, periods: ir.Table, *further: str) -> ir.Table:
    """Rows with the name of their period and further columns of it, for a mart. Grain: that of rows, those of the periods alone."""
    told = periods.select(*PERIOD, *PERIOD_NAME, *further)
    return rows.join(told, list(PERIOD)).select(*PERIOD_NAME, *further, *rows.columns)
