"""Dimensions: what the figures are broken down by, as it stood for each customer then, not as it stands now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine

ALL = "all"
NONE = "(none)"
ATTRIBUTE = "attributes."
TENURES = ((90, "under 3 months"), (365, "3 to 12 months"), (730, "1 to 2 years"))
TENURED = "over 2 years"
DAY = 86_400


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
    age = at.epoch_seconds() - since.epoch_seconds()
    return ibis.cases(*((age < days * DAY, band) for days, band in TENURES), else_=TENURED)


def totals(
    rows: ir.Table,
    dimensions: Sequence[Dimension],
    aggregates: Callable[[ir.Table], dict[str, ir.Value]],
    keys: Sequence[str],
) -> ir.Table:
    """The rows summed up for the whole company, and for every value of every dimension.

    Grain: one row per keys, dimension and dimension_value (both `all` for the whole company). rows carry the columns of
    their traits; aggregates gives the columns from the rows of a group. Every row belongs to one value of a dimension, so
    what is additive adds up to `all` over each.
    """
    parts = [_grouped(rows, ALL, ibis.literal(ALL), aggregates, keys)]
    parts += [_grouped(rows, dimension.name, dimension.value(rows), aggregates, keys) for dimension in dimensions]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _grouped(
    rows: ir.Table, name: str, value: ir.StringValue, aggregates: Callable[[ir.Table], dict[str, ir.Value]], keys: Sequence[str]
) -> ir.Table:
    if name == ALL:
        summed = rows.group_by(*keys).agg(**aggregates(rows))
        summed = summed.mutate(dimension=ibis.literal(ALL), dimension_value=ibis.literal(ALL))
    else:
        valued = rows.mutate(dimension_value=value)
        summed = valued.group_by(*keys, "dimension_value").agg(**aggregates(valued)).mutate(dimension=ibis.literal(name))
    figures = [column for column in summed.columns if column not in (*keys, "dimension", "dimension_value")]
    return summed.select(*keys, "dimension", "dimension_value", *figures)


def beside(keys: Sequence[str], *parts: ir.Table) -> ir.Table:
    """Tables of the same grain side by side. Grain: every key that some part knows; what a part does not know of it is 0."""
    wide = ibis.union(*(part.select(*keys) for part in parts), distinct=True)
    for part in parts:
        joined = wide.join(part, list(keys), how="left")
        columns = [name for name in part.columns if name not in keys]
        wide = joined.select(*wide.columns, **{name: joined[name].fill_null(ibis.literal(0).cast(part[name].type())) for name in columns})
    return wide
