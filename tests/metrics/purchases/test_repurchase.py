"""The repurchase cycle: a percentile of gaps between purchases, with its sample."""

from datetime import date, timedelta

import pytest
from tests.small_tables import Row, company, invoice, night, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.purchases.repurchase import inactivity_days, repurchase_cycle


def buys(customer: str, *days: int) -> list[Row]:
    """Purchases so many days after 1 January 2025."""
    return [invoice(f"{customer}-{n}", customer, str(date(2025, 1, 1) + timedelta(days=day)), 10) for n, day in enumerate(days)]


# Gaps of a: 1, 2, ... 19; of b: 60; c bought once, d twice on one day. 20 gaps, of which 19 are 19 or fewer: 95 %
GAPS = [sum(range(n + 1)) for n in range(20)]
BOOK = [*buys("a", *GAPS), *buys("b", 0, 60), *buys("c", 5), *buys("d", 7, 7)]


def settings(**told: object) -> dict[str, object]:
    """What is said of the cycle; few gaps are enough here."""
    return {"repurchase": {"minimum_gaps": 20, **told}}


def whole(engine: Engine, table: list[Row], **told: object) -> Row:
    """The company's cycle."""
    found = rows(
        engine, repurchase_cycle(night(engine, company("inactivity", **settings(**told)), "2025-01-01", "2025-12-31", invoice=table))
    )
    return {row["category"]: row for row in found}["all"]


def test_the_95th_percentile_of_20_gaps_is_the_19th(engine: Engine) -> None:
    row = whole(engine, BOOK)
    assert (row["gaps"], row["customers"], row["percentile"], row["cycle_days"], row["median_days"]) == (20, 2, 0.95, 19, 10)


@pytest.mark.parametrize(("percentile", "days"), [(0.05, 1), (0.5, 10), (0.9, 18), (0.96, 60)])
def test_other_percentiles(duckdb: Engine, percentile: float, days: int) -> None:
    assert whole(duckdb, BOOK, percentile=percentile)["cycle_days"] == days


def test_too_few_gaps_tell_no_cycle(engine: Engine) -> None:
    row = whole(engine, BOOK, minimum_gaps=21)
    assert (row["gaps"], row["cycle_days"], row["median_days"]) == (20, None, None)


def test_the_days_of_inactivity_are_the_cycle_or_90(engine: Engine) -> None:
    for minimum, days in ((20, 19), (21, 90)):
        of = company("inactivity", **settings(minimum_gaps=minimum))
        assert inactivity_days(night(engine, of, "2025-01-01", "2025-12-31", invoice=BOOK)) == days


def test_without_purchases_it_is_90(duckdb: Engine) -> None:
    assert inactivity_days(night(duckdb, company("inactivity"), "2025-01-01", "2025-12-31")) == 90


def test_a_category_has_a_cycle_of_its_own(engine: Engine) -> None:
    """Tea on days 0 and 30, cups on days 10 and 30: gaps of 30 and 20, and of 10 and 20 for whatever. A return is no purchase."""
    table = buys("a", 0, 10, 30)
    lines = [("a-0", "tea", 1), ("a-1", "cups", 1), ("a-1", "tea", -1), ("a-2", "tea", 1), ("a-2", "cups", 1), ("a-2", None, 1)]
    told = [
        {
            "invoice_line_id": str(n),
            "invoice_id": bought,
            "product": "x",
            "category": category,
            "quantity": quantity,
            "unit_price": 5,
            "net_amount": 5 * quantity,
        }
        for n, (bought, category, quantity) in enumerate(lines)
    ]
    of = company("inactivity", **settings(minimum_gaps=1, percentile=0.5))
    found = rows(engine, repurchase_cycle(night(engine, of, "2025-01-01", "2025-12-31", invoice=table, invoice_line=told)))
    assert {row["category"]: (row["gaps"], row["cycle_days"]) for row in found} == {"all": (2, 10), "tea": (1, 30), "cups": (1, 20)}
