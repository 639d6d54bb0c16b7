"""How long customers waited, as the evening of 10 March 2026 knows it; each case is one customer."""

from datetime import date

import pytest
from tests.small_tables import Row, company, entity, rows

from mandegar.compute.engine import Engine
from mandegar.risk.drivers.response import response_delay
from mandegar.risk.evening import Evening
from mandegar.time.calendar import day_end

AS_OF = date(2026, 3, 10)
# opened, first answered -> response_hours, response_unanswered
CASES: dict[str, tuple[list[tuple[str, str | None]], tuple[float | None, float] | None]] = {
    "the slowest answer": ([("2026-03-01", "2026-03-01 02:00"), ("2026-03-02", "2026-03-02 05:00")], (5, 0)),
    "one waits for two days": ([("2026-03-01", "2026-03-01 02:00"), ("2026-03-09", None)], (2, 1)),
    "none answered": ([("2026-03-08", None)], (None, 1)),
    "waits for an hour: tells nothing yet": ([("2026-03-10 23:00", None)], None),
    "answered after the evening": ([("2026-03-09", "2026-03-11 08:00")], (None, 1)),
    "asked after the evening": ([("2026-03-11", None)], None),
    "long ago": ([("2026-01-09", "2026-01-20")], None),
}


@pytest.fixture(scope="module")
def measured(request: pytest.FixtureRequest) -> dict[str, dict[str, Row]]:
    tickets = [
        {"ticket_id": f"{what} {place}", "customer_id": what, "opened_at": opened, "first_response_at": answered}
        for what, (some, _) in CASES.items()
        for place, (opened, answered) in enumerate(some)
    ]
    found = {}
    for name in ("duckdb", "spark"):
        engine: Engine = request.getfixturevalue(name)
        of = company()
        evening = Evening(of, AS_OF, day_end(AS_OF, of.zone), {"ticket": engine.table(entity("ticket", tickets))})
        found[name] = {row["customer_id"]: row for row in rows(engine, response_delay(evening))}
    return found


@pytest.mark.parametrize("name", ["duckdb", "spark"])
@pytest.mark.parametrize("what", CASES)
def test_delay(measured: dict[str, dict[str, Row]], what: str, name: str) -> None:
    row = measured[name].get(what)
    assert (None if row is None else (row["response_hours"], row["response_unanswered"])) == CASES[what][1]
