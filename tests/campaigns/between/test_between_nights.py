"""Between two nights: an answer of ten in the morning is a task a moment later, once, and the night that closes the day leaves it so."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.nights_that_hold import hold

from mandegar.campaigns.between.look import look
from mandegar.compute import engine
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, campaigns_stage, conform_stage, extract_stage, look_stage, score_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.storage.lake import Lake
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import campaign_member, campaign_run, contact_event, customer_task, outbox, published_night

pytestmark = pytest.mark.slow

LAST, TODAY = date(2025, 3, 31), date(2025, 4, 1)
TEN = datetime(2025, 4, 1, 6, 30, tzinfo=UTC)  # in Tehran
COMPANY = "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nlocale: en\nchurn: {kind: contract}\n"
PEOPLE = ("c1", "c2", "c3", "c4")
CUSTOMER = "customer_id,name,signed_up_at,email,owner\n" + "".join(f"{one},Sara,2025-01-01,{one}@example.com,Ali\n" for one in PEOPLE)
SUBSCRIPTION = "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at\n"
SUBSCRIPTION += "".join(f"s-{one},2025-01-01,{one},basic,1,10,USD,month,1,active,2025-01-01\n" for one in PEOPLE)
SURVEY = "response_id,customer_id,kind,score,answered_at\nr0,c1,nps,9,2025-03-01 08:00:00\nr1,c3,nps,2,2025-03-20 08:00:00\n"
CAMPAIGN = """id: unhappy
title: {en: Unhappy, fa: ناراضی}
owner: success
dry_run: false
priority: 5
trigger: {after: answer, days: [0, 2], between_nights: true}
audience: {field: nps_last, at_most: 6}
consent: contract
channel: task
message: detractor_task
task_hours: 24
approval: {above: 5}
limits: {contacts: 20, days: 30, cool_down_days: 0}
control: {share: 0}
"""


class House:
    """A company whose night of 31 March was run, and the day after it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.said = folder / "company", Home(folder / "home"), []
        (self.folder / "campaigns").mkdir(parents=True)
        files = {"company.yaml": COMPANY, "customer.csv": CUSTOMER, "subscription.csv": SUBSCRIPTION, "survey.csv": SURVEY}
        for name, content in (files | {"campaigns/unhappy.yaml": CAMPAIGN}).items():
            (self.folder / name).write_text(content, encoding="utf-8")
        self.company = companies.load(self.folder)

    def answer(self, *rows: str) -> None:
        with (self.folder / "survey.csv").open("a", encoding="utf-8") as file:
            file.writelines(f"{row}\n" for row in rows)

    def night(self, as_of: date, campaigns: bool = False) -> None:
        this = Night(self.company, self.home, as_of)
        for table in map(str, self.company.tables()):
            extract_stage(this, table)
            validate_stage(this, table)
        conform_stage(this)
        score_stage(this)
        hold(self.home, as_of)
        if campaigns:
            campaigns_stage(this, ["unhappy"], live=True)

    def look(self, now: datetime = TEN) -> dict[str, int]:
        lake = Lake(self.home.lake)
        nights = lake.windows("marts", "customer_risk")
        scratch = self.home.scratch
        with warehouse(self.home.warehouse_url) as target, engine.start("duckdb", scratch) as computing:
            return look(companies.load(self.folder), lake, target, computing, nights[-1], now, scratch, self.said.append)

    def rows(self, *columns: sa.Column) -> list[tuple]:
        with warehouse(self.home.warehouse_url) as target, target.begin() as connection:
            return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*columns))]

    def tasks(self) -> list[tuple]:
        return self.rows(customer_task.c.customer_id, customer_task.c.opened_at, customer_task.c.due_at)


@pytest.fixture
def house(tmp_path: Path, begun: Callable) -> House:
    made = House(tmp_path)
    begun.begin(("between nights",), made.home.root, lambda: made.night(LAST))
    return made


def test_an_answer_is_a_task_at_once_and_once(house):
    """c1 was a promoter by the night; c2 answers well; c3's old answer is not looked at; what nobody is known by is left out."""
    assert house.look() == {}
    house.answer("r2,c1,nps,3,2025-04-01 09:50:00", "r3,c2,nps,10,2025-04-01 09:55:00", "r4,nobody,nps,1,2025-04-01 09:56:00")
    assert house.look() == {"unhappy": 1}
    ten = datetime(2025, 4, 1, 6, 30)
    assert house.tasks() == [("c1", ten, ten + timedelta(hours=24))]
    assert house.look(TEN + timedelta(minutes=15)) == {"unhappy": 0}
    assert len(house.tasks()) == 1


