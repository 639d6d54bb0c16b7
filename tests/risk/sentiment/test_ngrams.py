"""What the model may know of a text: pieces of words that many customers wrote, and no name."""

from mandegar.risk.sentiment.ngrams import ngrams, vocabulary


def test_ngrams_stay_within_a_word_and_know_its_edges() -> None:
    assert sorted(ngrams("on کار")) == sorted(
        [" o", "on", "n ", " on", "on ", " on ", " ک", "کا", "ار", "ر ", " کا", "کار", "ار ", " کار", "کار "]
    )


def test_a_signature_under_a_hundred_tickets_of_one_customer_is_not_kept() -> None:
    """Ten customers write `ok`; one of them always signs."""
    written = [(f"customer {number}", "ok") for number in range(10)] + [("customer 1", "ok ahmadinejad")] * 100
    assert vocabulary(written) == [" o", " ok", " ok ", "k ", "ok", "ok "]


def test_nine_customers_are_too_few() -> None:
    assert vocabulary([(f"customer {number}", "ok") for number in range(9)]) == []


def test_no_piece_is_longer_than_four_characters() -> None:
    known = vocabulary([(f"customer {number}", "ahmadinejad") for number in range(10)])
    assert max(map(len, known)) == 4
    assert "ahma" in known
