"""What changed between two nights, and which periods it can have moved: the others are not computed again."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute import code_version
from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES, Entity
from mandegar.conform import chunks
from mandegar.metrics.contracts.policies import conventions
from mandegar.metrics.frame.family import ENTRY_POINTS
from mandegar.metrics.purchases import refunds
from mandegar.storage.lake import CHUNK, Lake
from mandegar.time import calendar

MART = "kpi_period"
FOLLOWED = 200_000  # more changed rows than these are not followed one by one: everything is computed again
CODE = ("metrics", "time", "config.entities", "compute")  # what figures are computed by
NEAR = timedelta(days=8)  # a refund and its credit note are one event within days
DAY = timedelta(days=1)
ALWAYS = datetime.max.replace(tzinfo=UTC)
# Of a version of a subscription, from when its columns work: the time in that column, old or new; any other from valid_from.
WORKS_FROM = {"valid_to": "valid_to", "ended_at": "ended_at", "ended_reason": "ended_at", "cancel_requested_at": "cancel_requested_at"}
MUTE = ("updated_at", "due_at", "paid_at", "next_attempt_at")  # no figure looks at them
OF_NO_EFFECT = ("updated_at", "cancel_reason", "trial_ends_at", "started_at")
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Basis:
    """An earlier night: the day, the versions of the entities it measured, the days of inactivity it took.

    differs: what figures depend on beside the data and is otherwise tonight (`settings`, `days`, `code`, or `rows`: the entities as they
    were then are no longer kept). If anything is, its figures are compared with tonight's, and none of them stands.
    """

    as_of: date
    versions: dict[str, int]
    days: int
    differs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What can have moved since the basis. since: from when on the contracts, or the purchases of a company without any, are
    others; spans: between which instants; events: of tickets, answers and touches, which only their own families look at."""

    since: datetime
    spans: list[Span]
    events: list[Span]


@dataclass(frozen=True)
class Compared:
    """The entities as two nights conformed them, side by side. before, now: by entity, the version of its table."""

    lake: Lake
    engine: Engine
    before: Mapping[str, int]
    now: Mapping[str, int]
    _found: dict[str, tuple[ir.Table, ir.Table]] = field(default_factory=dict, repr=False)

    def chunks(self, name: str) -> set[str]:
        """The chunks of an entity that were written in between."""
        return self.lake.changed_chunks("conformed", name, self.before[name], self.now[name]) if name in self.before else set()

    def rows(self, name: str, columns: Iterable[str] | None = None) -> tuple[ir.Table, ir.Table]:
        """The rows of an entity that are no more as they were, and those that were not so before; looked for once a night.

        columns: only what changed in these, the key among them; by default all that a figure may look at.
        """
        if name not in self._found:
            self._found[name] = self._side_by_side(name)
        gone, came = self._found[name]
        if columns is None:
            return gone, came
        old, new = gone.select(*columns), came.select(*columns)
        return old.difference(new, distinct=True), new.difference(old, distinct=True)

    def _side_by_side(self, name: str) -> tuple[ir.Table, ir.Table]:
        """Row by row of its key, in the chunks that were written in between: no row of the others can have changed."""
        entity, changed = ENTITIES[name], self.chunks(name)
        columns = [column for column in entity.names if column not in MUTE]
        old, new = (self._of_chunks(entity, version[name], changed).select(*columns) for version in (self.before, self.now))
        then = old.mutate(there=ibis.literal(True)).rename(lambda column: f"old {column}")
        since = new.mutate(there=ibis.literal(True)).rename(lambda column: f"new {column}")
        both = then.outer_join(since, [then[f"old {column}"].identical_to(since[f"new {column}"]) for column in entity.key])
        others = [column for column in ("there", *columns) if column not in entity.key]
        differs = [~both[f"old {column}"].identical_to(both[f"new {column}"]) for column in others]
        apart = self.engine.keep(both.filter(ibis.or_(*differs)))
        sides = ((side, apart.filter(apart[f"{side} there"].notnull())) for side in ("old", "new"))
        gone, came = (rows.select(**{column: rows[f"{side} {column}"] for column in columns}) for side, rows in sides)
        return gone, came

    def _of_chunks(self, entity: Entity, version: int, changed: set[str]) -> ir.Table:
        files = self.lake.chunk_files("conformed", entity.name, version)
        wanted = {chunk: found for chunk, found in files.items() if chunk in changed}
        return self.engine.chunks(self.lake, "conformed", entity.name, chunks.conformed_schema(entity), wanted)


