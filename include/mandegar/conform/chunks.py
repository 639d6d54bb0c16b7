"""Which chunks of an entity a night has to make again: those that its new rows, or what waited in them, can have changed."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute import code_version
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import CUSTOMER, Entity
from mandegar.config.systems import TableId
from mandegar.conform.rates import Rates
from mandegar.conform.state import newest
from mandegar.quality.reading import entity_schema
from mandegar.sources.deletions import STAGE as DELETED
from mandegar.storage.lake import CHUNK, Lake
from mandegar.storage.receipts import Receipt

CODE = ("conform", "config.entities", "compute", "time.calendar")
WHOLE = "all"  # the one chunk of an entity that is not cut by time
MONTH = re.compile(r"(?!0000|9999)\d{4}-\d\d")
BY_MONTH = ("invoice", "payment", "ticket", "survey", "usage", "interaction")


@dataclass(frozen=True)
class Counts:
    """What was counted of a chunk: rows; rows that gave way to a newer one of their key; versions that overlapped; rows whose
    customer is not known; rows that come in, or change, once a later day is over; rows whose currency has no rate."""

    rows: int
    repeated: int = 0
    overlapping: int = 0
    orphans: int = 0
    waiting: int = 0
    unrated: int = 0

    @property
    def seen(self) -> int:
        """How many good rows belong in the chunk, at the most."""
        return self.rows + self.repeated + self.waiting + self.unrated


@dataclass(frozen=True)
class State:
    """An entity as a night left it: its windows, the version of its table, and what was counted, chunk by chunk.

    moved: whether a row has ever gone from one chunk to another; rates: what could be converted, where that matters; customers: the
    version of the customers' table that its rows were held against, where they were.
    """

    as_of: date
    version: int
    made_of: str
    chunks: dict[str, Counts]
    moved: bool
    rates: Rates | None = None
    customers: int | None = None

    @staticmethod
    def of(receipt: Receipt | None) -> "State | None":
        """The state that a receipt speaks of."""
        if receipt is None or receipt.version is None or receipt.made_of is None or receipt.notes is None:
            return None
        notes = json.loads(receipt.notes)
        chunks = {chunk: Counts(**counts) for chunk, counts in notes["chunks"].items()}
        return State(receipt.as_of, receipt.version, receipt.made_of, chunks, notes["moved"], notes.get("rates"), notes.get("customers"))

    def notes(self) -> str:
        """What the receipt remembers of it."""
        chunks = {chunk: asdict(self.chunks[chunk]) for chunk in sorted(self.chunks)}
        return json.dumps({"chunks": chunks, "moved": self.moved, "rates": self.rates, "customers": self.customers})


def chunk_of(rows: ir.Table, entity: Entity) -> ir.StringValue:
    """The chunk in which a row of an entity belongs: the month of its birth, in UTC; one chunk for entities not cut by time."""
    if entity.name not in BY_MONTH:
        return ibis.literal(WHOLE)
    return rows[entity.born].strftime("%Y-%m")


def rows_of(rows: ir.Table, entity: Entity, some: Iterable[str]) -> ir.Table:
    """The rows that belong in some chunks, with their chunk.

    Files say between which times their rows lie, so that months are asked for by time too: of the others nothing but that is read.
    """
    if (span := _span(some)) is not None and entity.born is not None:
        born = rows[entity.born]
        since, until = span if born.type().is_date() else (datetime.combine(day, time.min, UTC) for day in span)
        rows = rows.filter((born >= ibis.literal(since)) & (born < ibis.literal(until)))
    rows = rows.mutate(**{CHUNK: chunk_of(rows, entity)})
    return rows.filter(rows[CHUNK].isin(sorted(some)))


def _span(some: Iterable[str]) -> tuple[date, date] | None:
    """The days between which the months of some chunks lie; None where one is no month of four digits of year."""
    months = sorted(some)
    if not months or not all(MONTH.fullmatch(chunk) for chunk in months):
        return None
    first, last = (date.fromisoformat(f"{month}-01") for month in (months[0], months[-1]))
    return first, last + timedelta(days=31)


def made_of(company: Company, lake: Lake, entity: Entity, until: date) -> str:
    """A hash of the windows that an entity is made of up to a night, and of the code: another content, another hash."""
    found = hashlib.sha256(code_version.fingerprint(*CODE).encode())
    for table in company.tables():
        if table.entity == entity.name:
            for receipt in lake.current("valid", str(table), until):
                files = lake.files("valid", str(table), [receipt.as_of])
                files += lake.files(DELETED, str(table), [receipt.as_of])
                found.update(f"{table} {receipt.as_of} {' '.join(file.rsplit('/', 1)[-1] for file in files)}\n".encode())
    return found.hexdigest()[:16]


def base_of(company: Company, lake: Lake, entity: Entity, as_of: date, rates: Rates | None) -> State | None:
    """The last night's state, if tonight's can be built upon it: its windows are still what they were, and whatever came
    since came in windows of single rows, and what can be converted is the same."""
    if entity.name not in BY_MONTH:
        return None
    state = State.of(lake.latest("conformed", entity.name, as_of))
    if state is None or state.rates != rates or state.made_of != made_of(company, lake, entity, state.as_of):
        return None
    new = [receipt for table in sources(company, entity) for receipt in new_windows(lake, table, state.as_of, as_of)]
    return state if all(receipt.covers == "window" for receipt in new) else None


def sources(company: Company, entity: Entity) -> Iterable[TableId]:
    """The source tables that give rows of an entity."""
    return [table for table in company.tables() if table.entity == entity.name]


def new_windows(lake: Lake, table: TableId, after: date, until: date) -> list[Receipt]:
    """The windows of a table that came in after a night."""
    return [receipt for receipt in lake.receipts("valid", str(table)) if after < receipt.as_of <= until]


def touched(
    engine: Engine, lake: Lake, entity: Entity, base: State, come: Iterable[str], customers: ir.Table, orphans: pa.Table
) -> set[str]:
    """The chunks that tonight can have changed.

    Those of the rows that came in (come); those in which something waited for a later day; those in which a row waited for its
    customer (orphans of the base), who is there now; those that an earlier run of this night has written; and those that hold
    rows of customers who are not there any more.
    """
    chunks = {*come, *(chunk for chunk, counts in base.chunks.items() if counts.waiting)}
    listed = Counter(orphans.column(CHUNK).to_pylist())
    chunks |= {
        chunk for chunk, counts in base.chunks.items() if counts.orphans + counts.unrated != listed[chunk]
    }  # not the list of that state
    if orphans.num_rows:
        waiting = engine.table(orphans.select(["value", CHUNK]))
        chunks |= set(_values(engine, waiting.semi_join(customers, waiting.value == customers.customer_id).select(CHUNK).distinct(), CHUNK))
    chunks |= lake.changed_chunks("conformed", entity.name, base.version)
    if "customer_id" in entity.names:
        chunks |= _left_by_customers(engine, lake, entity, base, customers)
    return chunks


def _left_by_customers(engine: Engine, lake: Lake, entity: Entity, base: State, customers: ir.Table) -> set[str]:
    """The chunks that hold rows of customers who are not there any more.

    Every row of the base had its customer: where all customers of then are there, no row has to be looked at.
    """
    if base.customers is not None and lake.holds("conformed", CUSTOMER.name, base.customers):
        gone = entity_at(engine, lake, CUSTOMER, base.customers).anti_join(customers, "customer_id")
        if engine.count(gone) == 0:
            return set()
    before = entity_at(engine, lake, entity, base.version)
    return set(_values(engine, before.anti_join(customers, "customer_id").select(CHUNK).distinct(), CHUNK))


def chunks_of(engine: Engine, lake: Lake, entity: Entity, base: State, valid: ir.Table, keys: ir.Table) -> set[str]:
    """The chunks in which rows with some keys stood, or can stand now. keys: column key, of the first key column."""
    before = entity_at(engine, lake, entity, base.version)
    stood = before.semi_join(keys, before[entity.key[0]] == keys.key).select(CHUNK)
    come = valid.semi_join(keys, valid[entity.key[0]] == keys.key)
    return set(_values(engine, stood.union(come.select(chunk=chunk_of(come, entity)), distinct=True), CHUNK)) - {None}


def homes_left(engine: Engine, lake: Lake, entity: Entity, base: State, new: ir.Table) -> set[str]:
    """The chunks in which the rows that came in stood before, under another time of birth."""
    if entity.born in entity.key:
        return set()
    before = entity_at(engine, lake, entity, base.version).select(*entity.key, CHUNK)
    came = new.select(*entity.key, now_in=chunk_of(new, entity)).distinct()
    both = before.join(came, list(entity.key))
    return set(_values(engine, both.filter(both[CHUNK] != both.now_in).select(CHUNK).distinct(), CHUNK))


def homes(engine: Engine, rows: ir.Table, entity: Entity) -> ir.Table | None:
    """Of keys that stand in several chunks, the one in which their newest row stands; None where there is no such key.

    Grain: one row per key. Column: home. rows: born and dated rows of all windows.
    """
    if entity.name not in BY_MONTH or entity.born in entity.key:
        return None
    placed = rows.mutate(home=chunk_of(rows, entity))
    ends = placed.select(*entity.key, "home").group_by(*entity.key).agg(first=placed.home.min(), last=placed.home.max())
    spread = ends.filter(ends["first"] != ends["last"])
    spread = engine.keep(spread.select(*entity.key))
    if engine.count(spread) == 0:
        return None
    return engine.keep(newest(placed.semi_join(spread, list(entity.key)), entity).select(*entity.key, "home"))


def entity_at(engine: Engine, lake: Lake, entity: Entity, version: int) -> ir.Table:
    """An entity as a version of its table holds it, with its chunk."""
    files = lake.chunk_files("conformed", entity.name, version)
    return engine.chunks(lake, "conformed", entity.name, conformed_schema(entity), files)


def conformed_schema(entity: Entity) -> pa.Schema:
    """The columns of a conformed entity."""
    return pa.schema([field for field in entity_schema(entity) if not field.name.startswith("_")])


def _values(engine: Engine, rows: ir.Table, column: str) -> list[str]:
    return engine.arrow(rows).column(column).to_pylist()
