"""The next best offer for each customer, learnt from what came of earlier ones (Thompson sampling, with a floor of exploration)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from mandegar.campaigns.file.words import CatalogueOffer

EXPLORE = 0.1  # of people are offered any that they may get, whatever has been learnt
BASE, WEIGHT = 0.5, 20.0  # what is thought before anything is known: half come to the goal without an offer; as sure as of 20 people
CONTROL = ""  # the code of those who were held out
NO_OFFER = "costs more than it can be expected to save"
ENOUGH = "had {} offers in a year"
NOT_FOR = "none of the offers is for them"


@dataclass(frozen=True)
class Seen:
    """What came of an offer so far: people whose time is over, and how many of them came to the goal."""

    people: int = 0
    reached: int = 0


@dataclass(frozen=True)
class Person:
    """One who may get an offer. may: of each offer whether its rule admits them; had: offers in the last year."""

    key: str
    may: tuple[bool, ...]
    had: int
    stake: float


def choose(
    campaign_id: str, as_of: date, offers: Sequence[CatalogueOffer], seen: Mapping[str, Seen], people: Sequence[Person]
) -> list[tuple[str | None, str]]:
    """The offer for each person, or none, and why (ok, or what speaks against one).

    Of each offer and of no offer a chance to come to the goal is drawn from what is known (a beta distribution); the offer with the
    largest drawn gain less its cost is made, if that is above nothing. One in ten people (EXPLORE) gets any that is open to them.
    All draws come from the hash of campaign, night, offer and person: the same night gives the same.
    """
    if not people:
        return []
    may = np.array([[flag and one.had < offer.most_a_year for flag, offer in zip(one.may, offers, strict=True)] for one in people])
    gains = _drawn(campaign_id, as_of, offers, seen, people)
    explores = np.array([_chance(campaign_id, as_of, "explore", one.key) < EXPLORE for one in people])
    anything = np.array([[_chance(campaign_id, as_of, f"any {offer.code}", one.key) for offer in offers] for one in people])
    score = np.where(explores[:, None], anything + 1.0, gains)
    score = np.where(may, score, -np.inf)
    left = [offer.most_a_night for offer in offers]
    told: list[tuple[str | None, str]] = [(None, "")] * len(people)
    for place in sorted(range(len(people)), key=lambda place: (-people[place].stake, people[place].key)):
        one, ranked = people[place], sorted(range(len(offers)), key=lambda number: -score[place, number])
        best = next((number for number in ranked if score[place, number] > 0 and left[number] != 0), None)
        if best is not None:
            told[place] = (offers[best].code, "ok")
            left[best] = None if left[best] is None else left[best] - 1  # type: ignore[operator]
        elif not any(one.may):
            told[place] = (None, NOT_FOR)
        else:
            told[place] = (None, NO_OFFER if may[place].any() else ENOUGH.format(one.had))
    return told


def believed(offer: CatalogueOffer | None, seen: Seen) -> tuple[float, float]:
    """The beta distribution of the chance to come to the goal with an offer (or with none): what was thought, and what was seen."""
    mean = min(BASE + (offer.uplift if offer else 0.0), 0.99)
    return mean * WEIGHT + seen.reached, (1 - mean) * WEIGHT + seen.people - seen.reached


def _drawn(
    campaign_id: str, as_of: date, offers: Sequence[CatalogueOffer], seen: Mapping[str, Seen], people: Sequence[Person]
) -> NDArray[np.float64]:
    """For each person and offer the drawn gain over no offer, less the offer's cost."""
    from scipy import stats

    def drawn(code: str, offer: CatalogueOffer | None) -> NDArray[np.float64]:
        chances = np.array([_chance(campaign_id, as_of, f"draw {code}", one.key) for one in people])
        return np.asarray(stats.beta.ppf(chances, *believed(offer, seen.get(code, Seen()))))

    without = drawn(CONTROL, None)
    return np.column_stack([drawn(offer.code, offer) - without - offer.cost for offer in offers])


def _chance(campaign_id: str, as_of: date, of: str, key: str) -> float:
    """A number between 0 and 1 that hangs on nothing but these."""
    digest = hashlib.sha256(f"{campaign_id}|{as_of}|{of}|{key}".encode()).digest()
    return (int.from_bytes(digest[:7], "big") + 0.5) / (1 << 56)
