"""Restatement: a number that was published for a period already over, and is another now; by how much, and because of what."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.language.catalogue import Said, separator
from mandegar.metrics.frame.dimensions import ALL
from mandegar.metrics.frame.grain import PART, PERIOD_NAME
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.run.changed_rows import TOLD, ChangedRows, changed_rows, in_words
from mandegar.metrics.run.changes import NEAR, Basis, Compared
from mandegar.metrics.run.marts import COMPUTED_ON
from mandegar.time.calendar import midnight
from mandegar.time.seconds import DAY, seconds

KEY = (*PERIOD_NAME, *PART, "convention", "metric")
FIGURES = ("numerator", "denominator", "value")
STANDS_ON = pa.schema(
    [
        ("convention", pa.string()),
        ("metric", pa.string()),
        ("entity", pa.string()),
        ("reaches_on", pa.bool_()),
        ("days", pa.int64()),
        ("of_parts", pa.bool_()),
    ]
)
SPAN = (*PERIOD_NAME, "period_end")  # a cohort is told of at the start of a period, and goes on to the night
SPANS = pa.schema([("calendar", pa.string()), ("period_kind", pa.string()), ("period_start", pa.date32()), ("period_end", pa.date32())])
WHEN = pa.timestamp("us", "UTC")
BECAUSE = pa.schema([("figure", pa.int64()), ("because", pa.string())])
OF_A_KIND = ("calendar", "period_kind", "dimension", "convention", "metric")
DIFFERS = {
    "settings": Said("the company's settings"),
    "days": Said("a customer counts as lost after {} days, after {} before"),
    "code": Said("another version of the program"),
    "rows": Said("rows as they were then are no longer kept"),
}
UNKNOWN = Said("rows that cannot be told apart")


@dataclass(frozen=True)
class Sources:
    """The entities whose rows move a figure. reaches_on: the next period's too; days: so long afterwards; of_parts: those that move the
    figures of dimensions alone."""

    entities: tuple[str, ...]
    reaches_on: bool = False
    days: int = 0
    of_parts: tuple[str, ...] = ()


SourcesOf = dict[tuple[str, str], Sources]


def restated(now: ir.Table, before: ir.Table, closed: date) -> ir.Table:
    """The figures of closed periods that are others than an earlier night published.

    Grain: one row per KEY. Columns: period_end; published_on, the night that computed the earlier figure; numerator, denominator and
    value `_before` and `_after` (a figure that is no more, or was not, is empty); difference of the values.
    before: of the periods and metrics that were computed again. closed: the day after the earlier night's; a period that ends until then
    was over. A row that is new, or gone, is told also where its figure is empty.
    """
    tagged = []
    for when, rows in (("before", before), ("after", now)):
        over = rows.filter(rows.period_end <= closed)
        empty = {name: ibis.null(rows[name].type()) for name in FIGURES}
        tagged.append(
            over.select(
                *KEY,
                "period_end",
                published_on=over[COMPUTED_ON] if when == "before" else ibis.null("date"),
                was=ibis.literal(int(when == "before")),
                now=ibis.literal(int(when == "after")),
                **{f"{name}_before": over[name] if when == "before" else empty[name] for name in FIGURES},
                **{f"{name}_after": over[name] if when == "after" else empty[name] for name in FIGURES},
            )
        )
    both = ibis.union(*tagged)
    names = [f"{name}_{when}" for when in ("before", "after") for name in FIGURES]
    merged = both.group_by(*KEY, "period_end").agg(
        published_on=both.published_on.max(), was=both.was.max(), now=both.now.max(), **{name: both[name].max() for name in names}
    )
    moved = merged.filter(
        ~merged.numerator_before.identical_to(merged.numerator_after)
        | ~merged.denominator_before.identical_to(merged.denominator_after)
        | (merged.was != merged.now)
    )
    return moved.select(*KEY, "period_end", "published_on", *names, difference=moved.value_after - moved.value_before)


def none(figures: ir.Table) -> ir.Table:
    """No restatement, of a first night."""
    return restated(figures.limit(0).drop(COMPUTED_ON), figures.limit(0), date.min).mutate(settles_later=ibis.literal(False))


def cohorts_restated(now: ir.Table, before: ir.Table) -> ir.Table:
    """What was said of cohorts at ages they had reached already, and is otherwise now. Grain and columns: those of `restated`.

    A cohort stands as the period in which it came, its figure as metric `cohort <by> <unit> <method> <age>`: retained / reached.
    Ages without an end (unbounded) and money at the night's rates go on moving by themselves and are not told.
    """
    key = ("cohort_by", "cohort_start", "dimension", "dimension_value", "age_unit", "method", "age")
    then = before.filter((before.method != "unbounded") & before.reached.notnull())
    was = then.select(
        *key,
        "calendar",
        "cohort_kind",
        published_on=then[COMPUTED_ON] if COMPUTED_ON in then.columns else ibis.null("date"),
        **{f"was_{name}": then[name] for name in ("customers", "reached", "retained")},
    )
    both = was.join(now.select(*key, "customers", "reached", "retained"), list(key))
    moved = both.filter(
        (both.was_customers != both.customers) | ((both.was_reached == both.reached) & (both.was_retained != both.retained))
    )
    figures = {}
    for when, retained, reached in (("before", "was_retained", "was_reached"), ("after", "retained", "reached")):
        figures[f"numerator_{when}"] = moved[retained].cast("decimal(38, 4)")
        figures[f"denominator_{when}"] = moved[reached].cast("decimal(38, 4)")
        figures[f"value_{when}"] = moved[retained].cast("float64") / moved[reached].nullif(0).cast("float64")
    named = moved.select(
        "calendar",
        "dimension",
        "dimension_value",
        "published_on",
        period_kind=moved.cohort_kind,
        period_start=moved.cohort_start,
        period_end=moved.cohort_start,
        convention=ibis.literal("default"),
        metric="cohort " + moved.cohort_by + " " + moved.age_unit + " " + moved.method + " " + moved.age.cast("string"),
        **figures,
    )
    names = [f"{name}_{when}" for when in ("before", "after") for name in FIGURES]
    return named.select(*KEY, "period_end", "published_on", *names, difference=named.value_after - named.value_before)


def with_reasons(night: MeasuredNight, known: Basis | None, compared: Compared | None, moved: ir.Table, sources: SourcesOf) -> ir.Table:
    """The restated figures with the rows that moved each, in words: column because, in place of settles_later.

    A row moves a figure if its entity is one of those that the figure stands on, its time lies in the period, and its customer in the
    cell; where no changed row is so near, those of the days around, of the entity, or all that changed are told. What beside the data
    differs from the last night (`known`) is told first. compared: the entities of both nights; sources: by convention and metric.
    Figures that ripen are told only if a late row moved them.
    """
    engine, locale = night.engine, night.company.locale
    columns = [name for name in moved.columns if name not in ("period_end", "settles_later")]
    kept = engine.keep(moved.mutate(figure=ibis.row_number().over(order_by=list(KEY))))
    if known is None or compared is None or not engine.count(kept):
        return kept.select(*columns, because=ibis.literal("")).limit(0)
    changed = changed_rows(night, compared, known)
    figures = engine.arrow(kept.select("figure", "metric", "convention", "settles_later")).to_pylist()
    near = _nearest(night, kept, changed, sources)
    differing = _differing(known, night.company.churn.days, locale)
    words = []
    for row in figures:
        of = sources.get((row["convention"], row["metric"]), Sources(()))
        entities = (*of.entities, *of.of_parts)
        found = near.get(row["figure"], {})
        apart = [text for name, text in differing.items() if name != "days" or of.days]
        told = [
            in_words(entity, count, first, locale)
            for entity, (count, first, late) in found.items()
            if late or not (row["settles_later"] or apart)
        ]
        told += [changed.counted[entity] for entity in entities if entity in changed.crowds]
        if row["settles_later"] and not told:
            continue
        if not told and not apart:
            told = [changed.counted[entity] for entity in entities if entity in changed.counted] or list(changed.counted.values())
        because = separator(locale).join([*apart, *told]) or UNKNOWN.told(locale)
        words.append({"figure": row["figure"], "because": because})
    joined = kept.join(engine.table(pa.Table.from_pylist(words, BECAUSE)), "figure")
    return joined.select(*columns, "because")


def _differing(known: Basis, days: int, locale: str) -> dict[str, str]:
    """By name, what beside the data is otherwise than on the earlier night, in words."""
    numbers = {"days": (str(days), str(known.days))}
    return {name: DIFFERS[name].of(*numbers.get(name, ())).told(locale) for name in known.differs}


def _nearest(
    night: MeasuredNight, moved: ir.Table, changed: ChangedRows, sources: SourcesOf
) -> dict[int, dict[str, tuple[int, list[str], bool]]]:
    """By figure and entity the rows nearest to it: how many, the keys of the first, and whether one of them is late."""
    engine, rows = night.engine, changed.rows
    wanted = [
        {
            "convention": convention,
            "metric": metric,
            "entity": entity,
            "reaches_on": of.reaches_on,
            "days": of.days,
            "of_parts": entity not in of.entities,
        }
        for (convention, metric), of in sources.items()
        for entity in dict.fromkeys((*of.entities, *of.of_parts))
    ]
    spans = engine.arrow(moved.select(*SPAN).distinct()).to_pylist()
    zone = night.company.zone
    starts = [midnight(span["period_start"], zone) for span in spans]
    ends = [night.closes if span["period_end"] == span["period_start"] else midnight(span["period_end"], zone) for span in spans]
    table = pa.Table.from_pylist(spans, SPANS)
    table = table.append_column("starts_at", pa.array(starts, WHEN)).append_column("ends_at", pa.array(ends, WHEN))
    before = [start - (end - start) for start, end in zip(starts, ends, strict=True)]
    table = table.append_column("before_at", pa.array(before, WHEN))
    around = [pa.array([start - NEAR for start in starts], WHEN), pa.array([end + NEAR for end in ends], WHEN)]
    table = table.append_column("near_from", around[0]).append_column("near_until", around[1])
    figures = moved.join(engine.table(table), list(SPAN)).join(
        engine.table(pa.Table.from_pylist(wanted, STANDS_ON)), ["convention", "metric"]
    )
    figures = figures.view()
    figures = figures.filter((figures.dimension != ALL) | ~figures.of_parts)
    first = figures.reaches_on.ifelse(figures.before_at, figures.starts_at)
    since = seconds(figures.near_from) - figures.days * DAY
    earliest = ibis.least(since, seconds(first))
    met = figures.mutate(first=first, earliest=earliest).join(rows, "entity")
    met = met.filter((met.from_at < met.near_until) & (seconds(met.until_at) >= met.earliest)).select(
        "figure",
        "dimension",
        "dimension_value",
        "row_id",
        "entity",
        "key",
        "late",
        "first",
        "days",
        "ends_at",
        "from_at",
        "until_at",
        "customer_id",
    )
    inside = (met.from_at < met.ends_at) & (seconds(met.until_at) + met.days * DAY >= seconds(met["first"]))
    cells = _cells(night, rows)
    placed = met.left_join(cells, ["row_id", "dimension", "dimension_value"])
    in_cell = (placed.dimension == ALL) | placed.customer_id.isnull() | placed.there.fill_null(False)
    rank = ibis.cases((in_cell & inside, 0), (in_cell, 1), (inside, 2), else_=3)
    ranked = placed.select("figure", "entity", "key", "late", rank=rank).distinct()
    best = ranked.mutate(best=ranked["rank"].min().over(group_by="figure"))
    best = best.filter(best["rank"] == best.best)
    of_figure = ibis.window(group_by=["figure", "entity"], order_by="key")
    numbered = engine.keep(best.mutate(place=ibis.row_number().over(of_figure)))
    counts = numbered.group_by("figure", "entity").agg(count=numbered.count(), late=numbered.late.any())
    shown = numbered.filter(numbered.place < TOLD).select("figure", "entity", "key")
    found: dict[int, dict[str, tuple[int, list[str], bool]]] = defaultdict(dict)
    for row in engine.arrow(counts.order_by("figure", "entity")).to_pylist():
        found[row["figure"]][row["entity"]] = (row["count"], [], row["late"])
    for row in engine.arrow(shown.order_by("figure", "entity", "key")).to_pylist():
        found[row["figure"]][row["entity"]][1].append(row["key"])
    return found


def _cells(night: MeasuredNight, rows: ir.Table) -> ir.Table:
    """In which cells of the dimensions the customer of each row stood just before it works, and as it does: `there`."""
    of_customers = rows.filter(rows.customer_id.notnull()).select("row_id", "customer_id", "from_at")
    parts = []
    for shift in (0, 1):
        timed = of_customers.mutate(seen_at=of_customers.from_at - ibis.interval(microseconds=shift))
        traits = night.engine.keep(night.with_traits(timed, "seen_at")) if night.dimensions else timed
        parts += [
            traits.select("row_id", dimension=ibis.literal(dimension.name), dimension_value=dimension.value(traits))
            for dimension in night.dimensions
        ]
    if not parts:
        none = of_customers.limit(0)
        return none.select("row_id", dimension=ibis.literal(""), dimension_value=ibis.literal(""), there=ibis.literal(True))
    return ibis.union(*parts, distinct=True).mutate(there=ibis.literal(True))
