"""Targets against what was reached, and what the run rate says of the end of the period."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import fsum
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.metrics.frame.grain import DEFAULT
from mandegar.metrics.outlook.target_file import Target, Targets
from mandegar.time import calendar

# what happens during a period, and so grows with it
FLOWS = frozenset(
    [
        "customers_churned",
        "customers_new",
        "customers_reactivated",
        "customers_paused",
        "customers_resumed",
        "customers_new_and_gone",
        "new_mrr",
        "expansion_mrr",
        "contraction_mrr",
        "churned_mrr",
        "reactivation_mrr",
        "paused_mrr",
        "resumed_mrr",
        "fx_mrr",
        "revenue",
        "tickets_opened",
        "tickets_solved",
        "nps_answers",
        "csat_answers",
        "ces_answers",
    ]
)
# shares of those there at the start who leave, and who stay
LOST = frozenset(["logo_churn_rate", "voluntary_churn_rate", "involuntary_churn_rate", "reactivation_rate"])
KEPT = frozenset(
    ["logo_retention_rate", "gross_revenue_retention", "net_revenue_retention", "sales_retention_rate", "profit_retention_rate"]
)
TREND_PERIODS, TREND_LEAST = 6, 3
SIGNED = frozenset(("nps", "fx_mrr"))
SCHEMA = pa.schema(
    [
        ("target_name", pa.string()),
        ("metric", pa.string()),
        ("figure", pa.string()),
        ("dimension", pa.string()),
        ("dimension_value", pa.string()),
        ("calendar", pa.string()),
        ("period_kind", pa.string()),
        ("period_start", pa.date32()),
        ("period_end", pa.date32()),
        ("is_complete", pa.bool_()),
        ("goal", pa.string()),
        ("target", pa.float64()),
        ("actual_start", pa.date32()),
        ("actual", pa.float64()),
        ("variance", pa.float64()),
        ("projected", pa.float64()),
        ("projection", pa.string()),
        ("on_track", pa.bool_()),
    ]
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A figure of one period, as kpi_period has it."""

    start: date
    end: date
    is_complete: bool
    value: float
    numerator: float
    denominator: float | None


def retention_target(company: Company, engine: Engine, plan: Targets, kpis: ir.Table, as_of: date) -> ir.Table:
    """What became of each target, and what will.

    Grain: one row per target_name and period_start. Columns: metric, figure (value or numerator), dimension, dimension_value,
    calendar, period_kind, period_start, period_end, is_complete; goal (at_most, at_least); target; actual, of the period that
    begins on actual_start: the target's own, or, until a target `by` a day is due, the last closed one; variance = actual -
    target; projected, what the period will end with, and projection, how: actual (it is closed), flow (so far / elapsed share
    of days), compounding (c -> 1 - (1 - c)^(T/t), what is kept -> r^(T/t), t of T days over), trend (least squares through
    the last 6 closed periods, 3 at least, at the period due), as it stands; on_track: projected is no worse than target.
    All numbers float64 in the metric's unit; empty where the figure is not known. kpis: kpi_period; taken is its default
    convention. Compounding: the churn of several periods is 1 less the product of what each kept.
    """
    wanted = {target.metric for target in plan.targets.values()}
    dimensions = {target.dimension for target in plan.targets.values()}
    if not plan.targets:
        return engine.table(SCHEMA.empty_table())
    told = kpis.filter(kpis.metric.isin(wanted) & kpis.dimension.isin(dimensions) & (kpis.convention == DEFAULT))
    figures = engine.arrow(told).to_pylist()
    rows = [row for name, target in plan.targets.items() for row in _rows(company, name, target, figures, as_of)]
    return engine.table(pa.Table.from_pylist(rows, schema=SCHEMA))


def project(metric: str, figure: str, so_far: Figure, as_of: date) -> tuple[float, str]:
    """What a running period will end with by its run rate, and how that was reckoned (see `retention_target`)."""
    elapsed = ((as_of + timedelta(days=1)) - so_far.start).days / (so_far.end - so_far.start).days
    reached = _reached(so_far, figure)
    if so_far.is_complete or elapsed >= 1:
        return reached, "actual"
    if metric in FLOWS:
        return reached / elapsed, "flow"
    if metric in LOST | KEPT and so_far.value >= 0 and not (metric in LOST and so_far.value > 1):
        end = so_far.value ** (1 / elapsed) if metric in KEPT else 1 - (1 - so_far.value) ** (1 / elapsed)
        return end * (so_far.denominator or 0.0) if figure == "numerator" else end, "compounding"
    return reached, "as it stands"


