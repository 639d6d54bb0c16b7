"""Entities and marts of a few rows, written so that a person can check them: what tests of numbers start from."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.config.entities import ENTITIES
from mandegar.metrics.contracts.ledger import mrr_intervals
from mandegar.metrics.frame import night as nights
from mandegar.quality.reading import ARROW
from mandegar.time import calendar

Row = dict[str, Any]


def company(kind: str = "contract", **more: Any) -> Company:
    """A company in UTC that reckons in USD by Gregorian months, and has every entity."""
    tables = {name: {"file": f"{name}.csv"} for name in ENTITIES}
    settings: Row = {
        "name": "Acme",
        "time_zone": "UTC",
        "currency": "USD",
        "churn": {"kind": kind},
        "periods": ["month"],
        "sources": {"files": {"kind": "files", "tables": tables}},
    }
    return Company.model_validate(settings | more)


def at(text: str) -> datetime:
    """An instant in UTC from `2026-01-31` or `2026-01-31 12:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def entity(name: str, rows: list[Row]) -> pa.Table:
    """Rows of an entity as conform writes them; what a row does not say is empty."""
    columns = {}
    for column in ENTITIES[name].columns:
        values = [row.get(column.name) for row in rows]
        if column.type == "timestamp":
            values = [at(value) if isinstance(value, str) else value for value in values]
        elif column.type == "date":
            values = [date.fromisoformat(value) if isinstance(value, str) else value for value in values]
        elif column.type in ("decimal", "rate"):
            values = [None if value is None else Decimal(str(value)) for value in values]
        columns[column.name] = pa.array(values, ARROW[column.type])
    strange = {key for row in rows for key in row} - set(columns)
    assert not strange, f"{name} has no {strange}"
    return pa.table(columns)


def version(customer: str, since: str, until: str | None = None, price: Any = 100, **more: Any) -> Row:
    """A version of a subscription: one seat, monthly, in USD, active, unless it says otherwise; the id is the customer's."""
    told: Row = {
        "subscription_id": customer,
        "valid_from": since,
        "valid_to": until,
        "customer_id": customer,
        "plan": "basic",
        "quantity": 1,
        "unit_price": price,
        "currency": "USD",
        "interval_unit": "month",
        "interval_count": 1,
        "status": "active",
        "started_at": since,
    }
    return told | more


def invoice(number: str, customer: str, issued_at: str, net: Any, **more: Any) -> Row:
    """An invoice of a customer, in USD, for something sold once unless it says otherwise."""
    told: Row = {"invoice_id": number, "customer_id": customer, "issued_at": issued_at, "net_amount": net}
    return told | {"kind": "one_off", "currency": "USD"} | more


def night(engine: Engine, of: Company, first: str, as_of: str, **entities: list[Row]) -> nights.MeasuredNight:
    """What a night measures, from rows instead of a lake."""
    first_day, last_day = date.fromisoformat(first), date.fromisoformat(as_of)
    periods = calendar.period_table(of, first_day, last_day)
    instants = sorted({*periods.column("starts_at").to_pylist(), *periods.column("ends_at").to_pylist()})
    names = tuple(ENTITIES)
    tables = {name: engine.keep(engine.table(entity(name, entities.get(name, [])))) for name in names}
    closes = calendar.day_end(last_day, of.zone)
    return nights.MeasuredNight(
        of, engine, last_day, closes, tables, engine.keep(engine.table(periods)), instants, mrr_intervals=mrr_intervals
    )


def rows(engine: Engine, expression: ir.Table) -> list[Row]:
    """The rows of an expression as Python values."""
    return engine.arrow(expression).to_pylist()


def figures(
    kpis: list[Row],
    start: str,
    kind: str = "month",
    calendar: str = "gregorian",
    dimension: str = "all",
    value: str = "all",
    convention: str = "default",
) -> dict[str, float | None]:
    """The key figures of one cell of kpi_period by their names."""
    wanted = (date.fromisoformat(start), kind, calendar, dimension, value, convention)
    columns = ("period_start", "period_kind", "calendar", "dimension", "dimension_value", "convention")
    return {row["metric"]: row["value"] for row in kpis if tuple(row[column] for column in columns) == wanted}
