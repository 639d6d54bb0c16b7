"""The outbox: nothing goes before it is let go, nothing twice, and only one sender has a message in hand."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.campaigns.delivery.conftest import NIGHT, NOON

from mandegar.campaigns.delivery import outbox


def put(engine, messages):
    with engine.begin() as connection:
        outbox.put(connection, messages, "renewal", NIGHT)


def test_what_nobody_has_let_go_is_not_claimed(engine, a_message):
    put(engine, [a_message()])
    assert outbox.claim(engine, "email", "one", NOON, 9) == []
    assert outbox.release(engine, "renewal", NIGHT) == 1
    assert outbox.claim(engine, "email", "one", NOON, 9) == [a_message()]


def test_a_run_again_takes_its_held_messages_back_and_leaves_those_let_go(engine, a_message, states):
    put(engine, [a_message(1), a_message(2)])
    put(engine, [a_message(2), a_message(3)])
    assert states() == {"c2": "held", "c3": "held"}
    outbox.release(engine, "renewal", NIGHT)
    put(engine, [a_message(2), a_message(4)])
    assert states() == {"c2": "queued", "c3": "queued", "c4": "held"}


def test_two_senders_never_have_the_same_message(engine, queued):
    queued(5)
    first, second = (outbox.claim(engine, "email", name, NOON, 3) for name in ("one", "two"))
    assert [message.customer_id for message in (*first, *second)] == ["c1", "c2", "c3", "c4", "c5"]
    assert outbox.claim(engine, "email", "three", NOON, 9) == []


@pytest.mark.parametrize(("minutes", "free"), [(5, False), (6, True)])
def test_what_a_sender_left_lying_is_another_s_after_five_minutes(engine, queued, minutes, free):
    queued()
    outbox.claim(engine, "email", "one", NOON, 9)
    assert bool(outbox.claim(engine, "email", "two", NOON + timedelta(minutes=minutes), 9)) is free


def test_a_sender_that_was_given_up_cannot_write_any_more(engine, queued, states):
    [message] = queued()
    outbox.claim(engine, "email", "one", NOON, 9)
    outbox.claim(engine, "email", "two", NOON + timedelta(minutes=6), 9)
    assert not outbox.mark(engine, message, "one", outbox.SENDING)
    assert outbox.mark(engine, message, "two", outbox.SENDING)
    assert states() == {"c1": "sending"}


@pytest.mark.parametrize(("hours", "due"), [(-4, False), (-3, True)])
def test_nobody_is_written_to_before_their_hour(engine, queued, hours, due):
    queued()
    assert bool(outbox.claim(engine, "email", "one", NOON + timedelta(hours=hours), 9)) is due


@pytest.mark.parametrize(("again", "state"), [((), "uncertain"), (("email",), "queued")])
def test_what_was_half_handed_over_is_uncertain_unless_the_other_side_knows_keys(engine, queued, states, again, state):
    [message] = queued()
    outbox.claim(engine, "email", "one", NOON, 9)
    outbox.mark(engine, message, "one", outbox.SENDING)
    outbox.left_in_doubt(engine, () if again else ("email",), again, NOON + timedelta(minutes=4))
    assert states() == {"c1": "sending"}
    outbox.left_in_doubt(engine, () if again else ("email",), again, NOON + timedelta(minutes=6))
    assert states() == {"c1": state}


def test_what_was_withdrawn_is_not_sent_and_not_sent_again(engine, queued, states):
    [message] = queued()
    assert outbox.withdraw(engine, "renewal", NIGHT, "rejected") == 1
    assert outbox.claim(engine, "email", "one", NOON, 9) == []
    assert outbox.send_again(engine, [message.message_id]) == 0
    assert states() == {"c1": "withdrawn"}


def test_what_messages_said_is_erased_and_that_they_were_sent_is_kept(engine, queued, states):
    [message] = queued()
    outbox.claim(engine, "email", "one", NOON, 9)
    outbox.mark(engine, message, "one", outbox.SENT, sent_at=NOON)
    assert outbox.erase_content(engine, NOON) == 0
    assert outbox.erase_content(engine, NOON + timedelta(days=1)) == 1
    with engine.begin() as connection:
        assert connection.execute(sa.select(outbox.outbox_message)).all() == []
    assert states() == {"c1": "sent"}
