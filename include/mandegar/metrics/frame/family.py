"""A family of figures: what it needs, how it is computed, when its figures settle, and which rows move them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import ibis.expr.types as ir

from mandegar.metrics.frame.kpi import Metric
from mandegar.metrics.frame.night import MeasuredNight

ENTRY_POINTS = "mandegar.families"  # by which a company's own packages bring families
Settles = Literal["with_its_rows", "later", "never"]


@dataclass(frozen=True)
class Given:
    """What stands when a family is computed. presence, wide: who was there, and the core's figures by cell, given to families that settle
    with their rows; marts: those of the families before it."""

    presence: ir.Table | None = None
    wide: ir.Table | None = None
    marts: Mapping[str, ir.Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a family is. wide: a table by cell whose columns its metrics are made of; marts: further tables, by name; hidden_with: the
    families whose small cells hide these figures, None for its own."""

    wide: ir.Table | None = None
    marts: Mapping[str, ir.Table] = field(default_factory=dict)
    hidden_with: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Family:
    """Figures, and marts, of one subject.

    title: as docs/metrics.md calls it, and as small cells know it; owner: the function whose docstring says what they are, below
    `mandegar.metrics`, or a dotted path. compute: makes them for the periods of a night; None for the core's.
    needs: the entities without which there is nothing to say. kind: contract or inactivity, if only such companies have it.
    settles: a figure of a closed period moves only `with_its_rows`, and then it is a restatement; or it settles `later`, when a ticket is
    solved or a customer gets old enough to count; or `never`: each night tells it of all periods anew.
    stands_on: the entities whose rows move it, beside the contracts or purchases that say who is a customer (of_customers) and the
    exchange rates (of_money); without_contracts: those of companies without any. reaches_on: a row moves the next period too.
    """

    title: str
    owner: str
    metrics: tuple[Metric, ...] = ()
    compute: Callable[[MeasuredNight, Given], Found] | None = None
    needs: tuple[str, ...] = ()
    kind: Literal["contract", "inactivity"] | None = None
    settles: Settles = "with_its_rows"
    stands_on: tuple[str, ...] = ()
    without_contracts: tuple[str, ...] = ()
    of_customers: bool = True
    of_money: bool = False
    reaches_on: bool = False

    def applies_to(self, night: MeasuredNight) -> bool:
        """Whether the company has what the family needs."""
        return all(night.company.has(entity) for entity in self.needs) and self.kind in (None, night.company.churn.kind)
