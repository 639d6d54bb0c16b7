"""NPS, CSAT, CES and the time to react, reckoned by hand: a handful of answers of January 2026; the night of 31 January."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.small_tables import Row, company, figures, night, rows

from mandegar.compute.engine import Engine
from mandegar.metrics.frame import kpi
from mandegar.metrics.service import feedback, reactions


def answer(number: str, customer: str, kind: str, score: float, answered_at: str, respondent: str | None = None) -> Row:
    """An answer to a survey."""
    told = {"response_id": number, "customer_id": customer, "kind": kind, "score": score}
    return told | {"answered_at": answered_at, "respondent_id": respondent}


def touch(number: str, customer: str, occurred_at: str, channel: str, direction: str | None, kind: str) -> Row:
    """A touch between company and customer."""
    told: Row = {"interaction_id": number, "customer_id": customer, "occurred_at": occurred_at}
    return told | {"channel": channel, "direction": direction, "kind": kind}


SURVEYS = [
    # the last answers: 10, 9, 9, 7, 6, 0: three promoters, one passive, two detractors
    answer("1", "a", "nps", 10, "2026-01-03", "a1"),
    answer("2", "a", "nps", 9, "2026-01-04", "a2"),
    answer("3", "b", "nps", 3, "2026-01-05"),
    answer("4", "b", "nps", 9, "2026-01-20"),
    answer("5", "c", "nps", 7, "2026-01-07"),
    answer("6", "d", "nps", 6, "2026-01-10"),
    answer("7", "e", "nps", 0, "2026-01-30"),
    *(answer(f"s{score}", "a", "csat", score, "2026-01-08") for score in (5, 4, 3, 2)),
    answer("s9", "a", "csat", 9, "2026-01-08"),  # not of this scale
    *(answer(f"e{place}", "a", "ces", score, "2026-01-09") for place, score in enumerate((4, 5, 5, 6))),
    answer("last", "a", "nps", 0, "2025-12-31 23:59"),  # of December
]
TICKETS: list[Row] = [
    {"ticket_id": "1", "customer_id": "d", "opened_at": "2026-01-09", "first_response_at": "2026-01-13"},
    {"ticket_id": "2", "customer_id": "c", "opened_at": "2025-12-30", "solved_at": "2026-01-20", "csat_score": 5},
    {"ticket_id": "3", "customer_id": "c", "opened_at": "2026-01-19", "solved_at": "2026-01-21", "csat_score": 1},
]
TOUCHES = [
    touch("1", "b", "2026-01-04", "call", "out", "called"),  # before the answer
    touch("2", "b", "2026-01-05 01:00", "email", "out", "sent"),
    touch("3", "b", "2026-01-06", "call", "out", "called"),
    touch("4", "e", "2026-01-30 12:00", "web", "in", "visited"),
]
JANUARY = {
    "nps": 100 / 6,
    "nps_answers": 6,
    "csat": 3 / 6,  # 5, 4, 3, 2 and the tickets' 5 and 1
    "csat_answers": 6,
    "ces": 5,
    "ces_answers": 4,
    # detractors' answers: 3 waits 24 hours for a call, 6 waits 72 for an agent, 0 has waited 48 when the night closes:
    # 24: 2/3; 48 is cut off; 72: nobody
    "time_to_react_hours_median": 72,
    "time_to_react_hours_p90": 72,
    "share_reacted_in_24_hours": 1 / 3,
    "share_reacted_in_48_hours": 1 / 2,  # whoever has waited exactly 48 hours is not older
}


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines."""
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture(scope="module")
def marts(engine: Engine) -> tuple[list[Row], list[Row]]:
    """feedback_period and the key figures."""
    customers = [{"customer_id": name, "name": name, "country": "IR" if name in "ab" else "DE"} for name in "abcde"]
    told = {"survey": SURVEYS, "ticket": TICKETS, "interaction": TOUCHES, "customer": customers}
    of = night(engine, company(dimensions=["country"]), "2026-01-01", "2026-01-31", **told)
    wide = feedback.feedback(of)
    return rows(engine, feedback.feedback_period(wide, of.periods)), rows(engine, kpi.tall(wide, feedback.FEEDBACK, of.periods))


def cell(mart: list[Row], dimension: str = "all", value: str = "all") -> Row:
    """One row of the mart."""
    (found,) = [row for row in mart if (row["dimension"], row["dimension_value"]) == (dimension, value)]
    return found


@pytest.mark.parametrize("metric", JANUARY)
def test_january(marts: tuple[list[Row], list[Row]], metric: str) -> None:
    whole = [row for row in marts[1] if row["dimension"] == "all"]
    assert figures(whole, "2026-01-01")[metric] == pytest.approx(JANUARY[metric], abs=1e-12)


def test_the_mart_says_what_the_key_figures_say(marts: tuple[list[Row], list[Row]]) -> None:
    found = cell(marts[0])
    assert {name: found[name] for name in JANUARY} == {name: pytest.approx(value) for name, value in JANUARY.items()}


def test_the_parts_of_the_score(marts: tuple[list[Row], list[Row]]) -> None:
    found = cell(marts[0])
    names = (
        "nps_promoters",
        "nps_passives",
        "nps_detractors",
        "nps_points",
        "csat_good",
        "csat_of_tickets",
        "detractor_answers",
        "reacted",
    )
    assert [found[name] for name in names] == [3, 1, 2, 100, 3, 2, 3, 2]


