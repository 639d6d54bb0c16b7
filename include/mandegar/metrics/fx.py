"""Exchange rates at the boundaries of periods."""

from bisect import bisect_right
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa

from mandegar.company import Company
from mandegar.errors import BrokenTable

RATE_SCHEMA = pa.schema([("at", pa.timestamp("us", "UTC")), ("currency", pa.string()), ("rate", pa.decimal128(18, 4))])


def rates_at(company: Company, instants: list, currencies: list[str], known: list[tuple[str, date, Decimal]]) -> pa.Table:
    """The rate of every currency at every instant: the last one given on or before the day that the instant closes.

    Grain: one row per at and currency; rate in units of the company's currency for one unit of it, 1 for its own.
    known: (currency, day, rate) rows of fx_rate. Errors: BrokenTable when a currency has no rate that early.
    """
    series: dict[str, list[tuple[date, Decimal]]] = {}
    for currency, day, rate in sorted(known):
        series.setdefault(currency, []).append((day, rate))
    rows = []
    for currency in sorted({company.currency, *currencies}):
        for instant in instants:
            day = instant.astimezone(company.zone).date() - timedelta(days=1)
            rows.append({"at": instant, "currency": currency, "rate": _rate(company, currency, day, series.get(currency, []))})
    return pa.Table.from_pylist(rows, RATE_SCHEMA)


def _rate(company: Company, currency: str, day: date, series: list[tuple[date, Decimal]]) -> Decimal:
    if currency == company.currency:
        return Decimal(1)
    place = bisect_right(series, day, key=lambda entry: entry[0])
    if place == 0:
        if series:  # before the first rate nothing was converted yet; the first one is the nearest that is known
            return series[0][1]
        raise BrokenTable(f"fx_rate: has no rate of {currency}, and there are subscriptions in it. Add rows for {currency} to fx_rate.")
    return series[place - 1][1]
