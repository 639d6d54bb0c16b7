"""Texts written for the tests, with a signal that a person sees: what is good and bad is said in words of their own."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from tests.small_tables import Row, at, company, entity

from mandegar.compute.engine import Engine
from mandegar.config.company import Company
from mandegar.risk.evening import Evening
from mandegar.time.calendar import day_end

FIRST = at("2025-01-01")
WORDS = {
    "en": {
        "good": ("wonderful", "helpful", "quick", "friendly", "thanks"),
        "bad": ("terrible", "broken", "waiting", "useless", "angry"),
        "other": ("report", "invoice", "dashboard", "colleague", "month", "export"),
    },
    "fa": {
        "good": ("عالی", "سپاسگزارم", "سریع", "راضی", "ممنون"),
        "bad": ("افتضاح", "خراب", "منتظر", "بی‌فایده", "ناراضی"),
        "other": ("گزارش", "فاکتور", "داشبورد", "همکار", "ماه", "خروجی"),
    },
}


def sentences(language: str, count: int, customers: int = 40, mistaken: float = 0.1, share_good: float = 0.6, seed: int = 1) -> list[Row]:
    """Tickets, one every day: three words that mean nothing and two of the mood, which the rating follows but for the share mistaken."""
    chance = random.Random(f"{language} {seed}")
    rows = []
    for number in range(count):
        good = chance.random() < share_good
        rated_good = good != (chance.random() < mistaken)
        words = chance.choices(WORDS[language]["other"], k=3) + chance.choices(WORDS[language]["good" if good else "bad"], k=2)
        chance.shuffle(words)
        opened = FIRST + timedelta(days=number)
        rows.append(ticket(f"{language}-{number:04}", f"{language}-{number % customers}", opened, " ".join(words), 5 if rated_good else 1))
    return rows


def ticket(ticket_id: str, customer: str, opened: datetime, body: str | None, csat: int | None = None, **more: object) -> Row:
    """A ticket solved within the hour."""
    told: Row = {"ticket_id": ticket_id, "customer_id": customer, "opened_at": opened, "body": body, "csat_score": csat}
    return told | {"solved_at": opened + timedelta(hours=1)} | more


def comment(response_id: str, customer: str, answered: datetime, kind: str, score: int, words: str | None = "words") -> Row:
    """An answer to a survey."""
    told: Row = {"response_id": response_id, "customer_id": customer, "answered_at": answered}
    return told | {"kind": kind, "score": score, "comment": words}


def evening(
    engine: Engine, tickets: list[Row], surveys: Sequence[Row] = (), as_of: str = "2026-03-31", of: Company | None = None
) -> Evening:
    """The entities of an evening, later rows among them."""
    asked, day = of or company(), date.fromisoformat(as_of)
    rows = {"ticket": engine.table(entity("ticket", tickets)), "survey": engine.table(entity("survey", list(surveys)))}
    return Evening(asked, day, day_end(day, asked.zone), rows)
