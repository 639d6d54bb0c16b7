"""By mail: SMTP, plain text and HTML, a link to unsubscribe that works with one click."""

import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit

from mandegar.campaigns.delivery.channel import Failed, InDoubt, Refused
from mandegar.campaigns.delivery.outbox import Outgoing
from mandegar.campaigns.delivery.settings import Mail
from mandegar.campaigns.messages.render import html
from mandegar.config.company import Company
from mandegar.language.catalogue import Said
from mandegar.sources.connections import Connection, connection
from mandegar.sources.redaction import Secrets

SECONDS = 30
LINES = compat32.clone(linesep="\r\n")
LOCAL = ("localhost", "127.0.0.1", "::1")
UNSUBSCRIBE = Said("Unsubscribe")


class Smtp:
    """A mail server. It does not know a message by its key: what was cut off within the message itself is uncertain."""

    knows_keys = False

    def __init__(self, company: Company, settings: Mail, now: Callable[[], datetime]) -> None:
        self._company, self._settings, self._now = company, settings, now
        self._server: Connection = connection(settings.connection, "delivery.yaml: email")

    def send(self, message: Outgoing, about_to: Callable[[], None]) -> str | None:
        """Hands a mail to the server; what it calls it is the Message-ID. Errors: Refused, Failed, InDoubt, without secrets."""
        mail, under_way = self.mail(message), False
        try:
            smtp = self._opened()
            try:
                smtp.ehlo_or_helo_if_needed()
                self._said(smtp.mail(parseaddr(self._settings.sender)[1]))
                self._said(smtp.rcpt(message.address))
                about_to()
                under_way = True
                answer = smtp.data(mail.as_bytes(policy=LINES))
                under_way = False
                self._said(answer)
            finally:
                _closed(smtp)
        except (smtplib.SMTPException, OSError) as problem:
            told = Secrets.of(self._server).told(problem)[:200] or type(problem).__name__
            answered = isinstance(problem, smtplib.SMTPResponseException)
            raise InDoubt(told) if under_way and not answered else Failed(told) from None
        return f"<{message.message_id}@mandegar>"

    def mail(self, message: Outgoing) -> MIMEMultipart:
        """The mail as it is sent: the same bytes whenever it is."""
        link = message.unsubscribe_url or ""
        told = UNSUBSCRIBE.told(message.locale)
        page = html(message.subject, message.text, message.locale, self._company.name, link, told)
        footer = f"\n-- \n{told}: {link}\n" if link else ""
        mail = MIMEMultipart("alternative", boundary=f"={message.message_id}")
        mail.attach(MIMEText(message.text + footer, "plain", "utf-8"))
        mail.attach(MIMEText(page, "html", "utf-8"))
        mail["From"], mail["To"] = self._settings.sender, message.address
        if self._settings.reply_to:
            mail["Reply-To"] = self._settings.reply_to
        mail["Subject"] = Header(message.subject, "utf-8", header_name="Subject").encode()
        mail["Date"], mail["Message-ID"] = format_datetime(self._now()), f"<{message.message_id}@mandegar>"
        mail["Content-Language"] = message.locale
        if link:
            mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"] = f"<{link}>", "List-Unsubscribe=One-Click"
        return mail

    def _opened(self) -> smtplib.SMTP:
        parts = urlsplit(self._server.value("url", "delivery.yaml: email"))
        host, port = parts.hostname or "localhost", parts.port or 25
        values = self._server.values
        security = values.get("security") or ("ssl" if port == 465 else "none" if host in LOCAL else "starttls")
        secure = ssl.create_default_context()
        if security == "ssl":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=secure)
        else:
            smtp = smtplib.SMTP(host, port, timeout=SECONDS)
        if security == "starttls":
            smtp.starttls(context=secure)
        if values.get("password"):
            smtp.login(values.get("login", ""), values["password"])
        return smtp

    def _said(self, answer: tuple[int, bytes]) -> None:
        """Errors: Refused for good (5xx), Failed for now."""
        code, text = answer
        if code // 100 == 2:
            return
        told = f"{code} {Secrets.of(self._server).told(Exception(text.decode('utf-8', 'replace')))}"[:200]
        raise Refused(told) if code // 100 == 5 else Failed(told)


def _closed(smtp: smtplib.SMTP) -> None:
    """Says good-bye; what a server makes of that changes nothing."""
    try:
        smtp.quit()
    except (smtplib.SMTPException, OSError):
        smtp.close()
