"""The lives of subscriptions, month by month: renewals, failed payments, seats, pauses, leaving.

A subscription's months are counted from the day it is first paid. All that happens between one such day and the next is
decided in one step, for every subscription of the chunk at once.
"""

from itertools import pairwise

import numpy as np

from mandegar.sample import billlog, world
from mandegar.sample.billlog import BillLog
from mandegar.sample.instants import CLOSING, DAY, NONE, OPENING, add_months, later
from mandegar.sample.plants import Plants, pressing
from mandegar.sample.versions import (
    ACTIVE,
    CANCELLED,
    ENDED,
    FAR,
    NOT_RENEWED,
    PAST_DUE,
    PAUSED,
    PAYMENT_FAILED,
    PENDING,
    TRIAL_EXPIRED,
    TRIALING,
    WITHDRAWN,
    Contracts,
    VersionLog,
)
from mandegar.sample.world import World

REASONS_PER_CAUSE = 6
RISE_MONTHS = 6


class Lives:
    """Unfolds the lives of some contracts into a log of versions and a log of bills."""

    def __init__(self, world_: World, contracts: Contracts, plants: Plants, chance: np.random.Generator) -> None:
        self.world, self.c, self.plants, self.chance = world_, contracts, plants, chance
        self.versions, self.bills = VersionLog(), BillLog()

    def unfold(self) -> "Lives":
        """All of history, from the contracts that are older than it to its last month."""
        self._before_history()
        for month in range(self.world.months):
            self.month = month
            self.age = month - self.c.month
            self.day = add_months(self.c.day, self.age)
            self.next_day = add_months(self.c.day, self.age + 1)
            self.now = self.day * DAY + self.c.second
            self.fresh = np.zeros(len(self.c), dtype=bool)
            self._begin()
            self._resume()
            self._end()
            self._renew()
            self._leave_or_change(self._bill())
        return self

    def _luck(self) -> np.ndarray:
        return self.chance.random(len(self.c))

    def _term_end(self, from_month: np.ndarray) -> np.ndarray:
        return add_months(self.c.day, from_month + self.c.term) * DAY + self.c.second

    def _before_history(self) -> None:
        c = self.c
        trial = c.trial_ends != NONE
        self.versions.note(c, trial, c.started, TRIALING)
        old = c.month < 0
        c.status[old] = ACTIVE
        age, shown = np.zeros(len(c), dtype=np.int64), old.copy()
        while shown.any():
            c.renews = np.where(shown & (c.term > 0), self._term_end(age), c.renews)
            self.versions.note(c, shown, add_months(c.day, age) * DAY + c.second)
            age = age + c.term
            shown = old & (c.term > 0) & (c.month + age < 0)

    def _begin(self) -> None:
        c = self.c
        due = (c.status == PENDING) & (self.age == 0)
        lost = due & ~c.converts
        self._finish(lost, self.now, TRIAL_EXPIRED)
        begin = due & c.converts
        c.status[begin] = ACTIVE
        c.renews = np.where(begin & (c.term > 0), self._term_end(self.age), c.renews)
        self.versions.note(c, begin, self.now)
        self.fresh |= begin

    def _resume(self) -> None:
        c = self.c
        due = (c.status == PAUSED) & (c.back == self.month)
        gone = due & (self._luck() < world.PAUSED_LOST)
        self._finish(gone, self.now, CANCELLED)
        resumed = due & ~gone
        c.status[resumed] = ACTIVE
        self.versions.note(c, resumed, self.now)
        self.fresh |= resumed

    def _end(self) -> None:
        self._finish((self.c.status == ACTIVE) & (self.c.leaving == self.month), self.now, CANCELLED)

    def _finish(self, which: np.ndarray, at: np.ndarray, why: int) -> None:
        c = self.c
        c.status[which], c.ended_reason[which], c.auto_renew[which] = ENDED, why, False
        c.ended_at = np.where(which, at, c.ended_at)
        c.renews = np.where(which, NONE, c.renews)
        self.versions.note(c, which, at)

    def _renew(self) -> None:
        """Ends of terms: some do not renew, some renew at a higher price; discounts run out."""
        c = self.c
        running = (c.status == ACTIVE) & ~self.fresh & (self.age > 0) & (c.leaving == NONE)
        term_over = running & (c.term > 0) & (self.age % np.maximum(c.term, 1) == 0)
        hazard, cause = self._hazard()
        declined = term_over & ~c.auto_renew & (self._luck() < 1 - (1 - hazard) ** np.where(c.yearly, 8, 6) + world.NOT_RENEWED)
        self._give_up(declined, cause)
        self._finish(declined, self.now, NOT_RENEWED)
        term_over &= ~declined
        running &= ~declined
        rise_after = self.plants.rise_after[c.customer]
        rise = running & ((c.term == 0) | term_over) & (rise_after != NONE) & (rise_after < self.day) & (c.risen == NONE)
        raised = c.price * (100 + self.plants.rise_percent[c.customer]) // 100
        c.price = np.where(rise, -(-raised // self.world.rounding) * self.world.rounding, c.price)
        c.risen = np.where(rise, self.month, c.risen)
        c.risen_at = np.where(rise, self.now, c.risen_at)
        expired = running & (c.percent > 0) & (self.age >= c.percent_months)
        c.percent[expired] = 0
        c.renews = np.where(term_over, self._term_end(self.age), c.renews)
        self.versions.note(c, term_over | rise | expired, self.now)

    def _hazard(self) -> tuple[np.ndarray, np.ndarray]:
        """The chance to decide to leave in this month, and the cause if so."""
        c = self.c
        slow, fall = pressing(self.plants, c.customer, self.day)
        since = self.month - c.risen
        weights = np.zeros((4, len(c)))
        weights[0] = 1
        weights[1] = np.where(slow, world.SLOW_FACTOR - 1, 0)
        weights[2] = np.where(fall, world.FALL_FACTOR - 1, 0)
        weights[3] = np.where((c.risen != NONE) & (since < np.where(c.term == 6, 7, RISE_MONTHS)), world.RISE_FACTOR - 1, 0)
        steps = weights.cumsum(axis=0)
        cause = (self._luck() * steps[3] >= steps).sum(axis=0)
        return np.minimum(world.BASE_HAZARD * world.PLAN_HAZARD[c.plan] * steps[3], 0.5), cause

    def _give_up(self, which: np.ndarray, cause: np.ndarray) -> None:
        self.c.cause = np.where(which, cause, self.c.cause)

    def _bill(self) -> np.ndarray:
        """Bills those whose interval begins; returns a mask of those whose payment failed."""
        c, chance = self.c, self.chance
        billed = (c.status == ACTIVE) & (self.age >= 0) & (~c.yearly | (self.age % 12 == 0))
        luck = self._luck()
        expired = billed & c.card & (self._card_until() < self.day)
        lost = expired & (luck < world.CARD_LOST)
        hiccup = billed & c.card & ~expired & (luck < world.HICCUP)
        failed = expired | hiccup
        failed_at = self.now + chance.integers(60, 900, len(c))
        wait = np.where(expired, chance.integers(3, 26, len(c)), chance.integers(1, 9, len(c)))
        settled = (self.day + wait) * DAY + chance.integers(OPENING, CLOSING, len(c))
        withdrawn = billed & ~failed & (self.age == 0) & (c.slot == 1) & ~c.yearly & (c.term == 0) & (luck > 1 - world.WITHDRAWN_SHARE)
        withdrawn_at = (self.day + 7) * DAY + chance.integers(OPENING, CLOSING, len(c))
        outcome = np.select(
            [lost, expired, hiccup, withdrawn], [billlog.LOST, billlog.RECOVERED, billlog.HICCUP, billlog.REFUNDED], billlog.PAID
        )
        card_until = self._card_until()
        self.bills.note(
            billed,
            issued=self.now,
            net=c.full_price() - c.discount(),
            kind=np.full(len(c), billlog.SUBSCRIPTION),
            outcome=outcome,
            failed=failed_at,
            settled=np.where(withdrawn, withdrawn_at, settled),
            card_until=card_until,
        )
        self.versions.note(c, failed, failed_at, PAST_DUE)
        self._give_up(lost, np.full(len(c), world.CAUSES.index("failed_card")))
        self._finish(lost, later(failed_at, world.DUNNING_DAYS * DAY), PAYMENT_FAILED)
        self.versions.note(c, failed & ~lost, settled)
        c.card_until = np.where(expired & ~lost, self.day + 1500, c.card_until)
        self._withdraw(withdrawn, withdrawn_at)
        return failed | withdrawn

    def _card_until(self) -> np.ndarray:
        planted = self.plants.card_from[self.c.customer]
        renewed = self.c.card_until < FAR
        return np.where((planted != NONE) & ~renewed & (self.c.slot < 3), planted, self.c.card_until)

    def _withdraw(self, which: np.ndarray, at: np.ndarray) -> None:
        """The few who take back their order within two weeks."""
        c, chance = self.c, self.chance
        asked = (self.day + chance.integers(2, 6, len(c))) * DAY + chance.integers(OPENING, CLOSING, len(c))
        self._ask(which, asked, np.zeros(len(c), dtype=np.int64), at)
        self._finish(which, at, WITHDRAWN)

    def _ask(self, which: np.ndarray, at: np.ndarray, cause: np.ndarray, paid_until: np.ndarray) -> None:
        c = self.c
        self._give_up(which, cause)
        reason = 1 + cause * REASONS_PER_CAUSE + self.chance.integers(0, REASONS_PER_CAUSE, len(c))
        c.cancel_at, c.reason = np.where(which, at, c.cancel_at), np.where(which, reason, c.reason)
        c.auto_renew[which] = False
        c.renews = np.where(which, paid_until, c.renews)
        self.versions.note(c, which, at)

    def _leave_or_change(self, busy: np.ndarray) -> None:
        """At most one thing happens between two anniversaries: leaving, a pause, other seats, another plan."""
        c, chance = self.c, self.chance
        free = (c.status == ACTIVE) & (self.age >= 0) & (c.leaving == NONE) & ~busy
        length = self.next_day - self.day
        at = (self.day + 1 + (self._luck() * (length - 2)).astype(np.int64)) * DAY + chance.integers(OPENING, CLOSING, len(c))
        hazard, cause = self._hazard()
        to_term = 12 - self.age % 12
        last_quarter = c.yearly & (to_term <= 3)
        risen = c.yearly & (c.risen != NONE) & (self.month - c.risen <= 2)
        hazard = np.where(
            c.yearly, np.where(risen, hazard, np.where(last_quarter, np.minimum(hazard * world.LAST_QUARTER, 0.5), 0)), hazard
        )
        asks = free & (c.term != 6) & (self._luck() < hazard)
        asked = (self.day + 1 + (self._luck() * (length - 7)).astype(np.int64)) * DAY + chance.integers(OPENING, CLOSING, len(c))
        away = np.where(c.yearly & ~risen, to_term, 1)
        c.leaving = np.where(asks, self.month + away, c.leaving)
        self._ask(asks, asked, cause, add_months(c.day, self.age + away) * DAY + c.second)
        free &= ~asks
        luck = self._luck()
        pauses = free & (luck < world.PAUSES) & (c.term == 0)
        c.back = np.where(pauses, self.month + chance.integers(2, 5, len(c)), c.back)
        c.status[pauses] = PAUSED
        self._reseat(free & ~pauses, luck)
        self.versions.note(c, pauses | self.changed, at)
        added = c.full_price() - c.discount() - self.before
        kind = np.full(len(c), billlog.ONE_OFF)
        prorated = self.changed & c.yearly & (added > 0)
        none = np.full(len(c), NONE)
        net = np.maximum(added * np.maximum(to_term, 1) // 12, 1)
        paid = np.full(len(c), billlog.PAID)
        self.bills.note(prorated, issued=at, net=net, kind=kind, outcome=paid, failed=none, settled=none, card_until=self._card_until())

    def _reseat(self, free: np.ndarray, luck: np.ndarray) -> None:
        """Other seats or another plan; `changed` marks whom, `before` is what an interval cost."""
        c, chance = self.c, self.chance
        self.before = c.full_price() - c.discount()
        bounds = np.cumsum([world.PAUSES, world.MORE_SEATS, world.FEWER_SEATS, world.PLAN_UP, world.PLAN_DOWN])
        more, fewer, up, down = (free & (luck >= low) & (luck < high) for low, high in pairwise(bounds))
        fewer &= c.quantity > 1
        up &= c.plan < 2
        down &= c.plan > 0
        some = np.maximum(1, (c.quantity * chance.uniform(0.05, 0.35, len(c))).astype(np.int64))
        c.quantity = c.quantity + np.where(more, some, 0) - np.where(fewer, np.minimum(some, c.quantity - 1), 0)
        plan = c.plan + up - down
        prices = self.world.list_prices
        other = c.price * prices[plan] // prices[c.plan]
        c.price = np.where(up | down, -(-other // self.world.rounding) * self.world.rounding, c.price)
        c.plan = plan
        self.changed = more | fewer | up | down
