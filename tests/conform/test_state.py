"""What a night knows: the newest row of every key, nothing born after the day, nothing learnt after it. Both engines."""

from datetime import date, datetime
from typing import Any

import pyarrow as pa
from tests.small_tables import Row, at, entity, rows, version

from mandegar.compute.engine import Engine
from mandegar.config.entities import ENTITIES
from mandegar.conform.state import born_before, masked, newest, state
from mandegar.conform.subscription import without_overlap

AS_OF, CLOSES = date(2026, 3, 10), at("2026-03-11")


def taken(name: str, *found: tuple[Row, str, int]) -> pa.Table:
    """Good rows as validate leaves them: each with the night that took it and its line."""
    table = entity(name, [row for row, _, _ in found])
    nights = pa.array([date.fromisoformat(night) for _, night, _ in found], pa.date32())
    return table.append_column("as_of", nights).append_column("_row", pa.array([line for _, _, line in found], pa.int64()))


def ticket(number: str, updated_at: str | None = None, topic: str | None = None, **more: Any) -> Row:
    """A ticket of 1 March."""
    return {"ticket_id": number, "customer_id": "a", "opened_at": "2026-03-01", "updated_at": updated_at, "topic": topic} | more


def test_the_newest_row_of_every_key_stays(engine: Engine) -> None:
    valid = taken(
        "ticket",
        (ticket("changed last", "2026-03-07", "right"), "2026-03-08", 2),
        (ticket("changed last", "2026-03-05", "wrong"), "2026-03-10", 9),
        (ticket("same change, later night", "2026-03-07", "wrong"), "2026-03-08", 9),
        (ticket("same change, later night", "2026-03-07", "right"), "2026-03-09", 2),
        (ticket("same night, later line", "2026-03-07", "wrong"), "2026-03-08", 2),
        (ticket("same night, later line", "2026-03-07", "right"), "2026-03-08", 3),
        (ticket("one without a time", None, "wrong"), "2026-03-08", 3),
        (ticket("one without a time", "2026-03-02", "right"), "2026-03-08", 2),
        (ticket("none has a time", None, "wrong"), "2026-03-08", 3),
        (ticket("none has a time", None, "right"), "2026-03-09", 3),
    )
    found = rows(engine, state(engine.table(valid), ENTITIES["ticket"], AS_OF, CLOSES))
    assert sorted((row["ticket_id"], row["topic"]) for row in found) == [
        ("changed last", "right"),
        ("none has a time", "right"),
        ("one without a time", "right"),
        ("same change, later night", "right"),
        ("same night, later line", "right"),
    ]


def test_what_came_later_is_not_known_yet(engine: Engine) -> None:
    """The day ends at midnight: what happens at that instant belongs to the next."""
    solved = {"first_response_at": "2026-03-02", "csat_score": 4}
    valid = taken(
        "ticket",
        (ticket("of the last second", opened_at="2026-03-10 23:59:59"), "2026-03-12", 1),
        (ticket("of midnight", opened_at="2026-03-11 00:00"), "2026-03-12", 2),
        (ticket("solved in the last second", solved_at="2026-03-10 23:59:59", **solved), "2026-03-12", 3),
        (ticket("solved at midnight", solved_at="2026-03-11", **solved), "2026-03-12", 4),
        (ticket("answered later", first_response_at="2026-03-12", solved_at="2026-03-12", csat_score=1), "2026-03-12", 5),
    )
    found = rows(engine, state(engine.table(valid), ENTITIES["ticket"], AS_OF, CLOSES))

    def told(row: Row) -> tuple[datetime | None, datetime | None, int | None]:
        return row["first_response_at"], row["solved_at"], row["csat_score"] and int(row["csat_score"])

    assert {row["ticket_id"]: told(row) for row in found} == {
        "of the last second": (None, None, None),
        "solved in the last second": (at("2026-03-02"), at("2026-03-10 23:59:59"), 4),
        "solved at midnight": (at("2026-03-02"), None, None),
        "answered later": (None, None, None),
    }


def test_a_subscription_lives_until_its_end_is_known(engine: Engine) -> None:
    """Single rows as plain exports write them, and chains of versions."""
    ended = {"status": "ended", "ended_reason": "cancelled"}
    valid = taken(
        "subscription",
        (version("ended in February", "2026-01-01", ended_at="2026-02-10", **ended), "2026-03-12", 1),
        (version("ends tomorrow", "2026-01-01", ended_at="2026-03-11", **ended), "2026-03-12", 2),
        (version("ended, no day given", "2026-01-01", **ended), "2026-03-12", 3),
        (version("chain", "2026-01-01", None, 100), "2026-03-12", 4),
        (version("chain", "2026-02-01", None, 120), "2026-03-12", 5),
        (version("chain", "2026-02-10", ended_at="2026-02-10", **ended), "2026-03-12", 6),
        (version("changes tomorrow", "2026-01-01", "2026-03-11", 100), "2026-03-12", 7),
        (version("changes tomorrow", "2026-03-11", None, 120), "2026-03-12", 8),
        (version("asked to cancel tomorrow", "2026-01-01", cancel_requested_at="2026-03-11 09:00", cancel_reason="price"), "2026-03-12", 9),
        (version("asked to cancel", "2026-01-01", cancel_requested_at="2026-03-10 09:00", cancel_reason="price"), "2026-03-12", 10),
    )
    of = ENTITIES["subscription"]
    known = newest(born_before(engine.table(valid), of, AS_OF, CLOSES), of)
    columns = ("subscription_id", "status", "valid_from", "valid_to", "ended_at", "ended_reason", "cancel_reason")
    found = rows(engine, masked(without_overlap(known), of, CLOSES).select(*columns).order_by("subscription_id", "valid_from"))
    new_year, second, tenth = at("2026-01-01"), at("2026-02-01"), at("2026-02-10")
    assert [tuple(row[name] for name in columns) for row in found] == [
        ("asked to cancel", "active", new_year, None, None, None, "price"),
        ("asked to cancel tomorrow", "active", new_year, None, None, None, None),
        ("chain", "active", new_year, second, None, None, None),
        ("chain", "active", second, tenth, None, None, None),
        ("chain", "ended", tenth, None, tenth, "cancelled", None),
        ("changes tomorrow", "active", new_year, None, None, None, None),
        ("ended in February", "active", new_year, tenth, tenth, "cancelled", None),
        ("ended, no day given", "ended", new_year, None, None, "cancelled", None),
        ("ends tomorrow", "active", new_year, None, None, None, None),
    ]
