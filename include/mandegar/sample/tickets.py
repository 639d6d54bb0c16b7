"""Support tickets: what is asked, how long the answer takes, how it is liked."""

from functools import lru_cache
from itertools import product

import numpy as np

from mandegar.sample import words_en, words_fa, world
from mandegar.sample.instants import DAY, HOUR, NONE, awake, numbered, stamps_with_offset
from mandegar.sample.people import People, Table
from mandegar.sample.plants import Plants
from mandegar.sample.stays import Stays
from mandegar.sample.versions import Contracts
from mandegar.sample.world import World

PER_MONTH = 0.16
SLOW_PER_MONTH = 0.75
TOPICS = ("how_to", "bug", "integration", "billing", "price", "leaving")
HOW_TO, BUG, INTEGRATION, BILLING, PRICE, LEAVING = range(6)
PRIORITIES = np.array(["low", "normal", "high", "critical"], dtype=object)
CHANNELS = np.array(["email", "web", "chat", "phone"], dtype=object)
LANGUAGES = {"en": words_en, "fa": words_fa}


@lru_cache
def texts(language: str, topic: str, angry: bool) -> tuple[np.ndarray, np.ndarray]:
    """All subjects and bodies that can be put together for a topic."""
    words = LANGUAGES[language]
    subjects, bodies = words.TOPICS[topic]
    endings = words.ANGRY_ENDINGS if angry else words.ENDINGS
    whole = [" ".join(part for part in parts if part) for parts in product(words.OPENINGS, bodies, endings)]
    return np.array(subjects, dtype=object), np.array(whole, dtype=object)


