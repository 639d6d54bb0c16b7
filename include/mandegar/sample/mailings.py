"""The monthly newsletter: who got it, opened it, clicked, bounced or unsubscribed."""

import numpy as np

from mandegar.sample import world
from mandegar.sample.instants import DAY, HOUR, NONE, numbered, stamps
from mandegar.sample.people import People, Table
from mandegar.sample.plants import Plants
from mandegar.sample.stays import Stays
from mandegar.sample.usage import level
from mandegar.sample.world import World

KINDS = np.array(["sent", "opened", "clicked", "bounced", "unsubscribed"], dtype=object)
SENT, OPENED, CLICKED, BOUNCED, UNSUBSCRIBED = range(5)
PER_SENDING = 1.5  # rows, and customers who may be written to share about 0.8 of it


def draw_mailings(world_: World, people: People, spells: Stays, plants: Plants, chance: np.random.Generator) -> dict[str, np.ndarray]:
    """Touches as numbers: one sending a month, on its twelfth day, to those who agreed to mail and were there."""
    share = world_.thinned(world.MAIL_ROWS, PER_SENDING * 0.8)
    willing = people.mail_ok | (people.unsubscribed != NONE)
    first = world_.first_month
    parts = [_unsubscribing(world_, people)]
    for month in range(world_.months):
        day = int(np.datetime64(first + month, "M").astype("M8[D]").astype(np.int64)) + 11
        there = np.unique(spells.customer[(spells.begin <= day) & (day < spells.end)])
        reached = there[willing[there] & (chance.random(len(there)) < share)]
        reached = reached[(people.unsubscribed[reached] == NONE) | (people.unsubscribed[reached] // DAY > day)]
        sent = day * DAY + 9 * HOUR + chance.integers(0, 1800, len(reached))
        luck = chance.random(len(reached))
        bounced = luck < 0.006
        opened = ~bounced & (luck < 0.02 + 0.38 * level(plants, reached, np.full(len(reached), day)))
        clicked = opened & (chance.random(len(reached)) < 0.22)
        opening = sent + chance.integers(300, 10 * HOUR, len(reached))
        for kind, mask, at in (
            (SENT, sent > 0, sent),
            (BOUNCED, bounced, sent + 40),
            (OPENED, opened, opening),
            (CLICKED, clicked, opening + 75),
        ):
            parts.append(_part(reached[mask], at[mask], kind, first + month))
    touch = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((touch["kind"], touch["customer"], touch["at"]))
    order = order[touch["at"][order] < world_.cutoff]
    return {name: values[order] for name, values in touch.items()}


def _part(customer: np.ndarray, at: np.ndarray, kind: int, month: int | np.ndarray) -> dict[str, np.ndarray]:
    count = len(customer)
    return {"customer": customer, "at": at, "kind": np.full(count, kind), "month": np.broadcast_to(month, count)}


def _unsubscribing(world_: World, people: People) -> dict[str, np.ndarray]:
    who = np.flatnonzero((people.unsubscribed >= world_.first_day * DAY) & (people.unsubscribed < world_.cutoff))
    at = people.unsubscribed[who]
    return _part(who, at, UNSUBSCRIBED, at.astype("M8[s]").astype("M8[M]").astype(np.int64))


def mailing_table(ids: np.ndarray, touch: dict[str, np.ndarray], first: int) -> Table:
    """Rows of interactions.csv."""
    return {
        "interaction_id": numbered("M-", first + np.arange(len(ids)), 8),
        "account": ids,
        "channel": np.full(len(ids), "email", dtype=object),
        "direction": np.array(["out", "in", "in", "in", "in"], dtype=object)[touch["kind"]],
        "kind": KINDS[touch["kind"]],
        "campaign_id": "newsletter-" + touch["month"].astype("M8[M]").astype(str).astype(object),
        "occurred_at": stamps(touch["at"]),
        "updated_at": stamps(touch["at"]),
    }
