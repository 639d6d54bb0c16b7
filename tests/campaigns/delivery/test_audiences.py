"""Send lists in marketing tools: everyone once, however often it is handed over, and nobody who refused, there or here."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from tests.campaigns.delivery.tools import FAKES, LISTS, Fake

from mandegar.campaigns.delivery.audiences.tool import Person, lots
from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.pushes import TOOLS
from mandegar.campaigns.delivery.settings import Audience, DeliveryFile
from mandegar.config import yaml_file
from mandegar.errors import CampaignError

SARA = Person("c1", "sara@example.com", "+989121234567", "سارا", "کریمی", "fa", "STAY10", "d30")
ALI = Person("c2", "ali@example.com", "", "علی", "", "fa", "", "d30")
PHONE = Person("c3", "", "+989121234568", "Mina", "", "en", "", "d30")


@pytest.fixture(params=sorted(FAKES))
def name(request) -> str:
    return request.param


@pytest.fixture
def fake(name: str, httpserver: HTTPServer, monkeypatch) -> Fake:
    made = FAKES[name]()
    httpserver.expect_request(re.compile(".*")).respond_with_handler(made.take)
    monkeypatch.setenv("AIRFLOW_CONN_TOOL", json.dumps({"host": httpserver.url_for("").rstrip("/"), "password": made.key}))
    return made


@pytest.fixture
def add(name: str, fake: Fake) -> Callable[..., None]:
    def run(*people: Person) -> None:
        tool = TOOLS[name](Audience(connection="tool", list=LISTS[name]))
        tool.add([one for one in people if tool.takes(one)], "renewal_reminder")

    return run


def test_everyone_is_there_once_with_their_persian_name(name, fake, add):
    add(SARA, ALI)
    add(SARA, ALI)
    assert set(fake.people) == {"sara@example.com", "ali@example.com"}
    assert "سارا" in json.dumps(fake.people["sara@example.com"], ensure_ascii=False, default=list)
    if name == "mailchimp":
        assert fake.tags == {"renewal_reminder": {"sara@example.com", "ali@example.com"}}
        assert fake.people["sara@example.com"]["merge_fields"] == {"FNAME": "سارا", "LNAME": "کریمی"}
    if name == "brevo":
        told = {"FIRSTNAME": "سارا", "LASTNAME": "کریمی", "SMS": "+989121234567", "EXT_ID": "c1", "MANDEGAR_CAMPAIGN": "renewal_reminder"}
        assert fake.people["sara@example.com"]["attributes"] == told | {"MANDEGAR_OFFER": "STAY10"}
    if name == "klaviyo":
        assert fake.people["sara@example.com"]["lists"] == {"Y6nRLr"}
        assert fake.people["sara@example.com"]["properties"] == {"mandegar_campaign": "renewal_reminder", "mandegar_offer": "STAY10"}


def test_who_unsubscribed_there_stays_so(name, fake, add):
    gone = {"mailchimp": {"status": "unsubscribed"}, "brevo": {"attributes": {}, "emailBlacklisted": True}, "klaviyo": {"lists": set()}}
    fake.people["sara@example.com"] = dict(gone[name], consent="unsubscribed")
    add(SARA, ALI)
    known = fake.people["sara@example.com"]
    assert (known["consent"], known.get("status", "unsubscribed"), known.get("emailBlacklisted", True)) == (
        "unsubscribed",
        "unsubscribed",
        True,
    )


def test_who_has_no_mail_address_goes_where_telephones_are_known(name, fake, add):
    add(PHONE, ALI)
    assert ("+989121234568" in fake.people) == (name != "mailchimp")


def test_what_broke_off_is_taken_up_again(fake, add):
    fake.fail_at = {1: 503}
    with pytest.raises(Failed, match="answered 503"):
        add(SARA)
    add(SARA)
    assert set(fake.people) == {"sara@example.com"}


@pytest.mark.parametrize(("status", "kind"), [(429, Failed), (500, Failed), (400, Refused), (403, Refused)])
def test_a_no_is_for_now_or_for_good_and_shows_no_key(fake, add, status, kind):
    fake.fail_at = {1: status}
    with pytest.raises(kind, match=f"answered {status}") as found:
        add(SARA)
    assert fake.key not in str(found.value)


def test_a_wrong_key_is_refused(name, fake, add, monkeypatch, httpserver):
    monkeypatch.setenv("AIRFLOW_CONN_TOOL", json.dumps({"host": httpserver.url_for("").rstrip("/"), "password": "wrong"}))
    with pytest.raises(Refused, match="answered 401"):
        add(SARA)


def test_lots_hold_everyone_once():
    assert [len(lot) for lot in lots([SARA] * 1201, 500)] == [500, 500, 201]


def test_mailchimp_that_takes_none_says_why(httpserver: HTTPServer, monkeypatch):
    made = FAKES["mailchimp"]()
    httpserver.expect_request(re.compile(".*")).respond_with_handler(made.take)
    monkeypatch.setenv("AIRFLOW_CONN_TOOL", json.dumps({"host": httpserver.url_for("").rstrip("/"), "password": made.key}))
    tool = TOOLS["mailchimp"](Audience(connection="tool", list="abc123"))
    with pytest.raises(Refused, match="took none of 1: ERROR_GENERIC not valid"):
        tool.add([Person("c9", "nowhere", "", "", "", "en", "", "")], "renewal_reminder")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("audiences: {mailchimpp: {connection: a, list: b}}\n", "audiences"),
        ("audiences: {brevo: {connection: a}}\n", "list"),
        ("files: {to: 'ftp://host/x'}\n", "files"),
        ("task: {gateway: sql, connection: a, table: 'tasks; drop'}\n", "table"),
        ("task: {gateway: sql, connection: a, table: tasks, columns: {subject: s}}\n", "`id` is missing"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, text, told):
    file = tmp_path / "delivery.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CampaignError, match="line 1") as found:
        yaml_file.read(file, DeliveryFile, CampaignError)
    assert told in str(found.value)
