"""The rows that changed since an earlier night: which, of whom, between which instants they work, and whether they came late."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.exchange_rates import FOREVER
from mandegar.config.entities import ENTITIES, Entity
from mandegar.language.catalogue import Said
from mandegar.metrics.frame.night import MeasuredNight
from mandegar.metrics.run.changes import Basis, Compared, works_from
from mandegar.time import calendar

TOLD = 5
FOLLOWED = 20_000  # of more changed rows of an entity than these only the number is told, and the first of them
TO_THE_END = ("subscription", "fx_rate", "customer")  # what they say holds on
WHEN = pa.timestamp("us", "UTC")
NAMES = {
    "customer": (Said("{} customer ({names})"), Said("{} customers ({names})")),
    "subscription": (Said("{} subscription version ({names})"), Said("{} subscription versions ({names})")),
    "invoice": (Said("{} invoice ({names})"), Said("{} invoices ({names})")),
    "invoice_line": (Said("{} invoice line ({names})"), Said("{} invoice lines ({names})")),
    "payment": (Said("{} payment ({names})"), Said("{} payments ({names})")),
    "ticket": (Said("{} ticket ({names})"), Said("{} tickets ({names})")),
    "survey": (Said("{} survey answer ({names})"), Said("{} survey answers ({names})")),
    "usage": (Said("{} row of usage ({names})"), Said("{} rows of usage ({names})")),
    "interaction": (Said("{} interaction ({names})"), Said("{} interactions ({names})")),
    "fx_rate": (Said("{} exchange rate ({names})"), Said("{} exchange rates ({names})")),
    "spend": (Said("{} row of spend ({names})"), Said("{} rows of spend ({names})")),
}
ROWS = pa.schema(
    [
        ("row_id", pa.int64()),
        ("entity", pa.string()),
        ("key", pa.string()),
        ("customer_id", pa.string()),
        ("from_at", WHEN),
        ("until_at", WHEN),
        ("late", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class ChangedRows:
    """rows: those that are followed one by one (ROWS). counted: by entity, in words, how many changed and the first of them."""

    rows: ir.Table
    counted: dict[str, str]
    crowds: frozenset[str]
    """The entities of which too many changed to be followed."""


def changed_rows(night: MeasuredNight, compared: Compared, stands_on: Basis) -> ChangedRows:
    """What changed since the basis.

    Grain of rows: one per entity and key. from_at, until_at: between which instants the change can be seen in figures. late: it tells of
    something that was over when the basis closed, and was not known then, or otherwise; an event of tonight is not late.
    """
    closed = calendar.day_end(stands_on.as_of, night.company.zone)
    found: list[dict] = []
    counted, crowds = {}, set()
    for name in compared.before:
        if not compared.chunks(name):
            continue
        entity = ENTITIES[name]
        gone, came = compared.rows(name)
        keys = night.engine.keep(ibis.union(gone, came).select(*entity.key).distinct())
        count = night.engine.count(keys)
        if not count:
            continue
        first = night.engine.arrow(keys.order_by(*entity.key).limit(TOLD)).to_pylist()
        counted[name] = in_words(name, count, [_key(row, entity) for row in first], night.company.locale)
        if count > FOLLOWED:
            crowds.add(name)
            continue
        old, new = ({_key(row, entity): row for row in night.engine.arrow(rows).to_pylist()} for rows in (gone, came))
        found += [_row(entity, key, old.get(key), new.get(key), closed) for key in sorted(old.keys() | new.keys())]
    numbered = [row | {"row_id": number} for number, row in enumerate(found)]
    return ChangedRows(night.engine.keep(night.engine.table(pa.Table.from_pylist(numbered, ROWS))), counted, frozenset(crowds))


def in_words(entity: str, count: int, first: list[str], locale: str) -> str:
    """So many rows of an entity, in the company's language, and the keys of the first of them."""
    one, several = NAMES[entity]
    keys = "; ".join(first) + (" …" if count > len(first) else "")
    return (one if count == 1 else several).of(f"{count:,}", names=keys).told(locale)


def _row(entity: Entity, key: str, old: dict | None, new: dict | None, closed: datetime) -> dict:
    told = new or old or {}
    moments = [instant for row in (old, new) if row for instant in _moments(entity, row, old, new)]
    first = min(moments, default=FOREVER[0])
    if entity.name == "subscription":
        first = min(works_from(old, new), FOREVER[1])
    last = FOREVER[1] if entity.name in TO_THE_END else max(moments, default=FOREVER[1])
    whole = old is None or new is None
    late = first < closed if whole else not any(instant >= closed for instant in _learnt(entity, old or {}, new or {}))
    return {"entity": entity.name, "key": key, "customer_id": told.get("customer_id"), "from_at": first, "until_at": last, "late": late}


def _moments(entity: Entity, row: dict, old: dict | None, new: dict | None) -> list[datetime]:
    """The instants that a row tells of: of a row that is new or gone all, of a changed one those that changed and its birth."""
    names = [entity.born, *entity.learnt] if entity.born else []
    if old and new and entity.name != "subscription":
        names = [entity.born, *(name for name in entity.learnt if old.get(name) != new.get(name))] if entity.born else []
    return [_instant(row[name]) for name in names if row.get(name) is not None]


def _learnt(entity: Entity, old: dict, new: dict) -> list[datetime]:
    """When the events happened that a changed row tells of now."""
    return [_instant(new[name]) for name in entity.learnt if new.get(name) is not None and new[name] != old.get(name)]


def _instant(value: datetime | date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time(12), UTC)


def _key(row: dict, entity: Entity) -> str:
    return " ".join(_text(row[column]) for column in entity.key)


def _text(value: object) -> str:
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)
