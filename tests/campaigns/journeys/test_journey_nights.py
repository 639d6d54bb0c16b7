"""A journey night after night: who signed up on 30 March is welcomed, taught if nothing was used, and let go when it is paid."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.nights_that_hold import hold

from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, campaign_stage, conform_stage, extract_stage, score_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import delivery_event, journey_step, outbox

pytestmark = pytest.mark.slow

FIRST = date(2025, 3, 31)
DAYS = [FIRST + timedelta(days=days) for days in (0, 1, 3, 4)]
COMPANY = "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nlocale: en\nchurn: {kind: contract}\n"
CUSTOMER = """customer_id,name,signed_up_at,email,do_not_contact
c1,Sara,2025-03-30,sara@example.com,
c2,Ali,2025-03-30,ali@example.com,
c3,Mina,2025-03-30,mina@example.com,true
c4,Old,2025-01-01,old@example.com,
"""
SUBSCRIPTION = """subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at
s1,2025-03-30,c1,basic,1,10,USD,month,1,active,2025-03-30
s2,2025-03-30,c2,basic,1,10,USD,month,1,active,2025-03-30
s3,2025-03-30,c3,basic,1,10,USD,month,1,active,2025-03-30
s4,2025-01-01,c4,basic,1,10,USD,month,1,active,2025-01-01
"""
USAGE = "customer_id,day,feature,events\nc2,2025-04-01,export,3\n"
SURVEY = "response_id,customer_id,kind,score,answered_at\nr1,c1,nps,9,2025-04-04 08:00:00\n"
WELCOME = """id: welcome
title: {en: Welcome, fa: خوش آمدید}
owner: success
trigger: {after: sign_up, days: [0, 3]}
consent: contract
channel: email
limits: {contacts: 9, days: 30, cool_down_days: 0}
control: {share: 0}
expires_after_days: 2
goal: {is: answers}
steps:
  - {name: hello}
  - {name: lesson, after_days: 3, if: {not: {used: anything, in_days: 30}}}
  - {name: survey, after_days: 1}
"""

Run = Callable[[date], object]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[companies.Company, Path]:
    folder = tmp_path_factory.mktemp("journey")
    (folder / "company" / "campaigns").mkdir(parents=True)
    contents = {"company.yaml": COMPANY, "customer.csv": CUSTOMER, "subscription.csv": SUBSCRIPTION, "usage.csv": USAGE}
    for name, content in (contents | {"survey.csv": SURVEY, "campaigns/welcome.yaml": WELCOME}).items():
        (folder / "company" / name).write_text(content, encoding="utf-8")
    company = companies.load(folder / "company")
    for as_of in DAYS:
        night = Night(company, Home(folder), as_of)
        for table in map(str, company.tables()):
            extract_stage(night, table)
            validate_stage(night, table)
        conform_stage(night)
        score_stage(night)
    return company, folder / "lake"


@pytest.fixture
def home(nights, tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "lake").symlink_to(nights[1])
    made = Home(tmp_path / "home")
    hold(made, *DAYS)
    return made


@pytest.fixture
def run(nights, home: Home) -> Run:
    return lambda as_of, live=False: campaign_stage(Night(nights[0], home, as_of), "welcome", live)


def sent(home: Home, as_of: date) -> list[tuple[str, str]]:
    """Who is on the send list, and at which step."""
    header, *lines = (home.lists("welcome", as_of) / "send.api.csv").read_text().splitlines()
    names = header.split(",")
    return [(line.split(",")[names.index("account_id")], line.split(",")[names.index("reason_code")]) for line in lines]


def stands(home: Home) -> dict[str, tuple[str, str, date]]:
    """Where everyone stands by the last night: step, state, due on."""
    row = journey_step.c
    with warehouse(home.warehouse_url) as engine, engine.begin() as connection:
        rows = connection.execute(sa.select(row.customer_id, row.step, row.state, row.due_on).order_by(row.as_of)).all()
    return {customer: (step, state, due) for customer, step, state, due in rows}


def test_everyone_goes_their_way_night_after_night(run, home):
    """31 March: hello to Sara and Ali; Mina, who wants no contact, waits. 3 April: the lesson is Sara's alone, as Ali has used it; Mina's
    hello has waited two days and is left out. 4 April: the survey is Ali's; Sara has answered one, and is at the goal."""
    for as_of in DAYS[:1]:
        run(as_of)
    assert sent(home, FIRST) == [("c1", "hello"), ("c2", "hello")]
    assert stands(home) == {
        "c1": ("lesson", "waiting", date(2025, 4, 3)),
        "c2": ("lesson", "waiting", date(2025, 4, 3)),
        "c3": ("hello", "waiting", FIRST),
    }
    run(DAYS[1])
    assert sent(home, DAYS[1]) == []
    run(DAYS[2])
    assert sent(home, DAYS[2]) == [("c1", "lesson")]
    assert stands(home) == {
        "c1": ("survey", "waiting", date(2025, 4, 4)),
        "c2": ("survey", "waiting", date(2025, 4, 4)),
        "c3": ("lesson", "waiting", date(2025, 4, 6)),
    }
    run(DAYS[3])
    assert sent(home, DAYS[3]) == [("c2", "survey")]
    assert stands(home) == {
        "c1": ("survey", "goal", date(2025, 4, 4)),
        "c2": ("survey", "done", date(2025, 4, 4)),
        "c3": ("lesson", "waiting", date(2025, 4, 6)),
    }


