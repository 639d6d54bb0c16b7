"""The next best offer: what is learnt moves it, what it costs bounds it, who is used to offers gets none, and a tenth explores."""

from collections import Counter
from datetime import date, timedelta

import pytest

from mandegar.campaigns.file.words import CatalogueOffer
from mandegar.campaigns.offers.next_best import Person, Seen, believed, choose

NIGHT = date(2025, 3, 31)


def offer(code: str, cost: float = 0.0, uplift: float = 0.05, **other) -> CatalogueOffer:
    return CatalogueOffer(code=code, days=14, cost=cost, uplift=uplift, **other)


def people(count: int, offers: int = 2, had: int = 0, may: bool = True) -> list[Person]:
    return [Person(f"p{number}", (may,) * offers, had, float(number)) for number in range(count)]


def chosen(offers, seen=None, of=None, night=NIGHT) -> Counter:
    return Counter(code for code, _ in choose("renewal", night, offers, seen or {}, of or people(2_000, len(offers))))


def test_what_is_thought_weighs_as_much_as_twenty_people():
    """Before: .55 x 20 = 11 and 9. After 30 of 40: 41 and 19. Without an offer: 10 and 10."""
    assert believed(offer("A"), Seen()) == (pytest.approx(11), pytest.approx(9))
    assert believed(offer("A"), Seen(40, 30)) == (pytest.approx(41), pytest.approx(19))
    assert believed(None, Seen()) == (10, 10)


def test_the_same_night_chooses_the_same_and_another_one_anew():
    offers = (offer("A"), offer("B"))
    first = choose("renewal", NIGHT, offers, {}, people(200))
    assert choose("renewal", NIGHT, offers, {}, people(200)) == first
    assert choose("renewal", NIGHT + timedelta(days=1), offers, {}, people(200)) != first


def test_what_has_worked_is_offered_more_and_the_other_is_still_tried():
    """A keeps 80 of 100, B 50 of 100, as many as no offer: of those who do not explore nearly all get A; of the tenth that does, half B."""
    found = chosen((offer("A"), offer("B")), {"A": Seen(500, 400), "B": Seen(500, 250), "": Seen(500, 250)})
    assert found["A"] > 1_800
    assert 60 <= found["B"] <= 160


def test_an_offer_that_costs_more_than_it_saves_is_made_to_explorers_only():
    """It keeps 5 of 100 more and costs a fifth of the value: only the tenth that explores gets it."""
    found = chosen((offer("A", cost=0.2),), {"A": Seen(5_000, 2_750), "": Seen(5_000, 2_500)})
    assert 150 <= found["A"] <= 250
    told = choose("renewal", NIGHT, (offer("A", cost=0.2),), {"A": Seen(5_000, 2_750), "": Seen(5_000, 2_500)}, people(50, 1))
    assert {why for code, why in told if code is None} == {"costs more than it can be expected to save"}


def test_who_has_had_enough_offers_gets_none():
    told = choose("renewal", NIGHT, (offer("A", most_a_year=2),), {}, people(30, 1, had=2))
    assert set(told) == {(None, "had 2 offers in a year")}


def test_whom_no_rule_admits_gets_none():
    assert set(choose("renewal", NIGHT, (offer("A"),), {}, people(30, 1, may=False))) == {(None, "none of the offers is for them")}


def test_of_few_offers_a_night_those_with_most_at_stake_get_them():
    told = choose("renewal", NIGHT, (offer("A", uplift=0.5, most_a_night=3),), {"A": Seen(900, 890), "": Seen(900, 10)}, people(40, 1))
    assert [place for place, (code, _) in enumerate(told) if code] == [37, 38, 39]


def test_nobody_is_asked_nothing():
    assert choose("renewal", NIGHT, (offer("A"),), {}, []) == []
