"""Journeys: who enters, who waits, who is asked, and where everyone stands after a night."""

from datetime import date, timedelta

import pytest

from mandegar.campaigns.file.words import Step
from mandegar.campaigns.journeys.journey import Standing, after, entering, has_waited, is_due, until_a_message

NIGHT = date(2025, 3, 31)
USED = {"used": "anything", "in_days": 7}
WELCOME, LESSON, SURVEY = (
    Step.model_validate(one)
    for one in (
        {"name": "welcome"},
        {"name": "lesson", "after_days": 7, "if": {"not": USED}},
        {"name": "survey", "after_days": 23, "if": USED, "otherwise": "end"},
    )
)
STEPS = (WELCOME, LESSON, SURVEY)


def standing(step: str = "welcome", due_on: date = NIGHT, state: str = "waiting", customer: str = "c1", key: str = "sign_up") -> Standing:
    return Standing(customer, key, step, state, NIGHT, due_on, "v1", "{}")


@pytest.fixture
def journey(a_campaign):
    steps = [step.model_dump(by_alias=True, exclude_none=True) for step in STEPS]
    return a_campaign(trigger={"after": "sign_up", "days": [0, 3]}, steps=steps)


def test_who_is_new_enters_at_the_first_step(journey):
    [one] = entering(journey, "v1", {"c1": ("sign_up", "{}")}, [], NIGHT)
    assert one == standing()


@pytest.mark.parametrize(
    ("known", "enters"),
    [
        (standing(), False),  # is in it
        (standing(state="done"), False),  # was in it by the same thing
        (standing(key="earlier"), False),  # is in it by another thing: once at a time
        (standing(key="earlier", state="done"), True),
        (standing(key="earlier", state="goal"), True),
        (standing(customer="c2"), True),
    ],
)
def test_a_customer_is_in_a_journey_once(journey, known, enters):
    assert bool(entering(journey, "v1", {"c1": ("sign_up", "{}")}, [known], NIGHT)) is enters


def test_the_step_after_waits_its_days():
    assert after(standing(), STEPS, NIGHT) == standing("lesson", date(2025, 4, 7))
    assert after(standing("survey"), STEPS, NIGHT) == standing("survey", NIGHT, "done")


@pytest.mark.parametrize(("day", "due"), [(date(2025, 4, 6), False), (date(2025, 4, 7), True), (date(2025, 5, 1), True)])
def test_a_step_is_due_from_its_day_on(day, due):
    assert is_due(standing("lesson", date(2025, 4, 7)), day) is due


def test_a_step_whose_rule_is_met_is_taken():
    assert until_a_message(standing("lesson"), STEPS, NIGHT, lambda *_: True) == standing("lesson")


def test_a_step_whose_rule_is_not_met_is_left_out_and_the_next_one_waits():
    assert until_a_message(standing("lesson"), STEPS, NIGHT, lambda *_: False) == standing("survey", NIGHT + timedelta(days=23))


def test_a_step_may_end_the_journey_for_who_does_not_meet_its_rule():
    assert until_a_message(standing("survey"), STEPS, NIGHT, lambda *_: False) == standing("survey", state="ended")


def test_steps_without_a_wait_between_are_asked_on_one_night():
    """The lesson is left out, and of the two that come with it the second is to be taken."""
    steps = (LESSON, Step.model_validate({"name": "offer", "if": USED}), Step(name="call"))
    assert until_a_message(standing("lesson"), steps, NIGHT, lambda *_: False) == standing("call")


def test_a_step_that_is_not_due_is_not_asked():
    def never(*_: object) -> bool:
        raise AssertionError("asked too early")

    later = standing("lesson", NIGHT + timedelta(days=1))
    assert until_a_message(later, STEPS, NIGHT, never) == later


def test_who_stands_at_a_step_that_the_file_no_longer_has_is_at_the_end():
    assert until_a_message(standing("gone"), STEPS, NIGHT, lambda *_: True).state == "ended"


@pytest.mark.parametrize(("days", "over"), [(6, False), (7, True)])
def test_a_step_that_nothing_comes_of_is_given_up_after_its_days(days, over):
    assert has_waited(standing(), NIGHT + timedelta(days=days), 7) is over
