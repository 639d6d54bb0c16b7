"""Restatement: a number that was published for a period already over, and is another now; by how much, and because of what."""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.engine import Engine
from mandegar.entities import ENTITIES
from mandegar.lake import Lake
from mandegar.metrics import kpi
from mandegar.metrics.changes import Basis, rows_changed, versions_at
from mandegar.metrics.marts import COMPUTED_ON
from mandegar.metrics.mrr import CELL
from mandegar.metrics.night import Night

KEY = (*CELL, "convention", "metric")
TOLD = 5
SOURCES = {
    "contract": ("subscription", "fx_rate", "customer"),
    "billing": ("invoice", "payment", "fx_rate", "customer"),
    "support": ("ticket", "customer"),
    "feedback": ("survey", "ticket", "interaction", "customer"),
    "other": tuple(ENTITIES),
}
MUTE = ("updated_at",)


def restated(now: ir.Table, before: ir.Table) -> ir.Table:
    """The figures of closed periods that are others than an earlier night published.

    Grain: one row per KEY. Columns: published_on, the night that computed the earlier figure; numerator, denominator and
    value `_before` and `_after` (a figure that is no more, or was not, is empty); difference of the values.
    """
    was = before.filter(before.is_complete)
    closed = was.select("calendar", "period_kind", "period_start").distinct()
    fresh = now.semi_join(closed, ["calendar", "period_kind", "period_start"])
    figures = ("numerator", "denominator", "value")
    tagged = []
    for when, rows in (("before", was.semi_join(now, ["calendar", "period_kind", "period_start"])), ("after", fresh)):
        empty = {name: ibis.null(rows[name].type()) for name in figures}
        tagged.append(
            rows.select(
                *KEY,
                published_on=rows[COMPUTED_ON] if when == "before" else ibis.null("date"),
                **{f"{name}_before": rows[name] if when == "before" else empty[name] for name in figures},
                **{f"{name}_after": rows[name] if when == "after" else empty[name] for name in figures},
            )
        )
    both = ibis.union(*tagged)
    merged = both.group_by(*KEY).agg(
        published_on=both.published_on.max(), **{name: both[name].max() for name in both.columns if name.endswith(("_before", "_after"))}
    )
    moved = merged.filter(
        ~merged.numerator_before.identical_to(merged.numerator_after) | ~merged.denominator_before.identical_to(merged.denominator_after)
    )
    return moved.mutate(difference=moved.value_after - moved.value_before)


def because(night: Night, lake: Lake, stands_on: Basis) -> dict[str, str]:
    """Which rows changed since the basis, in words, by entity: how many, and the keys of the first of them."""
    now = versions_at(lake, night.as_of)
    told = {}
    for name, version in stands_on.versions.items():
        entity = ENTITIES[name]
        columns = tuple(column for column in entity.names if column not in MUTE)
        gone, came = rows_changed(lake, night.engine, name, version, now[name], columns)
        keys = night.engine.keep(ibis.union(gone, came).select(*entity.key).distinct())
        count = night.engine.count(keys)
        if count:
            first = night.engine.arrow(keys.order_by(*entity.key).limit(TOLD)).to_pylist()
            shown = "; ".join(" ".join(str(row[column]) for column in entity.key) for row in first)
            told[name] = f"{count:,} {name} rows ({shown}{' …' if count > TOLD else ''})"
    return told


def with_reasons(engine: Engine, rows: ir.Table, reasons: dict[str, str]) -> ir.Table:
    """The restated figures with the changed rows that each stands on, in words: column because."""
    known = pa.Table.from_pylist([{"metric": metric, "because": words} for metric, words in _by_metric(reasons).items()], _BECAUSE)
    joined = rows.join(engine.table(known), "metric", how="left")
    other = "; ".join(reasons[name] for name in SOURCES["other"] if name in reasons) or "the company's settings, or the version"
    return joined.select(*rows.columns, because=joined.because.fill_null(other))


_BECAUSE = pa.schema([("metric", pa.string()), ("because", pa.string())])


def _by_metric(reasons: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for family, sources in ((kpi.LOGO + kpi.CONTRACT, SOURCES["contract"]), (kpi.REVENUE, SOURCES["billing"])):
        words = "; ".join(reasons[name] for name in sources if name in reasons)
        if words:
            found |= {metric.name: words for metric in family}
    return found
