"""Conform: the good rows of all sources, as the entities stood at the end of one day."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import CUSTOMER, ENTITIES, FX_RATE, Entity
from mandegar.conform import chunks, customer, deletions, history, rates, references, subscription
from mandegar.conform.chunks import Counts, State
from mandegar.conform.rates import Rates
from mandegar.conform.state import born_before, is_born, masked, newest, unknown_yet
from mandegar.errors import BrokenTable
from mandegar.quality.validate import RESULT_SCHEMA
from mandegar.storage.lake import CHUNK, Lake
from mandegar.storage.receipts import Receipt
from mandegar.time import calendar

SLICE_ROWS = 6_000_000


@dataclass(frozen=True)
class ConformingNight:
    """The night that conforms: its company, lake and engine, the day it closes and the instant that day was over."""

    company: Company
    lake: Lake
    engine: Engine
    as_of: date
    closes: datetime
    rates: Rates | None = None  # the currencies that can be converted, once fx_rate is conformed

    def rates_for(self, entity: Entity) -> Rates | None:
        """The same, where rows of an entity have to be converted."""
        return self.rates if rates.matter(self.company, entity) else None


def conform(company: Company, lake: Lake, engine: Engine, as_of: date) -> dict[str, int]:
    """Writes every entity that the company's sources give to lake/conformed, as it stood when `as_of` was over.

    Gives the rows per entity. Rows of unknown customers go to lake/quarantine (conform.<entity>). An entity whose sources
    told of single rows since the last night is made again only in the chunks that those can have changed.
    Errors: BrokenTable when the customers, or what churn is measured on, did not come in that night.
    """
    _core_is_there(company, lake, as_of)
    evening = ConformingNight(company, lake, engine, as_of, calendar.day_end(as_of, company.zone))
    given = [entity for name, entity in ENTITIES.items() if name != "customer" and _windows(evening, entity)]
    counts = {"customer": _customers(evening)}
    if counts["customer"] == 0:
        raise BrokenTable(f"There is not one customer on {as_of}. Is the day before the company's first? Choose a later --as-of.")
    customers = engine.keep(conformed(lake, engine, "customer", as_of).select("customer_id"))
    if company.has("fx_rate"):
        if FX_RATE in given:
            counts["fx_rate"] = _entity(evening, FX_RATE, customers)
        evening = replace(evening, rates=rates.known(company, engine, conformed(lake, engine, "fx_rate", as_of)))
    for entity in given:
        if entity is not FX_RATE:
            counts[entity.name] = _entity(evening, entity, customers)
    return counts


def conformed(lake: Lake, engine: Engine, entity: str, as_of: date) -> ir.Table:
    """An entity as it stood at the end of a day; without rows when no source gives it."""
    receipt = lake.receipt("conformed", entity, as_of)
    if receipt is None or receipt.version is None:
        return engine.table(chunks.conformed_schema(ENTITIES[entity]).empty_table())
    return chunks.entity_at(engine, lake, ENTITIES[entity], receipt.version).drop(CHUNK)


def readable(lake: Lake, as_of: date) -> bool:
    """Whether the entities of a night can still be read: it was conformed, and not so long ago that its files are gone."""
    receipt = lake.receipt("conformed", "customer", as_of)
    return receipt is not None and receipt.version is not None and lake.holds("conformed", "customer", receipt.version)


def ensure_readable(lake: Lake, as_of: date) -> None:
    """What is made of a night's entities finds them: one without them would be a company that has lost everybody.

    Errors: BrokenTable when the night was not conformed, or its files are gone.
    """
    if not readable(lake, as_of):
        raise BrokenTable(f"The night of {as_of} is not in the lake. Run `mandegar night --as-of {as_of}` first.")


def stale(company: Company, lake: Lake, as_of: date) -> dict[str, date | None]:
    """The source tables that did not come in on that night, with the last night they did."""
    found = {}
    for table in company.tables():
        if lake.receipt("valid", str(table), as_of) is None:
            before = [receipt.as_of for receipt in lake.receipts("valid", str(table)) if receipt.as_of < as_of]
            found[str(table)] = before[-1] if before else None
    return found


def _core_is_there(company: Company, lake: Lake, as_of: date) -> None:
    """What every number stands on came in tonight: customers, and subscriptions or invoices."""
    core = {"customer", "subscription" if company.churn.kind == "contract" else "invoice"}
    missing = [str(table) for table in company.tables() if table.entity in core and lake.receipt("valid", str(table), as_of) is None]
    if missing:
        raise BrokenTable(
            f"{', '.join(missing)} did not come in for {as_of}, and everything is measured on it: nothing is computed or published. "
            "See its message above, mend it, and run the night again."
        )


def _windows(evening: ConformingNight, entity: Entity) -> list[tuple[str, list[date]]]:
    """The source tables of an entity with the windows that count."""
    found = []
    for table in chunks.sources(evening.company, entity):
        windows = [receipt.as_of for receipt in evening.lake.current("valid", str(table), evening.as_of)]
        if windows:
            found.append((str(table), windows))
    return found


def _valid(evening: ConformingNight, entity: Entity, after: date | None = None) -> ir.Table:
    """The good rows of an entity from all its source tables, with their window; after: only of windows since that night."""
    parts = []
    for table, every in _windows(evening, entity):
        windows = [day for day in every if after is None or day > after]
        if windows:
            rows = evening.engine.read(evening.lake, "valid", table, windows)
            rows = rows if "as_of" in rows.columns else rows.mutate(as_of=ibis.literal(windows[0]))
            parts.append(deletions.without_deleted(evening.engine, evening.lake, table, rows, entity, evening.as_of))
    if not parts:
        return _valid(evening, entity).limit(0)
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _customers(evening: ConformingNight) -> int:
    """Makes the customers; those of companies that do not list them are everyone who bought or subscribed. Gives their number."""
    if _windows(evening, CUSTOMER):
        done = _entity(evening, CUSTOMER, None)
    else:
        fact = ENTITIES["subscription" if evening.company.churn.kind == "contract" else "invoice"]
        assert fact.born is not None
        facts = newest(born_before(_valid(evening, fact), fact, evening.as_of, evening.closes), fact)
        found = customer.from_facts(facts, fact.born, CUSTOMER).mutate(**{CHUNK: ibis.literal(chunks.WHOLE)})
        done = _write(evening, CUSTOMER, found, {chunks.WHOLE}, {chunks.WHOLE: Counts(evening.engine.count(found))}, moved=False)
    customers = conformed(evening.lake, evening.engine, "customer", evening.as_of)
    history.remember(evening.lake, evening.engine, customers, evening.as_of, evening.closes)
    return done


def _entity(evening: ConformingNight, entity: Entity, customers: ir.Table | None) -> int:
    """Makes an entity, or those of its chunks that tonight can have changed. Gives its rows."""
    engine, lake = evening.engine, evening.lake
    rated = evening.rates_for(entity)
    base = chunks.base_of(evening.company, lake, entity, evening.as_of, rated) if customers is not None else None
    orphans = [references.ORPHANS_SCHEMA.empty_table()]
    if base is None:
        sizes = _sizes(engine, _valid(evening, entity), entity)
        wanted, moved = set(sizes) | set(lake.chunk_files("conformed", entity.name)) | (set() if sizes else {chunks.WHOLE}), True
    else:
        assert customers is not None
        new = engine.keep(_valid(evening, entity, after=base.as_of))
        come = _sizes(engine, new, entity)
        sizes = Counter(come) + Counter({chunk: counts.seen for chunk, counts in base.chunks.items()})
        left = chunks.homes_left(engine, lake, entity, base, new)
        waited = references.waiting(lake, entity, base.as_of)
        wanted = chunks.touched(engine, lake, entity, base, come, customers, waited) | left | _taken_back(evening, entity, base)
        moved = base.moved or bool(left)
        orphans.append(waited.filter(pc.invert(pc.is_in(waited.column(CHUNK), pa.array(sorted(wanted), pa.string())))))
    home = chunks.homes(engine, _dated(evening, entity), entity) if moved else None
    found: dict[str, Counts] = {} if base is None else {chunk: counts for chunk, counts in base.chunks.items() if chunk not in wanted}
    lake.withdraw("conformed", entity.name, evening.as_of)
    for some in _slices(wanted, sizes):
        rows, counted, lost = _remade(evening, entity, some, home, customers)
        found |= counted
        orphans += lost
        engine.write_chunks(lake, "conformed", entity.name, some, rows)
    rates.enough(
        evening.company, entity, sum(one.rows for one in found.values()), sum(one.unrated for one in found.values()), evening.as_of
    )
    if customers is not None and ("customer_id" in entity.names or rated is not None):
        references.hold(lake, entity, evening.as_of, pa.concat_tables(orphans))
    _tell(evening, entity, found)
    return _sign(evening, entity, found, home is not None)


def _taken_back(evening: ConformingNight, entity: Entity, base: State) -> set[str]:
    """The chunks of rows that their source has deleted, or given back, since the base."""
    found: set[str] = set()
    for table, _ in _windows(evening, entity):
        keys = deletions.changed(evening.engine, evening.lake, table, base.as_of, evening.as_of)
        if keys is not None:
            found |= chunks.chunks_of(evening.engine, evening.lake, entity, base, _valid(evening, entity), keys)
    return found


def _dated(evening: ConformingNight, entity: Entity) -> ir.Table:
    return born_before(_valid(evening, entity), entity, evening.as_of, evening.closes)


def _sizes(engine: Engine, rows: ir.Table, entity: Entity) -> dict[str, int]:
    """How many of the rows belong in each chunk."""
    counted = rows.select(chunk=chunks.chunk_of(rows, entity)).group_by(CHUNK).agg(n=ibis._.count())
    return {row[CHUNK]: row["n"] for row in engine.arrow(counted).to_pylist() if row[CHUNK]}


def _slices(wanted: set[str], sizes: dict[str, int]) -> Iterable[list[str]]:
    """The chunks in groups that are made in one go, so that memory is bounded."""
    groups: list[list[str]] = []
    room = 0
    for chunk in sorted(wanted):
        if not groups or sizes.get(chunk, 0) > room:
            groups.append([])
            room = SLICE_ROWS
        groups[-1].append(chunk)
        room -= sizes.get(chunk, 0)
    return groups


def _remade(
    evening: ConformingNight, entity: Entity, some: list[str], home: ir.Table | None, customers: ir.Table | None
) -> tuple[ir.Table, dict[str, Counts], list[pa.Table]]:
    """The rows of some chunks as they stood when the day was over, what was counted of each, and the orphans among them."""
    engine = evening.engine
    valid = chunks.rows_of(_valid(evening, entity), entity, some)
    if home is not None:
        placed = valid.join(home, list(entity.key), how="left")
        valid = placed.filter(placed.home.isnull() | (placed.home == placed[CHUNK])).select(*valid.columns)
    dated = born_before(valid, entity, evening.as_of, evening.closes)
    known = newest(dated, entity)
    lost: list[pa.Table] = []
    unrated: dict[str, tuple[int, int]] = {}
    if (rated := evening.rates_for(entity)) is not None:
        known, waiting, unrated = _rated(evening, entity, known, rated)
        lost.append(waiting)
    overlapping = None
    if entity.name == "subscription":
        overlapping = subscription.overlapping(known)
        known = subscription.without_overlap(known)
    learnt = engine.keep(known.mutate(waits=unknown_yet(known, entity, evening.closes)))
    rows = masked(learnt, entity, evening.closes)
    counted = _counted(engine, valid.mutate(born=is_born(valid, entity, evening.as_of, evening.closes)), "born")
    known_of = _counted(engine, learnt, "waits")
    good, orphans = rows, {}
    if customers is not None and "customer_id" in entity.names:
        unknown = engine.keep(references.orphans(rows, customers))
        told = references.quarantined(unknown, entity, reason=references.UNKNOWN.told(evening.company.locale))
        lost.append(engine.arrow(told).cast(references.ORPHANS_SCHEMA))
        orphans = {chunk: count for chunk, (count, _) in _counted(engine, unknown, "waits").items()}
        good = references.with_customer(rows, customers)
    overlaps = {} if overlapping is None else {chunk: n for chunk, (n, _) in _counted(engine, overlapping).items()}
    counts = {}
    for chunk, (seen, born) in counted.items():
        (there, later), (without, _) = known_of.get(chunk, (0, 0)), unrated.get(chunk, (0, 0))
        repeated = born - there - without
        counts[chunk] = Counts(there, repeated, overlaps.get(chunk, 0), orphans.get(chunk, 0), seen - born + later, without)
    return good.select(*entity.names, CHUNK), counts, lost


def _rated(
    evening: ConformingNight, entity: Entity, known: ir.Table, rated: Rates
) -> tuple[ir.Table, pa.Table, dict[str, tuple[int, int]]]:
    """The rows whose currency can be converted; the others as lines of the quarantine, and how many of each chunk these are."""
    engine, locale = evening.engine, evening.company.locale
    marked = engine.keep(rates.marked(engine, known, entity, rated))
    waits = marked.unrated | marked.beyond
    waiting = engine.keep(marked.filter(waits))
    reason = waiting.unrated.ifelse(rates.UNKNOWN.told(locale), rates.BEYOND.told(locale))
    told = engine.arrow(references.quarantined(waiting, entity, "currency", rates.RULE, reason))
    good = marked.filter(~waits).select(*known.columns)
    return good, told.cast(references.ORPHANS_SCHEMA), _counted(engine, waiting)


def _counted(engine: Engine, rows: ir.Table, flag: str | None = None) -> dict[str, tuple[int, int]]:
    """How many rows every chunk has, and of how many the flag is true."""
    flagged = rows[flag].sum() if flag else ibis.literal(0)
    found = rows.group_by(CHUNK).agg(n=rows.count(), flagged=flagged)
    return {row[CHUNK]: (row["n"], row["flagged"]) for row in engine.arrow(found).to_pylist()}


def _write(evening: ConformingNight, entity: Entity, rows: ir.Table, some: set[str], counts: dict[str, Counts], moved: bool) -> int:
    evening.lake.withdraw("conformed", entity.name, evening.as_of)
    evening.engine.write_chunks(evening.lake, "conformed", entity.name, some, rows.select(*entity.names, CHUNK))
    return _sign(evening, entity, counts, moved)


def _sign(evening: ConformingNight, entity: Entity, counts: dict[str, Counts], moved: bool) -> int:
    lake, as_of = evening.lake, evening.as_of
    made_of = chunks.made_of(evening.company, lake, entity, as_of)
    version, customers = lake.version("conformed", entity.name), lake.receipt("conformed", CUSTOMER.name, as_of)
    held_against = customers.version if customers else None
    state = State(as_of, version, made_of, counts, moved, evening.rates_for(entity), held_against)
    rows = sum(count.rows - count.orphans for count in counts.values())
    receipt = Receipt(as_of, "all", None, evening.closes, rows, version=state.version, made_of=made_of, notes=state.notes())
    lake.sign("conformed", entity.name, receipt)
    lake.tidy("conformed", entity.name)
    return rows


def _tell(evening: ConformingNight, entity: Entity, counts: dict[str, Counts]) -> None:
    """Writes what the rules over whole entities counted to lake/quality."""
    rows = sum(count.rows for count in counts.values())
    repeated = sum(count.repeated for count in counts.values())
    told = [(f"conform.{entity.name}.keys", "one_row_per_key", "warn", rows + repeated, repeated)]
    if entity.name == "subscription":
        overlapping = sum(count.overlapping for count in counts.values())
        told.append((f"conform.{entity.name}.versions", "versions_do_not_overlap", "warn", rows, overlapping))
    if entity.name != "customer" and "customer_id" in entity.names:
        told.append((f"conform.{entity.name}", "customer_known", "fail", rows, sum(count.orphans for count in counts.values())))
    if evening.rates_for(entity) is not None:
        unrated = sum(count.unrated for count in counts.values())
        told.append((f"conform.{entity.name}.rates", rates.RULE, "fail", rows + unrated, unrated))
    for name, rule, severity, evaluated, unexpected in told:
        result = {
            "source": name,
            "entity": entity.name,
            "rule": rule,
            "severity": severity,
            "evaluated": evaluated,
            "unexpected": unexpected,
            "status": {"fail": "quarantined", "warn": "warned"}[severity] if unexpected else "passed",
        }
        evening.lake.replace("quality", name, evening.as_of, RESULT_SCHEMA, pa.Table.from_pylist([result], RESULT_SCHEMA).to_batches())
