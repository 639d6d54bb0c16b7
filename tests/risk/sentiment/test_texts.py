"""Which texts count, on which side, and from when."""

from datetime import timedelta

from tests.risk.sentiment.written import comment, evening, ticket
from tests.small_tables import Row, at, rows

from mandegar.compute.engine import Engine
from mandegar.risk.sentiment.texts import MOST_CHARACTERS, rated_texts, texts

DAY = at("2026-03-10")
TICKETS: dict[str, tuple[Row, bool | None]] = {
    **{f"rated {score}": (ticket(f"t{score}", "a", DAY, "words", score), score > 3 if score != 3 else None) for score in range(1, 6)},
    "not rated": (ticket("t-", "a", DAY, "words"), None),
    "rated after the evening": (ticket("t+", "a", DAY, "words", 5, solved_at="2026-04-01"), None),
}
SURVEYS: dict[str, tuple[Row, bool | None]] = {
    f"{kind} {score}": (comment(f"{kind}{score}", "a", DAY, kind, score), side)
    for kind, score, side in (
        ("nps", 0, False),
        ("nps", 6, False),
        ("nps", 7, None),
        ("nps", 8, None),
        ("nps", 9, True),
        ("nps", 10, True),
        ("csat", 2, False),
        ("csat", 3, None),
        ("csat", 4, True),
        ("ces", 3, False),
        ("ces", 4, None),
        ("ces", 5, True),
    )
}


def test_a_rating_is_good_bad_or_in_between(engine: Engine) -> None:
    tickets, surveys = ([row for row, _ in cases.values()] for cases in (TICKETS, SURVEYS))
    found = {row["text_id"]: row["is_positive"] for row in rows(engine, texts(evening(engine, tickets, surveys)))}
    expected = {row.get("ticket_id") or row["response_id"]: side for row, side in [*TICKETS.values(), *SURVEYS.values()]}
    assert found == expected
    assert len(found) == 19


def test_subject_and_body_are_one_text_and_no_text_is_none(engine: Engine) -> None:
    given = [
        ticket("both", "a", DAY, "the body", subject="The subject"),
        ticket("subject", "a", DAY, None, subject="The subject"),
        ticket("blank", "a", DAY, " "),
        ticket("blank too", "a", DAY, "\t\v\f\r\n"),
        ticket("letters", "a", DAY, "vf"),
        ticket("long", "a", DAY, "x" * 5_000),
    ]
    found = rows(engine, texts(evening(engine, given, [comment("none", "a", DAY, "nps", 9, None)])))
    assert {row["text_id"]: row["text"].strip() for row in found} == {
        "both": "The subject\nthe body",
        "subject": "The subject",
        "letters": "vf",
        "long": "x" * (MOST_CHARACTERS - 1),  # an empty subject and the line's end stand before
    }


def test_rated_texts_come_oldest_first_in_one_spelling_without_other_languages(duckdb: Engine) -> None:
    given = [
        ticket("2", "b", DAY, "Call 0912 now", 1),
        ticket("1", "a", DAY - timedelta(days=1), "كيفيت عالي", 5),
        ticket("3", "a", DAY, "Отлично", 5),
        ticket("later", "a", at("2026-04-01"), "too late", 5),
    ]
    found = rated_texts(evening(duckdb, given), duckdb)
    assert [(text.customer_id, text.text, text.language, text.is_positive) for text in found] == [
        ("a", "کیفیت عالی", "fa", True),
        ("b", "call # now", "en", False),
    ]
    assert found[0].rated_at == DAY - timedelta(hours=23)