def draw_tickets(
    world_: World, people: People, spells: Stays, plants: Plants, contracts: Contracts, chance: np.random.Generator
) -> dict[str, np.ndarray]:
    """Tickets as numbers, by the instant of opening."""
    lots: list[tuple[np.ndarray, np.ndarray, int | None]] = [
        (*spells.days(PER_MONTH * world_.thinned(world.TICKET_ROWS, 0.22), chance), None)
    ]
    customer, day = spells.days(SLOW_PER_MONTH, chance)
    slow = (plants.slow_from[customer] <= day) & (day < plants.slow_to[customer])
    lots.append((customer[slow], day[slow], None))
    struck = _there(spells, np.flatnonzero(plants.slow_from != NONE), plants.slow_from)
    lots.append((struck, plants.slow_from[struck], None))
    fallen = _there(spells, np.flatnonzero(plants.fall_from != NONE), plants.fall_from + 40)
    fallen = fallen[chance.random(len(fallen)) < 0.30]
    lots.append((fallen, plants.fall_from[fallen] + 40, LEAVING))
    risen = contracts.risen_at != NONE
    risen &= chance.random(len(risen)) < 0.40
    lots.append((contracts.customer[risen], contracts.risen_at[risen] // DAY + 2, PRICE))
    customer = np.concatenate([lot[0] for lot in lots])
    day = np.concatenate([lot[1] for lot in lots])
    given = np.concatenate([np.full(len(lot[0]), -1 if lot[2] is None else lot[2]) for lot in lots])
    opened = day * DAY + chance.integers(7 * HOUR, 21 * HOUR, len(day))
    order = np.lexsort((customer, opened))
    order = order[(opened[order] < world_.cutoff) & (opened[order] > people.created[customer[order]])]
    return _answered(world_, customer[order], opened[order], given[order], plants, chance)


def _there(spells: Stays, customers: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Those of the customers who use the product on their day."""
    at = day[spells.customer]
    there = np.unique(spells.customer[(spells.begin <= at) & (at < spells.end)])
    return np.intersect1d(customers, there)


def _answered(
    world_: World, customer: np.ndarray, opened: np.ndarray, given: np.ndarray, plants: Plants, chance: np.random.Generator
) -> dict[str, np.ndarray]:
    count = len(customer)
    slow = (plants.slow_from[customer] <= opened // DAY) & (opened // DAY < plants.slow_to[customer])
    topic = np.where(given >= 0, given, np.searchsorted([0.38, 0.68, 0.86], chance.random(count)))
    quick = np.minimum(np.exp(chance.normal(np.log(95), 0.9, count)), 18 * 60) * 60
    wait = np.where(slow, chance.uniform(26, 110, count) * HOUR, quick).astype(np.int64)
    responded = awake(opened + wait)
    responded = np.where(slow & (responded - opened < 25 * HOUR), responded + 6 * HOUR, responded)
    work = np.exp(chance.normal(np.log(5), 1.0, count)) * HOUR * np.where(slow, 3, 1)
    first_solved = np.maximum(awake(responded + work.astype(np.int64)), responded)
    reopened = (chance.random(count) < np.where(slow, 0.25, 0.06)).astype(np.int64)
    solved = np.where(reopened > 0, awake(first_solved + chance.integers(20, 90, count) * HOUR), first_solved)
    seen = {"responded": responded, "first_solved": first_solved, "solved": solved}
    seen = {name: np.where(at < world_.cutoff, at, NONE) for name, at in seen.items()}
    rated = (seen["solved"] != NONE) & (chance.random(count) < 0.45)
    kind = np.clip(np.rint(chance.normal(np.where(slow, 1.8, 4.4), 0.8)), 1, 5).astype(np.int64)
    happy = np.where(topic >= PRICE, np.minimum(kind, 3), kind)
    changed = np.maximum.reduce([opened, *seen.values()])
    late = (chance.random(count) < 0.006) & (changed < world_.cutoff - 4 * DAY)
    return {
        "customer": customer,
        "opened": opened,
        "topic": topic,
        "slow": slow,
        **seen,
        "reopened": np.where(seen["first_solved"] == NONE, 0, reopened),
        "replies": np.where(seen["responded"] == NONE, 0, 1 + chance.poisson(1.1, count) + reopened),
        "csat": np.where(rated, happy, 0),
        "minutes": np.where(seen["responded"] == NONE, 0, 5 + chance.poisson(18, count)),
        "priority": np.minimum(np.searchsorted([0.18, 0.80, 0.96], chance.random(count)) + slow * (chance.random(count) < 0.4), 3),
        "channel": np.searchsorted([0.42, 0.78, 0.93], chance.random(count)),
        "changed": np.where(late, changed + chance.integers(1, 4, count) * DAY, changed),
        "late": late,
        "words": chance.integers(0, 1 << 30, count),
    }


def ticket_table(people: People, ids: np.ndarray, ticket: dict[str, np.ndarray], first: int) -> Table:
    """Rows of tickets.jsonl."""
    subject, body = np.empty(len(ids), dtype=object), np.empty(len(ids), dtype=object)
    persian = people.persian[ticket["customer"]]
    for language, (number, topic), angry in product(LANGUAGES, enumerate(TOPICS), (False, True)):
        mask = (persian == (language == "fa")) & (ticket["topic"] == number) & (ticket["slow"] == angry)
        subjects, bodies = texts(language, topic, angry)
        subject[mask] = subjects[ticket["words"][mask] % len(subjects)]
        body[mask] = bodies[(ticket["words"][mask] // 7) % len(bodies)]
    csat = ticket["csat"].astype(object)
    csat[ticket["csat"] == 0] = None
    return {
        "id": numbered("T-", first + np.arange(len(ids)), 8),
        "account": ids,
        "channel": CHANNELS[ticket["channel"]],
        "topic": np.array(TOPICS, dtype=object)[ticket["topic"]],
        "priority": PRIORITIES[ticket["priority"]],
        "subject": subject,
        "body": body,
        "created_at": stamps_with_offset(ticket["opened"]),
        "first_reply_at": stamps_with_offset(ticket["responded"]),
        "first_solved_at": stamps_with_offset(ticket["first_solved"]),
        "solved_at": stamps_with_offset(ticket["solved"]),
        "reopened": ticket["reopened"],
        "replies": ticket["replies"],
        "rating": csat,
        "agent_minutes": ticket["minutes"],
        "updated_at": stamps_with_offset(ticket["changed"]),
    }
