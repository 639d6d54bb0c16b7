"""What the tests of alerts share: a company with nights of three tables, a real SMTP server and a real HTTP server."""

import email
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from mandegar.config import company as companies
from mandegar.config.company import Company
from mandegar.pipeline.stages import Night, alert_stage, extract_stage, validate_stage
from mandegar.quality.validate import validate
from mandegar.reporting.alerts.alert import alert
from mandegar.sources.extract import extract
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake
from mandegar.warehouse import tables
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.publish import quality

NOW = datetime(2025, 4, 1, 2, 30, tzinfo=UTC)
CUSTOMER = "customer_id,name,signed_up_at,email\n"
SPEND = "day,channel,amount,currency\n"


@dataclass
class Box:
    """Keeps the mails that came; refuses them as long as it is told to."""

    refuse: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse:
            return "451 mailbox busy"
        assert isinstance(envelope.content, bytes)
        self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))
        self.to.append(envelope.rcpt_tos)
        return "250 OK"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A real SMTP server on a free port, and the connection that leads to it."""
    box = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("AIRFLOW_CONN_MANDEGAR_SMTP", f"smtp://127.0.0.1:{port}?from=mandegar%40acme.example")
    yield box
    server.stop()


class Acme:
    """A company whose nights are validated, and whose owners are told."""

    def __init__(self, make_company, home: Path, begun) -> None:
        self._make, self.home, self._begun = make_company, Home(home), begun
        self.locale, self.calendar = "en", "gregorian"
        self.quality = "all: {owner: {name: Data team, mail: data@acme.example}}\n"

    def folder(self, spend: str = "", customer: str = "") -> Path:
        files = {"subscription.csv": "subscription_id\n", "quality.yaml": self.quality}
        files |= {"customer.csv": CUSTOMER + "c1,Sara,2025-01-01,sara@example.com\n" + customer}
        files |= {"spend.csv": SPEND + "2025-01-01,ads,1,USD\n2025-01-02,ads,1,USD\n" + spend}
        return self._make(files, locale=self.locale, calendar=self.calendar)

    def night(self, as_of: date, **rows: str) -> tuple[dict[str, int], list[str]]:
        """Validates customers and spend, puts the counts where publishing puts them, and tells the owners."""
        company, lake = companies.load(self.folder(**rows)), Lake(self.home.lake)
        if self.home.root.exists():
            self._validated(company, lake, as_of)
        else:  # who owns what says nothing about the rows
            name = ("acme", as_of, self.locale, *sorted(rows.items()))
            self._begun.begin(name, self.home.root, lambda: self._validated(company, lake, as_of))
        with warehouse(self.home.warehouse_url) as target:
            return alert(company, lake, target, as_of, NOW)

    def _validated(self, company: Company, lake: Lake, as_of: date) -> None:
        for name in ("files.customer", "files.spend"):
            extract(company, lake, company.table(name), as_of)
            validate(company, lake, company.table(name), as_of)
        self.published(lake, as_of)

    def published(self, lake: Lake, as_of: date) -> None:
        with warehouse(self.home.warehouse_url) as target, target.begin() as connection:
            quality(connection, lake, as_of)

    def stages(self, as_of: date, table: str, **rows: str) -> None:
        """Takes a table as a night does, with its line in the run log; what goes wrong is in that line."""
        night = Night(companies.load(self.folder(**rows)), self.home, as_of)
        extract_stage(night, table)
        validate_stage(night, table)

    def told(self, as_of: date) -> None:
        """The alert stage itself."""
        alert_stage(Night(companies.load(self.folder()), self.home, as_of))

    def sent(self) -> list[tuple]:
        with warehouse(self.home.warehouse_url) as target, target.begin() as connection:
            ledger = tables.quality_alert.c
            query = sa.select(ledger.as_of, ledger.owner, ledger.channel, ledger.findings).order_by(ledger.as_of, ledger.channel)
            return [tuple(row) for row in connection.execute(query)]


@pytest.fixture
def acme(make_company, tmp_path: Path, begun) -> Acme:
    return Acme(make_company, tmp_path / "home", begun)
