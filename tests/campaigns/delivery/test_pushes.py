"""A run on its way into a marketing tool: only when it was let go, once, without who refused since, and seen in list_push."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pytest_httpserver import HTTPServer
from tests.campaigns.delivery.tools import FAKES, Fake

from mandegar.campaigns import approval
from mandegar.campaigns.delivery import pushes
from mandegar.campaigns.delivery.again import still
from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.campaigns.file.load import load
from mandegar.compute import engine as engines
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, campaign_stage, conform_stage, extract_stage, score_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import channel_refusal, list_push, person_account

NIGHT = date(2025, 3, 31)
NOW = datetime(2025, 4, 1, 8, tzinfo=UTC)
PEOPLE = ("c1", "c2", "c3")
CUSTOMER = "customer_id,name,signed_up_at,email,phone\n" + "".join(f"{one},سارا کریمی,2025-01-01,{one}@example.com,\n" for one in PEOPLE)
SUBSCRIPTION = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at,"
SUBSCRIPTION += "renews_at\n" + "".join(f"s-{c},2025-01-01,{c},basic,1,10,USD,month,1,active,2025-01-01,2025-04-10\n" for c in PEOPLE)
CAMPAIGN = """id: renewal
title: {en: Renewal, fa: تمدید}
owner: retention
dry_run: false
trigger: {before: renewal, days: [0, 30]}
consent: contract
channel: email
message: renewal_reminder
limits: {contacts: 9, days: 30, cool_down_days: 1}
control: {share: 0}
"""
BOTH = {"audiences": {"mailchimp": {"connection": "tool", "list": "abc123", "attempts": 2}}}


@pytest.fixture(scope="module")
def nights(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pushes")
    (folder / "company" / "campaigns").mkdir(parents=True)
    files = {"company.yaml": "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nlocale: fa\nchurn: {kind: contract}\n"}
    for name, content in (files | {"customer.csv": CUSTOMER, "subscription.csv": SUBSCRIPTION, "campaigns/renewal.yaml": CAMPAIGN}).items():
        (folder / "company" / name).write_text(content, encoding="utf-8")
    night = Night(companies.load(folder / "company"), Home(folder), NIGHT)
    for table in map(str, night.company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    score_stage(night)
    return folder


class House:
    """The company after a live run, and the tool."""

    def __init__(self, nights: Path, home: Home, fake: Fake) -> None:
        self.company, self.home, self.fake = companies.load(nights / "company"), home, fake

    def run(self, live: bool = True) -> None:
        campaign_stage(Night(self.company, self.home, NIGHT), "renewal", live)

    def answer(self, said: str) -> None:
        with warehouse(self.home.warehouse_url) as target:
            approval.answer(target, load(self.company, "renewal"), NIGHT, said, "ana", datetime(2025, 4, 1, 6))

    def push(self, now: datetime = NOW, file: dict = BOTH) -> dict[str, int]:
        settings = DeliveryFile.model_validate(file)
        with warehouse(self.home.warehouse_url) as target:
            runs = pushes.waiting_runs(self.company, target, settings, now)
            with engines.start("duckdb", self.home.root / "scratch") as computing:
                asked = still(self.company, self.home, target, computing, now, runs=[(run.campaign.id, run.as_of) for run in runs])
            return pushes.push_due(self.home, target, settings, runs, asked.why_not, now)

    def rows(self, *columns: sa.Column) -> list[tuple]:
        with warehouse(self.home.warehouse_url) as target, target.begin() as connection:
            return [tuple(row) for row in connection.execute(sa.select(*columns))]

    def state(self) -> list[tuple]:
        return self.rows(list_push.c.target, list_push.c.state, list_push.c.rows, list_push.c.attempts)


@pytest.fixture
def house(nights: Path, tmp_path: Path, httpserver: HTTPServer, monkeypatch) -> House:
    fake = FAKES["mailchimp"]()
    httpserver.expect_request(re.compile(".*")).respond_with_handler(fake.take)
    monkeypatch.setenv("AIRFLOW_CONN_TOOL", json.dumps({"host": httpserver.url_for("").rstrip("/"), "password": fake.key}))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "lake").symlink_to(nights / "lake")
    return House(nights, Home(tmp_path / "home"), fake)


def test_an_approved_run_is_handed_over_once(house):
    house.run()
    house.answer("approved")
    assert house.push() == {"done": 1}
    assert set(house.fake.people) == {f"{one}@example.com" for one in PEOPLE}
    assert house.fake.people["c1@example.com"]["merge_fields"] == {"FNAME": "سارا", "LNAME": "کریمی"}
    called = len(house.fake.calls)
    assert house.push() == {}
    assert (len(house.fake.calls), house.state()) == (called, [("mailchimp", "done", 3, 1)])


@pytest.mark.parametrize("said", [None, "rejected", "expired"])
def test_what_nobody_agreed_to_stays_in_the_house(house, said):
    house.run()
    if said:
        house.answer(said)
    assert (house.push(), house.fake.calls) == ({}, [])


def test_a_dry_run_stays_in_the_house(house):
    house.run(live=False)
    assert (house.push(), house.fake.calls) == ({}, [])


def test_who_refused_since_is_left_out(house):
    house.run()
    house.answer("approved")
    [key] = [key for customer, key in house.rows(person_account.c.customer_id, person_account.c.person_key) if customer == "c2"]
    with warehouse(house.home.warehouse_url) as target, target.begin() as connection:
        row = {"person_key": key, "channel": "email", "kind": "unsubscribed", "occurred_at": datetime(2025, 4, 1, 7)}
        connection.execute(channel_refusal.insert(), row)
    assert house.push() == {"done": 1}
    assert set(house.fake.people) == {"c1@example.com", "c3@example.com"}


def test_who_the_house_writes_to_itself_is_not_handed_over_too(house):
    house.run()
    house.answer("approved")
    mail = {"email": {"connection": "mail", "sender": "Acme <hello@acme.example>"}}
    assert house.push(file=BOTH | mail) == {"done": 1}
    assert house.fake.people == {}


def test_what_broke_off_is_tried_again_and_then_given_up_until_a_person_says_so(house):
    house.run()
    house.answer("approved")
    house.fake.fail_at = {2: 503, 5: 500}
    assert house.push() == {"waiting": 1}
    assert house.push(NOW + timedelta(seconds=59)) == {}
    assert house.push(NOW + timedelta(seconds=60)) == {"dead": 1}
    assert house.push(NOW + timedelta(hours=9)) == {}
    with warehouse(house.home.warehouse_url) as target:
        assert pushes.push_again(target, "renewal", NIGHT, "mailchimp") == 1
    assert house.push(NOW + timedelta(hours=9)) == {"done": 1}
    assert set(house.fake.people) == {f"{one}@example.com" for one in PEOPLE}
    assert house.fake.tags["renewal"] == set(house.fake.people)


def test_what_is_too_late_is_not_handed_over(house):
    house.run()
    house.answer("approved")
    assert house.push(NOW + timedelta(days=8)) == {}


def test_files_of_an_approved_run_go_where_they_are_fetched(house, tmp_path):
    house.run()
    there = {"files": {"to": f"file://{tmp_path}/there"}}
    assert house.push(file=there) == {}
    house.answer("approved")
    assert house.push(file=there) == {"done": 1}
    fetched = tmp_path / "there" / "renewal" / "2025-03-31"
    assert (fetched / "send.csv").read_bytes() == (house.home.lists("renewal", NIGHT) / "send.csv").read_bytes()
    assert (fetched / "manifest.json").is_file()
