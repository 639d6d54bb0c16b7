"""From new to retained: customers who came in January, at the end of February; the night of 15 March 2026."""

import pytest
from tests.small_tables import Row, company, figures, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.metrics.frame import kpi
from mandegar.metrics.lifecycle.new_customers import NEW_CUSTOMERS, new_customers

BOOK = [
    version("old", "2025-11-10"),
    version("december", "2025-12-31 23:59", "2026-01-20"),  # new in December, gone in January
    version("stays", "2026-01-05"),
    version("leaves", "2026-01-05", "2026-02-10"),
    version("came and went", "2026-01-05", "2026-01-20"),
    version("returns", "2026-01-05", "2026-01-20"),
    version("returns", "2026-02-20", subscription_id="returns-2"),
    version("pauses", "2026-01-05", "2026-02-10"),
    version("pauses", "2026-02-10", status="paused"),
    version("midnight", "2026-02-01", "2026-03-10"),  # new in February, gone in March
]
INVOICES = [
    invoice("1", "again", "2026-01-05", 10),
    invoice("2", "again", "2026-02-27", 10),
    invoice("3", "once", "2026-01-05 10:00", 10),
    invoice("4", "once", "2026-01-06 09:59", 10),  # not a day later
    invoice("5", "late", "2026-01-05", 10),
    invoice("6", "late", "2026-03-01", 10),
    invoice("7", "at once", "2026-01-05 10:00", 10),
    invoice("8", "at once", "2026-01-06 10:00", 10),
]


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    return engine


def told(engine: Engine, kind: str, **entities: list[Row]) -> list[Row]:
    """The key figures of January to March."""
    of = night(engine, company(kind), "2026-01-01", "2026-03-15", **entities)
    return rows(engine, kpi.tall(new_customers(of), NEW_CUSTOMERS, of.periods))


def test_with_contracts(engine: Engine) -> None:
    """December's one is gone by January's end; of January's five one stays and one is back; February's one is gone by 15 March."""
    kpis = told(engine, "contract", subscription=BOOK)
    found = [figures(kpis, start) for start in ("2026-01-01", "2026-02-01", "2026-03-01")]
    assert [one["new_customers_before"] for one in found] == [1, 5, 1]
    assert [one["new_customer_retention_rate"] for one in found] == [0, 2 / 5, 0]


def test_without_contracts(engine: Engine) -> None:
    """Of January's four two have bought again by the end of February; nobody came in February."""
    kpis = told(engine, "inactivity", invoice=INVOICES)
    assert figures(kpis, "2026-02-01") == {"new_customers_before": 4, "new_customer_retention_rate": 0.5}
    assert figures(kpis, "2026-03-01") == {}


def test_without_customers_there_are_no_rows(engine: Engine) -> None:
    assert told(engine, "contract") == []
