"""Sending: by a real mail server and a real gateway; what they refuse, what they put off, and what is asked again before."""

import hashlib
import hmac
import json
from datetime import UTC, timedelta
from urllib.parse import parse_qs

import pytest
import sqlalchemy as sa
from tests.campaigns.delivery.conftest import NOON

from mandegar.campaigns.delivery import outbox
from mandegar.campaigns.delivery.again import Still
from mandegar.campaigns.delivery.send import channels_of, send_due
from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.config.settings import Contacting

MAIL = {"email": {"connection": "mail", "sender": "Acme <hello@acme.example>", "reply_to": "help@acme.example"}}


@pytest.fixture
def send(engine, company):
    """Sends what is due at noon (half past three in Tehran), or later, by some channels. done, people: as of again.Still."""

    def run(file: dict, later: timedelta = timedelta(), done=frozenset(), people=None, of=company) -> dict[str, int]:
        settings = DeliveryFile.model_validate(file)
        now = lambda: (NOON + later).replace(tzinfo=UTC)  # noqa: E731
        still = Still(of, engine, frozenset({"renewal"}), done, people or {})
        found = send_due(engine, channels_of(company, settings, now), settings, still, now, lambda _: None)
        return {state: count for state, count in found.items() if count}

    return run


@pytest.fixture
def reason(engine):
    def read() -> str | None:
        with engine.begin() as connection:
            return connection.execute(sa.select(outbox.outbox.c.reason)).scalar()

    return read


