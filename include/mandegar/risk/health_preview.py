"""What a changed health.yaml does to the customers of a night, before it is used: who moves band, and by which signals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.config import yaml_file
from mandegar.errors import CompanyError
from mandegar.risk import health as healths
from mandegar.risk.health import Health

BANDS = ("high", "medium", "low")
MOVED = ("customer_id", "band_before", "band_after", "score_before", "score_after", "annual_value")


@dataclass(frozen=True)
class Cell:
    """How many customers go from one band to another, or stay, and what they are worth in a year in the company's currency."""

    customers: int = 0
    value: float = 0.0


@dataclass(frozen=True)
class Preview:
    """A changed file beside the one in use, on the customers of one night.

    cells: by band before and band after. moved: MOVED of every customer whose band is another, the most valuable first. costs: by signal,
    the mean points it takes off a customer, before and after; a signal that a file does not have takes off none.
    """

    as_of: date
    cells: Mapping[tuple[str, str], Cell]
    moved: pa.Table = field(repr=False)
    costs: Mapping[str, tuple[float, float]]

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return sum(cell.customers for cell in self.cells.values())

    def count(self, band: str, after: bool) -> Cell:
        """The customers of a band, before or after."""
        some = [cell for pair, cell in self.cells.items() if pair[int(after)] == band]
        return Cell(sum(cell.customers for cell in some), sum(cell.value for cell in some))


def read(file: Path) -> Health:
    """A health file that is not in use yet. Errors: CompanyError with line and mend."""
    return yaml_file.read(file, Health, CompanyError)


def preview(signals: ir.Table, used: Health, changed: Health, engine: Engine, as_of: date) -> Preview:
    """What a changed file does to the customers of a night. signals: the night's features (risk.features)."""
    known = signals.mutate(company_segment=healths.company_segment(signals))
    before, after = (engine.keep(healths.points(known, one)) for one in (used, changed))
    rows = engine.keep(_banded(signals, before, after, used, changed))
    cells = rows.group_by("band_before", "band_after").agg(customers=rows.count(), value=rows.annual_value.sum())
    moved = rows.filter(rows.band_before != rows.band_after).order_by(ibis.desc("annual_value"), "customer_id")
    customers = max(engine.count(rows), 1)
    costs = [_mean_costs(engine, some, customers) for some in (before, after)]
    names = dict.fromkeys([*used.signals, *changed.signals])
    return Preview(
        as_of,
        {(cell["band_before"], cell["band_after"]): Cell(cell["customers"], cell["value"]) for cell in engine.arrow(cells).to_pylist()},
        engine.arrow(moved.select(*MOVED)),
        {name: (costs[0].get(name, 0.0), costs[1].get(name, 0.0)) for name in names},
    )


def _banded(signals: ir.Table, before: ir.Table, after: ir.Table, used: Health, changed: Health) -> ir.Table:
    """Everybody's score and band by both files; of whom nothing is known, nothing costs."""
    wide = signals.select("customer_id", annual_value=signals.annual_value.cast("float64").fill_null(0.0))
    for name, points in (("score_before", before), ("score_after", after)):
        scored = healths.scores(points).rename({name: "health_score"})
        joined = wide.left_join(scored, "customer_id")
        wide = joined.select(*wide.columns, **{name: joined[name].fill_null(100.0)})
    return wide.mutate(band_before=healths.band(wide.score_before, used.bands), band_after=healths.band(wide.score_after, changed.bands))


def _mean_costs(engine: Engine, points: ir.Table, customers: int) -> dict[str, float]:
    sums = engine.arrow(points.group_by("signal").agg(cost=points.cost.sum())).to_pylist()
    return {row["signal"]: row["cost"] / customers for row in sums}
