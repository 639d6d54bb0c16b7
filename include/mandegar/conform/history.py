"""What earlier nights knew of the customers: a source overwrites a region or an owner, the lake remembers what stood there."""

from datetime import UTC, date, datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import CUSTOMER
from mandegar.config.settings import TRAITS
from mandegar.storage.lake import Lake
from mandegar.storage.receipts import Receipt
from mandegar.time import calendar

EVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
STAGE, NAME = "history", "customer"
REMEMBERED = ("customer_id", "signed_up_at", *(trait for trait in TRAITS if trait in CUSTOMER.names), "attributes")


def remember(lake: Lake, engine: Engine, customers: ir.Table, as_of: date, closes: datetime) -> None:
    """Writes the customers of whom something is other than the last night knew to lake/history.

    A night before the latest one remembers nothing: what it finds in the sources is of today.
    """
    known = [receipt.as_of for receipt in lake.receipts(STAGE, NAME)]
    if lake.past or any(day > as_of for day in known):
        return
    now = customers.select(*REMEMBERED)
    before = [day for day in known if day < as_of]
    changed = now.difference(_last(lake, engine, before), distinct=True) if before else now
    lake.withdraw(STAGE, NAME, as_of)
    rows = engine.keep(changed)
    lake.sign(STAGE, NAME, Receipt(as_of, "window", None, closes, engine.write_window(lake, STAGE, NAME, as_of, rows)))


def spells(company: Company, lake: Lake, engine: Engine, customers: ir.Table, as_of: date) -> ir.Table | None:
    """What was known of each customer, from when until when; None if nothing of anybody was ever other than it is.

    Grain: one row per customer_id and from_at. Columns: those remembered; from_at, until_at (excluded): from the first
    instant of the day on whose evening a night first saw it so, the first one since ever, the last one for ever.
    """
    nights = [receipt.as_of for receipt in lake.receipts(STAGE, NAME) if receipt.as_of <= as_of]
    if len(nights) < 2:
        return None
    rows = engine.read(lake, STAGE, NAME, nights)
    days = [{"as_of": day, "seen_from": calendar.midnight(day, company.zone)} for day in nights]
    opened = engine.table(pa.Table.from_pylist(days, pa.schema([("as_of", pa.date32()), ("seen_from", pa.timestamp("us", "UTC"))])))
    seen = rows.join(opened, "as_of").select(*REMEMBERED, "as_of", "seen_from")
    unseen = (
        customers.select(*REMEMBERED)
        .anti_join(seen, "customer_id")
        .mutate(as_of=ibis.literal(nights[0]), seen_from=ibis.literal(EVER[0]).cast(seen.seen_from.type()))
    )
    order = {"group_by": "customer_id", "order_by": "as_of"}
    every = ibis.union(seen, unseen.select(*seen.columns))
    first = ibis.row_number().over(**order) == 0
    return every.mutate(
        from_at=first.ifelse(ibis.literal(EVER[0]), every.seen_from),
        until_at=every.seen_from.lead().over(**order).coalesce(ibis.literal(EVER[1])),
    ).drop("as_of", "seen_from")


def _last(lake: Lake, engine: Engine, nights: list[date]) -> ir.Table:
    """The customers as the nights so far knew them last."""
    rows = engine.read(lake, STAGE, NAME, nights)
    if "as_of" not in rows.columns:
        return rows.select(*REMEMBERED)
    place = ibis.row_number().over(group_by="customer_id", order_by=ibis.desc("as_of"))
    return rows.mutate(place=place).filter(lambda t: t.place == 0).select(*REMEMBERED)
