"""Small cells: what speaks of few is hidden in every family, and so is what a total less the rest would give away."""

from datetime import date

import pytest
from tests.small_tables import Row, company, figures, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.metrics.frame.family import Given
from mandegar.metrics.frame.small_cells import hidden_cells
from mandegar.metrics.run import families
from mandegar.metrics.run.measure import contract_marts, inactivity_marts

JANUARY = ("gregorian", "month", date(2026, 1, 1))
REGION, PLAN, BOTH = (*JANUARY, "region"), (*JANUARY, "plan"), (*JANUARY, "plan x region")


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ({"north": 9, "south": 8}, set()),
        # one small cell is the total less the other: that goes too
        ({"north": 9, "south": 4}, {"north", "south"}),
        ({"north": 9, "south": 4, "east": 7}, {"south", "east"}),
        # 2 and 1 are 3 together, which the total less the rest would tell: the next smallest makes it 9
        ({"north": 9, "south": 2, "east": 1, "west": 6}, {"south", "east", "west"}),
        # 4 and 3 are enough by themselves
        ({"north": 9, "south": 4, "east": 3}, {"south", "east"}),
        # of equal ones the first by name
        ({"b": 5, "a": 5, "c": 1}, {"a", "c"}),
        ({"a": 1}, {"a"}),
    ],
)
def test_below_five(sizes: dict[str, int], hidden: set[str]) -> None:
    assert hidden_cells({REGION: sizes}, 5).get(REGION, set()) == hidden


def test_a_pair_is_held_against_the_totals_of_both_its_dimensions() -> None:
    """basic x south is small, 1: basic as a whole (11) less basic x north would tell it, so that goes; south as a whole (7) less
    pro x south would, so that goes too; then pro less pro x north would tell pro x south, 6, which is not small, but north less
    pro x north tells basic x north. Below 5, pro x north has to go last."""
    lines = {
        PLAN: {"basic": 11, "pro": 12},
        REGION: {"north": 16, "south": 7},
        BOTH: {"basic x north": 10, "basic x south": 1, "pro x north": 6, "pro x south": 6},
    }
    assert hidden_cells(lines, 5) == {BOTH: {"basic x north", "basic x south", "pro x north", "pro x south"}}


def test_a_total_that_is_hidden_gives_nothing_away() -> None:
    """The plans are hidden, so nothing but the regions and the whole can be subtracted from: both cells of the south go."""
    lines = {
        PLAN: {"basic": 10, "pro": 3},
        REGION: {"north": 7, "south": 6},
        BOTH: {"basic x north": 7, "basic x south": 3, "pro x south": 3},
    }
    assert hidden_cells(lines, 5) == {PLAN: {"basic", "pro"}, BOTH: {"basic x south", "pro x south"}}


def test_only_the_line_with_a_small_cell_is_touched() -> None:
    february = ("gregorian", "month", date(2026, 2, 1), "region")
    assert hidden_cells({REGION: {"a": 1, "b": 9, "c": 9}, february: {"a": 9, "b": 9, "c": 9}}, 5) == {REGION: {"a", "b"}}


def people(**regions: int) -> list[Row]:
    return [
        {"customer_id": f"{region}{number}", "name": "N", "signed_up_at": "2026-01-02", "region": region, "acquisition_channel": region}
        for region, count in regions.items()
        for number in range(count)
    ]


CUSTOMERS = people(north=3, south=3, east=1)
NAMES = [row["customer_id"] for row in CUSTOMERS]
DAY = "2026-01-03"
HIDDEN_WITH_EAST = {"east", "north"}  # of two that are equal the first by name


def of(kind: str = "contract", **more: object):
    return company(kind, dimensions=["region"], hide_cells_below=2, **more)


def told(kpis: list[Row], metric: str, dimension: str = "region") -> dict[str, object]:
    """The values of a metric in January by region, and whether anything of it can be read."""
    found = [row for row in kpis if row["metric"] == metric and row["dimension"] == dimension and str(row["period_start"]) == "2026-01-01"]
    assert len({row["dimension_value"] for row in found}) == 3
    assert all((row["numerator"] is None) == (row["value"] is None) for row in found)
    return {row["dimension_value"]: row["value"] for row in found}


def test_the_core_the_worth_of_a_point_and_the_revenue(duckdb: Engine) -> None:
    given = night(
        duckdb,
        of(),
        "2026-01-01",
        "2026-01-31",
        customer=CUSTOMERS,
        subscription=[version(name, DAY, None, 100) for name in NAMES],
        invoice=[invoice(name, name, DAY, 100) for name in NAMES if name != "south1" and name != "south2"],
    )
    kpis = rows(duckdb, contract_marts(given)["kpi_period"])
    assert told(kpis, "mrr_end") == {"north": None, "south": 300, "east": None}
    assert told(kpis, "churn_point_worth") == {"north": None, "south": 36, "east": None}  # 3 x 100 x 0.01 x 12
    assert told(kpis, "revenue") == {"north": None, "south": None, "east": None}  # only one of the south was billed
    assert figures(kpis, "2026-01-01")["mrr_end"] == 700


