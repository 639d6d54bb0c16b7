"""Kaplan-Meier: against published tables, and books of a few customers reckoned by hand."""

import re
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.small_tables import Row, company, invoice, night, rows, version

from mandegar.compute.engine import Engine
from mandegar.metrics.lifecycle.survival import kaplan_meier, survival_curve, tenures

AS_OF = date(2026, 6, 30)
CLOSES = date(2026, 7, 1)
# Weeks in remission of 21 leukaemia patients on 6-MP (Freireich et al. 1963, as in Gehan 1965); + still in remission
REMISSION = re.findall(r"\d+\+?", "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+")
# day: at risk, events, S, standard error, 95 % interval on the log-log scale, as textbooks and Stata's `sts list` print them
PUBLISHED = {
    6: (21, 3, 0.8571, 0.0764, 0.6197, 0.9516),
    7: (17, 1, 0.8067, 0.0869, 0.5631, 0.9228),
    10: (15, 1, 0.7529, 0.0963, 0.5032, 0.8894),
    13: (12, 1, 0.6902, 0.1068, 0.4316, 0.8491),
    16: (11, 1, 0.6275, 0.1141, 0.3675, 0.8049),
    22: (7, 1, 0.5378, 0.1282, 0.2678, 0.7468),
    23: (6, 1, 0.4482, 0.1346, 0.1881, 0.6801),
}


def remission(kind: str) -> list[Row]:
    """The patients as customers: a week is a day, who is still in remission still pays (or has bought within 1 day)."""
    table: list[Row] = []
    for number, told in enumerate(REMISSION):
        days = int(told.rstrip("+"))
        lasts = told.endswith("+")
        since = CLOSES - timedelta(days=days) if lasts else date(2026, 1, 10)
        if kind == "contract":
            table.append(version(str(number), str(since), None if lasts else str(since + timedelta(days=days))))
        else:
            table += [invoice(f"{number}-{day}", str(number), str(since + timedelta(days=day)), 5) for day in range(days)]
    return table


@pytest.fixture(scope="module", params=[("duckdb", "contract"), ("spark", "contract"), ("duckdb", "inactivity"), ("spark", "inactivity")])
def published(request: pytest.FixtureRequest) -> dict[int, Row]:
    """The curve of the patients by day, on both engines and for both kinds of company."""
    name, kind = request.param
    engine: Engine = request.getfixturevalue(name)
    of = company(kind, churn={"kind": kind, "days": 1})
    entities = {"subscription" if kind == "contract" else "invoice": remission(kind)}
    curve = rows(engine, survival_curve(night(engine, of, "2026-01-01", str(AS_OF), **entities)))
    return {row["day"]: row for row in curve if row["cause"] == "any"}


@pytest.mark.parametrize("day", PUBLISHED)
def test_the_remission_table(published: dict[int, Row], day: int) -> None:
    row, (at_risk, events, *figures) = published[day], PUBLISHED[day]
    assert (row["at_risk"], row["events"]) == (at_risk, events)
    assert [row[name] for name in ("survival", "std_error", "lower_95", "upper_95")] == pytest.approx(figures, abs=5e-5)


def test_the_curve_has_a_row_for_its_start_every_event_and_its_end(published: dict[int, Row]) -> None:
    assert list(published) == [0, 6, 7, 10, 13, 16, 22, 23, 35]
    start = published[0]
    assert (start["at_risk"], start["survival"], start["std_error"], start["lower_95"]) == (21, 1, 0, None)


def test_the_published_median_is_23(published: dict[int, Row]) -> None:
    assert {row["median_days"] for row in published.values()} == {23}


def test_the_censored_are_counted_up_to_the_next_row(published: dict[int, Row]) -> None:
    assert [published[day]["censored"] for day in (6, 7, 10, 22, 23, 35)] == [1, 0, 2, 3, 0, 5]


# The data begin on 1 January 2026. Tenure at its first sight - at its end:
OLD: list[Row] = [
    version("a", "2025-12-22", "2026-01-11"),  # 10 - 20, left
    version("b", "2026-01-01", "2026-01-16"),  # 0 - 15, left
    version("c", "2026-01-05"),  # 0 - 27, there
    version("d", "2025-12-02"),  # 30 - 61, there
    version("e", "2025-10-01", "2025-12-20"),  # gone before the data begin
]


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def delayed(request: pytest.FixtureRequest) -> list[Row]:
    """The curve of customers older than the data."""
    engine: Engine = request.getfixturevalue(request.param)
    of = company(data_from="2026-01-01")
    return [
        row
        for row in rows(engine, survival_curve(night(engine, of, "2026-01-01", "2026-01-31", subscription=OLD)))
        if row["cause"] == "any"
    ]


