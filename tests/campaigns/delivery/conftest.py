"""What the tests of delivery share: an outbox, a real mail server, and a real gateway over HTTP that counts what came."""

import email
import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_httpserver import HTTPServer
from tests.campaigns.delivery.let_go import CAMPAIGN, CUSTOMER, SUBSCRIPTION, House
from tests.campaigns.delivery.tools import FAKES, Fake
from werkzeug import Request, Response

from mandegar.campaigns.delivery import outbox
from mandegar.campaigns.delivery.audiences import api
from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, score_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse

NIGHT = date(2025, 3, 31)
NOON = datetime(2025, 4, 1, 12)


@dataclass
class Mailbox:
    """Keeps the mails that came; answers a recipient, or the mail itself, as it is told to."""

    port: int = 0
    at_recipient: str = "250 OK"
    at_mail: str = "250 OK"
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list) -> str:
        if self.at_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.at_mail.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))
            self.to += envelope.rcpt_tos
        return self.at_mail


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        box = Mailbox(free.getsockname()[1])
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    monkeypatch.setenv("AIRFLOW_CONN_MAIL", f"smtp://127.0.0.1:{box.port}")
    yield box
    server.stop()


@dataclass
class Posted:
    """What came to a gateway that knows a message by its key: every request, and each key once."""

    requests: list[tuple[str, dict, bytes]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    answer: tuple[int, dict] = (200, {"id": "g-1"})

    def take(self, request: Request) -> Response:
        self.requests.append((request.path, dict(request.headers), request.get_data()))
        if "Idempotency-Key" in request.headers and self.answer[0] == 200:
            self.keys.add(request.headers["Idempotency-Key"])
        return Response(json.dumps(self.answer[1]), status=self.answer[0], content_type="application/json")


@pytest.fixture
def gateway(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Posted:
    posted = Posted()
    httpserver.expect_request(re.compile(".*")).respond_with_handler(posted.take)
    monkeypatch.setenv(
        "AIRFLOW_CONN_GATEWAY", json.dumps({"host": httpserver.url_for("").rstrip("/"), "login": "me", "password": "s3cret-key"})
    )
    return posted


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[sa.Engine]:
    with warehouse(warehouse_url) as found:
        yield found


@pytest.fixture
def a_message() -> Callable[..., Outgoing]:
    """A mail to Sara that may go out on 1 April from 09:00 and until the 8th."""

    def make(number: int = 1, **other: object) -> Outgoing:
        usual = {
            "message_id": f"{number:040x}",
            "campaign_id": "renewal",
            "as_of": NIGHT,
            "stage": "d30",
            "customer_id": f"c{number}",
            "person_key": f"p{number}",
            "dedupe_key": f"d{number}",
            "channel": "email",
            "not_before": NOON - timedelta(hours=3),
            "expires_at": NOON + timedelta(days=7),
            "address": f"c{number}@example.com",
            "locale": "en",
            "subject": "Your term ends",
            "text": "Dear Sara,\n\nyour term ends soon.\n",
            "unsubscribe_url": "https://acme.example/u/t1",
        }
        return Outgoing(**usual | other)

    return make


@pytest.fixture
def queued(engine: sa.Engine, a_message: Callable[..., Outgoing]) -> Callable[..., list[Outgoing]]:
    """Messages in the outbox that were let go."""

    def make(count: int = 1, **other: object) -> list[Outgoing]:
        messages = [a_message(number, **other) for number in range(1, count + 1)]
        with engine.begin() as connection:
            outbox.put(connection, messages, "renewal", NIGHT)
        outbox.release(engine, "renewal", NIGHT)
        return messages

    return make


@pytest.fixture
def states(engine: sa.Engine) -> Callable[[], dict[str, str]]:
    """The state of every message, by customer."""

    def read() -> dict[str, str]:
        row = outbox.outbox.c
        with engine.begin() as connection:
            return {one.customer_id: one.state for one in connection.execute(sa.select(row.customer_id, row.state))}

    return read


@pytest.fixture(scope="session")
def nights(tmp_path_factory) -> Path:
    """The company, and its lake after a night."""
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


@pytest.fixture(scope="session")
def agreed(nights: Path, tmp_path_factory) -> Path:
    """The home of the company after a live run that somebody agreed to; to be copied."""
    home = tmp_path_factory.mktemp("agreed")
    (home / "lake").symlink_to(nights / "lake")
    house = House(nights, Home(home), FAKES["mailchimp"]())
    house.run()
    house.answer("approved")
    return home


@pytest.fixture
def mailchimp(httpserver: HTTPServer, monkeypatch) -> Fake:
    """The tool that send lists go to; nobody waits for it in earnest."""
    monkeypatch.setattr(api, "pause", lambda seconds: None)
    fake = FAKES["mailchimp"]()
    httpserver.expect_request(re.compile(".*")).respond_with_handler(fake.take)
    monkeypatch.setenv("AIRFLOW_CONN_TOOL", json.dumps({"host": httpserver.url_for("").rstrip("/"), "password": fake.key}))
    return fake


@pytest.fixture
def house(nights: Path, tmp_path: Path, mailchimp: Fake) -> House:
    """The company before its live run."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "lake").symlink_to(nights / "lake")
    shutil.copytree(nights / "company", tmp_path / "company")
    return House(tmp_path, Home(tmp_path / "home"), mailchimp)


@pytest.fixture
def approved(nights: Path, agreed: Path, tmp_path: Path, mailchimp: Fake) -> House:
    """The company after a live run that somebody agreed to."""
    shutil.copytree(agreed, tmp_path / "home", symlinks=True)
    shutil.copytree(nights / "company", tmp_path / "company")
    return House(tmp_path, Home(tmp_path / "home"), mailchimp)
