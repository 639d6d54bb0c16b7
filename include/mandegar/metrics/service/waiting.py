"""How long until something happens, where it has not happened yet for everybody: quantiles of Kaplan-Meier curves."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.metrics.frame.dimensions import Dimension, by_cell, column_of, joined, traits
from mandegar.metrics.frame.grain import PART

FINE = 3600  # seconds: longer waits count in whole minutes
NEARLY = 1e-9  # a product of shares that is exactly 1/2 may come out a little above it
Waits = Mapping[str, tuple[str, str]]


def quantiles(rows: ir.Table, waits: Waits, dimensions: Sequence[Dimension], keys: Sequence[str], engine: Engine) -> ir.Table:
    """After how long half, and nine tenths, of those who wait wait no longer.

    Grain: one row per keys, dimension and dimension_value. Columns, in seconds, for every wait: <wait>_median, <wait>_p90; empty where
    the curve does not come down so far, because too many wait still. To the second up to an hour; of longer waits the whole minutes
    count, so that a cell has thousands of different ones and not millions.
    rows: keys, the traits, and what `waits` names for each wait: a column with the seconds, and one that is false where the wait was
    cut off (censored) and would have gone on.
    Formula: S(t) = product over t_i <= t of (1 - d_i / n_i), d_i waits that ended at t_i, n_i of t_i or longer, ended or cut
    off; the quantile q is the least t with S(t) <= 1 - q. Without censoring the median of an even number is the lower middle
    one. Source: E. L. Kaplan and P. Meier, Nonparametric Estimation from Incomplete Observations, JASA 53 (1958).
    """
    # small numbers instead of the texts that make up a cell: grouping and ordering by them is several times cheaper
    alike = [*keys, *map(column_of, traits(dimensions))]
    groups = engine.keep(_numbered(rows.select(*alike).distinct(), "cell_group"))
    parts = engine.keep(by_cell(groups, dimensions).select("cell_group", *keys, *PART))
    cells = engine.keep(_numbered(parts.select(*keys, *PART).distinct(), "cell"))
    members = engine.keep(parts.join(cells, [*keys, *PART]).select("cell_group", "cell"))
    columns = dict.fromkeys(column for pair in waits.values() for column in pair)
    placed = engine.keep(rows.select(*alike, *columns).join(groups, alike).select("cell_group", *columns))
    # one after the other: all at once would hold every row several times over
    found = [engine.keep(_fallen(_lengths(placed, members, *of), name)) for name, of in waits.items()]
    wide = joined(["cell"], *found)
    return cells.left_join(wide, "cell").select(*keys, *PART, *(name for name in wide.columns if name != "cell"))


def _numbered(rows: ir.Table, name: str) -> ir.Table:
    return rows.mutate(**{name: ibis.row_number().over(order_by=rows.columns).cast("int32")})


def _lengths(placed: ir.Table, members: ir.Table, wait: str, ended: str) -> ir.Table:
    """How many waits ended, and how many ended or were cut off (`left`), after each length. Grain: one row per cell and wait."""
    seconds = placed[wait]
    fine = placed.select("cell_group", wait=(seconds <= FINE).ifelse(seconds, seconds - seconds % 60).cast("int32"), ended=placed[ended])
    summed = fine.group_by("cell_group", "wait").agg(ended=fine.ended.sum(), left=fine.count())
    inside = summed.join(members, "cell_group")
    return inside.group_by("cell", "wait").agg(ended=inside.ended.sum().cast("int32"), left=inside.left.sum().cast("int32"))


def _fallen(steps: ir.Table, name: str) -> ir.Table:
    """The quantiles of waits that are counted by length. Grain: one row per cell; see quantiles."""
    so_far = ibis.cumulative_window(group_by="cell", order_by="wait")
    so_long = ibis.cumulative_window(group_by="cell", order_by=ibis.desc("wait"))
    steps = steps.mutate(at_risk=steps.left.sum().over(so_long))
    steps = steps.filter(steps.ended > 0)
    share = 1.0 - steps.ended.cast("float64") / steps.at_risk.cast("float64")
    steps = steps.mutate(step=(steps.ended < steps.at_risk).ifelse(share, ibis.literal(1.0)).ln())
    curve = steps.mutate(fallen=steps.step.sum().over(so_far))
    curve = curve.mutate(waiting_still=(curve.ended < curve.at_risk).ifelse(curve.fallen.exp(), 0.0))
    return curve.group_by("cell").agg(
        **{
            f"{name}_median": curve.wait.min(where=curve.waiting_still <= 0.5 + NEARLY),
            f"{name}_p90": curve.wait.min(where=curve.waiting_still <= 0.1 + NEARLY),
        }
    )