def test_a_mail_comes_once_with_text_html_and_one_click_to_unsubscribe(send, queued, mailbox, states):
    queued(2)
    assert send(MAIL) == {"sent": 2}
    assert send(MAIL) == {}
    assert mailbox.to == ["c1@example.com", "c2@example.com"]
    mail = mailbox.mails[0]
    assert (mail["From"], mail["Reply-To"], mail["Subject"]) == ("Acme <hello@acme.example>", "help@acme.example", "Your term ends")
    assert mail["Message-ID"] == f"<{1:040x}@mandegar>"
    assert (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"]) == ("<https://acme.example/u/t1>", "List-Unsubscribe=One-Click")
    plain, page = mail.iter_parts()
    assert plain.get_content().splitlines()[:3] == ["Dear Sara,", "", "your term ends soon."]
    assert plain.get_content().rstrip().endswith("Unsubscribe: https://acme.example/u/t1")
    assert '<html lang="en" dir="ltr">' in page.get_content()
    assert states() == {"c1": "sent", "c2": "sent"}


def test_a_persian_mail_runs_from_right_to_left_and_what_it_says_is_whole(send, queued, mailbox):
    queued(
        locale="fa",
        subject="قرارداد شما ۱ فروردین ۱۴۰۵ به پایان می‌رسد و این موضوع بلند است",
        text="سارا عزیز، سلام.\n\n<b>قرارداد</b> شما\n",
    )
    send(MAIL)
    [mail] = mailbox.mails
    assert mail["Subject"] == "قرارداد شما ۱ فروردین ۱۴۰۵ به پایان می‌رسد و این موضوع بلند است"
    plain, page = (part.get_content() for part in mail.iter_parts())
    assert plain.startswith("سارا عزیز، سلام.\n\n<b>قرارداد</b> شما")
    assert '<html lang="fa" dir="rtl">' in page
    assert "&lt;b&gt;قرارداد&lt;/b&gt; شما" in page


def test_an_address_that_is_refused_for_good_is_dead_and_not_tried_again(send, queued, mailbox, states, reason):
    queued()
    mailbox.at_recipient = "550 no such user"
    assert send(MAIL) == {"dead": 1}
    assert (states(), reason()) == ({"c1": "dead"}, "550 no such user")
    mailbox.at_recipient = "250 OK"
    assert send(MAIL, later=timedelta(days=1)) == {}


@pytest.mark.parametrize("place", ["at_recipient", "at_mail"])
def test_a_server_that_is_busy_is_asked_again_later_and_later(send, queued, mailbox, place):
    """After one minute, then after two more."""
    queued()
    setattr(mailbox, place, "451 busy")
    assert send(MAIL) == {"put off": 1}
    assert send(MAIL, later=timedelta(seconds=59)) == {}
    assert send(MAIL, later=timedelta(seconds=60)) == {"put off": 1}
    setattr(mailbox, place, "250 OK")
    assert send(MAIL, later=timedelta(seconds=179)) == {}
    assert send(MAIL, later=timedelta(seconds=180)) == {"sent": 1}
    assert len(mailbox.mails) == 1


def test_after_its_attempts_a_message_is_dead_and_a_person_can_send_it_again(send, queued, engine, mailbox, states):
    [message] = queued()
    mailbox.at_recipient = "451 busy"
    file = {"email": MAIL["email"] | {"attempts": 2}}
    assert [send(file), send(file, later=timedelta(hours=1))] == [{"put off": 1}, {"dead": 1}]
    mailbox.at_recipient = "250 OK"
    assert outbox.send_again(engine, [message.message_id]) == 1
    assert send(file, later=timedelta(hours=1)) == {"sent": 1}
    assert states() == {"c1": "sent"}


def test_what_has_changed_since_withdraws_the_message(send, queued, mailbox, states, reason):
    queued(2)
    assert send(MAIL, done=frozenset({("renewal", "c1")})) == {"withdrawn": 1, "sent": 1}
    assert mailbox.to == ["c2@example.com"]
    assert states() == {"c1": "withdrawn", "c2": "sent"}


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "contacting", "late", "opens"),
    [
        (None, {}, 6.5 * HOUR, 17.5 * HOUR),  # ten in the evening in Tehran: at nine the next day
        (None, {}, 14.5 * HOUR, 17.5 * HOUR),  # six in the morning
        ("America/New_York", {}, 0 * HOUR, 1 * HOUR),  # eight in the morning there
        ("nowhere", {}, 6.5 * HOUR, 17.5 * HOUR),
        (None, {"days_off": ("tuesday", "wednesday")}, 0 * HOUR, 41.5 * HOUR),  # 1 April 2025 is a Tuesday
        (None, {"start": "00:00", "end": "16:00"}, 1 * HOUR, 8.5 * HOUR),
    ],
)
def test_nobody_is_written_to_at_night_or_on_a_day_off_however_late_it_was_let_go(
    send, queued, mailbox, company, states, zone, contacting, late, opens
):
    """What was approved in the evening, or could not be handed over in the day, waits for the customer's next day."""
    queued(1)
    settings = {{"start": "from", "end": "to"}.get(name, name): value for name, value in contacting.items()}
    asked = {"people": {"c1": {"time_zone": zone}}, "of": company.model_copy(update={"contacting": Contacting(**settings)})}
    assert send(MAIL, late, **asked) == {"waits for day": 1}
    assert send(MAIL, opens - timedelta(seconds=1), **asked) == {}
    assert (mailbox.mails, states()) == ([], {"c1": "queued"})
    assert send(MAIL, opens, **asked) == {"sent": 1}


def test_an_owner_s_task_waits_for_no_day(send, queued, gateway):
    queued(channel="task", address="Ali", due_at=NOON)
    assert send({"task": {"gateway": "webhook", "connection": "gateway"}}, 10 * HOUR) == {"sent": 1}


def test_what_would_be_too_late_the_next_day_is_not_sent(send, queued, mailbox):
    queued(1, expires_at=NOON + 8 * HOUR)
    assert send(MAIL, 6.5 * HOUR) == {"waits for day": 1}
    assert send(MAIL, 17.5 * HOUR) == {"withdrawn": 1}
    assert mailbox.mails == []


def test_what_is_too_late_is_not_sent(send, queued, mailbox, reason):
    queued()
    assert send(MAIL, later=timedelta(days=7)) == {"withdrawn": 1}
    assert (mailbox.mails, reason()) == ([], "its time is over")


def test_a_channel_that_is_not_set_up_sends_nothing(send, queued, states):
    queued()
    assert send({}) == {}
    assert states() == {"c1": "queued"}


def sms(gateway: str) -> dict:
    return {"sms": {"gateway": gateway, "connection": "gateway", "sender": "3000"}}


