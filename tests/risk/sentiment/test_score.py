"""Customers' texts of an evening by a model whose weights a person can follow: `good` is right three times of four, `grim` once."""

import math
from datetime import date

import pytest
from tests.risk.sentiment.written import comment, evening, ticket
from tests.small_tables import Row, at, company, rows

from mandegar.compute.engine import Engine
from mandegar.risk.sentiment.classifier import Classifier
from mandegar.risk.sentiment.model import Learnt, Sentiment, Silent
from mandegar.risk.sentiment.quality import Quality
from mandegar.risk.sentiment.score import sentiment

# one known n-gram in a text: its tf-idf is 1 whatever its idf, and p = 1 / (1 + e^-weight): 3/4, 1/4; of a text with none 1/2
CLASSIFIER = Classifier(("good", "grim"), (2.0, 3.0), (math.log(3), -math.log(3)), 0.0)
QUALITY = Quality(1, 1, 0.0, 0.5, 0.9, 0.8, 1.0, 0.9, 0.5)
MODEL = Sentiment(date(2026, 3, 1), {"en": Learnt(CLASSIFIER, QUALITY, 1, 1, date(2026, 1, 1), date(2026, 1, 2))}, Silent({}))
GOOD, GRIM, PLAIN = "Good!", "GRIM", "a report"

# as of 31 March 2026 the last sixty days begin on 31 January, and the 120 before them on 3 October
CASES: dict[str, tuple[list[Row], list[Row], list[float | None] | None]] = {
    "a good ticket": ([ticket("1", "x", at("2026-03-01"), GOOD)], [], [0.5, None, None, 1]),
    "two tickets, a survey": (
        [ticket("2", "x", at("2026-03-01"), GOOD), ticket("3", "x", at("2026-03-02"), PLAIN)],
        [comment("1", "x", at("2026-03-03"), "nps", 3, GRIM)],
        [0.25, -0.5, None, 3],
    ),
    "worse than before": (
        [ticket("4", "x", at("2026-01-31"), GRIM), ticket("5", "x", at("2026-01-30 23:59"), GOOD)],
        [comment("2", "x", at("2025-10-03"), "nps", 10, PLAIN)],
        [-0.5, None, -0.75, 1],
    ),
    "only before": ([ticket("6", "x", at("2025-10-03"), GOOD)], [], [None, None, None, 0]),
    "too long ago": ([ticket("7", "x", at("2025-10-02 23:59"), GOOD)], [], None),
    "after the evening": ([ticket("8", "x", at("2026-04-01"), GOOD)], [], None),
    "in a language of no model": ([ticket("9", "x", at("2026-03-01"), "عالی")], [], None),
    "a rating is not looked at": ([ticket("10", "x", at("2026-03-01"), GOOD, 1)], [], [0.5, None, None, 1]),
}
COLUMNS = ("ticket_sentiment", "survey_sentiment", "sentiment_change", "sentiment_texts")


@pytest.fixture(scope="module")
def measured(request: pytest.FixtureRequest) -> dict[str, dict[str, Row]]:
    found = {}
    for name in ("duckdb", "spark"):
        engine = request.getfixturevalue(name)
        tickets = [row | {"customer_id": what} for what, (some, _, _) in CASES.items() for row in some]
        surveys = [row | {"customer_id": what} for what, (_, some, _) in CASES.items() for row in some]
        found[name] = {row["customer_id"]: row for row in rows(engine, sentiment(evening(engine, tickets, surveys), MODEL, engine))}
    return found


@pytest.mark.parametrize("name", ["duckdb", "spark"])
@pytest.mark.parametrize("what", CASES)
def test_a_customer_sounds(measured: dict[str, dict[str, Row]], what: str, name: str) -> None:
    expected = CASES[what][2]
    row = measured[name].get(what)
    assert (None if row is None else [row[column] for column in COLUMNS]) == expected


def test_days_are_those_of_the_companys_clock(duckdb: Engine) -> None:
    """In Tehran 31 January begins at 20:30 UTC of the day before."""
    of = company(time_zone="Asia/Tehran")
    given = [ticket("1", "in", at("2026-01-30 20:30"), GOOD), ticket("2", "out", at("2026-01-30 20:29"), GOOD)]
    found = {row["customer_id"]: row["sentiment_texts"] for row in rows(duckdb, sentiment(evening(duckdb, given, of=of), MODEL, duckdb))}
    assert found == {"in": 1, "out": 0}


def test_nobody_wrote(duckdb: Engine) -> None:
    assert rows(duckdb, sentiment(evening(duckdb, []), MODEL, duckdb)) == []