def test_what_is_there_at_the_end_may_be_few_though_many_were_there(duckdb: Engine) -> None:
    """Three of the south in January, of whom two leave: its mrr_end would be the third one's."""
    left = {"south0": "2026-01-20", "south1": "2026-01-20"}
    versions = [version(name, "2025-12-01", left.get(name), 100) for name in NAMES]
    given = night(duckdb, of(), "2026-01-01", "2026-01-31", customer=CUSTOMERS, subscription=versions)
    kpis = rows(duckdb, contract_marts(given)["kpi_period"])
    assert told(kpis, "mrr_end") == {"north": 300, "south": None, "east": None}
    assert told(kpis, "mrr_start") == {"north": 300, "south": None, "east": None}


def test_a_cell_hidden_under_one_convention_is_hidden_under_all(duckdb: Engine) -> None:
    """By Stripe, east1, whose cancellation was asked for, is gone already: east would be one there and two here."""
    customers = [*people(north=3, south=3, east=2)]
    versions = [version(row["customer_id"], "2025-12-01", None, 100) for row in customers[:-1]]
    versions.append(version("east1", "2025-12-01", None, 100, cancel_requested_at="2026-01-10"))
    given = night(duckdb, of(conventions=["default", "stripe"]), "2026-01-01", "2026-01-31", customer=customers, subscription=versions)
    kpis = rows(duckdb, contract_marts(given)["kpi_period"])
    for convention in ("default", "stripe"):
        some = [row for row in kpis if row["convention"] == convention]
        assert told(some, "mrr_end") == {"north": None, "south": 300, "east": None}, convention


def ticket(customer: str) -> Row:
    return {"ticket_id": customer, "customer_id": customer, "opened_at": DAY, "first_response_at": "2026-01-03 01:00"}


def test_support_feedback_activation_and_newcomers(duckdb: Engine) -> None:
    answers = [{"response_id": name, "customer_id": name, "kind": "nps", "score": 10, "answered_at": DAY} for name in NAMES]
    given = night(
        duckdb,
        of(),
        "2026-01-01",
        "2026-02-28",
        customer=CUSTOMERS,
        subscription=[version(name, DAY, None, 100) for name in NAMES],
        ticket=[ticket(name) for name in NAMES],
        survey=answers,
    )
    found, marts = families.computed("later", given, Given())
    kpis = rows(duckdb, families.together(found))
    assert told(kpis, "tickets_opened") == {"north": None, "south": 3, "east": None}
    assert told(kpis, "nps") == {"north": None, "south": 100, "east": None}
    assert told(kpis, "activation_30_rate")["east"] is None
    assert told(kpis, "activation_30_rate")["south"] is not None
    february = {row["dimension_value"]: row["value"] for row in kpis if row["metric"] == "new_customers_before"}
    assert february == {"all": 7, "north": None, "south": 3, "east": None}
    for name in ("support_period", "feedback_period"):
        mart = [row for row in rows(duckdb, marts[name]) if row["dimension"] == "region" and str(row["period_start"]) == "2026-01-01"]
        assert [row["dimension_value"] for row in mart] == ["south"], name


def test_cohorts_survival_and_acquisition(duckdb: Engine) -> None:
    given = night(
        duckdb,
        of(),
        "2026-01-01",
        "2026-01-31",
        customer=CUSTOMERS,
        subscription=[version(name, DAY, None, 100) for name in NAMES],
        spend=[{"day": "2026-01-01", "channel": name, "amount": 10, "currency": "USD"} for name in ("north", "south", "east")],
    )
    found, marts = families.computed("never", given, Given())
    for name in ("cohort_retention", "survival_curve"):
        shown = {row["dimension_value"] for row in rows(duckdb, marts[name]) if row["dimension"] == "region"}
        assert shown == {"south"}, name
        assert any(row["dimension"] == "all" for row in rows(duckdb, marts[name]))
    kpis = rows(duckdb, families.together(found))
    assert told(kpis, "cac", "acquisition_channel") == {"north": None, "south": pytest.approx(10 / 3), "east": None}
    assert {row["channel"] for row in rows(duckdb, marts["acquisition_period"])} == {"all", "south"}


def test_without_contracts_too(duckdb: Engine) -> None:
    bought = [invoice(name, name, DAY, 100) for name in NAMES]
    given = night(duckdb, of("inactivity"), "2026-01-01", "2026-01-31", customer=CUSTOMERS, invoice=bought)
    kpis = rows(duckdb, inactivity_marts(given)["kpi_period"])
    assert told(kpis, "revenue") == {"north": None, "south": 300, "east": None}
    assert told(kpis, "customers_end") == {"north": None, "south": 3, "east": None}


def test_nothing_is_hidden_unless_asked_for(duckdb: Engine) -> None:
    versions = [version(name, DAY, None, 100) for name in NAMES]
    given = night(duckdb, company(dimensions=["region"]), "2026-01-01", "2026-01-31", customer=CUSTOMERS, subscription=versions)
    assert told(rows(duckdb, contract_marts(given)["kpi_period"]), "mrr_end") == {"north": 300, "south": 300, "east": 100}
