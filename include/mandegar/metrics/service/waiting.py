"""How long until something happens, where it has not happened yet for everybody: quantiles of Kaplan-Meier curves."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.metrics.frame.dimensions import Dimension, totals

FINE = 3600  # seconds: longer waits count in whole minutes
NEARLY = 1e-9  # a product of shares that is exactly 1/2 may come out a little above it


def quantiles(waits: ir.Table, dimensions: Sequence[Dimension], keys: Sequence[str], engine: Engine) -> ir.Table:
    """After how long half, and nine tenths, of those who wait wait no longer.

    Grain: one row per keys, dimension and dimension_value. Columns, in seconds: median, p90; empty where the curve does not
    come down so far, because too many wait still. To the second up to an hour; of longer waits the whole minutes count, so
    that a cell has thousands of different ones and not millions.
    waits: wait, int64, in seconds; ended, false for a wait that was cut off (censored) and would have gone on; the traits.
    Formula: S(t) = product over t_i <= t of (1 - d_i / n_i), d_i waits that ended at t_i, n_i of t_i or longer, ended or cut
    off; the quantile q is the least t with S(t) <= 1 - q. Without censoring the median of an even number is the lower middle
    one. Source: E. L. Kaplan and P. Meier, Nonparametric Estimation from Incomplete Observations, JASA 53 (1958).
    """
    return fallen(counted(waits, dimensions, keys, engine), keys, engine)


def counted(waits: ir.Table, dimensions: Sequence[Dimension], keys: Sequence[str], engine: Engine) -> ir.Table:
    """How many waits ended, and how many ended or were cut off (`left`), after each length.

    Grain: one row per keys, dimension, dimension_value and wait.
    """
    waits = waits.mutate(wait=(waits.wait <= FINE).ifelse(waits.wait, waits.wait - waits.wait % 60).cast("int32"))
    return engine.keep(totals(waits, dimensions, lambda rows: {"ended": rows.ended.sum(), "left": rows.count()}, (*keys, "wait")))


def fallen(counted: ir.Table, keys: Sequence[str], engine: Engine) -> ir.Table:
    """The quantiles of waits that are counted by length; see quantiles."""
    group = [*keys, "dimension", "dimension_value"]
    # windows over one small number are several times cheaper than over the texts that make up a cell
    cells = counted.group_by(*group).agg(everybody=counted.left.sum().cast("int64"))
    cells = engine.keep(cells.mutate(cell=ibis.row_number().over(order_by=group).cast("int32")))
    steps = counted.join(cells, group).select(
        "cell", "everybody", "wait", ended=counted.ended.cast("int32"), left=counted.left.cast("int32")
    )
    so_far = ibis.cumulative_window(group_by="cell", order_by="wait")
    steps = steps.mutate(at_risk=steps.everybody - steps.left.sum().over(so_far) + steps.left)
    steps = steps.filter(steps.ended > 0)
    share = 1.0 - steps.ended.cast("float64") / steps.at_risk.cast("float64")
    steps = steps.mutate(step=(steps.ended < steps.at_risk).ifelse(share, ibis.literal(1.0)).ln())
    curve = steps.mutate(fallen=steps.step.sum().over(so_far))
    curve = curve.mutate(waiting_still=(curve.ended < curve.at_risk).ifelse(curve.fallen.exp(), 0.0))
    found = curve.group_by("cell").agg(
        median=curve.wait.min(where=curve.waiting_still <= 0.5 + NEARLY), p90=curve.wait.min(where=curve.waiting_still <= 0.1 + NEARLY)
    )
    return cells.left_join(found, "cell").select(*group, "median", "p90")
