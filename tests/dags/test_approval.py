"""A live campaign under a real Airflow: it asks in Airflow's own screen, sends what was approved by a real mail server, and nothing else.

Ann's term ends in 20 days. Two campaigns would write to her; one is approved, the other rejected.
"""

import email
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date
from email import policy

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from airflow_server import Airflow, free_port
from mandegar.campaigns.delivery.incoming import key_of
from mandegar.config.company import load
from mandegar.pipeline.nightly import run_night
from mandegar.pipeline.stages import Night
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import campaign_approval, channel_refusal, contact_event, delivery_event, outbox

pytestmark = pytest.mark.slow

NIGHT = "2025-10-11"
CUSTOMERS = "customer_id,name,kind,email,signed_up_at\nann,Ann Arden,person,ann@example.com,2023-10-31\n"
COLUMNS = (
    "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at,renews_at"
)
SUBSCRIPTIONS = f"""{COLUMNS}
s1,2024-10-31 09:00,ann,team,1,1200,USD,year,1,active,2023-10-31 09:00,2025-10-31 09:00
"""
DELIVERY = """email: {connection: acme_mail, sender: Acme <hello@acme.example>}
unsubscribe: https://acme.example/out
secret: acme_secret
"""
CAMPAIGN = """id: {id}
title: {{en: Renewal, fa: تمدید}}
owner: retention
priority: {priority}
dry_run: false
trigger: {{before: renewal, days: [8, 30]}}
consent: contract
channel: email
message: renewal_reminder
expires_after_days: 3650
limits: {{contacts: 9, days: 30, cool_down_days: 0}}
control: {{share: 0}}
"""