def test_a_gateway_gets_key_sender_and_text(send, queued, gateway, states):
    queued(channel="sms", address="+989121234567", text="سلام سارا")
    assert send(sms("generic")) == {"sent": 1}
    [(path, headers, body)] = gateway.requests
    assert json.loads(body) == {"to": "+989121234567", "from": "3000", "text": "سلام سارا", "id": f"{1:040x}"}
    assert (path, headers["Idempotency-Key"], headers["Authorization"]) == ("/", f"{1:040x}", "Bearer s3cret-key")


def test_kavenegar_gets_its_own_form(send, queued, gateway):
    queued(channel="sms", address="+989121234567", text="سلام")
    gateway.answer = (200, {"return": {"status": 200}, "entries": [{"messageid": 8792343}]})
    assert send(sms("kavenegar")) == {"sent": 1}
    [(path, _, body)] = gateway.requests
    assert path == "/v1/s3cret-key/sms/send.json"
    assert parse_qs(body.decode()) == {"receptor": ["+989121234567"], "sender": ["3000"], "message": ["سلام"], "localid": ["0"]}


def test_twilio_gets_its_own_form_and_login(send, queued, gateway, engine):
    queued(channel="sms", address="+989121234567", text="hi")
    gateway.answer = (201, {"sid": "SM1"})
    assert send(sms("twilio")) == {"sent": 1}
    [(path, headers, body)] = gateway.requests
    assert path == "/2010-04-01/Accounts/me/Messages.json"
    assert parse_qs(body.decode()) == {"To": ["+989121234567"], "From": ["3000"], "Body": ["hi"]}
    assert headers["Authorization"].startswith("Basic ")
    with engine.begin() as connection:
        assert connection.execute(sa.select(outbox.outbox.c.provider_id)).scalar() == "SM1"


def test_a_webhook_s_body_is_signed(send, queued, gateway):
    queued(channel="task", address="Ali", due_at=NOON)
    file = {"task": {"gateway": "webhook", "connection": "gateway"}}
    assert send(file) == {"sent": 1}
    [(_, headers, body)] = gateway.requests
    at = int(NOON.replace(tzinfo=UTC).timestamp())
    assert headers["X-Mandegar-Timestamp"] == str(at)
    signed = hmac.new(b"s3cret-key", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Mandegar-Signature"] == f"sha256={signed}"
    assert json.loads(body)["due_at"] == "2025-04-01T12:00:00Z"


@pytest.mark.parametrize(
    ("gateway_name", "path", "found"),
    [
        ("hubspot", "/crm/v3/objects/tasks", ("properties", "hs_task_subject", "Your term ends")),
        ("zendesk", "/api/v2/tickets.json", ("ticket", "external_id", f"{1:040x}")),
        ("salesforce", f"/services/data/v61.0/sobjects/Task/Mandegar_Id__c/{1:040x}", ("Subject", None, "Your term ends")),
    ],
)
def test_a_task_is_written_where_owners_work(send, queued, gateway, gateway_name, path, found):
    queued(channel="task", address="Ali", due_at=NOON)
    assert send({"task": {"gateway": gateway_name, "connection": "gateway", "mapping": {"Ali": "u-7"}}}) == {"sent": 1}
    [(at, _, body)] = gateway.requests
    first, second, value = found
    content = json.loads(body)[first]
    assert (at, content[second] if second else content) == (path, value)
    assert "u-7" in body.decode()


@pytest.mark.parametrize(("status", "outcome"), [(400, "dead"), (404, "dead"), (429, "put off"), (500, "put off"), (503, "put off")])
def test_a_gateway_s_no_is_for_good_or_for_now(send, queued, gateway, status, outcome, reason):
    queued(channel="sms")
    gateway.answer = (status, {"error": "s3cret-key is wrong"})
    assert send(sms("generic")) == {outcome: 1}
    assert reason().startswith(f"answered {status}")
    assert "s3cret-key" not in reason()


def test_a_gateway_that_is_not_there_is_asked_again(send, queued, monkeypatch, reason):
    queued(channel="sms")
    monkeypatch.setenv("AIRFLOW_CONN_GATEWAY", json.dumps({"host": "http://127.0.0.1:9", "password": "x"}))
    assert send(sms("twilio") | {"sms": sms("twilio")["sms"] | {"gateway": "generic"}}) == {"put off": 1}
    assert reason() == "does not answer (ConnectionError)"