def test_an_older_account_is_at_risk_only_from_the_day_it_is_seen(delayed: list[Row]) -> None:
    """On day 15 a, b and c, not d: S = 2/3; on day 20 a and c: S = 2/3 x 1/2; on day 61 d alone, who stays."""
    found = {row["day"]: (row["at_risk"], row["events"], row["survival"]) for row in delayed}
    assert found == {0: (2, 0, 1), 15: (3, 1, pytest.approx(2 / 3)), 20: (2, 1, pytest.approx(1 / 3)), 61: (1, 0, pytest.approx(1 / 3))}


def test_greenwood_with_delayed_entry(delayed: list[Row]) -> None:
    """On day 20: 1/3 x sqrt(1/(3 x 2) + 1/(2 x 1)) = 1/3 x sqrt(2/3)."""
    assert {row["day"]: row["std_error"] for row in delayed}[20] == pytest.approx((2 / 3) ** 0.5 / 3)


def left(**reason: object) -> Row:
    """The version that says how a subscription ended, on 1 March."""
    return {"status": "ended", "ended_at": "2026-03-01", **reason}


LIVES: list[Row] = [
    version("cancelled", "2026-02-01", "2026-03-01"),
    version("cancelled", "2026-03-01", **left(ended_reason="cancelled")),
    version("card", "2026-02-01", "2026-03-01"),
    version("card", "2026-03-01", **left(ended_reason="payment_failed")),
    version("back", "2026-02-01", "2026-02-11"),
    version("back", "2026-04-01", subscription_id="back-2"),
    version("paused", "2026-02-01", "2026-03-01"),
    version("paused", "2026-03-01", "2026-04-01", status="paused"),
    version("paused", "2026-04-01"),
    version("trial", "2026-01-01", "2026-02-01", status="trialing"),
    version("trial", "2026-02-01", "2026-02-21"),
    version("two", "2026-02-01", "2026-03-01"),
    version("two", "2026-02-15", "2026-03-11", subscription_id="two-2"),
    version("unpaid", "2026-02-01", "2026-02-11"),
    version("unpaid", "2026-02-11", "2026-05-11", status="past_due"),
    version("older", "2026-02-01", started_at="2026-01-02"),
    version("last night", "2026-06-01", "2026-07-01"),
    version("looks only", "2026-02-01", status="trialing"),
]
TENURES = {  # (days seen first - days of tenure, left, involuntary)
    "cancelled": (0, 28, True, False),
    "card": (0, 28, True, True),
    "back": (0, 10, True, False),  # its first leaving
    "paused": (0, 150, False, False),
    "trial": (0, 20, True, False),  # from the first payment
    "two": (0, 38, True, False),  # leaves with its last subscription
    "unpaid": (0, 40, True, True),  # 10 days, and 30 of dunning
    "older": (30, 180, False, False),  # started 30 days before its first version
    "last night": (0, 30, False, False),  # its end is the end of the night's day: still there
}


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def lives(request: pytest.FixtureRequest) -> dict[str, tuple]:
    """The tenures of a book of cases."""
    engine: Engine = request.getfixturevalue(request.param)
    found = rows(engine, tenures(night(engine, company(), "2026-01-01", str(AS_OF), subscription=LIVES)))
    return {row["customer_id"]: tuple(row[name] for name in ("entry_day", "tenure_days", "left", "involuntary")) for row in found}


@pytest.mark.parametrize("customer", TENURES)
def test_the_tenure_of(lives: dict[str, tuple], customer: str) -> None:
    assert lives[customer] == TENURES[customer]


def test_who_never_paid_has_no_tenure(lives: dict[str, tuple]) -> None:
    assert set(lives) == set(TENURES)


def test_involuntary_leaving_is_censored_in_the_voluntary_curve(engine: Engine) -> None:
    """Two customers leave on day 28, one by its own will, one by its card: S = 0 for any cause, 1/2 for either."""
    curve = rows(engine, survival_curve(night(engine, company(), "2026-01-01", str(AS_OF), subscription=LIVES[:4])))
    found = {row["cause"]: (row["events"], row["censored"], row["survival"], row["std_error"]) for row in curve if row["day"] == 28}
    # 1/2 x sqrt(1/(2 x 1))
    assert found == {
        "any": (2, 0, 0, None),
        "voluntary": (1, 1, 0.5, pytest.approx(0.125**0.5)),
        "involuntary": (1, 1, 0.5, pytest.approx(0.125**0.5)),
    }


def test_a_median_exactly_at_one_half_is_that_day_and_one_not_reached_is_empty(duckdb: Engine) -> None:
    half = [version("a", "2026-02-01", "2026-02-11"), version("b", "2026-02-01")]
    third = [*half, version("c", "2026-02-01")]
    for table, median in ((half, 10), (third, None)):
        curve = rows(duckdb, survival_curve(night(duckdb, company(), "2026-01-01", str(AS_OF), subscription=table)))
        assert {row["median_days"] for row in curve if row["cause"] == "any"} == {median}


