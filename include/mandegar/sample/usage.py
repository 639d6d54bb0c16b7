"""Which features the customers use, on which days."""

import numpy as np

from mandegar.sample import world
from mandegar.sample.instants import DAY, HOUR, NONE
from mandegar.sample.people import People
from mandegar.sample.plants import Plants
from mandegar.sample.stays import Stays
from mandegar.sample.world import World

GOLDEN = 0.6180339887498949
ACTIVE_DAYS = (3.6, 9.6)  # in 30 days, when nothing is wrong


def level(plants: Plants, customer: np.ndarray, day: np.ndarray) -> np.ndarray:
    """What share of their usual usage the customers have on those days: it falls over some weeks, and stays low for a while."""
    begin = plants.fall_from[customer]
    struck = (begin != NONE) & (day >= begin) & (day < plants.fall_to[customer])
    fallen = np.clip((day - np.where(struck, begin, day)) / (7 * plants.fall_weeks[customer]), 0, 1)
    return 1 - fallen * (1 - plants.fall_floor[customer])


def _users_taken(people: People, share: float) -> np.ndarray:
    """Whether the usage of a customer is told of: a share of them, told whole or not at all, so that what befell them shows.

    Chosen by number, spread evenly over all numbers: the multiples of the golden ratio, less their whole part.
    """
    return (people.number * GOLDEN) % 1.0 < share


def draw_usage(world_: World, people: People, spells: Stays, plants: Plants, chance: np.random.Generator) -> dict[str, np.ndarray]:
    """Usage as numbers: customer (a position), day, feature, events, tenths of minutes, learnt (when the source wrote the row)."""
    rate = chance.uniform(*ACTIVE_DAYS, len(people))
    if world_.usage_rows is None:
        rate = rate * world_.thinned(world.USAGE_ROWS, sum(ACTIVE_DAYS) / 2)
    else:
        allotted = world_.usage_rows * len(people) / world_.customers
        expected = (rate[spells.customer] * (spells.end - spells.begin)).sum() / 30
        spells = spells.of(_users_taken(people, allotted / max(expected, 1.0)))
    customer, day = spells.days(rate[spells.customer], chance)
    share = level(plants, customer, day)
    feature = np.minimum(chance.geometric(0.42, len(day)) - 1 + people.number[customer] % 2, len(world.FEATURES) - 1)
    features = len(world.FEATURES)
    kept = np.flatnonzero(chance.random(len(day)) < np.sqrt(share))
    code = (customer[kept] * 100_000 + day[kept]) * features + feature[kept]
    code, first = np.unique(code, return_index=True)
    share = share[kept][first]
    customer, day = np.divmod(code // features, 100_000)
    heavy = 2 + people.number[customer] % 9
    events = 1 + chance.poisson(heavy * (1 + people.size[customer]) * np.sqrt(share))
    late = (chance.random(len(code)) < 0.004) & (day < world_.last_day - 4)
    learnt = day * DAY + 22 * HOUR + 1800 + np.where(late, chance.integers(1, 4, len(code)), 0) * DAY
    tenths = events * chance.integers(6, 31, len(code))
    return {
        "customer": customer,
        "day": day,
        "feature": code % features,
        "events": events,
        "minutes": tenths,
        "learnt": learnt,
        "late": late,
    }