def made_of(company: Company) -> dict[str, str]:
    """Hashes of everything beside the data that figures depend on: the company file with its conventions (`settings`), the days of
    inactivity where they are estimated (`days`), the code that measures (`code`)."""
    settings = company.model_dump(mode="json", exclude={"sources", "name", "unsubscribe_url", "contacting", "loyalty"})
    days = settings["churn"].pop("days") if company.churn.estimated else None
    told = {
        "settings": {
            "company": settings,
            "conventions": {name: policies.model_dump() for name, policies in conventions(company).items()},
            "entities": sorted({table.entity for table in company.tables()}),
        },
        "days": days,
        "code": [code_version.fingerprint(*CODE), *code_version.installed(ENTRY_POINTS)],
    }
    return {name: hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:16] for name, part in told.items()}


def versions_at(lake: Lake, as_of: date) -> dict[str, int]:
    """The versions of the entities that a night conformed."""
    found = {}
    for name in ENTITIES:
        receipt = lake.receipt("conformed", name, as_of)
        if receipt is not None and receipt.version is not None:
            found[name] = receipt.version
    return found


def basis(company: Company, lake: Lake, as_of: date) -> Basis | None:
    """The last night before this one, if there is one."""
    receipt = lake.latest("marts", MART, as_of)
    if receipt is None or receipt.notes is None:
        return None
    notes, now = json.loads(receipt.notes), made_of(company)
    then = notes.get("made_of", now | {"code": None})  # a night that does not say was measured by earlier code
    differs = tuple(name for name in now if then.get(name) != now[name])
    versions, days = notes["entities"], notes["inactivity_days"]
    followed = all(lake.holds("conformed", name, version) for name, version in versions.items())
    if not followed or versions.keys() != versions_at(lake, as_of).keys():
        return Basis(receipt.as_of, {}, days, (*differs, "rows"))
    return Basis(receipt.as_of, versions, days, differs)


def changes(company: Company, compared: Compared) -> Changes | None:
    """What changed between the two nights; None when it is too much to follow."""
    lake, engine, now = compared.lake, compared.engine, compared.now
    policies = conventions(company)
    since = ALWAYS
    if compared.chunks("subscription"):
        found = _contracts(compared)
        if found is None:
            return None
        longest = max(policies[name].gap_days for name in company.conventions)
        since = found - timedelta(days=longest) if found < ALWAYS else found
    if compared.chunks("fx_rate"):
        since = min(since, _rates(company, compared))
    span = {name: _spans(compared, name) for name in chunks.BY_MONTH if compared.chunks(name)}
    billed = [*_near(span, "invoice", "payment"), *_reaching(_near(span, "usage"), company.churn.silent_days)]
    if span.get("invoice") and "payment" in now:
        billed += _refunds(lake, engine, {first.astimezone(UTC).strftime("%Y-%m") for first, _ in span["invoice"]}, now)
    if "payment" in now and (span.get("invoice") or span.get("payment")):
        billed += _pairing(compared)
    if company.churn.kind == "inactivity" or any(policies[name].credits == "reduce_mrr" for name in company.conventions):
        since = min([since, *(start for start, _ in _near(span, "invoice"))])
    if company.value.cost_per_agent_minute:
        billed += _near(span, "ticket")
    return Changes(since, billed, _near(span, "ticket", "survey", "interaction", "invoice", "usage"))


def to_compute(periods: pa.Table, closed: datetime, since: datetime, spans: Iterable[Span]) -> pa.Table:
    """The periods that are not what they were: those still running when the basis closed, and those that a change can reach.

    A change reaches the period in which it lies and the one after it, which is weighed by the one before.
    """
    rows = periods.to_pylist()
    reached = [
        row
        for row in rows
        if row["ends_at"] > min(closed, since)
        or not row["is_complete"]
        or any(row["starts_at"] - (row["ends_at"] - row["starts_at"]) - DAY < end and row["ends_at"] > start for start, end in spans)
    ]
    return pa.Table.from_pylist(reached, periods.schema)


def _contracts(compared: Compared) -> datetime | None:
    """From when on the versions of subscriptions are others; None when too many are."""
    engine = compared.engine
    gone, came = compared.rows("subscription", [name for name in ENTITIES["subscription"].names if name not in OF_NO_EFFECT])
    if engine.count(gone) + engine.count(came) > FOLLOWED:
        return None
    key = ENTITIES["subscription"].key
    old, new = ({tuple(row[name] for name in key): row for row in engine.arrow(rows).to_pylist()} for rows in (gone, came))
    return min((works_from(old.get(one), new.get(one)) for one in old.keys() | new.keys()), default=ALWAYS)


