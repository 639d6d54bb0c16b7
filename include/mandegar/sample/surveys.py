"""Answers to surveys: they follow the customer's real state."""

from functools import lru_cache

import numpy as np

from mandegar.sample import world
from mandegar.sample.instants import DAY, HOUR, NONE, awake, numbered, stamps
from mandegar.sample.people import People, Table
from mandegar.sample.plants import Plants
from mandegar.sample.stays import Stays
from mandegar.sample.tickets import LANGUAGES
from mandegar.sample.world import World

PER_MONTH = 0.11
KINDS = np.array(["nps", "csat", "ces"], dtype=object)
TOUCHPOINTS = np.array(["relationship", "support", "onboarding"], dtype=object)
TOPS = np.array([10, 5, 7])
MOODS = ("plain", "slow_support", "falling_usage", "price_rise")


@lru_cache
def comments(language: str, tone: str) -> np.ndarray:
    """What is written beside a score: praise, middling, or a complaint about something."""
    words = LANGUAGES[language]
    pool = {"praise": words.PRAISE, "middling": words.MIDDLING}.get(tone) or words.COMPLAINTS[tone]
    return np.array(pool, dtype=object)


def draw_surveys(
    world_: World, people: People, spells: Stays, plants: Plants, risen: np.ndarray, chance: np.random.Generator
) -> dict[str, np.ndarray]:
    """Answers as numbers, by instant; `risen` is the instant of each customer's price rise, or NONE."""
    customer, day = spells.days(PER_MONTH * world_.thinned(world.SURVEY_ROWS, PER_MONTH), chance)
    sent = day * DAY + 10 * HOUR + chance.integers(0, 1800, len(day))
    answered = awake(sent + (np.exp(chance.normal(np.log(9), 1.1, len(day))) * HOUR).astype(np.int64))
    order = np.lexsort((customer, answered))
    order = order[(answered[order] < world_.cutoff) & (sent[order] > people.created[customer[order]])]
    customer, day, sent, answered = customer[order], day[order], sent[order], answered[order]
    slow = (plants.slow_from[customer] + 7 <= day) & (day < plants.slow_to[customer] + 45)
    fall = (plants.fall_from[customer] + 14 <= day) & (day < plants.fall_to[customer])
    dear = (risen[customer] != NONE) & (risen[customer] <= sent) & (sent < risen[customer] + 120 * DAY)
    mood = np.select([slow, dear, fall], [1, 3, 2], 0)
    kind = np.searchsorted([0.68, 0.90], chance.random(len(day)))
    taste = (people.number[customer] % 5 - 2) * 0.03
    share = chance.normal(np.array([0.86, 0.36, 0.52, 0.48])[mood] + taste, 0.13)
    floor = np.where(kind == 0, 0, 1)
    score = np.clip(np.rint(share * TOPS[kind]), floor, TOPS[kind]).astype(np.int64)
    return {
        "customer": customer,
        "sent": sent,
        "answered": answered,
        "kind": kind,
        "score": score,
        "mood": mood,
        "happy": score / TOPS[kind],
        "words": chance.integers(0, 1 << 30, len(day)),
    }


def survey_table(people: People, ids: np.ndarray, survey: dict[str, np.ndarray], first: int) -> Table:
    """Rows of surveys.csv."""
    comment = np.full(len(ids), None, dtype=object)
    persian = people.persian[survey["customer"]]
    happy, mood = survey["happy"], survey["mood"]
    tones = {"praise": happy >= 0.85, "middling": (happy >= 0.65) & (happy < 0.85)}
    tones |= {name: (happy < 0.65) & (mood == number) for number, name in enumerate(MOODS)}
    for language in LANGUAGES:
        for tone, which in tones.items():
            mask = which & (persian == (language == "fa")) & (survey["words"] % 10 < 7)
            pool = comments(language, tone)
            comment[mask] = pool[(survey["words"][mask] // 10) % len(pool)]
    return {
        "response_id": numbered("R-", first + np.arange(len(ids)), 8),
        "account": ids,
        "respondent": ids + "-" + (1 + survey["words"] % 3).astype(str).astype(object),
        "kind": KINDS[survey["kind"]],
        "score": survey["score"].astype(object),
        "comment": comment,
        "touchpoint": TOUCHPOINTS[survey["kind"]],
        "sent_at": stamps(survey["sent"]),
        "answered_at": stamps(survey["answered"]),
        "updated_at": stamps(survey["answered"]),
    }
