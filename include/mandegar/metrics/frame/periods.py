"""Rows and the periods in which they happened."""

import ibis.expr.types as ir

from mandegar.metrics.frame.grain import PERIOD


def within(rows: ir.Table, at: str, periods: ir.Table) -> ir.Table:
    """Rows with the period (of every kind) in which they happened. Grain: one row per period and row within it."""
    spans = periods.select(*PERIOD, "starts_at", "ends_at")
    inside = rows.join(spans, [rows[at] >= spans.starts_at, rows[at] < spans.ends_at])
    return inside.select(*PERIOD, *rows.columns)
