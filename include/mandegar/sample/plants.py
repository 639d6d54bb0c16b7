"""The planted causes of leaving: what befalls whom, and when. Each shows in the data before it works."""

from dataclasses import dataclass

import numpy as np

from mandegar.sample import world
from mandegar.sample.instants import NONE, add_months, month_number, month_start
from mandegar.sample.people import People
from mandegar.sample.world import World

SLOW_LAG, FALL_LAG = 14, 28  # days from the first sign to the first who leave over it


@dataclass
class Plants:
    """One element of each array per customer; days, NONE where the customer is spared."""

    card_from: np.ndarray  # the card's last day; the next invoice after it fails
    slow_from: np.ndarray
    slow_to: np.ndarray
    fall_from: np.ndarray
    fall_to: np.ndarray
    fall_weeks: np.ndarray
    fall_floor: np.ndarray  # what is left of the usage
    rise_after: np.ndarray  # the next renewal after this day is dearer
    rise_percent: np.ndarray


def draw_plants(world_: World, people: People, paying_from: np.ndarray, yearly: np.ndarray, chance: np.random.Generator) -> Plants:
    """Who is struck by what; `paying_from` is the day from which each customer's first subscription is paid."""
    count = len(people)
    begin = np.maximum(paying_from + 20, world_.first_day + 3)
    room = world_.last_day - 4 - begin

    def struck(name: str, among: np.ndarray) -> np.ndarray:
        share = 1 - np.exp(-world.PLANT_RATE[name] * np.maximum(room, 0) / 30.4)
        day = begin + (chance.random(count) * np.maximum(room, 1)).astype(np.int64)
        return np.where(among & (room > 0) & (chance.random(count) < share), day, NONE)

    everyone = np.ones(count, dtype=bool)
    card = _card_days(struck("failed_card", people.card), paying_from, yearly)
    slow, fall = struck("slow_support", everyone), struck("falling_usage", everyone)
    return Plants(
        card_from=np.where(card > world_.last_day + 25, NONE, card),
        slow_from=slow,
        slow_to=np.where(slow == NONE, NONE, slow + chance.integers(100, 220, count)),
        fall_from=fall,
        fall_to=np.where(fall == NONE, NONE, fall + chance.integers(180, 360, count)),
        fall_weeks=chance.integers(6, 9, count),
        fall_floor=chance.uniform(0.08, 0.28, count),
        rise_after=struck("price_rise", everyone),
        rise_percent=chance.integers(15, 26, count),
    )


def _card_days(day: np.ndarray, paying_from: np.ndarray, yearly: np.ndarray) -> np.ndarray:
    """Last days of months; of a yearly contract the last one before its next invoice, so that the plant comes to something."""
    known = day != NONE
    safe = np.where(known, day, 0)
    months = month_number(safe) - month_number(paying_from)
    years = np.maximum(-(-months // 12), 1) * 12
    invoice = np.where(yearly, add_months(paying_from, years), safe)
    return np.where(known, month_start(month_number(invoice)) - 1, NONE)


def pressing(plants: Plants, customer: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of these customers slow support, and which falling usage, presses to leave on that day."""
    slow = (plants.slow_from[customer] + SLOW_LAG <= day) & (day < plants.slow_to[customer] + 60)
    fall = (plants.fall_from[customer] + FALL_LAG <= day) & (day < plants.fall_to[customer])
    return slow, fall
