"""Who is one person: addresses and numbers in one spelling, and accounts that share them."""

import hashlib
from collections.abc import Iterable

import numpy as np
import phonenumbers
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mandegar.language.folding import FOLD, folded

LARGEST = b"\xff" * 33  # above every digest


def match_email(email: str | None) -> str | None:
    """A mail address as it is compared: small letters, Latin digits, no space around it, nothing that is not seen."""
    address = folded(email or "")
    return address if "@" in address else None


def e164(phone: str | None, country: str) -> str | None:
    """A telephone number as +989121234567; None if it is not one. country: for numbers without a country code."""
    digits = (phone or "").translate(FOLD).strip()
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None


def person_keys(accounts: Iterable[tuple[str, str | None, str | None]], salt: str, known: dict[str, str] | None = None) -> dict[str, str]:
    """The person behind each account: accounts that share a mail address or a number have one key.

    accounts: customer_id, match_email, e164 of every customer, so that the key is the same whichever of a person's accounts
    a campaign considers. known: the key each account was first recorded with, the oldest first; a person keeps it when an
    address changes or an account is added. A new key is the smallest hash of anything that identifies the person; it says
    nothing about the person by itself.
    """
    code: dict[str, int] = {}
    first: dict[str, int] = {}  # of each account one of its marks
    pairs: list[tuple[int, int]] = []
    for customer_id, email, phone in accounts:
        by_mail = code.setdefault(f"email:{email}", len(code)) if email else None
        by_phone = code.setdefault(f"phone:{phone}", len(code)) if phone else None
        if by_mail is not None and by_phone is not None:
            pairs.append((by_mail, by_phone))
        elif by_mail is None and by_phone is None:
            by_mail = code.setdefault(f"customer:{customer_id}", len(code))
        first[customer_id] = by_mail if by_mail is not None else by_phone  # type: ignore[assignment]
    person_of = _components(len(code), pairs)
    smallest: dict[int, bytes] = {}
    for mark, person in zip(code, person_of, strict=True):
        digest = hashlib.sha256(f"{salt}|{mark}".encode()).digest()
        if digest < smallest.get(person, LARGEST):
            smallest[person] = digest
    keys = {person: digest.hex() for person, digest in smallest.items()}
    kept: set[str] = set()
    named: set[int] = set()
    for customer_id, key in (known or {}).items():
        known_person = person_of[first[customer_id]] if customer_id in first else None
        if known_person is not None and known_person not in named and key not in kept:  # one person, one key, whatever an account did since
            keys[known_person] = key
            named.add(known_person)
            kept.add(key)
    for person in keys.keys() - named:
        if keys[person] in kept:  # a number or an address that went from one person to another
            keys[person] = hashlib.sha256(f"{salt}|again|{keys[person]}".encode()).hexdigest()
    return {customer_id: keys[person_of[mark]] for customer_id, mark in first.items()}


def _components(marks: int, pairs: list[tuple[int, int]]) -> list[int]:
    """Which marks hang together: of each the number of its person."""
    if not pairs:
        return list(range(marks))
    rows, columns = np.array(pairs, dtype=np.int64).T
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (rows, columns)), shape=(marks, marks))
    return connected_components(graph, directed=False)[1].tolist()


def first_and_last(name: str, kind: str | None) -> tuple[str, str]:
    """A person's first and last name; a company has only the latter."""
    if kind == "company":
        return "", name
    first, _, last = name.partition(" ")
    return (first, last) if last else ("", first)
