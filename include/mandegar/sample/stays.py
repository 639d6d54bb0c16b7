"""Stretches in which customers use the product: the ground on which usage, tickets and surveys grow."""

from dataclasses import dataclass

import numpy as np

from mandegar.sample.instants import DAY, NONE
from mandegar.sample.versions import ACTIVE, PAST_DUE, TRIALING, Contracts
from mandegar.sample.world import World


@dataclass
class Stays:
    """One element of each array per stretch: a customer (a position) is there from `begin` until `end` (days, end excluded)."""

    customer: np.ndarray
    begin: np.ndarray
    end: np.ndarray

    def of(self, which: np.ndarray) -> "Stays":
        """The spells of some customers. which: by position, whether it is one of them."""
        kept = which[self.customer]
        return Stays(self.customer[kept], self.begin[kept], self.end[kept])

    def days(self, per_month: float | np.ndarray, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Customers and days, evenly scattered over the spells: so many per 30 days and customer (or per spell's own rate)."""
        count = chance.poisson(np.broadcast_to(per_month, len(self.begin)) * (self.end - self.begin) / 30)
        which = np.repeat(np.arange(len(self.begin)), count)
        length = (self.end - self.begin)[which]
        return self.customer[which], self.begin[which] + (chance.random(len(which)) * length).astype(np.int64)


def stays(world: World, contracts: Contracts, versions: dict[str, np.ndarray]) -> Stays:
    """The spells of trial and paid service inside history; second subscriptions beside a first one do not count twice."""
    subscription = versions["subscription"]
    inside = np.isin(versions["status"], (TRIALING, ACTIVE, PAST_DUE)) & (contracts.slot[subscription] != 2)
    begin = np.maximum(versions["valid_from"] // DAY, world.first_day)
    end = np.where(versions["valid_to"] == NONE, world.last_day + 1, versions["valid_to"] // DAY)
    kept = inside & (end > begin)
    return Stays(contracts.customer[subscription][kept], begin[kept], end[kept])
