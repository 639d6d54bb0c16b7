"""What a message may say of a customer: the facts, and how each is written for its reader."""

import hashlib
import re
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_name
from persiantools.jdatetime import JalaliDate

from mandegar.campaigns.audience.people import first_and_last
from mandegar.config.company import Company
from mandegar.language.catalogue import ENGLISH, LOCALES, Said, digits, right_to_left

FACTS = {
    "first_name": "the first name; empty for a company",
    "name": "the whole name",
    "company": "your company's name",
    "owner": "who looks after the account; empty if nobody does",
    "days": "between the night and what the message is about",
    "event_on": "the day it is about: the term's end, the birthday …",
    "amount": "with its currency; empty if none is known",
    "reason": "the reason's code: why they left, why a payment failed, the product that would fit, the tier",
    "retry_on": "of a failed payment: the day of the next attempt; empty where there is none",
    "offer_code": "the code of the offer; empty for who gets none",
    "offer_expires_on": "the last day of the offer",
    "points": "how many points; of loyalty campaigns",
    "referral_code": "the customer's own code, to recommend you by",
    "risk": "high, medium or low; for tasks",
    "links": "addresses from contacting.links of company.yaml, such as links.account",
    "unsubscribe_url": "where they can unsubscribe",
}
RISKS = {"high": Said("high", context="risk"), "medium": Said("medium", context="risk"), "low": Said("low", context="risk")}
REFERRAL_DIGITS = 8
READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without what is taken for something else
OTHER_WAY = re.compile("[A-Za-z0-9][^\u0590-\u08ff]*")
EXPONENT = {"IRR": 0, "JPY": 0}


def reader(language: str | None, company: Company) -> str:
    """The locale that a customer reads: their own if there is a catalogue of it, else the company's, else English."""
    for told in (language, company.locale):
        if told and told[:2] in LOCALES:
            return told[:2]
    return ENGLISH


def facts_of(member: dict[str, Any], company: Company, locale: str, offer_expires_on: date | None, unsubscribe_url: str) -> dict[str, Any]:
    """The facts of one member (eligibility.decide), as they are written for a reader."""
    first, last = first_and_last(member["name"], member["kind"])
    amount, currency = member["amount"], member["currency"]
    points = currency is None and amount is not None
    return {
        "first_name": first,
        "name": f"{first} {last}".strip(),
        "company": company.name,
        "owner": member["owner"] or "",
        "days": digits(locale, str(member["days"])),
        "event_on": day_told(member["event_on"], locale),
        "amount": "" if amount is None or points else amount_told(amount, currency, locale),
        "reason": Said((member["reason_code"] or "").replace("_", " "), context="reason for leaving").told(locale),
        "retry_on": day_told(member["retry_on"], locale) if member.get("retry_on") else "",
        "offer_code": member["offer_code"] or "",
        "offer_expires_on": day_told(offer_expires_on, locale) if member["offer_code"] and offer_expires_on else "",
        "points": number_told(amount, locale) if points else "",
        "referral_code": referral_code(member["person_key"]),
        "risk": RISKS[member["risk_band"]].told(locale) if member["risk_band"] else "",
        "links": company.contacting.links,
        "unsubscribe_url": unsubscribe_url,
    }


def day_told(day: date, locale: str) -> str:
    """A day as its reader writes it: by the Jalali calendar in Persian."""
    if locale == "fa":
        shown = JalaliDate(day, locale="fa")
        return digits("fa", f"{shown.day} ") + shown.strftime("%B") + digits("fa", f" {shown.year}")
    return format_date(day, "d MMMM y", locale=locale)


def amount_told(amount: Decimal, currency: str, locale: str) -> str:
    """An amount with its currency: 1,250.00 USD, or ۱٬۲۵۰٬۰۰۰ ریال."""
    places = EXPONENT.get(currency, 2)
    number = digits(locale, format_decimal(amount, "#,##0" + ("." + "0" * places if places else ""), locale="en"))
    if locale == "fa":
        return f"{number} {_persian_name(currency)}"
    return f"{number} {currency}"


def number_told(amount: Decimal, locale: str) -> str:
    """A whole number with its thousands apart."""
    return digits(locale, f"{int(amount):,}")


def referral_code(person_key: str) -> str:
    """A code of eight letters and digits that belongs to a person, the same every time."""
    number = int.from_bytes(hashlib.sha256(f"referral|{person_key}".encode()).digest()[:8], "big")
    letters = []
    for _ in range(REFERRAL_DIGITS):
        number, place = divmod(number, len(READABLE))
        letters.append(READABLE[place])
    return "".join(letters)


def kept_apart(value: Any, locale: str) -> Any:
    """A value within a text that runs the other way, with the marks that keep it together."""
    if not isinstance(value, str) or not right_to_left(locale) or not OTHER_WAY.search(value) or value.startswith("http"):
        return value
    return f"\u2068{value}\u2069"


def _persian_name(currency: str) -> str:
    return {"IRR": "ریال", "IRT": "تومان"}.get(currency) or get_currency_name(currency, locale="fa")
