"""Handing a message over: by mail (SMTP), or to a webhook. Addresses and secrets come from connections and stand in no message."""

import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from urllib.parse import urlsplit

import requests

from mandegar.config.company import Company
from mandegar.errors import SourceError
from mandegar.quality.suites.suite_file import Owner
from mandegar.reporting.alerts.connections import SMTP
from mandegar.reporting.alerts.message import Message
from mandegar.sources.connections import Connection, connection
from mandegar.sources.redaction import Secrets

SECONDS = 20
LOCAL = ("localhost", "127.0.0.1", "::1")


def channels(owner: Owner) -> dict[str, Callable[[Company, Message, datetime], None]]:
    """How an owner hears of it: mail, webhook, or both."""
    found: dict[str, Callable[[Company, Message, datetime], None]] = {}
    if owner.mail:
        address = owner.mail
        found["mail"] = lambda company, message, now: by_mail(address, message, now)
    if owner.webhook:
        name = owner.webhook
        found["webhook"] = lambda company, message, now: by_webhook(name, company, message)
    return found


def by_mail(address: str, message: Message, now: datetime) -> None:
    """Hands a message to the SMTP server of the connection mandegar_smtp; its Message-ID is the same when it is sent again.

    The connection: host, port, login, password; extra `from` (else the login), `security` (starttls, ssl or none; else
    starttls, of a server on this machine none). Errors: SourceError, without the server's secrets.
    """
    shown = f"mail to {address}"
    server = connection(SMTP, shown)
    host, port = _host(server, shown)
    security = server.values.get("security") or ("ssl" if port == 465 else "none" if host in LOCAL else "starttls")
    sender = server.values.get("from") or server.values.get("login") or f"mandegar@{host}"
    mail = MIMEMultipart("alternative", boundary=f"={message.fingerprint}")
    mail.attach(MIMEText(message.body, "plain", "utf-8"))
    mail.attach(MIMEText(message.html, "html", "utf-8"))
    mail["From"], mail["To"] = sender, address
    mail["Subject"] = Header(message.subject, "utf-8", header_name="Subject").encode()  # EmailMessage loses spaces where it folds Persian
    mail["Date"], mail["Message-ID"] = format_datetime(now), f"<{message.fingerprint}@mandegar>"
    mail["Auto-Submitted"] = "auto-generated"
    secure = ssl.create_default_context()
    try:
        opened = (
            smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=secure)
            if security == "ssl"
            else smtplib.SMTP(host, port, timeout=SECONDS)
        )
        with opened as smtp:
            if security == "starttls":
                smtp.starttls(context=secure)
            if server.values.get("password"):
                smtp.login(server.values.get("login", ""), server.values["password"])
            smtp.send_message(mail)
    except (smtplib.SMTPException, OSError) as problem:
        said = _plain(problem, server)
        raise SourceError(f"{shown}: {host}:{port} did not take it ({said}). Check the connection {SMTP!r}.") from None


def by_webhook(name: str, company: Company, message: Message) -> None:
    """Posts a message as JSON to the address of a connection; a login's password, if there is one, goes as a bearer token.

    The header Idempotency-Key is the same when it is sent again. Errors: SourceError, without the address.
    """
    shown = f"webhook {name}"
    given = connection(name, shown)
    address = given.values.get("url") or given.value("url", shown)
    headers = {"Idempotency-Key": message.fingerprint}
    if given.values.get("password"):
        headers["Authorization"] = f"Bearer {given.values['password']}"
    try:
        answer = requests.post(address, json=message.payload(company), headers=headers, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as problem:
        raise SourceError(f"{shown}: does not answer ({type(problem).__name__}). Check the connection {name!r}.") from None
    if answer.status_code // 100 != 2:
        raise SourceError(f"{shown}: answered {answer.status_code}. Check the connection {name!r}.")


def _host(server: Connection, shown: str) -> tuple[str, int]:
    parts = urlsplit(server.value("url", shown))
    return parts.hostname or "localhost", parts.port or 25


def _plain(problem: Exception, server: Connection) -> str:
    """What a server said, in one line, without what is secret."""
    return Secrets.of(server).told(problem)[:200] or type(problem).__name__
