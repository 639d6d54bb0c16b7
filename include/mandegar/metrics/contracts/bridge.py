"""The bridge between two conventions: why the same ledger gives two numbers, policy by policy and customer by customer."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import ibis
import ibis.expr.types as ir

from mandegar.metrics.contracts import contract
from mandegar.metrics.contracts.policies import Policies, differing
from mandegar.metrics.frame import kpi
from mandegar.metrics.frame.dimensions import ALL
from mandegar.metrics.frame.night import MeasuredNight

METRICS = kpi.LOGO + kpi.CONTRACT
CUSTOMER = "customer_id"


@dataclass(frozen=True)
class ExactFigure:
    """A key figure, exact: numerator / denominator, or the numerator alone."""

    numerator: Decimal
    denominator: Decimal | None

    @property
    def value(self) -> Fraction | None:
        """The figure as an exact fraction; None where it is divided by 0."""
        if self.denominator is None:
            return Fraction(self.numerator)
        return Fraction(self.numerator) / Fraction(self.denominator) if self.denominator else None


@dataclass(frozen=True)
class Change:
    """What one customer counted for before a policy was exchanged, and after it."""

    metric: str
    customer_id: str
    before: ExactFigure
    after: ExactFigure


@dataclass(frozen=True)
class Step:
    """One policy exchanged: what it was and is, every figure after it, and the customers for whom a figure moved."""

    policy: str
    was: object
    now: object
    figures: dict[str, ExactFigure]
    changes: list[Change]


@dataclass(frozen=True)
class Bridge:
    """From one convention to another. figures: those of the first; the last step's figures are those of the second.

    Identity: for every metric, the differences from step to step add up to the whole difference, exactly, and within a step
    the customers' differences of numerator (and denominator) add up to the step's.
    """

    figures: dict[str, ExactFigure]
    steps: list[Step]

    def walk(self, metric: str) -> Iterator[tuple[Step, ExactFigure, ExactFigure]]:
        """The steps with a metric's figure before and after each."""
        before = self.figures[metric]
        for step in self.steps:
            yield step, before, step.figures[metric]
            before = step.figures[metric]


def bridge(night: MeasuredNight, one: Policies, other: Policies) -> Bridge:
    """The bridge from one set of policies to another, over the one period that the night is asked for.

    The policies in which the two differ are exchanged one after the other, in the order of `Policies`; what two policies do
    only together is told under the later one.
    """
    alone = replace(night, company=night.company.model_copy(update={"dimensions": (CUSTOMER,), "hide_cells_below": 0}))
    policies, known = one, _known(alone, one)
    first, steps = _whole(alone, known), []
    for name in differing(one, other):
        policies = policies.model_copy(update={name: getattr(other, name)})
        after = _known(alone, policies)
        steps.append(Step(name, getattr(one, name), getattr(other, name), _whole(alone, after), _changes(alone, known, after)))
        known = after
    return Bridge(first, steps)


def _known(night: MeasuredNight, policies: Policies) -> ir.Table:
    """Every figure of the whole company and of every customer."""
    book = contract.book(night, policies)
    wide = night.engine.keep(kpi.side_by_side(night.periods, book.logo(), book.money()))
    return night.engine.keep(
        kpi.tall(wide, METRICS, night.periods).select("dimension", "dimension_value", "metric", "numerator", "denominator")
    )


def _whole(night: MeasuredNight, known: ir.Table) -> dict[str, ExactFigure]:
    rows = night.engine.arrow(known.filter(known.dimension == ALL)).to_pylist()
    return {row["metric"]: ExactFigure(row["numerator"], row["denominator"]) for row in rows}


def _changes(night: MeasuredNight, before: ir.Table, after: ir.Table) -> list[Change]:
    """The customers of whom a figure's numerator or denominator is another."""
    parts = []
    for when, known in (("before", before), ("after", after)):
        rows = known.filter(known.dimension == CUSTOMER)
        nothing = ibis.null(rows.numerator.type())
        parts.append(
            rows.select(
                "metric",
                "dimension_value",
                numerator_before=rows.numerator if when == "before" else nothing,
                denominator_before=rows.denominator if when == "before" else nothing,
                numerator_after=rows.numerator if when == "after" else nothing,
                denominator_after=rows.denominator if when == "after" else nothing,
            )
        )
    both = ibis.union(*parts)
    columns = ("numerator_before", "denominator_before", "numerator_after", "denominator_after")
    merged = both.group_by("metric", "dimension_value").agg(**{name: both[name].max() for name in columns})
    zero = ibis.literal(0).cast(kpi.FIGURE)
    filled = merged.mutate(**{name: merged[name].fill_null(zero) for name in columns})
    moved = filled.filter(
        (filled.numerator_before != filled.numerator_after) | (filled.denominator_before != filled.denominator_after)
    ).order_by("metric", "dimension_value")
    divided = {metric.name for metric in METRICS if metric.denominator}
    return [
        Change(
            row["metric"],
            row["dimension_value"],
            *(
                ExactFigure(row[f"numerator_{when}"], row[f"denominator_{when}"] if row["metric"] in divided else None)
                for when in ("before", "after")
            ),
        )
        for row in night.engine.arrow(moved).to_pylist()
    ]
