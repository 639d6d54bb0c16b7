"""What comes back: each thing once, bounces for good only, and whoever refuses hears no more by that channel."""

import hashlib
import hmac
from datetime import datetime

import pytest
import sqlalchemy as sa

from mandegar.campaigns.delivery import outbox
from mandegar.campaigns.delivery.incoming import Event, from_bounce, from_gateway, key_of, record_events
from mandegar.errors import CampaignError
from mandegar.warehouse.tables import channel_refusal, delivery_event

AT = datetime(2025, 4, 2, 9)
FIRST = f"{1:040x}"
REPORT = """From: MAILER-DAEMON@mx.example
Message-ID: <report-1@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

Sorry.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; c1@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 no such user

--B
Content-Type: text/rfc822-headers

Message-ID: <{of}>
Subject: Your term ends

--B--
"""


def report(action: str = "failed", status: str = "5.1.1", of: str = f"{FIRST}@mandegar") -> bytes:
    return REPORT.format(action=action, status=status, of=of).replace("\n", "\r\n").encode()


@pytest.fixture
def noted(engine, queued):
    """Notes events about a message to c1, and gives what is known of them then."""
    queued(2)

    def run(*events: Event) -> tuple[int, list[tuple], list[tuple]]:
        count = record_events(engine, events)
        with engine.begin() as connection:
            kinds = connection.execute(sa.select(delivery_event.c.message_id, delivery_event.c.kind).order_by(delivery_event.c.kind)).all()
            refused = connection.execute(sa.select(channel_refusal.c.person_key, channel_refusal.c.channel, channel_refusal.c.kind)).all()
        return count, [tuple(row) for row in kinds], [tuple(row) for row in refused]

    return run


def test_what_is_told_twice_counts_once(noted):
    opened = Event("e1", "opened", AT, message_id=FIRST)
    assert noted(opened, opened) == (1, [(FIRST, "opened")], [])
    assert noted(opened)[0] == 0


@pytest.mark.parametrize(
    ("kind", "refused"), [("bounced", True), ("complained", True), ("unsubscribed", True), ("clicked", False), ("delivered", False)]
)
def test_who_refuses_hears_no_more_by_that_channel(noted, kind, refused):
    _, _, found = noted(Event("e1", kind, AT, message_id=FIRST))
    assert found == ([("p1", "email", kind)] if refused else [])


def test_what_is_about_no_message_of_ours_is_passed_over(noted):
    assert noted(Event("e1", "opened", AT, message_id="f" * 40), Event("e2", "opened", AT, provider_id="g-9")) == (0, [], [])


def test_a_delivery_report_is_a_bounce_of_its_message(noted):
    [found] = from_bounce(report(), AT)
    assert (found.kind, found.message_id, found.detail) == ("bounced", FIRST, "5.1.1 smtp; 550 5.1.1 no such user")
    assert noted(found) == (1, [(FIRST, "bounced")], [("p1", "email", "bounced")])


@pytest.mark.parametrize(
    "raw",
    [
        report("delayed", "4.4.1"),
        report("failed", "4.2.2"),
        report("relayed", "2.1.5"),
        report(of="x@others.example"),
        b"Subject: hi\r\n\r\nhi",
    ],
)
def test_what_is_still_tried_or_is_another_s_is_no_bounce(raw):
    assert list(from_bounce(raw, AT)) == []


@pytest.mark.parametrize(
    ("source", "told", "kind"),
    [
        ("kavenegar", {"messageid": "879", "status": "10"}, "delivered"),
        ("kavenegar", {"messageid": "879", "status": "11"}, "bounced"),
        ("kavenegar", {"messageid": "879", "status": "14"}, "unsubscribed"),
        ("kavenegar", {"messageid": "879", "status": "4"}, None),
        ("twilio", {"MessageSid": "879", "MessageStatus": "delivered"}, "delivered"),
        ("twilio", {"MessageSid": "879", "MessageStatus": "undelivered", "ErrorCode": "21610"}, "unsubscribed"),
        ("twilio", {"MessageSid": "879", "MessageStatus": "undelivered", "ErrorCode": "30005"}, "bounced"),
        ("twilio", {"MessageSid": "879", "MessageStatus": "sent"}, None),
    ],
)
def test_gateways_tell_in_their_own_words(noted, engine, source, told, kind):
    with engine.begin() as connection:
        connection.execute(outbox.outbox.update().where(outbox.outbox.c.message_id == FIRST).values(provider_id="879"))
    found = list(from_gateway(source, told, AT))
    assert [event.kind for event in found] == ([kind] if kind else [])
    assert noted(*found)[1] == ([(FIRST, kind)] if kind else [])


def test_a_generic_event_says_when_and_of_what(noted):
    [found] = from_gateway("generic", {"id": FIRST, "kind": "clicked", "at": "2025-04-02T12:30:00+03:30", "event_id": "x"}, AT)
    assert (found.event_id, found.at) == ("generic x", datetime(2025, 4, 2, 9))


@pytest.mark.parametrize(
    ("source", "told"), [("generic", {"kind": "clicked"}), ("generic", {"id": "1", "kind": "seen"}), ("fax", {"id": "1"})]
)
def test_what_says_nothing_is_refused(source, told):
    with pytest.raises(CampaignError):
        list(from_gateway(source, told, AT))


def test_the_address_of_a_gateway_cannot_be_guessed():
    expected = hmac.new(b"key", b"events|twilio", hashlib.sha256).hexdigest()[:32]
    assert key_of("twilio", "key") == expected
    assert key_of("kavenegar", "key") != expected
