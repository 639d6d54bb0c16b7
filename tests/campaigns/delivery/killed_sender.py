"""A sender that kills itself at the n-th step; steps are what it writes, and what it hands over."""

import smtplib
from datetime import UTC, datetime

import requests
import steps
from steps import counted

from mandegar.campaigns.delivery import again, outbox, send
from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.config.company import Company
from mandegar.config.settings import Churn
from mandegar.warehouse.connect import open_warehouse

COMPANY = Company(name="Acme", time_zone="Asia/Tehran", currency="USD", churn=Churn(kind="contract"))


def deliver(url: str, file: str, last: int, minutes: int) -> None:
    """Sends at noon, or so many minutes later, until it dies; prints how many steps there were."""
    outbox.mark, outbox.claim = counted(last, outbox.mark), counted(last, outbox.claim)
    smtplib.SMTP.data, requests.request = counted(last, smtplib.SMTP.data), counted(last, requests.request)
    settings = DeliveryFile.model_validate_json(file)
    at = datetime(2025, 4, 1, 12, minutes, tzinfo=UTC)
    engine = open_warehouse(url)
    still = again.Still(COMPANY, engine, frozenset({"renewal"}))
    send.send_due(engine, send.channels_of(COMPANY, settings, lambda: at), settings, still, lambda: at, lambda _: None)
    print(steps.done)
