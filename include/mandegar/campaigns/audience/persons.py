"""The person behind every account of a night, as a table."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import pyarrow as pa
import pyarrow.compute as pc

from mandegar.campaigns.audience.people import e164, match_email, person_keys

MANY, PART = 100_000, 25_000
SCHEMA = pa.schema([(name, pa.string()) for name in ("customer_id", "person_key", "email", "phone")])


def persons(accounts: pa.Table, country: str, salt: str, known: dict[str, str]) -> pa.Table:
    """Who stands behind each account.

    Grain: one row per customer_id. Columns: person_key; email and phone, spelt as they are compared. accounts: customer_id, email and
    phone of every customer, ordered by customer_id. country: of numbers without a country code. known: the person_key that each account
    was first recorded with, the oldest first.
    """
    emails = _each_once(accounts["email"], lambda texts: [match_email(text) for text in texts])
    phones = _each_once(accounts["phone"], lambda texts: _numbers(texts, country))
    ids = accounts["customer_id"].to_pylist()
    keys = person_keys(zip(ids, emails, phones, strict=True), salt, known)
    return pa.Table.from_arrays(
        [pa.array(found, pa.string()) for found in (ids, [keys[one] for one in ids], emails, phones)], schema=SCHEMA
    )


def _each_once(texts: pa.ChunkedArray, of: Callable[[list[str]], list[str | None]]) -> list[str | None]:
    """What a function makes of each text; one that many have is looked at once."""
    encoded = pc.dictionary_encode(texts.combine_chunks())
    made = of(encoded.dictionary.to_pylist())
    return [None if place is None else made[place] for place in encoded.indices.to_pylist()]


def _numbers(phones: list[str], country: str) -> list[str | None]:
    """Telephone numbers in one spelling; many are looked at by as many processes as there are cores."""
    if len(phones) < MANY:
        return _spelt(phones, country)
    parts = [phones[start : start + PART] for start in range(0, len(phones), PART)]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("forkserver")) as pool:
        return [number for found in pool.map(_spelt, parts, repeat(country)) for number in found]


def _spelt(phones: list[str], country: str) -> list[str | None]:
    return [e164(phone, country) for phone in phones]
