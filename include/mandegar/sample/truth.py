"""What really happened, reckoned from the generator's own clean records and from nothing the product computes."""

from collections.abc import Iterator
from datetime import date

import numpy as np
from persiantools.jdatetime import JalaliDate

from mandegar.sample.instants import DAY, NONE, day_number, day_of
from mandegar.sample.versions import ACTIVE, PAST_DUE, PAUSED
from mandegar.sample.world import World

MOVEMENTS = ("new", "reactivation", "resumed", "expansion", "contraction", "churned", "paused")
COLUMNS = (
    "month",
    "customers_start",
    "customers_end",
    "customers_churned",
    "mrr_start",
    "mrr_end",
    *(f"{name}_mrr" for name in MOVEMENTS),
    "new_and_gone",
)
COUNTS = ("customers_start", "customers_end", "customers_churned", "new_and_gone")
UNITS = 10_000  # MRR is counted in ten-thousandths of the currency


def gregorian_months(world: World) -> list[date]:
    """First days of the calendar months that lie wholly inside history, and the day after the last of them."""
    firsts = [date((world.first_month + k) // 12 + 1970, (world.first_month + k) % 12 + 1, 1) for k in range(world.months + 1)]
    return [first for first in firsts if first <= day_of(world.last_day + 1)]


def jalali_months(world: World) -> list[date]:
    """First days of the Jalali months that lie wholly inside history, and the day after the last of them."""
    first = JalaliDate(world.start)
    year, month = (first.year, first.month) if first.day == 1 else (first.year + first.month // 12, first.month % 12 + 1)
    firsts = []
    while (start := JalaliDate(year, month, 1).to_gregorian()) <= day_of(world.last_day + 1):
        firsts.append(start)
        year, month = year + month // 12, month % 12 + 1
    return firsts


def mrr(world: World, versions: dict[str, np.ndarray], yearly: np.ndarray) -> np.ndarray:
    """MRR of each version, in ten-thousandths, rounded half up."""
    billed = (versions["quantity"] * versions["price"] - versions["discount"]) * (UNITS // world.minor)
    monthly = np.where(yearly, (2 * billed + 12) // 24, billed)
    return np.where(np.isin(versions["status"], (ACTIVE, PAST_DUE)), monthly, 0)


class Movements:
    """Sums MRR and its movements over all accounts, month by month, chunk after chunk."""

    def __init__(self, firsts: list[date]) -> None:
        self.firsts = firsts
        self.bounds = np.array([day_number(first) * DAY for first in firsts], dtype=np.int64)
        self.sums = {name: [0] * (len(firsts) - 1) for name in COLUMNS[1:]}

    def add(self, count: int, customer: np.ndarray, versions: dict[str, np.ndarray], amount: np.ndarray) -> None:
        """Takes in `count` accounts: their versions, whose each version is (a position), and its MRR."""
        standing = self._standing(count, customer, versions, amount)
        paused = self._standing(count, customer, versions, (versions["status"] == PAUSED).astype(np.int64)) > 0
        first_paid = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(first_paid, customer[amount > 0], versions["valid_from"][amount > 0])
        for month in range(len(self.firsts) - 1):
            self._month(month, standing[:, month], standing[:, month + 1], paused[:, month], paused[:, month + 1], first_paid)

    def _standing(self, count: int, customer: np.ndarray, versions: dict[str, np.ndarray], amount: np.ndarray) -> np.ndarray:
        """The accounts' sums of `amount` just before each boundary: an event at the boundary comes after it."""
        width = len(self.bounds)
        begin = np.searchsorted(self.bounds, versions["valid_from"], side="right")
        valid_to = np.where(versions["valid_to"] == NONE, np.iinfo(np.int64).max, versions["valid_to"])
        end = np.searchsorted(self.bounds, valid_to, side="right")
        steps = np.zeros(count * (width + 1), dtype=np.int64)
        np.add.at(steps, customer * (width + 1) + begin, amount)
        np.add.at(steps, customer * (width + 1) + end, -amount)
        return steps.reshape(count, width + 1).cumsum(axis=1)[:, :width]

    def _month(self, month: int, m0: np.ndarray, m1: np.ndarray, was: np.ndarray, now: np.ndarray, first_paid: np.ndarray) -> None:
        before, after = m0 > 0, m1 > 0
        fresh = first_paid >= self.bounds[month]
        difference = m1 - m0
        kinds = {
            "new": ~before & after & fresh,
            "resumed": ~before & after & ~fresh & was,
            "reactivation": ~before & after & ~fresh & ~was,
            "paused": before & ~after & now,
            "churned": before & ~after & ~now,
            "expansion": before & after & (difference > 0),
            "contraction": before & after & (difference < 0),
        }
        for name, which in kinds.items():
            self.sums[f"{name}_mrr"][month] += abs(int(difference[which].sum()))
        self.sums["mrr_start"][month] += int(m0.sum())
        self.sums["mrr_end"][month] += int(m1.sum())
        self.sums["customers_start"][month] += int(before.sum())
        self.sums["customers_end"][month] += int(after.sum())
        self.sums["customers_churned"][month] += int(kinds["churned"].sum())
        gone = fresh & (first_paid < self.bounds[month + 1]) & ~after & ~now
        self.sums["new_and_gone"][month] += int(gone.sum())

    def lines(self) -> Iterator[str]:
        """The table as CSV, its header first; money with four decimals."""
        yield ",".join(COLUMNS)
        for month, first in enumerate(self.firsts[:-1]):
            values = [self.sums[name][month] for name in COLUMNS[1:]]
            texts = [str(v) if name in COUNTS else f"{v // UNITS}.{v % UNITS:04d}" for name, v in zip(COLUMNS[1:], values, strict=True)]
            yield ",".join([first.isoformat(), *texts])
