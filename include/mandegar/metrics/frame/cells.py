"""Wide tables by cell (period, dimension and value) put side by side, where not knowing is not the same as nothing."""

import ibis
import ibis.expr.types as ir

from mandegar.metrics.frame.dimensions import ALL, joined
from mandegar.metrics.frame.grain import CELL, PERIOD


def beside(periods: ir.Table, *parts: ir.Table) -> ir.Table:
    """Everything that the parts say of a cell, in one row.

    Grain: one row per CELL that some part knows, and per period for the whole company. What a part does not say of a cell is 0
    if it is a count or a sum (int64, decimal), and empty if it is a quantile or a mean (float64).
    """
    whole = periods.select(*PERIOD, dimension=ibis.literal(ALL), dimension_value=ibis.literal(ALL))
    wide = joined(CELL, whole, *parts)
    return wide.select(*CELL, **{name: _filled(wide[name]) for name in wide.columns if name not in CELL})


def _filled(column: ir.Column) -> ir.Value:
    if column.type().is_integer():
        return column.fill_null(0).cast("int64")
    if column.type().is_decimal():
        return column.fill_null(ibis.literal(0).cast(column.type()))
    return column
