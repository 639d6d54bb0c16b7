"""What became of each customer in the end, and what was planted on whom."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mandegar.sample import world
from mandegar.sample.instants import DAY, NONE
from mandegar.sample.people import People
from mandegar.sample.plants import Plants
from mandegar.sample.versions import PAYMENT_FAILED, PENDING, TRIAL_EXPIRED, Contracts
from mandegar.sample.world import World
from mandegar.sample.writers import text_column


@dataclass
class Outcome:
    """One element of each array per customer; instants, or days for the plants; NONE where there is none."""

    left_at: np.ndarray
    left_because: np.ndarray  # a position in CAUSES
    involuntary: np.ndarray
    first_left_at: np.ndarray
    first_left_because: np.ndarray
    returned_at: np.ndarray
    present: np.ndarray
    price_rise_at: np.ndarray
    plants: dict[str, tuple[np.ndarray, np.ndarray]]  # by cause: from which day, until which day


def outcome(world_: World, people: People, contracts: Contracts, plants: Plants) -> Outcome:
    """The outcome as it is known at the end of history."""
    count, who = len(people), contracts.customer
    ended = np.where(contracts.ended_at < world_.cutoff, contracts.ended_at, NONE)
    begun = (contracts.started < world_.cutoff) & (contracts.status != PENDING)
    running = begun & (ended == NONE)
    present = np.bincount(who[running], minlength=count) > 0
    paid = begun & (contracts.ended_reason != TRIAL_EXPIRED) & (ended != NONE)
    last = _last(np.flatnonzero(paid), ended, who, count)
    gone = (last >= 0) & ~present
    first = np.full(count, -1)
    early = np.flatnonzero(paid & (contracts.slot == 1))
    first[who[early]] = early
    back = np.full(count, NONE)
    returns = np.flatnonzero((contracts.slot == 3) & (contracts.started < world_.cutoff))
    back[who[returns]] = contracts.started[returns]
    came_back = back != NONE

    def of(values: np.ndarray, position: np.ndarray, mask: np.ndarray, otherwise: int) -> np.ndarray:
        return np.where(mask, values[np.maximum(position, 0)], otherwise)

    risen = np.full(count, np.iinfo(np.int64).max)
    struck = (contracts.risen_at != NONE) & (contracts.risen_at < world_.cutoff)
    np.minimum.at(risen, who[struck], contracts.risen_at[struck])
    risen = np.where(risen == np.iinfo(np.int64).max, NONE, risen)
    left = of(ended, last, gone, NONE)
    return Outcome(
        left_at=left,
        left_because=of(contracts.cause, last, gone, -1),
        involuntary=of((contracts.ended_reason == PAYMENT_FAILED).astype(np.int64), last, gone, 0) > 0,
        first_left_at=of(ended, first, came_back & (first >= 0), NONE),
        first_left_because=of(contracts.cause, first, came_back & (first >= 0), -1),
        returned_at=back,
        present=present,
        price_rise_at=risen,
        plants=_planted(world_, plants, risen, left),
    )


def _last(rows: np.ndarray, ended: np.ndarray, who: np.ndarray, count: int) -> np.ndarray:
    last = np.full(count, -1)
    ordered = rows[np.argsort(ended[rows], kind="stable")]
    last[who[ordered]] = ordered
    return last


def _planted(world_: World, plants: Plants, risen: np.ndarray, left: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By cause, from and until which day it worked; only what really befell the customer before it left."""
    rise = np.where(risen == NONE, NONE, risen // DAY)
    spans = {
        "failed_card": (plants.card_from, plants.card_from + 1500),
        "slow_support": (plants.slow_from, plants.slow_to),
        "falling_usage": (plants.fall_from, plants.fall_to),
        "price_rise": (rise, rise + 120),
    }
    horizon = np.where(left == NONE, world_.last_day + 1, left // DAY)
    planted = {}
    for cause, (begin, end) in spans.items():
        befell = (begin != NONE) & (begin < horizon)
        planted[cause] = (np.where(befell, begin, NONE), np.where(befell, np.minimum(end, horizon), NONE))
    return planted


def customer_table(people: People, result: Outcome) -> pa.Table:
    """Rows of truth/customer.parquet; instants on the company's clock."""

    def instants(values: np.ndarray) -> pa.Array:
        return pa.array(values.astype("M8[s]"), mask=values == NONE)

    def days(values: np.ndarray) -> pa.Array:
        return pa.array(np.where(values == NONE, 0, values).astype("M8[D]"), mask=values == NONE)

    causes = np.array([*world.CAUSES, None], dtype=object)
    columns = {
        "customer_id": text_column(people.ids),
        "signed_up_at": instants(people.created),
        "present": pa.array(result.present),
        "left_at": instants(result.left_at),
        "left_because": text_column(causes[result.left_because]),
        "involuntary": pa.array(result.involuntary),
        "first_left_at": instants(result.first_left_at),
        "first_left_because": text_column(causes[result.first_left_because]),
        "returned_at": instants(result.returned_at),
    }
    for cause, (begin, end) in result.plants.items():
        columns[cause] = pa.array(begin != NONE)
        columns[f"{cause}_from"] = days(begin)
        columns[f"{cause}_to"] = days(end)
    return pa.table(columns)
