"""Tasks of owners: given once when a run is let go, closed when somebody has spoken to the customer, escalated when nobody has in time."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pyarrow as pa
import pytest
import sqlalchemy as sa
from tests.campaigns.delivery.conftest import NIGHT, NOON

from mandegar.campaigns.delivery import tasks
from mandegar.config.entities import ENTITIES
from mandegar.quality.reading import entity_schema
from mandegar.warehouse.tables import customer_task

GIVEN = NOON - timedelta(hours=3)  # 09:00


@pytest.fixture
def looked_after(engine, duckdb):
    """Looks after the tasks by the end of a day, with the touches there were."""

    def run(closes: datetime, *touches: dict) -> dict[str, tuple]:
        usual = {"customer_id": "c1", "channel": "phone", "direction": "out", "kind": "called"}
        rows = [usual | {"interaction_id": f"t{n}", **touch} for n, touch in enumerate(touches)]
        table = duckdb.table(pa.Table.from_pylist(rows, entity_schema(ENTITIES["interaction"])))
        evening = SimpleNamespace(closes=closes.replace(tzinfo=UTC), entities={"interaction": table})
        tasks.look_after(SimpleNamespace(evening=evening, engine=duckdb, warehouse=engine))
        row = customer_task.c
        with engine.begin() as connection:
            found = connection.execute(sa.select(row.customer_id, row.state, row.hours_to_react))
            return {customer: (state, hours) for customer, state, hours in found}

    return run


@pytest.fixture
def given(engine, queued):
    """Two tasks for Ali until noon of 2 April."""
    queued(2, channel="task", address="Ali", subject="Call", due_at=NOON + timedelta(days=1))
    assert tasks.give(engine, "renewal", NIGHT) == 2
    assert tasks.give(engine, "renewal", NIGHT) == 0


def at(hours: float) -> datetime:
    return (GIVEN + timedelta(hours=hours)).replace(tzinfo=UTC)


def test_a_call_closes_the_task_and_says_how_long_it_took(given, looked_after):
    found = looked_after(NOON + timedelta(hours=12), {"occurred_at": at(-1)}, {"occurred_at": at(5.5)}, {"occurred_at": at(7)})
    assert found == {"c1": ("reacted", 5.5), "c2": ("open", None)}


def test_a_mail_that_was_sent_is_no_answer_and_what_the_customer_writes_neither(given, looked_after):
    touches = ({"occurred_at": at(1), "kind": "sent"}, {"occurred_at": at(1), "kind": "replied", "direction": "in"})
    assert looked_after(NOON + timedelta(hours=12), *touches)["c1"] == ("open", None)


def test_who_was_not_spoken_to_in_time_is_escalated_and_may_still_be_closed(given, looked_after):
    assert looked_after(NOON + timedelta(days=1)) == {"c1": ("open", None), "c2": ("open", None)}
    assert looked_after(NOON + timedelta(days=2)) == {"c1": ("escalated", None), "c2": ("escalated", None)}
    assert looked_after(NOON + timedelta(days=3), {"occurred_at": at(50)})["c1"] == ("reacted", 50.0)


def test_where_there_is_no_other_place_for_tasks_they_are_handed_over_by_standing_here(engine, given, states):
    assert tasks.keep_in_house(engine, NOON) == 2
    assert states() == {"c1": "sent", "c2": "sent"}
