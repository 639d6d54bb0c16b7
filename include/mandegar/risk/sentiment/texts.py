"""Texts of an evening: what customers wrote in tickets and beside the scores of surveys, and how they rated."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir

from mandegar.compute.engine import Engine
from mandegar.risk.evening import Evening
from mandegar.risk.sentiment.normalise import language_of, normalised

TICKET, SURVEY = "ticket", "survey"
MOST_CHARACTERS = 2_000
MOST_RATED = 30_000
# kind of survey: the worst score that is negative no more, the least that is positive
SIDES = {"nps": (7, 9), "csat": (3, 4), "ces": (4, 5)}


@dataclass(frozen=True)
class Rated:
    """A text, in one spelling, whose writer said how satisfied they were. rated_at: when that was known."""

    customer_id: str
    text: str
    language: str
    is_positive: bool
    written_at: datetime
    rated_at: datetime


def texts(evening: Evening) -> ir.Table:
    """All texts that had been written by the end of the day.

    Grain: one row per ticket with a subject or a body, and per survey answer with a comment. Columns: source (ticket, survey), text_id,
    customer_id, text (its first MOST_CHARACTERS), written_at, is_positive and rated_at: a ticket rated 1 or 2 is negative, 4 or 5
    positive; NPS 0 to 6 and 9 to 10, CSAT 1 to 2 and 4 to 5, CES 1 to 3 and 5 to 7; in between, and unrated, empty.
    """
    known = evening.at(evening.as_of).entities
    ticket, survey = known["ticket"], known["survey"]
    low, high = SIDES["csat"]
    asked = ticket.select(
        source=ibis.literal(TICKET),
        text_id=ticket.ticket_id,
        customer_id=ticket.customer_id,
        text=_cut(ticket.subject.fill_null("") + "\n" + ticket.body.fill_null("")),
        written_at=ticket.opened_at,
        is_positive=_side(ticket.csat_score, low, high),
        rated_at=ticket.solved_at.coalesce(ticket.opened_at),
    )
    answered = survey.select(
        source=ibis.literal(SURVEY),
        text_id=survey.response_id,
        customer_id=survey.customer_id,
        text=_cut(survey.comment.fill_null("")),
        written_at=survey.answered_at,
        is_positive=ibis.cases(
            *((survey.kind == kind, _side(survey.score, *bounds)) for kind, bounds in SIDES.items()), else_=ibis.null("boolean")
        ),
        rated_at=survey.answered_at,
    )
    every = ibis.union(asked, answered)
    return every.filter(every.text.re_search(r"[^\s\x0B]"))  # not strip(): Ibis' takes v and f for blanks on Spark


def rated_texts(evening: Evening, engine: Engine) -> list[Rated]:
    """The latest MOST_RATED texts with a rating, the oldest first; without those in neither language."""
    every = texts(evening)
    latest = every.filter(every.is_positive.notnull()).order_by([every.written_at.desc(), every.source, every.text_id]).limit(MOST_RATED)
    rows = [row for batch in engine.batches(latest) for row in batch.to_pylist()]
    rows.sort(key=lambda row: (row["written_at"], row["source"], row["text_id"]))
    found = []
    for row in rows:
        text = normalised(row["text"])
        if language := language_of(text):
            found.append(Rated(row["customer_id"], text, language, row["is_positive"], row["written_at"], row["rated_at"]))
    return found


def recent_texts(evening: Evening, engine: Engine, since: datetime) -> Iterator[dict]:
    """The texts since an instant, in batches of columns: customer_id, source, text as it was written, written_at."""
    every = texts(evening)
    wanted = every.filter(every.written_at >= ibis.literal(since)).select("customer_id", "source", "text", "written_at")
    for batch in engine.batches(wanted):
        yield batch.to_pydict()


def _cut(text: ir.StringValue) -> ir.StringValue:
    return text.substr(0, MOST_CHARACTERS)


def _side(score: ir.NumericValue, low: int, high: int) -> ir.BooleanValue:
    """Whether a score is positive; empty for one in between, or none."""
    return ibis.cases((score < low, False), (score >= high, True), else_=ibis.null("boolean"))
