"""Dimensions: what the figures are broken down by, as it stood for each customer then, not as it stands now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.expr.datatypes import DataType

from mandegar.compute.engine import Engine
from mandegar.metrics.frame.grain import PART
from mandegar.time.seconds import DAY, seconds

ALL = "all"
NONE = "(none)"
ATTRIBUTE = "attributes."
TENURES = ((90, "under 3 months"), (365, "3 to 12 months"), (730, "1 to 2 years"))
TENURED = "over 2 years"


@dataclass(frozen=True)
class Dimension:
    """One way to break figures down: by one trait of a customer, or by a pair of traits."""

    name: str

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits it is made of."""
        return tuple(self.name.split(" x "))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in which `traits_at` puts them."""
        return tuple(column_of(trait) for trait in self.traits)

    def value(self, rows: ir.Table) -> ir.StringValue:
        """The dimension's value of each row that carries its traits."""
        first, *others = self.columns
        value = rows[first]
        for other in others:
            value = value + " x " + rows[other]
        return value


def column_of(trait: str) -> str:
    """The column that holds a trait."""
    return "of " + trait


PLAN = column_of("plan")
TENURE = column_of("tenure")


def traits(dimensions: Sequence[Dimension]) -> tuple[str, ...]:
    """The traits that the dimensions stand on, each once."""
    return tuple(dict.fromkeys(trait for dimension in dimensions for trait in dimension.traits))


def customer_traits(customers: ir.Table, wanted: Sequence[str], engine: Engine) -> ir.Table:
    """What is known of each customer beside its contracts.

    Grain: one row per customer_id and from_at. Columns: signed_up_at, from_at, until_at, and one per wanted trait that a
    customer has by itself (its own columns and its attributes), `(none)` where nothing is known.
    """
    found = {}
    for trait in wanted:
        if trait.startswith(ATTRIBUTE):
            found[trait] = engine.json_text(customers["attributes"], trait.removeprefix(ATTRIBUTE))
        elif trait in customers.columns:
            found[trait] = customers[trait]
    return customers.select(
        "customer_id",
        "signed_up_at",
        "from_at",
        "until_at",
        **{column_of(trait): value.cast("string").nullif("").fill_null(NONE) for trait, value in found.items()},
    )


def main_plan(rows: ir.Table) -> ir.StringColumn:
    """The plan that the largest MRR is paid for, an aggregate; of equal ones the last by name."""
    return rows.plan.argmax(ibis.struct({"mrr": rows.mrr, "plan": rows.plan}))


def tenure(since: ir.TimestampValue, at: ir.TimestampValue) -> ir.StringValue:
    """How long a customer has been one at an instant, in bands."""
    age = seconds(at) - seconds(since)
    return ibis.cases(*((age < days * DAY, band) for days, band in TENURES), else_=TENURED)


def totals(
    rows: ir.Table,
    dimensions: Sequence[Dimension],
    aggregates: Callable[[ir.Table], dict[str, ir.Value]],
    keys: Sequence[str],
) -> ir.Table:
    """The rows summed up for the whole company, and for every value of every dimension.

    Grain: one row per keys, dimension and dimension_value (both `all` for the whole company). rows carry the columns of
    their traits; aggregates gives the columns from the rows of a group: sums and counts, for the rows are summed once by all
    their traits together, and what a cell holds is the sum of such sums. Every row belongs to one value of a dimension, so
    that the cells of each add up to `all`.
    Errors: TypeError for an aggregate that cannot be summed up further; such a one is grouped over `by_cell`.
    """
    figures = aggregates(rows)
    if others := [name for name, figure in figures.items() if not _additive(figure.op())]:
        raise TypeError(f"{', '.join(others)}: no sum or count that adds up over cells. Group by_cell(rows, dimensions) instead.")
    summed = rows.group_by(*keys, *map(column_of, traits(dimensions))).agg(**figures)
    if not dimensions:  # nothing to be summed up further
        return summed.mutate(dimension=ibis.literal(ALL), dimension_value=ibis.literal(ALL)).select(*keys, *PART, *figures)
    cells = by_cell(summed, dimensions)
    added = cells.group_by(*keys, *PART).agg(**{name: cells[name].sum().cast(summed[name].type()) for name in figures})
    return added.select(*keys, *PART, *figures)


def by_cell(rows: ir.Table, dimensions: Sequence[Dimension]) -> ir.Table:
    """Every row once for the whole company and once for its value of each dimension: columns dimension, dimension_value."""
    unfolded = rows.mutate(dimension=ibis.array([ALL, *(dimension.name for dimension in dimensions)]).unnest())
    values = [(dimension.name, dimension.value(unfolded)) for dimension in dimensions]
    return unfolded.mutate(dimension_value=unfolded.dimension.cases(*values, else_=ALL) if values else ibis.literal(ALL))


def _additive(figure: ops.Node) -> bool:
    """Whether the figures of parts add up to that of the whole: sums and counts, their multiples, in types that round nothing.

    A difference of two does not: where one of them is empty in a part, it is empty there.
    """
    match figure:
        case ops.Sum() | ops.Count() | ops.CountStar():
            return True
        case ops.Multiply():
            return any(_additive(one) and isinstance(other, ops.Literal) for one, other in permutations((figure.left, figure.right)))
        case ops.Cast():
            return _additive(figure.arg) and _holds(figure.to, figure.arg.dtype)
    return False


def _holds(wide: DataType, kind: DataType) -> bool:
    """Whether a type has all the places of another."""
    if kind.is_decimal():
        return wide.is_decimal() and (wide.scale or 0) >= (kind.scale or 0)
    return wide.is_integer() or wide.is_decimal() if kind.is_integer() else wide == kind


def beside(keys: Sequence[str], *parts: ir.Table) -> ir.Table:
    """Tables of the same grain side by side. Grain: every key that some part knows; what a part does not know of it is 0."""
    wide = joined(keys, *parts)
    return wide.select(
        *keys, **{name: wide[name].fill_null(ibis.literal(0).cast(wide[name].type())) for name in wide.columns if name not in keys}
    )


def joined(keys: Sequence[str], *parts: ir.Table) -> ir.Table:
    """Tables of the same grain side by side. Grain: every key that some part knows; what a part does not know of it is empty."""
    kinds = {name: part[name].type() for part in parts for name in part.columns if name not in keys}
    told = ibis.union(*(part.select(*keys, **{name: _of(part, name, kind) for name, kind in kinds.items()}) for part in parts))
    return told.group_by(*keys).agg(**{name: told[name].max() for name in kinds})


def _of(part: ir.Table, name: str, kind: DataType) -> ir.Value:
    return part[name] if name in part.columns else ibis.null(kind)