def test_the_intervals_stand_beside_the_figures(marts: tuple[list[Row], list[Row]]) -> None:
    """The NPS as in test_intervals; Wilson's for 3 of 6 is 0.1876 to 0.8124; the mean of 4, 5, 5 and 6 as in test_intervals."""
    found = cell(marts[0])
    expected = {"nps": (-43.934, 66.156), "csat": (0.1876, 0.8124), "ces": (3.7008, 6.2992)}
    assert {name: (found[f"{name}_low"], found[f"{name}_high"]) for name in expected} == {
        name: (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3)) for name, (low, high) in expected.items()
    }


def test_by_country(marts: tuple[list[Row], list[Row]]) -> None:
    """In Iran three promoters, in Germany one passive and two detractors."""
    assert (cell(marts[0], "country", "IR")["nps"], cell(marts[0], "country", "DE")["nps"]) == (100, pytest.approx(-200 / 3))


def measured(engine: Engine, **entities: Any) -> Row:
    """The whole company's row of January."""
    of = night(engine, company(feedback=entities.pop("policy", {})), "2026-01-01", "2026-01-31", **entities)
    return cell(rows(engine, feedback.feedback_period(feedback.feedback(of), of.periods)))


def test_without_answers_nothing_is_said(engine: Engine) -> None:
    found = measured(engine)
    assert (found["nps_answers"], found["csat_answers"], found["ces_sum"], found["reacted"]) == (0, 0, 0, 0)
    empty = ("nps", "nps_low", "csat", "csat_high", "ces", "ces_low", "time_to_react_hours_median", "share_reacted_in_24_hours")
    assert [found[name] for name in empty] == [None] * 8


def test_csat_of_the_good_and_the_bad_alone(engine: Engine) -> None:
    """5 and 4 of 5, 4 and 2; the 3 does not count."""
    answers = [answer(str(score), "a", "csat", score, "2026-01-08") for score in (5, 4, 3, 2)]
    found = measured(engine, policy={"csat": "good_or_bad"}, survey=answers)
    assert (found["csat_good"], found["csat_answers"]) == (2, 3)


def test_the_same_respondent_id_at_two_customers_is_two(engine: Engine) -> None:
    answers = [answer("1", "a", "nps", 9, "2026-01-03", "x"), answer("2", "b", "nps", 9, "2026-01-04", "x")]
    assert measured(engine, survey=answers)["nps_answers"] == 2


def test_of_two_answers_at_one_time_the_greater_id_counts(engine: Engine) -> None:
    answers = [answer("2", "a", "nps", 9, "2026-01-03"), answer("1", "a", "nps", 0, "2026-01-03")]
    assert measured(engine, survey=answers)["nps"] == 100


def test_one_answer_about_effort_has_a_mean_and_no_interval(engine: Engine) -> None:
    found = measured(engine, survey=[answer("1", "a", "ces", 6, "2026-01-03")])
    assert (found["ces"], found["ces_low"], found["ces_high"]) == (6, None, None)


CONTACTS = {
    ("call", "out", "called"): True,
    ("Call", "in", "called"): True,  # the customer's call is answered by a human too
    ("chat", None, "sent"): True,
    ("visit", "out", "visited"): True,
    ("email", "out", "replied"): True,
    ("email", "out", "sent"): False,
    ("email", "in", "opened"): False,
    ("web", "in", "visited"): False,
    ("sms", "out", "delivered"): False,
    ("call", "out", "no_answer"): False,
    ("meeting", "out", "scheduled"): False,
    ("email", None, "replied"): False,  # who replied is not known
}


def test_what_counts_as_a_human_contact(engine: Engine) -> None:
    """A detractor for every case, and a touch a day later."""
    names = {str(place): case for place, case in enumerate(CONTACTS)}
    answers = [answer(name, name, "nps", 0, "2026-01-10") for name in names]
    touches = [touch(name, name, "2026-01-11", *case) for name, case in names.items()]
    of = night(engine, company(), "2026-01-01", "2026-01-31", survey=answers, interaction=touches)
    found = {row["customer_id"] for row in rows(engine, reactions.human_contacts(of))}
    assert {case: name in found for name, case in names.items()} == CONTACTS


def test_a_contact_at_the_moment_of_the_answer_is_no_reaction_to_it(engine: Engine) -> None:
    found = measured(
        engine,
        survey=[answer("1", "a", "nps", 0, "2026-01-10 10:00")],
        interaction=[touch("1", "a", "2026-01-10 10:00", "call", "out", "called")],
    )
    assert (found["reacted"], found["reacted_or_older_48"]) == (0, 1)


book = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 10), st.integers(0, 60), st.sampled_from([None, "x"])), max_size=25)


@settings(
    deadline=None, derandomize=True, max_examples=15, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(book=book)
def test_scores_lie_on_their_scale_in_their_interval_and_parts_add_up(duckdb: Engine, book: list[tuple[str, int, int, str | None]]) -> None:
    answers = [
        answer(str(place), customer, "nps", score, f"2026-0{1 + day // 31}-{1 + day % 31 % 28:02}", respondent)
        for place, (customer, score, day, respondent) in enumerate(book)
    ]
    of = night(duckdb, company(periods=["month", "year"]), "2026-01-01", "2026-02-28", survey=answers)
    mart = rows(duckdb, feedback.feedback(of))
    assert len(mart) == 3
    for row in mart:
        assert row["nps_answers"] == row["nps_promoters"] + row["nps_passives"] + row["nps_detractors"] <= 8  # 4 customers, 2 people each
        if row["nps_answers"]:
            assert -100 <= row["nps_low"] <= row["nps"] <= row["nps_high"] <= 100