def test_a_night_run_again_goes_the_same_way(run, home):
    for as_of in DAYS[:3]:
        run(as_of)
    before = stands(home), (home.lists("welcome", DAYS[2]) / "send.csv").read_bytes()
    run(DAYS[1])
    run(DAYS[2])
    assert (stands(home), (home.lists("welcome", DAYS[2]) / "send.csv").read_bytes()) == before


def test_a_changed_file_does_not_throw_out_who_is_under_way(run, home, nights):
    """The new file knows neither lesson nor survey; Sara and Ali, who began by the old one, go on by it."""
    company, _ = nights
    file = company.folder / "campaigns" / "welcome.yaml"
    run(FIRST)
    try:
        file.write_text(
            WELCOME[: WELCOME.index("steps:")] + "steps:\n  - {name: hello}\n  - {name: gift, after_days: 1}\n", encoding="utf-8"
        )
        run(DAYS[2])
    finally:
        file.write_text(WELCOME, encoding="utf-8")
    assert ("c1", "lesson") in sent(home, DAYS[2])
    assert stands(home)["c1"] == ("survey", "waiting", date(2025, 4, 4))


def test_a_dry_run_moves_nobody_s_real_journey(run, home):
    run(FIRST)
    run(DAYS[1], live=True)
    assert sent(home, DAYS[1]) == [("c1", "hello"), ("c2", "hello")]


@pytest.mark.parametrize(("rule", "kind"), [("{opened: welcome, in_days: 3}", "opened"), ("{interaction: replied, in_days: 3}", "replied")])
def test_a_journey_branches_on_what_was_opened_or_replied_to(run, home, nights, rule, kind):
    """Sara did so on 2 April, Ali on the 4th: on 3 April the lesson is for her alone."""
    file = nights[0].folder / "campaigns" / "welcome.yaml"
    try:
        file.write_text(WELCOME.replace("{not: {used: anything, in_days: 30}}", rule), encoding="utf-8")
        run(FIRST)
        did(home, "c1", kind, datetime(2025, 4, 2, 9))
        did(home, "c2", kind, datetime(2025, 4, 4, 9))
        run(DAYS[2])
    finally:
        file.write_text(WELCOME, encoding="utf-8")
    assert sent(home, DAYS[2]) == [("c1", "lesson")]


def did(home: Home, customer: str, kind: str, at: datetime) -> None:
    """Notes what a customer did with the message of the welcome's first step, as a gateway tells it."""
    told = {"campaign_id": "welcome", "as_of": FIRST, "stage": "hello", "channel": "email", "state": "sent", "attempts": 1}
    message = {"message_id": f"m-{customer}", "customer_id": customer, "person_key": f"p-{customer}", "dedupe_key": f"d-{customer}"}
    event = {"event_id": f"e-{customer}", "message_id": f"m-{customer}", "kind": kind, "occurred_at": at}
    with warehouse(home.warehouse_url) as engine, engine.begin() as connection:
        connection.execute(outbox.insert(), told | message | {"not_before": at, "expires_at": at})
        connection.execute(delivery_event.insert(), event)
