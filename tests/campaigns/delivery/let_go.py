"""A company with a campaign whose live run can be let go, and the tool that its send list goes to."""

from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa
from tests.campaigns.delivery.tools import Fake
from tests.nights_that_hold import hold

from mandegar.campaigns import approval
from mandegar.campaigns.delivery import pushes
from mandegar.campaigns.delivery.again import still
from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.campaigns.file.load import load
from mandegar.compute import engine as engines
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, campaign_stage
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import list_push

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
LISTS = {"audiences": {"mailchimp": {"connection": "tool", "list": "abc123", "attempts": 2}}}


class House:
    """The company after a live run, and the tool."""

    def __init__(self, folder: Path, home: Home, fake: Fake) -> None:
        self.company, self.home, self.fake = companies.load(folder / "company"), home, fake

    def run(self, live: bool = True) -> None:
        hold(self.home, NIGHT)
        campaign_stage(Night(self.company, self.home, NIGHT), "renewal", live)

    def answer(self, said: str) -> None:
        with warehouse(self.home.warehouse_url) as target:
            approval.answer(target, load(self.company, "renewal"), NIGHT, said, "ana", datetime(2025, 4, 1, 6))

    def push(self, now: datetime = NOW, file: dict = LISTS) -> dict[str, int]:
        settings = DeliveryFile.model_validate(file)
        with warehouse(self.home.warehouse_url) as target:
            runs = pushes.waiting_runs(self.company, target, settings, now)
            with engines.start("duckdb", self.home.scratch) as computing:
                asked = still(self.company, self.home, target, computing, now, runs=[(run.campaign.id, run.as_of) for run in runs])
            return pushes.push_due(self.home, target, settings, runs, asked.why_not, lambda: now)

    def rows(self, *columns: sa.Column) -> list[tuple]:
        with warehouse(self.home.warehouse_url) as target, target.begin() as connection:
            return [tuple(row) for row in connection.execute(sa.select(*columns))]

    def state(self) -> list[tuple]:
        return self.rows(list_push.c.target, list_push.c.state, list_push.c.rows, list_push.c.attempts)

    def told(self) -> list[tuple]:
        return self.rows(list_push.c.state, list_push.c.attempts, list_push.c.reason)