def works_from(old: dict | None, new: dict | None) -> datetime:
    """From when on a version of a subscription has another effect than it had."""
    if old is None or new is None:
        return (old or new or {})["valid_from"]
    found = []
    for name in old:
        if old[name] != new[name]:
            columns = ("valid_to", "renews_at") if name in ("renews_at", "auto_renew") else (WORKS_FROM.get(name, "valid_from"),)
            found += [row[column] for row in (old, new) for column in columns if row[column] is not None]
    lapses = [row["renews_at"] for row in (old, new) if row["auto_renew"] is False and row["renews_at"] is not None]
    return min(found + lapses if found else [], default=ALWAYS)


def _rates(company: Company, compared: Compared) -> datetime:
    """The midnight of the first day of which a rate is another."""
    days = [
        day
        for rows in compared.rows("fx_rate", ("day", "currency", "rate"))
        for day in compared.engine.arrow(rows.agg(day=rows.day.min())).column("day").to_pylist()
        if day is not None
    ]
    return min((calendar.midnight(day, company.zone) for day in days), default=ALWAYS)


def _spans(compared: Compared, name: str) -> list[Span]:
    """Between which instants the changed rows of an entity were born, month by month."""
    entity, both = ENTITIES[name], ibis.union(*compared.rows(name))
    born = both[entity.born].cast("timestamp('UTC', 6)")
    months = both.group_by(month=chunks.chunk_of(both, entity)).agg(first=born.min(), last=born.max())
    return sorted((row["first"], row["last"]) for row in compared.engine.arrow(months).to_pylist())


def _refunds(lake: Lake, engine: Engine, billed: set[str], now: Mapping[str, int]) -> list[Span]:
    """When invoices of changed months were refunded: a refund counts in the proportion that its invoice gives."""
    known = lake.chunk_files("conformed", "invoice", now["invoice"])
    schema = chunks.conformed_schema(ENTITIES["invoice"])
    invoices = engine.chunks(lake, "conformed", "invoice", schema, {chunk: files for chunk, files in known.items() if chunk in billed})
    payments = chunks.entity_at(engine, lake, ENTITIES["payment"], now["payment"])
    refunds = payments.filter(payments.status == "refunded").semi_join(invoices, "invoice_id")
    months = refunds.group_by(CHUNK).agg(first=refunds.attempted_at.min(), last=refunds.attempted_at.max())
    return sorted((row["first"], row["last"] + timedelta(seconds=1)) for row in engine.arrow(months).to_pylist())


def _pairing(compared: Compared) -> list[Span]:
    """How far a changed refund or credit note can reach: others of its customer may go with another one now."""
    lake, engine, now = compared.lake, compared.engine, compared.now
    kinds = (("invoice", "kind", "credit", "issued_at"), ("payment", "status", "refunded", "attempted_at"))
    touched: set[tuple[str, datetime]] = set()
    for name, column, value, at in kinds:
        told = ("customer_id", column, at, "net_amount" if name == "invoice" else "amount")
        key = ENTITIES[name].key
        both = ibis.union(*compared.rows(name, (*key, *told)))
        found = both.filter(both[column] == value)
        touched |= {(row["customer_id"], row[at]) for row in engine.arrow(found.select("customer_id", at)).to_pylist()}
    if not touched:
        return []
    who = engine.table(pa.table({"customer_id": sorted({customer for customer, _ in touched})}))
    events: list[tuple[str, datetime]] = []
    for name, column, value, at in kinds:
        every = chunks.entity_at(engine, lake, ENTITIES[name], now[name])
        of_them = every.filter(every[column] == value).semi_join(who, "customer_id")
        events += [(row["customer_id"], row[at]) for row in engine.arrow(of_them.select("customer_id", at)).to_pylist()]
    return [(start, end + timedelta(seconds=1)) for start, end in refunds.chains(events, touched)]


def _near(spans: dict[str, list[Span]], *names: str) -> list[Span]:
    """The spans of some entities, with the days around them."""
    return [(start - NEAR, end + NEAR) for name in names for start, end in spans.get(name, [])]


def _reaching(spans: list[Span], days: int) -> list[Span]:
    """Spans that work on for some days."""
    return [(start, end + timedelta(days=days)) for start, end in spans]
