"""What the customers sign: first subscriptions, second ones beside them, and new ones of those who come back."""

import numpy as np

from mandegar.sample import world
from mandegar.sample.instants import CLOSING, DAY, NONE, OPENING, month_number
from mandegar.sample.people import People
from mandegar.sample.versions import FAR, Contracts
from mandegar.sample.world import World

SEATS = ((1.0, 0.7), (2.4, 0.6), (3.7, 0.5))  # of the logarithm of the number of seats: mean, deviation


def first_contracts(world_: World, people: People, chance: np.random.Generator) -> Contracts:
    """The first subscription of every customer, then the second ones of some of them."""
    count = len(people)
    second = np.flatnonzero(chance.random(count) < world.SECOND_SHARE)
    customer = np.concatenate([np.arange(count), second])
    slot = np.concatenate([np.full(count, 1), np.full(len(second), 2)])
    started = people.created // DAY + chance.integers(1, 4, count)
    later = started[second] + chance.integers(30, 400, len(second))
    trial = (slot == 1) & ~people.old[customer] & (chance.random(len(customer)) < world.TRIAL_SHARE)
    return _signed(world_, people, customer, slot, np.concatenate([started, later]), trial, chance)


def returning_contracts(world_: World, people: People, earlier: Contracts, slot: int, chance: np.random.Generator) -> Contracts:
    """New subscriptions of some who had left for good (those with one subscription only), months later."""
    single = np.bincount(earlier.customer, minlength=len(people))[earlier.customer] == 1
    gone = (earlier.ended_at != NONE) & (earlier.ended_reason > 1)
    which = np.flatnonzero(single & gone & (chance.random(len(earlier)) < world.RETURN_SHARE))
    started = earlier.ended_at[which] // DAY + chance.integers(45, 240, len(which))
    near = started < world_.last_day - 8
    customer = earlier.customer[which[near]]
    return _signed(world_, people, customer, np.full(len(customer), slot), started[near], np.zeros(len(customer), dtype=bool), chance)


def joined(parts: list[Contracts]) -> Contracts:
    """Several lots of contracts as one, in their order."""
    names = list(vars(parts[0]))
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    whole = Contracts(**{name: columns[name] for name in names if name in Contracts.__init__.__annotations__})
    for name, values in columns.items():
        setattr(whole, name, values)
    return whole


def _signed(
    world_: World, people: People, customer: np.ndarray, slot: np.ndarray, day: np.ndarray, trial: np.ndarray, chance: np.random.Generator
) -> Contracts:
    count = len(customer)
    second = chance.integers(OPENING, CLOSING, count)
    paid_day = day + np.where(trial, world.TRIAL_DAYS, 0)
    plan = people.size[customer]
    mean, deviation = (np.array([seats[part] for seats in SEATS])[plan] for part in (0, 1))
    yearly = chance.random(count) < world.YEARLY_SHARE
    price = world_.list_prices[plan] * (100 + 5 * chance.integers(0, 3, count)) // 100
    price = -(-price // world_.rounding) * world_.rounding * np.where(yearly, 10, 1)
    discounted = (chance.random(count) < world.DISCOUNT_SHARE) & ~people.old[customer]
    fixed = ~yearly & (chance.random(count) < world.FIXED_SHARE)
    contracts = Contracts(
        customer=customer,
        slot=slot,
        started=day * DAY + second,
        trial_ends=np.where(trial, paid_day * DAY + second, NONE),
        converts=~trial | (chance.random(count) < world.TRIAL_CONVERTS),
        day=paid_day,
        second=second,
        month=month_number(paid_day) - world_.first_month,
        plan=plan,
        quantity=np.clip(np.exp(chance.normal(mean, deviation)), 1, 400).astype(np.int64),
        price=price,
        percent=np.where(discounted, 5 * chance.integers(1, 5, count), 0),
        percent_months=np.where(yearly, 12, chance.choice([3, 6, 12], count)),
        yearly=yearly,
        term=np.where(yearly, 12, np.where(fixed, 6, 0)),
        card=people.card[customer],
        card_until=np.full(count, FAR),
    )
    contracts.auto_renew = ~fixed & ~(yearly & (chance.random(count) < 0.18))
    return contracts
