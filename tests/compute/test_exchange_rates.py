"""Amounts in the company's currency, at the rate of the company's day on which they happened."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from tests.small_tables import company

from mandegar.compute.engine import Engine
from mandegar.compute.exchange_rates import in_own_currency
from mandegar.compute.money import ARROW
from mandegar.errors import BrokenTable

KNOWN = [  # Tehran is 3:30 ahead of UTC: the rate of 11 March holds from 10 March 20:30 UTC on
    ("EUR", date(2026, 3, 10), Decimal("1.10")),
    ("EUR", date(2026, 3, 11), Decimal("1.20")),
    ("EUR", date(2026, 3, 20), Decimal("1.30")),
    ("GBP", date(2026, 3, 15), Decimal("1.50")),
]
ROWS = [  # when, currency, amount, in dollars
    ("2019-01-01 00:00:00", "EUR", "100", "110"),  # before the first rate: at that one
    ("2026-03-10 20:29:59.999999", "EUR", "100", "110"),
    ("2026-03-10 20:30:00", "EUR", "100", "120"),
    ("2026-03-19 20:29:59.999999", "EUR", "100", "120"),
    ("2026-03-19 20:30:00", "EUR", "100", "130"),
    ("2031-01-01 00:00:00", "EUR", "-0.0001", "-0.0001"),  # half up: 0.00013
    ("2026-03-01 00:00:00", "GBP", "33.3333", "50.0000"),  # 49.99995
    ("2026-04-01 00:00:00", "GBP", "10", "15"),
    ("2019-01-01 00:00:00", "USD", "7", "7"),
    ("2031-01-01 00:00:00", "USD", "8", "8"),
]


def test_an_amount_is_converted_at_the_rate_of_its_day(engine: Engine) -> None:
    acme = company(time_zone="Asia/Tehran")
    rows = engine.table(
        pa.table(
            {
                "row": list(range(len(ROWS))),
                "at": pa.array([datetime.fromisoformat(when).replace(tzinfo=UTC) for when, *_ in ROWS], pa.timestamp("us", "UTC")),
                "currency": [currency for _, currency, *_ in ROWS],
                "amount": pa.array([Decimal(amount) for _, _, amount, _ in ROWS], ARROW),
            }
        )
    )

    found = engine.arrow(in_own_currency(acme, engine, rows, "at", ("amount",), KNOWN).order_by("row")).to_pylist()

    assert [(row["row"], row["currency"], row["amount"]) for row in found] == [
        (place, "USD", Decimal(dollars)) for place, (*_, dollars) in enumerate(ROWS)
    ]


def test_one_rate_holds_always(engine: Engine) -> None:
    rows = engine.table(
        pa.table(
            {
                "at": pa.array([datetime(1999, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")),
                "currency": ["GBP", "GBP"],
                "amount": pa.array([Decimal(2), Decimal(4)], ARROW),
            }
        )
    )

    found = engine.arrow(in_own_currency(company(), engine, rows, "at", ("amount",), KNOWN[-1:])).column("amount").to_pylist()

    assert sorted(found) == [Decimal(3), Decimal(6)]


def test_a_currency_without_a_rate_is_an_error(engine: Engine) -> None:
    rows = engine.table(
        pa.table(
            {
                "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")),
                "currency": ["CHF"],
                "amount": pa.array([Decimal(2)], ARROW),
            }
        )
    )

    with pytest.raises(BrokenTable, match="no rate of CHF"):
        in_own_currency(company(), engine, rows, "at", ("amount",), KNOWN)
