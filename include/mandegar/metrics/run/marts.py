"""Writing marts into lake/marts: whole each night, or in chunks of a period; what did not change keeps the night it is from."""

import json
from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine, arrow_schema
from mandegar.metrics.frame.grain import PART, PERIOD_NAME
from mandegar.storage.lake import CHUNK, Lake
from mandegar.storage.receipts import Receipt

COMPUTED_ON = "computed_on"
BY_PERIOD = ("fct_mrr_movement", "fct_customer_period")
KEPT_NIGHTS = 7
LARGE = 2_147_483_647


def write_mart(
    lake: Lake,
    engine: Engine,
    name: str,
    rows: ir.Table,
    as_of: date,
    closes: datetime,
    notes: dict | None = None,
) -> int:
    """Replaces one night's window of a mart and signs it; gives its rows."""
    lake.withdraw("marts", name, as_of)
    count = engine.write_window(lake, "marts", name, as_of, rows)
    lake.sign("marts", name, Receipt(as_of, "all", None, closes, count, notes=json.dumps(notes) if notes else None))
    return count


def write_periods(
    lake: Lake, engine: Engine, name: str, rows: ir.Table, periods: pa.Table, whole: bool, as_of: date, closes: datetime
) -> int:
    """Replaces the chunks of the named periods of a mart (or all of it) and signs it; gives the rows of those periods.

    The receipt holds the fingerprint of every chunk, so that the warehouse can tell which of them it has.
    """
    before = lake.latest("marts", name, as_of)
    known = {} if whole or before is None or before.notes is None else json.loads(before.notes).get("fingerprints", {})
    lake.withdraw("marts", name, as_of)
    chunks = {chunk_name(row) for row in periods.to_pylist()} | (set(lake.chunk_files("marts", name)) if whole else set())
    chunked = rows.mutate(**{COMPUTED_ON: ibis.literal(as_of), CHUNK: chunk_of(rows)})
    version = engine.write_chunks(lake, "marts", name, chunks, chunked)
    files = {chunk: found for chunk, found in lake.chunk_files("marts", name, version).items() if chunk in chunks}
    schema = pa.schema([field for field in arrow_schema(chunked) if field.name != CHUNK])
    fresh = _fingerprints(engine, engine.chunks(lake, "marts", name, schema, files))
    fingerprints = {chunk: found for chunk, found in known.items() if chunk not in chunks} | fresh
    count = sum(int(found.split("-")[0]) for found in fresh.values())
    lake.sign(
        "marts",
        name,
        Receipt(as_of, "all", None, closes, count, version=version, notes=json.dumps({"fingerprints": fingerprints}, sort_keys=True)),
    )
    lake.tidy("marts", name)
    return count


def fingerprints(lake: Lake, name: str, as_of: date) -> dict[str, str]:
    """The fingerprint of every chunk of a mart by period, as a night left it: equal rows, equal fingerprint."""
    receipt = lake.receipt("marts", name, as_of)
    return json.loads(receipt.notes).get("fingerprints", {}) if receipt is not None and receipt.notes else {}


def fingerprint_of(lake: Lake, name: str, as_of: date) -> str | None:
    """The fingerprint of a mart of customers, as a night left it."""
    receipt = lake.receipt("marts", name, as_of)
    return json.loads(receipt.notes).get("fingerprint") if receipt is not None and receipt.notes else None


def write_customers(lake: Lake, engine: Engine, name: str, rows: ir.Table, as_of: date, closes: datetime) -> int:
    """Replaces one night's window of a mart of customers, and signs it with its fingerprint; gives its rows."""
    kept = engine.keep(rows)
    whole = _fingerprints(engine, kept.mutate(**{CHUNK: ibis.literal("all")})).get("all", "0")
    count = write_mart(lake, engine, name, kept, as_of, closes, notes={"fingerprint": whole})
    lake.forget("marts", name, KEPT_NIGHTS, as_of)
    return count


def _fingerprints(engine: Engine, rows: ir.Table) -> dict[str, str]:
    """A number made of all rows of a chunk, whatever their order."""
    hashed = rows.select(CHUNK, row=ibis.struct({column: rows[column] for column in rows.columns}).hash() % LARGE)
    sums = hashed.group_by(CHUNK).agg(n=hashed.count(), total=hashed.row.sum().cast("int64"))
    return {row[CHUNK]: f"{row['n']}-{row['total']}" for row in engine.arrow(sums).to_pylist()}


def chunk_name(period: dict) -> str:
    """The chunk of a period: its calendar, kind and first day."""
    return f"{period['calendar']}_{period['period_kind']}_{period['period_start']}"


def chunk_of(rows: ir.Table) -> ir.StringValue:
    """The chunk in which a row of a mart by period belongs."""
    return rows.calendar + "_" + rows.period_kind + "_" + rows.period_start.cast("string")


def rewritten(lake: Lake, before: date) -> set[str]:
    """The chunks of marts by period that were written since a night: by an earlier run of the one that follows it."""
    found: set[str] = set()
    for name in BY_PERIOD:
        receipt = lake.receipt("marts", name, before)
        if receipt is not None and receipt.version is not None:
            found |= lake.changed_chunks("marts", name, receipt.version)
    return found


def earlier(lake: Lake, engine: Engine, name: str, night: date) -> ir.Table:
    """A mart as an earlier night wrote it."""
    return engine.read(lake, "marts", name, [night])


def with_earlier(rows: ir.Table, before: ir.Table, computed: "list[tuple[ir.Table, tuple[str, ...]]]", as_of: date) -> ir.Table:
    """Tonight's figures, and an earlier night's of all periods and metrics that were not computed tonight.

    computed: periods, and the metrics that were computed for them.
    """
    kept = before
    for periods, metrics in computed:
        again = kept.filter(kept.metric.isin(metrics)).semi_join(periods, list(PERIOD_NAME))
        kept = kept.anti_join(again, [*PERIOD_NAME, *PART, "convention", "metric"])
    fresh = rows.mutate(**{COMPUTED_ON: ibis.literal(as_of)})
    return ibis.union(fresh.select(*before.columns), kept)


def by_period_with_earlier(rows: ir.Table, before: ir.Table | None, periods: ir.Table, as_of: date) -> ir.Table:
    """Tonight's rows of a mart of cells, and an earlier night's of all other periods."""
    fresh = rows.mutate(**{COMPUTED_ON: ibis.literal(as_of)})
    if before is None:
        return fresh
    return ibis.union(fresh.select(*before.columns), before.anti_join(periods, list(PERIOD_NAME)))


def dated(rows: ir.Table, before: ir.Table | None, as_of: date) -> ir.Table:
    """Rows with the night that last changed them: this one, unless the earlier night had them just so."""
    if before is None:
        return rows.mutate(**{COMPUTED_ON: ibis.literal(as_of)})
    names = list(rows.columns)
    known = before.select(*names, COMPUTED_ON)
    marked = ibis.union(
        rows.mutate(**{COMPUTED_ON: ibis.null("date"), "now": ibis.literal(1)}),
        known.mutate(now=ibis.literal(0)),
    )
    merged = marked.group_by(*names).agg(since=marked[COMPUTED_ON].max(), here=marked.now.max())
    return merged.filter(merged.here == 1).select(*names, **{COMPUTED_ON: merged.since.fill_null(ibis.literal(as_of))})
