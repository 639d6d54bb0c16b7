"""A draft filled for two made-up readers, one of them unknown in everything: that it can be filled, and is not too long."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from mandegar.campaigns.drafting.findings import Finding
from mandegar.campaigns.drafting.lists import Locale
from mandegar.campaigns.messages.facts import facts_of
from mandegar.campaigns.messages.render import render
from mandegar.campaigns.messages.template import Message
from mandegar.config.company import Company
from mandegar.errors import CampaignError

MOST_SUBJECT, MOST_SEGMENTS = 78, 4  # letters; parts of an SMS
DAY = date(2026, 3, 21)
KNOWN: dict[str, Any] = {
    "name": "Maryam Rahimi",
    "kind": "person",
    "owner": "Reza Moradi",
    "days": 30,
    "event_on": DAY,
    "amount": Decimal(1_250),
    "reason_code": "too_expensive",
    "retry_on": DAY,
    "offer_code": "CODE2026",
    "person_key": "p",
    "risk_band": "high",
}
UNKNOWN = dict.fromkeys(KNOWN) | {"name": "Rahimi Ltd", "kind": "company", "days": 0, "event_on": DAY, "person_key": "p", "currency": None}


def of(message: Message, company: Company, locale: Locale) -> Iterator[Finding]:
    """What is wrong with a draft in a language when it is filled."""
    for member in (KNOWN | {"currency": company.currency}, UNKNOWN):
        try:
            told = render(message, "draft", facts_of(member, company, locale, DAY, "https://example.com/unsubscribe"), locale)
        except CampaignError as problem:
            yield Finding(locale, f"cannot be filled: {str(problem).partition(': ')[2]}", "Use the known facts and links alone.")
            return
        if len(told.subject) > MOST_SUBJECT:
            yield Finding(f"{locale}.subject", f"has more than {MOST_SUBJECT} letters", "Say it shorter.")
        if told.segments > MOST_SEGMENTS:
            yield Finding(f"{locale}.sms", f"takes more than {MOST_SEGMENTS} messages", "Say it shorter.")
