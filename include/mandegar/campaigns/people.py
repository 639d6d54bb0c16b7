"""Who is one person: addresses and numbers in one spelling, and accounts that share them."""

import hashlib
from collections.abc import Iterable

import phonenumbers

FOLD = str.maketrans("يك۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "یک01234567890123456789")


def match_email(email: str | None) -> str | None:
    """A mail address as it is compared: small letters, Latin digits, no space around it."""
    folded = (email or "").translate(FOLD).strip().lower()
    return folded if "@" in folded else None


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


def person_keys(accounts: Iterable[tuple[str, str | None, str | None]], salt: str) -> dict[str, str]:
    """The person behind each account: accounts that share a mail address or a number have one key.

    accounts: customer_id, match_email, e164. The key is the smallest hash of anything that identifies the person, so it
    stays the same whichever of the accounts is looked at, and says nothing about the person by itself.
    """
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    marks = {}
    for customer_id, email, phone in accounts:
        known = [f"email:{email}" if email else None, f"phone:{phone}" if phone else None]
        own = [mark for mark in known if mark] or [f"customer:{customer_id}"]
        marks[customer_id] = own[0]
        for mark in own:
            parent[root(mark)] = root(own[0])
    keys: dict[str, str] = {}
    for mark in parent:
        hashed = hashlib.sha256(f"{salt}|{mark}".encode()).hexdigest()
        keys[root(mark)] = min(hashed, keys.get(root(mark), hashed))
    return {customer_id: keys[root(mark)] for customer_id, mark in marks.items()}


def first_and_last(name: str, kind: str | None) -> tuple[str, str]:
    """A person's first and last name; a company has only the latter."""
    if kind == "company":
        return "", name
    first, _, last = name.partition(" ")
    return (first, last) if last else ("", first)