def trend(values: list[float], ahead: int) -> float:
    """The straight line of least squares through equally spaced values, so many places after the last."""
    middle, mean = (len(values) - 1) / 2, fsum(values) / len(values)  # sum() rounds otherwise from CPython 3.12 on
    spread = fsum((place - middle) ** 2 for place in range(len(values)))
    slope = fsum((place - middle) * (value - mean) for place, value in enumerate(values)) / spread
    return mean + slope * (len(values) - 1 + ahead - middle)


def _rows(company: Company, name: str, target: Target, figures: Iterable[Row], as_of: date) -> list[Row]:
    known = _known(company, target, figures)
    period = target.only_period(company)
    if period is None:
        since = target.since or date.min
        return [_row(company, name, target, figure, (figure,), as_of) for figure in known if figure.end > since]
    own = [figure for figure in known if figure.start == period.start]
    closed = [figure for figure in known if figure.is_complete and figure.end <= period.start]
    due = own[0] if own else Figure(period.start, period.end, False, float("nan"), float("nan"), None)
    return [_row(company, name, target, due, own or (closed if target.by else ()), as_of)]


def _row(company: Company, name: str, target: Target, due: Figure, seen: Iterable[Figure], as_of: date) -> Row:
    """The row of one period; seen: its own figure, or what was closed before it."""
    seen = list(seen)
    actual = projected = None
    how = None
    if seen:
        actual = _reached(seen[-1], target.figure)
        if seen[-1].start == due.start:
            projected, how = project(target.metric, target.figure, seen[-1], as_of)
        else:
            projected, how = _by_trend(company, target, seen, due)
    met = None
    if projected is not None:
        met = projected <= target.target if target.less_is_better else projected >= target.target
    return {
        "target_name": name,
        "metric": target.metric,
        "figure": target.figure,
        "dimension": target.dimension,
        "dimension_value": target.dimension_value,
        "calendar": target.calendar_of(company),
        "period_kind": target.kind(),
        "period_start": due.start,
        "period_end": due.end,
        "is_complete": due.is_complete,
        "goal": "at_most" if target.less_is_better else "at_least",
        "target": target.target,
        "actual_start": seen[-1].start if seen else None,
        "actual": actual,
        "variance": None if actual is None else actual - target.target,
        "projected": projected,
        "projection": how,
        "on_track": met,
    }


def _by_trend(company: Company, target: Target, closed: list[Figure], due: Figure) -> tuple[float, str]:
    values = [_reached(figure, target.figure) for figure in closed[-TREND_PERIODS:]]
    if len(values) < TREND_LEAST:
        return values[-1], "as it stands"
    kind, system = target.kind(), target.calendar_of(company)
    between = calendar.periods(closed[-1].start, due.start, kind, system, company.fiscal_year_start, company.week_start)
    end = trend(values, len(between) - 1)
    if target.metric not in SIGNED:
        end = max(end, 0.0)
    if target.metric in LOST or (target.metric in KEPT and target.metric != "net_revenue_retention"):
        end = min(end, 1.0) if target.figure == "value" else end
    return end, "trend"


def _known(company: Company, target: Target, figures: Iterable[Row]) -> list[Figure]:
    """The figures of a target's metric that are there, in order."""
    wanted = (target.metric, target.calendar_of(company), target.kind(), target.dimension, target.dimension_value)
    names = ("metric", "calendar", "period_kind", "dimension", "dimension_value")
    found = [
        Figure(
            row["period_start"],
            row["period_end"],
            row["is_complete"],
            row["value"],
            float(row["numerator"]),
            None if row["denominator"] is None else float(row["denominator"]),
        )
        for row in figures
        if tuple(row[name] for name in names) == wanted and row["value"] is not None
    ]
    return sorted(found, key=lambda figure: figure.start)


def _reached(figure: Figure, which: str) -> float:
    return figure.numerator if which == "numerator" else figure.value
