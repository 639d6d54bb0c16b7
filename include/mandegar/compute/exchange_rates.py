"""Exchange rates: at the boundaries of periods, and on the day of an invoice."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from mandegar.compute.engine import Engine
from mandegar.compute.money import MONEY
from mandegar.config.company import Company
from mandegar.errors import BrokenTable
from mandegar.time.calendar import midnight
from mandegar.time.spans import falling

RATE = pa.decimal128(28, 14)
RATE_SCHEMA = pa.schema([("at", pa.timestamp("us", "UTC")), ("currency", pa.string()), ("rate", RATE)])
SPAN_SCHEMA = pa.schema([("of", pa.string()), ("since", pa.timestamp("us", "UTC")), ("till", pa.timestamp("us", "UTC")), ("rate", RATE)])
FOREVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))

Known = list[tuple[str, date, Decimal]]


def rates_at(company: Company, instants: list, currencies: list[str], known: Known) -> pa.Table:
    """The rate of every currency at every instant: the last one given on or before the day that the instant closes.

    Grain: one row per at and currency; rate in units of the company's currency for one unit of it, 1 for its own.
    known: (currency, day, rate) rows of fx_rate. Errors: BrokenTable when a currency has no rate that early.
    """
    series = _series(known)
    rows = []
    for currency in sorted({company.currency, *currencies}):
        for instant in instants:
            day = instant.astimezone(company.zone).date() - timedelta(days=1)
            rows.append({"at": instant, "currency": currency, "rate": _rate(company, currency, day, series.get(currency, []))})
    return pa.Table.from_pylist(rows, RATE_SCHEMA)


def at_rate(amount: ir.DecimalValue, rate: ir.DecimalValue) -> ir.DecimalValue:
    """An amount at a rate, rounded half up to 4 decimals; at a rate of 1 as it is, which engines do much faster."""
    return (rate == 1).ifelse(amount, (amount * rate).cast(MONEY))


def known_rates(engine: Engine, rates: ir.Table) -> Known:
    """The rows of fx_rate as `rates_at` takes them."""
    return [(row["currency"], row["day"], row["rate"]) for row in engine.arrow(rates).to_pylist()]


def currencies_in(engine: Engine, rows: ir.Table) -> list[str]:
    """The currencies that occur in a table."""
    return engine.arrow(rows.select("currency").distinct()).column("currency").to_pylist()


def in_own_currency(company: Company, engine: Engine, rows: ir.Table, at: str, amounts: tuple[str, ...], known: Known) -> ir.Table:
    """The rows with their amounts in the company's currency, at the rate of the day on which they happened.

    Grain: that of rows. at: their time; amounts: the columns to convert, rounded half up to 4 decimals.
    Errors: BrokenTable when a currency has no rate at all.
    """
    foreign = [currency for currency in currencies_in(engine, rows) if currency != company.currency]
    if not foreign:
        return rows
    spans = daily_rates(company, engine, foreign, known)
    changes = sorted(midnight(day, company.zone) for currency, day, _ in known if currency in foreign)
    first, last = changes[0], changes[-1]
    dated = falling(
        rows,
        at,
        spans.rename({f"rate {name}": name for name in spans.columns}),
        "rate since",
        "rate till",
        (last - first).days + 1,
        alike=[("currency", "rate of")],
        between=(first, last),
    )
    converted = {name: at_rate(dated[name], dated["rate rate"]) for name in amounts}
    return dated.mutate(**converted, currency=ibis.literal(company.currency)).select(*rows.columns)


def with_rate(company: Company, engine: Engine, rows: ir.Table, instant: datetime, known: Known) -> ir.Table:
    """Rows that have a currency, and beside them its `rate` at one instant (rates_at), for `at_rate`: amounts of several currencies
    are compared and summed in the company's.

    Grain: that of rows. Errors: BrokenTable when a currency has no rate at all.
    """
    rates = rates_at(company, [instant], currencies_in(engine, rows), known)
    there = engine.table(rates.select(["currency", "rate"]).rename_columns(["of", "rate"]))
    joined = rows.join(there, rows.currency == there.of)
    return joined.select(*rows.columns, "rate")


def daily_rates(company: Company, engine: Engine, currencies: list[str], known: Known) -> ir.Table:
    """The rate of every currency, and of the company's own, on every day.

    Grain: one row per currency (`of`) and span of time in which its rate holds. Columns: since, till (excluded), rate.
    Errors: BrokenTable when a currency has no rate at all.
    """
    foreign = [currency for currency in currencies if currency != company.currency]
    return engine.table(pa.Table.from_pylist(_spans(company, foreign, _series(known)), SPAN_SCHEMA))


def _spans(company: Company, foreign: list[str], series: dict[str, list[tuple[date, Decimal]]]) -> list[dict]:
    """From when until when which rate holds; the first one also before its day, the company's own is always 1."""
    rows = [{"of": company.currency, "since": FOREVER[0], "till": FOREVER[1], "rate": Decimal(1)}]
    for currency in foreign:
        _rate(company, currency, date.max, series.get(currency, []))
        starts = [FOREVER[0], *(midnight(day, company.zone) for day, _ in series[currency][1:]), FOREVER[1]]
        for place, (_, rate) in enumerate(series[currency]):
            rows.append({"of": currency, "since": starts[place], "till": starts[place + 1], "rate": rate})
    return rows


def _series(known: Known) -> dict[str, list[tuple[date, Decimal]]]:
    """The rates of each currency, oldest first."""
    series: dict[str, list[tuple[date, Decimal]]] = {}
    for currency, day, rate in sorted(known):
        series.setdefault(currency, []).append((day, rate))
    return series


def _rate(company: Company, currency: str, day: date, series: list[tuple[date, Decimal]]) -> Decimal:
    if currency == company.currency:
        return Decimal(1)
    place = bisect_right(series, day, key=lambda entry: entry[0])
    if place == 0:
        if series:  # before the first rate nothing was converted yet; the first one is the nearest that is known
            return series[0][1]
        raise BrokenTable(f"fx_rate: has no rate of {currency}, and there are amounts in it. Add rows for {currency} to fx_rate.")
    return series[place - 1][1]