def test_the_night_that_closes_the_day_gives_what_came_after_the_last_look_and_nothing_twice(house):
    house.answer("r2,c1,nps,3,2025-04-01 09:50:00")
    house.look()
    house.answer("r5,c4,nps,0,2025-04-01 23:59:00")
    house.night(TODAY, campaigns=True)
    assert house.rows(campaign_member.c.customer_id, campaign_member.c.decision) == [("c1", "send"), ("c4", "send")]
    assert house.rows(campaign_run.c.as_of, campaign_run.c.mode, campaign_run.c.send, campaign_run.c.considered) == [(TODAY, "live", 2, 2)]
    assert [row[0] for row in house.rows(contact_event.c.customer_id)] == ["c1", "c4"]
    assert house.rows(outbox.c.customer_id, outbox.c.state) == [("c1", "queued"), ("c4", "held")]
    house.night(TODAY, campaigns=True)
    house.look(datetime(2025, 4, 2, 6, 30, tzinfo=UTC))
    assert [row[0] for row in house.rows(contact_event.c.customer_id)] == ["c1", "c4"]


def test_a_later_answer_of_the_same_customer_is_left_to_the_next_day(house):
    house.answer("r2,c1,nps,3,2025-04-01 09:50:00")
    house.look()
    house.answer("r6,c1,nps,1,2025-04-01 15:00:00")
    assert house.look(TEN + timedelta(hours=6)) == {"unhappy": 0}
    assert len(house.tasks()) == 1


def test_more_than_may_go_unasked_wait_for_the_question_of_the_night(house):
    file = house.folder / "campaigns" / "unhappy.yaml"
    file.write_text(CAMPAIGN.replace("above: 5", "above: 1"), encoding="utf-8")
    house.answer("r2,c1,nps,3,2025-04-01 09:50:00")
    house.look()
    house.answer("r7,c2,nps,3,2025-04-01 10:50:00")
    assert house.look(TEN + timedelta(hours=1)) == {"unhappy": 1}
    assert house.rows(outbox.c.customer_id, outbox.c.state) == [("c1", "queued"), ("c2", "held")]
    house.look(TEN + timedelta(hours=2))
    assert house.rows(outbox.c.customer_id, outbox.c.state) == [("c1", "queued"), ("c2", "held")]


def test_a_row_that_cannot_be_read_stops_no_other_and_a_source_that_lost_its_columns_is_said(house):
    house.answer(
        "r2,c1,nps,very bad,2025-04-01 09:50:00", "r7,c2,nps,3,2025-04-01 09:59:00", *(f"q{n},c4,nps,9,2025-03-0{n}" for n in range(1, 9))
    )
    assert house.look() == {"unhappy": 1}
    assert [row[0] for row in house.tasks()] == ["c2"]
    (house.folder / "survey.csv").write_text("response_id\nr9\n")
    assert house.look() == {}
    assert house.said[-1].startswith("not looked at: ")


def test_the_lake_of_the_nights_knows_nothing_of_a_look(house):
    def files() -> set[Path]:
        return {path for path in house.home.lake.rglob("*") if path.is_file()}

    before = files()
    house.answer("r2,c1,nps,3,2025-04-01 09:50:00")
    assert house.look() == {"unhappy": 1}
    assert files() == before


def test_what_a_day_has_sent_counts_for_other_campaigns_of_its_night(house):
    """c1 was contacted by mail at ten; the other campaign, which goes first by its number, may contact nobody twice in a week."""
    by_mail = CAMPAIGN.replace("channel: task", "channel: email").replace("detractor_task", "silence")
    (house.folder / "campaigns" / "unhappy.yaml").write_text(by_mail, encoding="utf-8")
    other = by_mail.replace("unhappy", "asks").replace("priority: 5", "priority: 1").replace(", between_nights: true", "")
    other = other.replace("contacts: 20, days: 30", "contacts: 1, days: 7")
    (house.folder / "campaigns" / "asks.yaml").write_text(other, encoding="utf-8")
    house.company = companies.load(house.folder)
    house.answer("r2,c1,nps,3,2025-04-01 09:50:00")
    assert house.look() == {"unhappy": 1}
    house.night(TODAY)
    [asks] = campaigns_stage(Night(house.company, house.home, TODAY), ["asks"], live=True)
    assert (asks.send, asks.suppressed) == (0, {"frequency_cap": 1})


def test_the_stage_looks_at_this_moment_and_gives_way_to_a_night(house):
    """By the real clock the last night is long ago: the answers of 2025 are older than two days, and nobody is contacted."""
    house.answer("r2,c1,nps,3,2025-04-01 09:50:00")
    assert look_stage(companies.load(house.folder), house.home) == {"unhappy": 0}


def test_the_stage_does_not_stand_on_a_night_that_is_not_published(house):
    with warehouse(house.home.warehouse_url) as target, target.begin() as connection:
        connection.execute(published_night.delete())
    assert look_stage(companies.load(house.folder), house.home) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("after: answer", "after: sign_up"), "between_nights: only answer, ticket_solved, payment_failure"),
        (("approval: {above: 5}\n", ""), "between_nights: nobody can be asked every 15 minutes"),
    ],
)
def test_a_file_that_cannot_be_asked_between_nights_is_refused(house, change, told):
    (house.folder / "campaigns" / "unhappy.yaml").write_text(CAMPAIGN.replace(*change), encoding="utf-8")
    with pytest.raises(Exception, match=told):
        house.look()
