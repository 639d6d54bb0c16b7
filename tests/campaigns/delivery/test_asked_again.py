"""At the moment of sending the sources are asked: what was paid since the night is not reminded of, on a real night's company."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.campaigns.delivery.conftest import Mailbox

from mandegar.campaigns.delivery import outbox
from mandegar.campaigns.delivery.again import Still, still
from mandegar.campaigns.delivery.send import channels_of, send_due
from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.compute import engine as engines
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, score_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse

pytestmark = pytest.mark.slow

NIGHT = date(2025, 3, 31)
NOW = datetime(2025, 4, 1, 12, tzinfo=UTC)
PEOPLE = ("c1", "c2", "c3")
CUSTOMER = "customer_id,name,signed_up_at,email,time_zone\n"
CUSTOMER += "".join(f"{one},Sara,2025-01-01,{one}@example.com,{'America/New_York' if one == 'c3' else ''}\n" for one in PEOPLE)
SUBSCRIPTION = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
SUBSCRIPTION += "".join(f"s-{one},2025-01-01,{one},basic,1,10,USD,month,1,active,2025-01-01\n" for one in PEOPLE)
PAYMENT = "payment_id,customer_id,attempted_at,amount,currency,status\n" + "".join(f"f{c},{c},2025-03-30,10,USD,failed\n" for c in PEOPLE)
CAMPAIGN = """id: renewal
title: {en: Failed payment, fa: پرداخت ناموفق}
owner: retention
dry_run: false
trigger: {after: payment_failure, days: [0, 9]}
consent: contract
channel: email
message: payment_failed_first
limits: {contacts: 9, days: 30, cool_down_days: 1}
control: {share: 0}
goal: {is: pays}
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "company"
    (folder / "campaigns").mkdir(parents=True)
    files = {"company.yaml": "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nlocale: en\nchurn: {kind: contract}\n"}
    files |= {"customer.csv": CUSTOMER, "subscription.csv": SUBSCRIPTION, "payment.csv": PAYMENT, "campaigns/renewal.yaml": CAMPAIGN}
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    home = Home(tmp_path / "home")
    night = Night(companies.load(folder), home, NIGHT)
    for table in map(str, night.company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    score_stage(night)
    return home


def test_what_was_paid_since_the_night_is_not_reminded_of(home, tmp_path, a_message, mailbox: Mailbox):
    """c2 has paid at eleven this morning; c3, who has not, is in New York, where it is eight."""
    folder = tmp_path / "company"
    with (folder / "payment.csv").open("a") as file:
        file.write("p9,c2,2025-04-01 11:00:00,10,USD,succeeded\n")
    company = companies.load(folder)
    settings = DeliveryFile.model_validate({"email": {"connection": "mail", "sender": "Acme <hello@acme.example>"}})
    with warehouse(home.warehouse_url) as target:
        with target.begin() as connection:
            outbox.put(connection, [a_message(number) for number in (1, 2, 3)], "renewal", NIGHT)
        outbox.release(target, "renewal", NIGHT)
        with engines.start("duckdb", home.scratch) as computing:
            asked = still(company, home, target, computing, NOW)
        count = send_due(target, channels_of(company, settings, lambda: NOW), settings, asked, lambda: NOW, lambda _: None)
    assert {state: number for state, number in count.items() if number} == {"sent": 1, "withdrawn": 1, "waits for day": 1}
    assert mailbox.to == ["c1@example.com"]


def test_what_became_due_after_it_was_asked_is_left_to_the_next_time(engine, queued, company, mailbox, states):
    queued(1, not_before=datetime(2025, 4, 1, 12, 1))
    settings = DeliveryFile.model_validate({"email": {"connection": "mail", "sender": "Acme <hello@acme.example>"}})
    asked, later = Still(company, engine, frozenset({"renewal"})), datetime(2025, 4, 1, 12, 2, tzinfo=UTC)
    send_due(engine, channels_of(company, settings, lambda: later), settings, asked, lambda: later, lambda _: None, due_by=NOW)
    assert states() == {"c1": "queued"}
