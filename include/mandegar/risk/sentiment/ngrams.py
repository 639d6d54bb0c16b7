"""Character n-grams: what the model knows of a text, and which of them it may keep.

Nothing that is kept says who wrote it: an n-gram has four characters at most, its word's edge among them, never reaches into a second
word, and at least ten customers wrote it. The floor counts customers, not texts: a signature under a hundred tickets of one is one. Pieces
overlap, so a word that ten customers wrote could be put together from them; that is no longer anybody's own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

SHORTEST, LONGEST = 2, 4
LEAST_CUSTOMERS = 10
MOST_NGRAMS = 10_000


def ngrams(text: str) -> Iterator[str]:
    """The n-grams of a normalised text, word by word; a space stands for a word's edge."""
    for word in text.split():
        padded = f" {word} "
        for size in range(SHORTEST, LONGEST + 1):
            for start in range(len(padded) - size + 1):
                yield padded[start : start + size]


def vocabulary(texts: Iterable[tuple[str, str]], least_customers: int = LEAST_CUSTOMERS) -> list[str]:
    """The n-grams that enough customers wrote, in their order; of more than MOST_NGRAMS those of the most customers.

    texts: customer and normalised text.
    """
    by_customer: dict[str, set[str]] = {}
    for customer, text in texts:
        by_customer.setdefault(customer, set()).update(ngrams(text))
    wrote: Counter[str] = Counter()
    for known in by_customer.values():
        wrote.update(known)
    enough = sorted((one for one, customers in wrote.items() if customers >= least_customers), key=lambda one: (-wrote[one], one))
    return sorted(enough[:MOST_NGRAMS])
