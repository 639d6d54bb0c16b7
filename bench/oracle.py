"""The best that anybody could know: how likely each customer of a made-up company was to leave, by the rates it was made up with.

The company's lives are told again from its seed; at the end of a month everything is forgotten that nobody could have seen by then
(who asks to cancel later, causes that have not begun), and the chance to leave is reckoned from what is left.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from mandegar.sample import chunk as chunks
from mandegar.sample import world
from mandegar.sample.instants import DAY, NONE, add_months, month_start
from mandegar.sample.lives import Lives
from mandegar.sample.versions import ENDED, PAYMENT_FAILED, PENDING, Contracts
from mandegar.sample.world import CHUNK, World


@dataclass
class Moment:
    """The contracts of some customers after what begins in a month, and the plants they are under."""

    month: int
    lives: Lives
    contracts: Contracts


class Recorded(Lives):
    """Lives that remember how they stood after some months."""

    wanted: frozenset[int] = frozenset()
    moments: list[Moment] = []  # noqa: RUF012

    def _leave_or_change(self, busy: np.ndarray) -> None:
        super()._leave_or_change(busy)
        if self.month in self.wanted:
            Recorded.moments.append(Moment(self.month, self, copy.deepcopy(self.c)))


@contextmanager
def recording(months: frozenset[int]) -> Iterator[list[Moment]]:
    """Lives that are told meanwhile are remembered."""
    Recorded.wanted, Recorded.moments = months, []
    chunks.Lives = Recorded  # type: ignore[misc]
    try:
        yield Recorded.moments
    finally:
        chunks.Lives = Lives  # type: ignore[misc]


def chances(asked: World, months: list[int], horizon: int) -> dict[int, dict[str, float]]:
    """The chance that each customer leaves within so many days after the end of each month, by month and customer_id.

    months: counted from the first of history. A customer has left when its last subscription has ended.
    """
    found: dict[int, dict[str, float]] = {month: {} for month in months}
    for number, first in enumerate(range(0, asked.customers, CHUNK)):
        with recording(frozenset(months)) as moments:
            story = chunks.tell(asked, first + 1, min(CHUNK, asked.customers - first), asked.generator(number))
        for month in months:
            there = np.zeros(len(story.people), dtype=bool)
            gone = np.ones(len(story.people))
            for moment in (one for one in moments if one.month == month):
                present, ends = _ends(moment, asked, horizon)
                who = moment.contracts.customer[present]
                np.multiply.at(gone, who, ends[present])
                there[who] = True
            found[month].update(zip(map(str, story.people.ids[there]), map(float, gone[there]), strict=True))
    return found


def _ends(moment: Moment, asked: World, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Which subscriptions are there as the month ends, and the chance of each to end within the horizon."""
    lives, c = moment.lives, copy.deepcopy(moment.contracts)
    last = int(month_start(np.array([asked.first_month + moment.month + 1]))[0]) - 1  # the month's last day
    until, over = last + horizon, (last + 1) * DAY
    begun = (c.month <= moment.month) & (c.status != PENDING)
    past_due = (c.ended_reason == PAYMENT_FAILED) & (c.ended_at >= over)
    present = begun & ((c.ended_at == NONE) | (c.ended_at >= over)) & (c.status != 4)
    seen = (c.cancel_at != NONE) & (c.cancel_at < over)
    unseen = (c.cancel_at != NONE) & (c.cancel_at >= over)
    c.leaving = np.where(unseen, NONE, c.leaving)
    plants = copy.deepcopy(lives.plants)
    for name in ("slow", "fall"):
        unknown = getattr(plants, f"{name}_from") > last
        for side in ("from", "to"):
            setattr(plants, f"{name}_{side}", np.where(unknown, NONE, getattr(plants, f"{name}_{side}")))
    teller = Lives(asked, c, plants, np.random.default_rng(0))
    stays = np.ones(len(c))
    for ahead in range(horizon // 30 + 1):
        stays *= _stays(teller, c, moment.month + ahead, last, until, rest=ahead == 0)
    ends = np.where(seen, (c.renews // DAY <= until).astype(float), 1 - stays)
    # past due over a card that ran out: most never pay again; who pays does so within twenty-five days
    settled = np.clip((last - c.ended_at // DAY + world.DUNNING_DAYS - 3) / 23, 0, 1)
    lost = world.CARD_LOST / (world.CARD_LOST + (1 - world.CARD_LOST) * (1 - settled))
    ends = np.where(past_due & (c.status == ENDED), lost, ends)
    return present, ends


def _stays(teller: Lives, c: Contracts, month: int, last: int, until: int, rest: bool) -> np.ndarray:
    """The chance to get through a month; rest: through what is left of the one that has begun."""
    teller.month, teller.age = month, month - c.month
    teller.day, teller.next_day = add_months(c.day, teller.age), add_months(c.day, teller.age + 1)
    hazard, _ = teller._hazard()
    stays = np.ones(len(c))
    if not rest:
        declined = (c.term == 6) & (teller.age > 0) & (teller.age % 6 == 0) & (teller.day <= until)
        stays *= np.where(declined, (1 - hazard) ** 6 - world.NOT_RENEWED, 1.0)
        billed = ~c.yearly | (teller.age % 12 == 0)
        expired = billed & c.card & (teller._card_until() < teller.day) & (teller.day + world.DUNNING_DAYS <= until)
        stays *= np.where(expired, 1 - world.CARD_LOST, 1.0)
    to_term = 12 - teller.age % 12
    risen = c.yearly & (c.risen != NONE) & (month - c.risen <= 2)
    yearly = np.where(risen, hazard, np.where(to_term <= 3, np.minimum(hazard * world.LAST_QUARTER, 0.5), 0))
    asks = np.where(c.term == 6, 0, np.where(c.yearly, yearly, hazard))
    if rest:
        begun = np.clip((last + 1 - teller.day - 1) / np.maximum(teller.next_day - teller.day - 7, 1), 0, 1)
        asks = asks * (1 - begun) / (1 - asks * begun)
    away = np.where(c.yearly & ~risen, to_term, 1)
    ends = add_months(c.day, teller.age + away)
    return stays * np.where(ends <= until, 1 - asks, 1.0)
