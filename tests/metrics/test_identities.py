"""What holds of every book of subscriptions, tried on random ones."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.small_tables import Row, company, figures, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.metrics.run.measure import contract_marts

FIRST = date(2026, 1, 1)
MONTHS = [date(2026, month, 1) for month in (1, 2, 3, 4, 5)]
RATES = [
    {"day": str(day), "currency": "EUR", "rate": rate} for day, rate in [(FIRST, "1.1"), (date(2026, 2, 14), "1.3333"), (MONTHS[3], "0.9")]
]
# no shrinking: every example is a whole night's measuring
SMALL = settings(deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
Piece = tuple[int, str, int]  # days it lasts, status, price

pieces = st.tuples(
    st.integers(1, 60), st.sampled_from(["active", "active", "active", "paused", "past_due", "trialing", "ended"]), st.integers(0, 300)
)
subscription = st.tuples(st.integers(0, 70), st.sampled_from(["USD", "USD", "EUR"]), st.lists(pieces, min_size=1, max_size=5))
books = st.lists(st.lists(subscription, min_size=1, max_size=3), min_size=1, max_size=8)


def versions(book: list[list[tuple[int, str, list[Piece]]]]) -> list[Row]:
    """The book as a table: every subscription is a chain of versions, the last of which lasts."""
    table = []
    for customer, subscriptions in enumerate(book):
        for number, (delay, currency, chain) in enumerate(subscriptions):
            since = FIRST - timedelta(days=20) + timedelta(days=delay)
            for place, (days, status, price) in enumerate(chain):
                until = None if place == len(chain) - 1 else since + timedelta(days=days)
                named = {"subscription_id": f"{customer}-{number}", "status": status, "currency": currency}
                table.append(version(str(customer), str(since), until and str(until), price, **named))
                since = until or since
    return table


def paid_at(table: list[Row], boundary: date) -> dict[str, Decimal]:
    """What is paid in each currency just before a midnight, straight from the versions (whole days, no two of a chain overlap)."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in table:
        began = date.fromisoformat(row["valid_from"])
        ended = date.fromisoformat(row["valid_to"]) if row["valid_to"] else date.max
        if row["status"] == "active" and began < boundary <= ended:
            paid[row["currency"]] += row["unit_price"]
    return paid


@settings(SMALL, max_examples=15)
@given(book=books)
def test_movements_customers_and_retention_hold_together(duckdb: Engine, book: list[list[tuple[int, str, list[Piece]]]]) -> None:
    table = versions(book)
    marts = contract_marts(night(duckdb, company(), str(FIRST), "2026-05-31", subscription=table, fx_rate=RATES))
    kpis, moved = rows(duckdb, marts["kpi_period"]), rows(duckdb, marts["fct_mrr_movement"])
    before = None
    for month in MONTHS:
        of = figures(kpis, str(month))
        change = sum((row["amount_reporting"] for row in moved if row["period_start"] == month), Decimal(0))
        assert Decimal(str(round(of["mrr_end"], 4))) == Decimal(str(round(of["mrr_start"], 4))) + change
        assert before is None or (of["mrr_start"], of["customers_start"]) == before
        before = (of["mrr_end"], of["customers_end"])
        came = of["customers_new"] + of["customers_reactivated"] + of["customers_resumed"]
        left = of["customers_churned"] - of["customers_churned_from_pause"]
        assert of["customers_end"] == of["customers_start"] + came - left - of["customers_paused"]
        assert (of["customers_moved"], of["mrr_moved"]) == (0, 0)
        assert of["customers_churned"] >= of["customers_cancelled"] + of["customers_not_renewed"] >= 0
        if of["gross_revenue_retention"] is not None:
            assert 0 <= of["gross_revenue_retention"] <= 1
            assert of["gross_revenue_retention"] <= of["net_revenue_retention"]
        if of["logo_churn_rate"] is not None:
            assert 0 <= of["logo_churn_rate"] <= 1
            assert abs(of["logo_churn_rate"] + of["logo_retention_rate"] - 1) < 1e-12


@settings(SMALL, max_examples=10)
@given(book=books)
def test_the_movements_of_all_months_lead_from_what_was_paid_to_what_is_paid(
    duckdb: Engine, book: list[list[tuple[int, str, list[Piece]]]]
) -> None:
    """In each currency, against a plain loop over the versions; past due is left out, the loop knows nothing of dunning."""
    table = [row for row in versions(book) if row["status"] != "past_due"]
    if not table:
        return
    marts = contract_marts(night(duckdb, company(), str(FIRST), "2026-05-31", subscription=table, fx_rate=RATES))
    moved = rows(duckdb, marts["fct_mrr_movement"])
    start, end = paid_at(table, FIRST), paid_at(table, date(2026, 6, 1))
    for currency in ("USD", "EUR"):
        assert start[currency] + sum(row["amount"] for row in moved if row["currency"] == currency) == end[currency]


DIMENSIONS = ["plan", "region", "tenure", "plan x region"]
ADDITIVE = (
    "customers_start",
    "customers_end",
    "customers_churned",
    "customers_new",
    "customers_reactivated",
    "customers_new_and_gone",
    "mrr_start",
    "mrr_end",
    "new_mrr",
    "churned_mrr",
    "fx_mrr",
)


@settings(SMALL, max_examples=8)
@given(book=books)
def test_every_breakdown_adds_up_to_the_whole(duckdb: Engine, book: list[list[tuple[int, str, list[Piece]]]]) -> None:
    """Plans change from version to version, regions from customer to customer, tenure with time."""
    table = [row | {"plan": f"plan {place % 3}"} for place, row in enumerate(versions(book))]
    people = [
        {"customer_id": str(number), "name": "", "signed_up_at": "2025-12-01", "region": [None, "north", "south"][number % 3]}
        for number in range(len(book))
    ]
    of = company(dimensions=DIMENSIONS)
    kpis = rows(
        duckdb,
        contract_marts(night(duckdb, of, str(FIRST), "2026-05-31", customer=people, subscription=table, fx_rate=RATES))["kpi_period"],
    )
    sums: dict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    for row in kpis:
        if row["metric"] in ADDITIVE:
            sums[row["metric"], row["dimension"], row["period_start"]] += row["numerator"]
    wholes = [(metric, start, value) for (metric, dimension, start), value in sums.items() if dimension == "all"]
    assert len(wholes) == len(ADDITIVE) * len(MONTHS)
    for metric, start, value in wholes:
        for dimension in DIMENSIONS:
            assert sums[metric, dimension, start] == value, (metric, dimension, start)
