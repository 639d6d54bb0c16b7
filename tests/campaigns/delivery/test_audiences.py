"""Send lists in marketing tools: everyone once, however often it is handed over, and nobody who refused, there or here."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_httpserver import HTTPServer
from tests.campaigns.delivery.tools import FAKES, LISTS, Fake

from mandegar.campaigns.delivery.audiences import api
from mandegar.campaigns.delivery.audiences.tool import Person, lots
from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.pushes import TOOLS
from mandegar.campaigns.delivery.settings import Audience, DeliveryFile
from mandegar.cli.main import main
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
def add(name: str, fake: Fake) -> Callable[..., Counter[str]]:
    def run(*people: Person) -> Counter[str]:
        tool = TOOLS[name](Audience(connection="tool", list=LISTS[name]))
        return tool.add([one for one in people if tool.takes(one)], "renewal_reminder")

    return run


@pytest.fixture(autouse=True)
def paused(monkeypatch) -> list[float]:
    """How long it would have been waited."""
    found: list[float] = []
    monkeypatch.setattr(api, "pause", found.append)
    return found


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


def test_a_tool_that_breaks_off_once_is_asked_again_at_once(fake, add, paused):
    fake.fail_at = {1: 503}
    add(SARA)
    assert (set(fake.people), paused) == ({"sara@example.com"}, [1])


def test_one_that_stays_broken_is_left_for_later_and_taken_up_again(fake, add, paused):
    fake.fail_at = dict.fromkeys(range(1, 5), 503)
    with pytest.raises(Failed, match="answered 503"):
        add(SARA)
    assert (len(fake.calls), paused) == (4, [1, 2, 4])
    add(SARA)
    assert set(fake.people) == {"sara@example.com"}


@pytest.mark.parametrize(("header", "waits"), [("Retry-After", 17), ("x-sib-ratelimit-reset", 17), ("x-other", 1)])
def test_a_tool_that_is_asked_too_often_is_waited_for_as_long_as_it_says(fake, add, paused, header, waits):
    fake.fail_at, fake.with_it = {1: 429}, {header: "17"}
    add(SARA)
    assert (set(fake.people), paused) == ({"sara@example.com"}, [waits])


def test_one_that_asks_for_an_hour_is_not_waited_for_here(fake, add, paused):
    fake.fail_at, fake.with_it = {1: 429}, {"Retry-After": "3600"}
    with pytest.raises(api.Busy, match="answered 429") as found:
        add(SARA)
    assert (found.value.after, paused, len(fake.calls)) == (3600, [], 1)


@pytest.mark.parametrize(("status", "kind"), [(429, Failed), (500, Failed), (400, Refused), (403, Refused)])
def test_a_no_is_for_now_or_for_good_and_shows_no_key(fake, add, status, kind):
    fake.fail_at = dict.fromkeys(range(1, 5), status)
    with pytest.raises(kind, match=f"answered {status}") as found:
        add(SARA)
    assert fake.key not in str(found.value)


def test_a_key_is_not_shown_where_the_answer_is_cut_either(fake, add):
    fake.fail_at, fake.saying = {1: 400}, "x" * 130
    with pytest.raises(Refused) as found:
        add(SARA)
    assert "s3cret" not in str(found.value)


def test_a_wrong_key_is_refused(name, fake, add, monkeypatch, httpserver):
    monkeypatch.setenv("AIRFLOW_CONN_TOOL", json.dumps({"host": httpserver.url_for("").rstrip("/"), "password": "wrong"}))
    with pytest.raises(Refused, match="answered 401"):
        add(SARA)


def test_lots_hold_everyone_once():
    assert [len(lot) for lot in lots([SARA] * 1201, 500)] == [500, 500, 201]


def test_many_come_in_lots_and_everyone_once(name, fake, add):
    many = [replace(SARA, external_id=f"c{number}", email=f"c{number}@example.com", phone="") for number in range(1, 1002)]
    tool = TOOLS[name](Audience(connection="tool", list=LISTS[name]))
    for lot in lots(many, tool.most):
        assert tool.add(lot, "renewal_reminder") == Counter()
    assert (fake.lots, len(fake.people)) == ({"mailchimp": [500, 500, 1]}.get(name, [1001]), 1001)


def test_a_full_job_is_not_too_large_for_klaviyo():
    assert TOOLS["klaviyo"].most * 1_000 <= 5_000_000  # type: ignore[attr-defined]  # bytes, at a thousand for each


@pytest.mark.parametrize("name", ["mailchimp", "klaviyo"], indirect=True)
def test_one_address_that_is_wrong_keeps_nobody_else_out(name, fake, add):
    told = add(SARA, replace(ALI, email="nowhere"), replace(ALI, external_id="c4", email="reza@example.com"))
    assert set(fake.people) == {"sara@example.com", "reza@example.com"}
    assert told == {"mailchimp": {"ERROR_GENERIC … looks fake": 1}, "klaviyo": {"invalid email": 1}}[name]


@pytest.mark.parametrize("name", ["klaviyo"], indirect=True)
def test_who_has_a_mail_address_is_known_by_it_where_the_number_is_not_taken(fake, add):
    told = add(SARA, replace(ALI, phone="+4915112345678"), replace(PHONE, phone="+4915112345679"))
    assert set(fake.people) == {"sara@example.com", "ali@example.com"}
    assert told == {"invalid phone_number": 1}


@pytest.mark.parametrize("name", ["klaviyo"], indirect=True)
def test_a_list_that_is_not_there_refuses_all(fake):
    with pytest.raises(Refused, match="List does not exist"):
        TOOLS["klaviyo"](Audience(connection="tool", list="other")).add([SARA], "renewal_reminder")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("audiences: {mailchimpp: {connection: a, list: b}}\n", "audiences"),
        ("audiences: {brevo: {connection: a}}\n", "list"),
        ("audiences: {brevo: {connection: a, list: vip}}\n", "found 'vip'. Write the list's number, such as 7"),
        ("sms: {gateway: hubspot, connection: a, sender: '1'}\n", "gateway: found 'hubspot'. Write 'kavenegar', 'twilio', 'generic'"),
        ("call: {gateway: twilio, connection: a}\n", "gateway: found 'twilio'. Write 'generic', 'webhook', 'hubspot'"),
        ("files: {to: 'ftp://host/x'}\n", "files.to: found 'ftp://host/x'. Write s3://bucket/folder"),
        ("files: {to: 'file://exports/x'}\n", "Write s3://bucket/folder, sftp://host/folder or file:///folder"),
        ("files: {to: 's3:///x'}\n", "Write s3://bucket/folder"),
        ("files: {to: 'sftp://me:s3cret@host/x', connection: a}\n", "with a login in it"),
        ("files: {to: 'sftp://host/x'}\n", "connection: is missing"),
        ("task: {gateway: sql, connection: a, table: 'tasks; drop'}\n", "table"),
        ("task: {gateway: sql, connection: a, table: tasks, columns: {subject: s}}\n", "`id` is missing"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(make_company, text, told):
    files = {"customer.csv": "customer_id,signed_up_at\n", "subscription.csv": "subscription_id\n"}
    file = make_company(files | {"delivery.yaml": "# by what each channel is sent\n" + text}) / "delivery.yaml"
    found = CliRunner().invoke(main, ["check", "--company", str(file.parent)])
    said = " ".join(found.output.split())
    assert (found.exit_code, "delivery.yaml, line 2" in said) == (1, True), said
    assert told in said
    assert "s3cret" not in said


def test_a_right_file_is_taken_with_numbers_as_ids(tmp_path: Path):
    file = tmp_path / "delivery.yaml"
    lists = (
        "audiences: {mailchimp: {connection: a, list: abc123}, brevo: {connection: b, list: 7}, klaviyo: {connection: c, list: Y6nRLr}}\n"
    )
    file.write_text(lists + "files: {to: 's3://exports'}\n", encoding="utf-8")
    found = yaml_file.read(file, DeliveryFile, CampaignError)
    assert ({name: one.list for name, one in found.audiences.items()}, found.connections) == (LISTS, {"a", "b", "c"})
