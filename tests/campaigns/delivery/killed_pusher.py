"""A push that kills itself at the n-th step; steps are calls of the tool's API, files that are put where they are fetched, and what is
written down of the push."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
import steps
from steps import counted

from mandegar.campaigns.delivery import away, push_record, pushes
from mandegar.campaigns.delivery.audiences.mailchimp import Mailchimp
from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.config import company as companies
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse


def push(company: str, home: str, file: str, last: int, minutes: int) -> None:
    """Pushes on the morning of 1 April, or so many minutes later, two people at a time, until it dies; prints how many steps there were."""
    Mailchimp.most = 2
    requests.request, push_record.claim = counted(last, requests.request), counted(last, push_record.claim)
    away._put = counted(last, away._put)
    push_record.Claim.end = counted(last, push_record.Claim.end)
    settings, here = DeliveryFile.model_validate_json(file), Home(Path(home))
    at = datetime(2025, 4, 1, 8, tzinfo=UTC) + timedelta(minutes=minutes)
    with warehouse(here.warehouse_url) as target:
        runs = pushes.waiting_runs(companies.load(Path(company)), target, settings, at)
        pushes.push_due(here, target, settings, runs, lambda _: None, lambda: at)
    print(steps.done)
