"""Who is one person: addresses and numbers in one spelling, and accounts that share them."""

import hashlib
from collections.abc import Iterable

import phonenumbers

from mandegar.language.folding import FOLD, folded


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
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    marks = {}
    for customer_id, email, phone in accounts:
        given = [f"email:{email}" if email else None, f"phone:{phone}" if phone else None]
        own = [mark for mark in given if mark] or [f"customer:{customer_id}"]
        marks[customer_id] = own[0]
        for mark in own:
            parent[root(mark)] = root(own[0])
    keys: dict[str, str] = {}
    for mark in parent:
        hashed = hashlib.sha256(f"{salt}|{mark}".encode()).hexdigest()
        keys[root(mark)] = min(hashed, keys.get(root(mark), hashed))
    kept: set[str] = set()
    named: set[str] = set()
    for customer_id, key in (known or {}).items():
        person = root(marks[customer_id]) if customer_id in marks else None
        if person and person not in named and key not in kept:  # one person, one key, also after an account went its own way
            keys[person] = key
            named.add(person)
            kept.add(key)
    for person in keys.keys() - named:
        if keys[person] in kept:  # a number or an address that went from one person to another
            keys[person] = hashlib.sha256(f"{salt}|again|{keys[person]}".encode()).hexdigest()
    return {customer_id: keys[root(mark)] for customer_id, mark in marks.items()}


def first_and_last(name: str, kind: str | None) -> tuple[str, str]:
    """A person's first and last name; a company has only the latter."""
    if kind == "company":
        return "", name
    first, _, last = name.partition(" ")
    return (first, last) if last else ("", first)