def test_a_book_without_customers_has_no_curve(engine: Engine) -> None:
    assert rows(engine, survival_curve(night(engine, company(), "2026-01-01", str(AS_OF)))) == []


def test_days_are_those_of_tehran(engine: Engine) -> None:
    """From 23:30 in Tehran on 1 February (20:00 UTC) to 00:30 on the 3rd (21:00 UTC on the 2nd): two days, not one."""
    of = company(time_zone="Asia/Tehran")
    book = [version("a", "2026-02-01 20:00", "2026-02-02 21:00")]
    assert [row["tenure_days"] for row in rows(engine, tenures(night(engine, of, "2026-01-01", str(AS_OF), subscription=book)))] == [2]


def test_a_buyer_is_lost_after_its_days_of_silence(engine: Engine) -> None:
    """Bought on days 0 and 60; with 90 days of silence allowed it left on day 150; a return on day 170 starts no new life."""
    bought = [invoice("1", "a", "2026-01-01", 5), invoice("2", "a", "2026-03-02", 5), invoice("3", "a", "2026-06-20", 5)]
    told = rows(engine, tenures(night(engine, company("inactivity"), "2026-01-01", str(AS_OF), invoice=bought)))
    assert [(row["tenure_days"], row["left"]) for row in told] == [(150, True)]


def test_curves_per_dimension_are_of_the_plan_first_paid(engine: Engine) -> None:
    """a starts on basic, moves to gold and leaves on day 28; b starts on gold and stays."""
    book = [
        version("a", "2026-02-01", "2026-02-10"),
        version("a", "2026-02-10", "2026-03-01", plan="gold"),
        version("b", "2026-02-01", plan="gold"),
    ]
    curve = rows(engine, survival_curve(night(engine, company(dimensions=["plan"]), "2026-01-01", str(AS_OF), subscription=book)))
    last = {(row["dimension"], row["dimension_value"]): (row["day"], row["survival"]) for row in curve if row["cause"] == "any"}
    assert last == {("all", "all"): (150, 0.5), ("plan", "basic"): (28, 0), ("plan", "gold"): (150, 1)}


lives_strategy = st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=60)


@settings(deadline=None)
@given(told=lives_strategy)
def test_without_censoring_the_curve_is_the_share_still_there(told: list[tuple[int, bool]]) -> None:
    ends = np.array([day for day, _ in told])
    days = np.unique(ends)
    events = np.array([(ends == day).sum() for day in days])
    entered = np.r_[len(ends), np.zeros(len(days) - 1, dtype=int)]
    curve = kaplan_meier(days, entered, events, np.zeros_like(events))
    assert curve["survival"] == pytest.approx([(ends > day).mean() for day in days])


@settings(deadline=None)
@given(told=lives_strategy)
def test_a_curve_never_rises_and_lies_within_its_interval(told: list[tuple[int, bool]]) -> None:
    days = np.unique([day for day, _ in told])
    events, censored = (np.array([sum(day == at and left == wanted for day, left in told) for at in days]) for wanted in (True, False))
    curve = kaplan_meier(days, np.r_[len(told), np.zeros(len(days) - 1, dtype=int)], events, censored)
    assert (np.diff(curve["survival"]) <= 1e-12).all()
    known = ~np.isnan(curve["lower_95"])
    assert (curve["lower_95"][known] <= curve["survival"][known]).all()
    assert (curve["survival"][known] <= curve["upper_95"][known]).all()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 12), st.booleans()), min_size=2, max_size=60))
def test_the_curve_is_that_of_statsmodels(lives: list[tuple[int, int, bool]]) -> None:
    """Customers first seen on some day who stay for some days more: the same at risk, share and standard error on every day of leaving.

    There somebody is at risk after the day of entry, here on it too: half a day earlier is both.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    entry, stays, left = (np.array(column) for column in zip(*lives, strict=True))
    tenure = entry + stays
    days = np.unique(np.concatenate([entry, tenure]))
    entered, events, censored = (np.array([(of == day).sum() for day in days]) for of in (entry, tenure[left], tenure[~left]))
    curve = kaplan_meier(days, entered, events, censored)
    if not left.any():
        assert (curve["survival"] == 1).all()
        return
    known = SurvfuncRight(tenure.astype(float), left.astype(int), entry=entry - 0.5)
    places = np.searchsorted(days, known.surv_times)
    assert curve["at_risk"][places].tolist() == known.n_risk.tolist()
    assert curve["survival"][places] == pytest.approx(known.surv_prob, abs=1e-12)
    certain = known.surv_prob > 1e-12  # at 0 neither says anything of use
    assert curve["std_error"][places][certain] == pytest.approx(known.surv_prob_se[certain], abs=1e-12)