class Inbox:
    """Keeps the mails that came."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture(scope="module")
def inbox() -> Iterator[tuple[Inbox, int]]:
    box, port = Inbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, port
    server.stop()


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, inbox: tuple[Inbox, int]) -> Iterator[Airflow]:
    """Airflow over a company whose night was run, and whose two campaigns are live."""
    folder, home = tmp_path_factory.mktemp("company"), tmp_path_factory.mktemp("home")
    (folder / "campaigns").mkdir()
    contents = {
        "company.yaml": "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nchurn: {kind: contract}\n"
        "contacting: {from: '00:00', to: '24:00'}\n",
        "customer.csv": CUSTOMERS,
        "subscription.csv": SUBSCRIPTIONS,
        "delivery.yaml": DELIVERY,
        "campaigns/wanted.yaml": CAMPAIGN.format(id="wanted", priority=1),
        "campaigns/unwanted.yaml": CAMPAIGN.format(id="unwanted", priority=2),
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    assert run_night(Night(load(folder), Home(home), date.fromisoformat(NIGHT)), lambda text: None) == []
    connections = {
        "AIRFLOW_CONN_ACME_MAIL": f"smtp://127.0.0.1:{inbox[1]}",
        "AIRFLOW_CONN_ACME_SECRET": json.dumps({"conn_type": "generic", "password": "s3cret-of-links"}),
    }
    os.environ |= connections
    try:
        with Airflow(home, folder) as server:
            server.unpause(server.dags(5))
            yield server
    finally:
        for name in connections:
            del os.environ[name]


def asked(airflow: Airflow, campaign: str) -> dict | None:
    """The open question of a campaign's run, as Airflow's screen has it."""
    found = airflow.ask("GET", "/api/v2/dags/~/dagRuns/~/hitlDetails?response_received=false")["hitl_details"]
    return next((one for one in found if one["task_instance"]["dag_id"] == f"campaign_{campaign}"), None)


def answer(airflow: Airflow, campaign: str, option: str) -> dict:
    """Triggers a campaign for the night, waits for its question, and answers it; gives the question."""
    airflow.trigger(f"campaign_{campaign}", NIGHT)
    airflow.until(f"the question of {campaign}", lambda: asked(airflow, campaign) is not None, 120)
    question = asked(airflow, campaign)
    time.sleep(6)  # an answer within the scheduler's own turn fails the task
    one = question["task_instance"]
    path = f"/api/v2/dags/{one['dag_id']}/dagRuns/{one['dag_run_id']}/taskInstances/{one['task_id']}/-1/hitlDetails"
    airflow.ask("PATCH", path, {"chosen_options": [option], "params_input": {}})
    airflow.until(f"the end of {campaign}", lambda: airflow.runs(one["dag_id"]).get(NIGHT) in ("success", "failed"), 120)
    assert airflow.runs(one["dag_id"])[NIGHT] == "success"
    return question


@pytest.fixture(scope="module")
def questions(airflow: Airflow) -> dict[str, dict]:
    """Both questions, one approved, one rejected; then what is due was sent."""
    found = {"wanted": answer(airflow, "wanted", "Approve"), "unwanted": answer(airflow, "unwanted", "Reject")}
    airflow.ask("POST", "/api/v2/dags/delivery/dagRuns", {"logical_date": None})

    def sent() -> bool:
        with warehouse(Home(airflow.home).warehouse_url) as engine, engine.begin() as connection:
            return connection.execute(sa.select(sa.func.count()).where(outbox.c.state == "sent")).scalar() == 1

    airflow.until("the mail", sent, 120)
    return found


def rows(airflow: Airflow, *columns: sa.Column) -> list[tuple]:
    with warehouse(Home(airflow.home).warehouse_url) as engine, engine.begin() as connection:
        return sorted(tuple(row) for row in connection.execute(sa.select(*columns)))


def test_the_question_says_how_many_at_what_cost_and_whom_for_example(questions: dict[str, dict]) -> None:
    question = questions["wanted"]
    assert question["subject"] == f"Renewal: send 1 messages of {NIGHT}?"
    assert question["body"].startswith("To send: 1. Held out to compare with: 0. Not to be contacted: 0. Cost: 0.00 USD.")
    assert "> Your term ends on 31 October 2025" in question["body"]


def test_what_was_approved_comes_once_and_what_was_rejected_never(questions: dict[str, dict], inbox: tuple[Inbox, int]) -> None:
    [mail] = inbox[0].mails
    assert (mail["To"], mail["From"]) == ("ann@example.com", "Acme <hello@acme.example>")
    assert mail["List-Unsubscribe"].strip().startswith("<https://acme.example/out/1.")


def test_both_answers_are_kept_with_who_gave_them(airflow: Airflow, questions: dict[str, dict]) -> None:
    kept = campaign_approval.c
    assert rows(airflow, kept.campaign_id, kept.answer, kept.who) == [("unwanted", "rejected", "admin"), ("wanted", "approved", "admin")]


def test_who_was_not_written_to_does_not_count_as_contacted(airflow: Airflow, questions: dict[str, dict]) -> None:
    assert rows(airflow, outbox.c.campaign_id, outbox.c.state) == [("unwanted", "withdrawn"), ("wanted", "sent")]
    assert rows(airflow, contact_event.c.campaign_id, contact_event.c.mode) == [("wanted", "live")]


def opened(airflow: Airflow, method: str, path: str, body: bytes | None = None) -> tuple[int, str, dict]:
    """A page as anybody may open it, without a login."""
    request = urllib.request.Request(airflow.url + path, body, {"Accept-Language": "fa"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode(), dict(problem.headers)


def test_the_link_in_the_mail_unsubscribes_with_one_click_and_looking_at_it_does_not(
    airflow: Airflow, questions: dict[str, dict], inbox: tuple[Inbox, int]
) -> None:
    link = inbox[0].mails[0]["List-Unsubscribe"].strip().strip("<>")
    path = "/mandegar/unsubscribe/" + link.rsplit("/", 1)[1]
    refused = channel_refusal.c
    status, page, headers = opened(airflow, "GET", path)
    assert (status, page.count("<button"), rows(airflow, refused.channel)) == (200, 1, [])
    assert 'dir="rtl"' in page
    assert "default-src 'none'" in headers["content-security-policy"]
    assert opened(airflow, "GET", path + "0")[0] == 404
    status, page, _ = opened(airflow, "POST", path, b"List-Unsubscribe=One-Click")
    assert (status, page.count("<button"), rows(airflow, refused.channel, refused.kind)) == (200, 0, [("email", "unsubscribed")])


def test_a_gateway_tells_what_came_back_at_an_address_that_only_it_knows(airflow: Airflow, questions: dict[str, dict]) -> None:
    [message] = [one for one, state in rows(airflow, outbox.c.message_id, outbox.c.state) if state == "sent"]
    told = json.dumps({"id": message, "kind": "opened", "event_id": "e1"}).encode()
    path = "/mandegar/events/generic/"
    assert opened(airflow, "POST", path + "0" * 32, told)[0] == 404
    key = key_of("generic", "s3cret-of-links")
    assert opened(airflow, "POST", path + key, told)[:2] == (200, "1 new")
    assert opened(airflow, "POST", path + key, told)[:2] == (200, "0 new")
    assert opened(airflow, "POST", path + key, b"{not json")[0] == 400
    assert rows(airflow, delivery_event.c.message_id, delivery_event.c.kind) == [(message, "opened")]
