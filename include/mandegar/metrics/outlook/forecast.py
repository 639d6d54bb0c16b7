"""The churn of the next months, with how far off it may be, and how good such forecasts were so far."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.metrics.frame.grain import DEFAULT
from mandegar.metrics.outlook.forecast_model import LEAST_PERIODS, Backtest, Model, Series
from mandegar.time.calendar import Period, period_of

KIND = "month"
HORIZON = 3
SERIES = ("calendar", "dimension", "dimension_value")
NEEDED = ("customers_start", "customers_end", "customers_churned", "mrr_start", "mrr_end", "churned_mrr")
METHOD = "discounted beta-binomial"
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in SERIES),
        ("period_kind", pa.string()),
        ("period_start", pa.date32()),
        ("period_end", pa.date32()),
        ("metric", pa.string()),
        ("horizon", pa.int64()),
        *((name, pa.float64()) for name in ("forecast", "low_80", "high_80", "low_95", "high_95")),
        ("method", pa.string()),
        ("periods_used", pa.int64()),
        ("backtests", pa.int64()),
        *((name, pa.float64()) for name in ("coverage_80", "coverage_95", "mae", "mae_naive")),
    ]
)
Row = dict[str, Any]


def churn_forecast(company: Company, engine: Engine, kpis: ir.Table) -> ir.Table:
    """What the next three months will bring after the last closed one.

    Grain: one row per calendar, month, dimension, dimension_value and metric: customers_churned, logo_churn_rate,
    and of companies with contracts churned_mrr and revenue_churn_rate (churned MRR / MRR at the start). Columns: period_kind
    (month), period_start, period_end; horizon, 1 to 3 months after the last closed one; forecast, the expected value, and
    low/high_80 and _95, between which it will lie with that probability (float64, in the metric's unit); method; periods_used.
    What testing on the past says of that horizon: backtests, how many forecasts; coverage_80 and _95, the share of them whose
    bounds held the truth; mae, the mean absolute error, beside mae_naive, that of the last value; empty without any.
    Formula: metrics.outlook.forecast_model. Counts and money of all three months are of those there at the last month's end: that
    customers will come meanwhile is not foretold. Seasons are not known to it.
    No rows where fewer than 6 closed months follow each other up to the last one, or nobody is there any more.
    kpis: kpi_period; taken is its default convention.
    """
    told = kpis.filter((kpis.period_kind == KIND) & kpis.is_complete & kpis.metric.isin(NEEDED) & (kpis.convention == DEFAULT))
    cells: dict[tuple[str, ...], dict[date, Row]] = defaultdict(lambda: defaultdict(dict))
    for row in engine.arrow(told).to_pylist():
        figures = cells[tuple(row[name] for name in SERIES)][row["period_start"]]
        figures |= {"end": row["period_end"], row["metric"]: row["value"]}
    last: dict[str, date] = {}
    for (calendar, *_), months in cells.items():
        last[calendar] = max(last.get(calendar, date.min), *months)
    rows = [
        dict(zip(SERIES, key, strict=True)) | row
        for key, months in sorted(cells.items())
        if last[key[0]] in months
        for row in _rows(company, key[0], months)
    ]
    return engine.table(pa.Table.from_pylist(rows, schema=SCHEMA))


def _rows(company: Company, calendar: str, months: Mapping[date, Row]) -> Iterator[Row]:
    """The forecasts of one cell."""
    wanted = (
        ("customers_churned", "logo_churn_rate", "customers_churned", "customers"),
        ("churned_mrr", "revenue_churn_rate", "churned_mrr", "mrr"),
    )
    coming = _coming(company, calendar, months[max(months)]["end"])
    for amount, share, lost, base in wanted:
        run = _run(months, lost, f"{base}_start")
        final = months[max(months)]
        there, members = final.get(f"{base}_end") or 0, final.get("customers_end") or 0
        if len(run) < LEAST_PERIODS or there <= 0 or members <= 0:
            continue
        model = Model(_series(run, lost, f"{base}_start", lumpy=base != "customers"))
        for horizon, period in enumerate(coming, 1):
            made = model.forecast(float(members), horizon)
            of_amount, of_share = model.backtest(horizon)
            for metric, times, tested in ((amount, float(there), of_amount), (share, 1.0, of_share)):
                bounds = [round(bound * times, 9) for pair in made.bounds for bound in pair]  # 0.14 of 100 are 14
                yield {
                    "period_kind": KIND,
                    "period_start": period.start,
                    "period_end": period.end,
                    "metric": metric,
                    "horizon": horizon,
                    "forecast": round(made.expected * times, 9),
                    **dict(zip(("low_80", "high_80", "low_95", "high_95"), bounds, strict=True)),
                    "method": METHOD,
                    "periods_used": len(run),
                    **_told(tested),
                }


def _run(months: Mapping[date, Row], lost: str, base: str) -> list[Row]:
    """The months up to the last one that follow each other, and in which somebody was there at the start."""
    ordered = [months[start] | {"start": start} for start in sorted(months)]
    broken = [place for place, (one, other) in enumerate(pairwise(ordered), 1) if one["end"] != other["start"]]
    empty = [place for place, row in enumerate(ordered, 1) if not (row.get(base) and row.get("customers_start") and lost in row)]
    return ordered[max([0, *broken, *empty]) :]


def _series(run: list[Row], lost: str, base: str, lumpy: bool) -> Series:
    import numpy as np

    lost_, base_, members = (np.array([row[name] for row in run], dtype=float) for name in (lost, base, "customers_start"))
    return Series(lost_, base_, members, lumpy)


def _coming(company: Company, calendar: str, start: date) -> list[Period]:
    """The months after the last closed one."""
    found = [period_of(start, KIND, calendar, company.fiscal_year_start, company.week_start)]
    while len(found) < HORIZON:
        found.append(period_of(found[-1].end, KIND, calendar, company.fiscal_year_start, company.week_start))
    return found


def _told(tested: Backtest) -> Row:
    coverage_80, coverage_95 = tested.coverage
    return {
        "backtests": tested.forecasts,
        "coverage_80": coverage_80,
        "coverage_95": coverage_95,
        "mae": tested.error,
        "mae_naive": tested.error_naive,
    }
