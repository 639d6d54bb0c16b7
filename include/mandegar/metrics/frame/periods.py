"""Rows and their periods: in which of them a row happened, and what a period is called."""

import ibis.expr.types as ir

from mandegar.metrics.frame.grain import PERIOD, PERIOD_NAME
from mandegar.time.calendar import LONGEST
from mandegar.time.spans import falling


def within(rows: ir.Table, at: str, periods: ir.Table) -> ir.Table:
    """Rows with the period (of every kind) in which they happened. Grain: one row per period and row within it."""
    spans = periods.select(*PERIOD, **{"period starts": "starts_at", "period ends": "ends_at"})
    return falling(rows, at, spans, "period starts", "period ends", LONGEST).select(*PERIOD, *rows.columns)


def named(rows: ir.Table, periods: ir.Table, *further: str) -> ir.Table:
    """Rows with the name of their period and further columns of it, for a mart. Grain: that of rows, those of the periods alone."""
    told = periods.select(*PERIOD, *PERIOD_NAME, *further)
    return rows.join(told, list(PERIOD)).select(*PERIOD_NAME, *further, *rows.columns)
