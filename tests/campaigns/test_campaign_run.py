"""Campaigns night after night: run twice, nothing changes; nobody gets the same thing again; who goes first is seen."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.nights_that_hold import hold

from mandegar.config import company as companies
from mandegar.config.company import Company
from mandegar.errors import BrokenTable, CampaignError
from mandegar.pipeline.stages import Night, campaign_stage, conform_stage, extract_stage, score_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import campaign_member, campaign_run, contact_event

FIRST = date(2025, 3, 31)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
COMPANY = "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nlocale: en\nchurn: {kind: contract}\n"
CUSTOMER = """customer_id,name,signed_up_at,email,phone,do_not_contact
c1,Sara,2025-01-01,sara@example.com,09121234567,
c2,Ali,2025-01-01,ali@example.com,,
c3,Mina,2025-01-01,mina@example.com,,true
c4,Sara K.,2025-01-01,other@example.com,+989121234567,
c5,Reza,2025-01-01,reza@example.com,,
"""
HEADER = (
    "subscription_id,valid_from,valid_to,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at,"
    "renews_at,ended_reason\n"
)
# Three terms end on 20 April and one (of c4, the other account of Sara) on 2 May, which enters the 30 days on 2 April
SUBSCRIPTION = """\
s1,2025-01-01,,c1,basic,1,10,USD,month,1,active,2025-01-01,2025-04-20,
s2,2025-01-01,,c2,basic,1,10,USD,month,1,active,2025-01-01,2025-04-20,
s3,2025-01-01,,c3,basic,1,10,USD,month,1,active,2025-01-01,2025-04-20,
s4,2025-01-01,,c4,basic,1,10,USD,month,1,active,2025-01-01,2025-05-02,
s5,2025-01-01,2025-03-01,c5,basic,1,10,USD,month,1,active,2025-01-01,,cancelled
"""
RENEWAL = """id: renewal
title: {en: Renewal, fa: تمدید}
owner: retention
priority: 10
dry_run: false
trigger: {before: renewal, days: {d30: [0, 30]}}
consent: contract
channel: email
limits: {contacts: 1, days: 20, cool_down_days: 1}
control: {share: 0}
"""
# A second campaign for the same terms, which comes after the first
NUDGE = RENEWAL.replace("id: renewal", "id: nudge").replace("priority: 10", "priority: 20")

Run = Callable[..., object]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Path]:
    """A company whose nights of 31 March, 1 April and 2 April are in the lake; and the lake's folder."""
    folder = tmp_path_factory.mktemp("campaigns")
    (folder / "company" / "campaigns").mkdir(parents=True)
    contents = {"company.yaml": COMPANY, "customer.csv": CUSTOMER, "subscription.csv": HEADER + SUBSCRIPTION}
    for name, content in (contents | {"campaigns/renewal.yaml": RENEWAL, "campaigns/nudge.yaml": NUDGE}).items():
        (folder / "company" / name).write_text(content, encoding="utf-8")
    company = companies.load(folder / "company")
    for as_of in (FIRST, SECOND, THIRD):
        night = Night(company, Home(folder), as_of)
        for table in map(str, company.tables()):
            extract_stage(night, table)
            validate_stage(night, table)
        conform_stage(night)
        score_stage(night)
    return company, folder / "lake"


@pytest.fixture
def home(nights: tuple[Company, Path], tmp_path: Path) -> Home:
    """A home with the lake of those nights and an empty warehouse of its own."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "lake").symlink_to(nights[1])
    made = Home(tmp_path / "home")
    hold(made, FIRST, SECOND, THIRD)
    return made


@pytest.fixture
def run(nights: tuple[Company, Path], home: Home) -> Run:
    return lambda campaign, as_of=FIRST, live=False: campaign_stage(Night(nights[0], home, as_of), campaign, live)


@pytest.fixture
def rows(home: Home) -> Iterator[Callable[[sa.Table], list[tuple]]]:
    with warehouse(home.warehouse_url) as engine:

        def read(table: sa.Table) -> list[tuple]:
            with engine.begin() as connection:
                return [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]

        yield read


def sent(home: Home, campaign: str, as_of: date) -> list[str]:
    """The accounts on the send list."""
    lines = (home.lists(campaign, as_of) / "send.api.csv").read_text().splitlines()[1:]
    return [line.split(",")[4] for line in lines]


def test_a_night_decides_send_and_suppressed(run, home):
    done = run("renewal")
    assert (done.send, done.holdout, done.suppressed) == (2, 0, {"opt_out": 1})
    assert sent(home, "renewal", FIRST) == ["c1", "c2"]


def key(person: str, about: str) -> str:
    """The dedupe key as every release has made it: what was sent under it is never sent again."""
    return sha256(f"renewal|{person}|d30|{about}".encode()).hexdigest()[:32]


def test_keys_are_those_of_every_release(run, rows):
    run("renewal")
    columns = [column.name for column in campaign_member.columns]
    log = {row["customer_id"]: row for row in (dict(zip(columns, row, strict=True)) for row in rows(campaign_member))}
    assert {one: row["dedupe_key"] for one, row in log.items()} == {
        one: key(log[one]["person_key"], f"s{one[1]} 2025-04-20") for one in ("c1", "c2", "c3")
    }


def test_what_was_sent_under_a_key_with_its_midnight_is_not_sent_again(run, rows, home):
    """Versions of some days in 2026 wrote the event's day as `2025-04-20 00:00:00`."""
    run("renewal", live=True)
    columns = [column.name for column in campaign_member.columns]
    log = {row["customer_id"]: row for row in (dict(zip(columns, row, strict=True)) for row in rows(campaign_member))}
    with warehouse(home.warehouse_url) as engine, engine.begin() as connection:
        for one, about in (("c1", "s1 2025-04-20 00:00:00"), ("c2", "s2 2025-04-21 00:00:00")):
            as_it_was = key(log[one]["person_key"], about)
            for table in (campaign_member, contact_event):
                mine = table.c.customer_id == one
                connection.execute(sa.update(table).where(mine).values(dedupe_key=as_it_was, as_of=FIRST - timedelta(days=40)))
    run("renewal", SECOND, live=True)
    assert sent(home, "renewal", SECOND) == ["c2"]  # of whom the other term was told


def test_the_decision_log_holds_everyone_considered_and_every_rule(run, rows):
    run("renewal")
    columns = [column.name for column in campaign_member.columns]
    log = {row["customer_id"]: row for row in (dict(zip(columns, row, strict=True)) for row in rows(campaign_member))}
    assert sorted(log) == ["c1", "c2", "c3"]
    assert (log["c3"]["decision"], log["c3"]["deciding_rule"], log["c3"]["stage"]) == ("suppressed", "opt_out", "d30")
    assert json.loads(log["c3"]["rules"])["opt_out"] == "wants no contact"
    assert len(json.loads(log["c1"]["rules"])) == 13


def test_the_same_night_run_twice_gives_the_same_bytes_and_no_second_contact(run, home, rows):
    def all_there() -> tuple:
        files = {file.name: file.read_bytes() for file in home.lists("renewal", FIRST).iterdir()}
        return files, rows(campaign_run), rows(campaign_member), rows(contact_event)

    run("renewal", live=True)
    first = all_there()
    run("renewal", live=True)
    assert len(first[3]) == 2
    assert all_there() == first


def test_a_dry_run_after_a_live_one_leaves_its_lists_and_ledger_alone(run, home, rows):
    def all_there() -> tuple:
        files = {file.name: file.read_bytes() for file in home.lists("renewal", FIRST).iterdir()}
        return files, rows(campaign_run), rows(campaign_member), rows(contact_event)

    run("renewal", live=True)
    first = all_there()
    again = run("renewal", live=False)
    assert (again.mode, again.send, again.holdout, again.suppressed) == ("live", 2, 0, {"opt_out": 1})
    assert all_there() == first


def test_a_live_run_killed_before_its_lists_were_complete_writes_them_when_run_again(run, home, rows):
    run("renewal", live=True)
    contacts = rows(contact_event)
    (home.lists("renewal", FIRST) / "manifest.json").unlink()
    assert run("renewal", live=True).send == 2
    assert (home.lists("renewal", FIRST) / "manifest.json").is_file()
    assert rows(contact_event) == contacts


def test_the_next_night_does_not_contact_anyone_for_the_same_thing(run, home):
    """c4's term enters the stage on 2 April, but c4 is Sara, who had her contact of these twenty days."""
    for as_of in (FIRST, SECOND, THIRD):
        run("renewal", as_of, live=True)
    assert [sent(home, "renewal", as_of) for as_of in (FIRST, SECOND, THIRD)] == [["c1", "c2"], [], []]


def test_an_account_considered_alone_is_the_same_person_as_with_the_others(run, rows):
    """On 2 April c4 and c1 are in the stage, on 31 March c1 alone; they share a number only."""
    run("renewal", FIRST)
    run("renewal", THIRD)
    by_name = {(row[1], row[2]): row[3] for row in rows(campaign_member)}
    assert by_name[FIRST, "c1"] == by_name[THIRD, "c1"] == by_name[THIRD, "c4"]
    assert by_name[FIRST, "c2"] != by_name[FIRST, "c1"]


@pytest.mark.parametrize("order", [("renewal", "nudge"), ("nudge", "renewal"), ("nudge",)])
def test_a_campaign_sees_the_contacts_of_those_before_it_whichever_is_run_first(run, home, order):
    done = {campaign: run(campaign, live=True) for campaign in order}
    assert (done["nudge"].send, done["nudge"].suppressed) == (0, {"frequency_cap": 2, "opt_out": 1})
    assert sent(home, "renewal", FIRST) == ["c1", "c2"]


def test_a_dry_run_is_not_counted_by_a_live_run(run, home):
    run("renewal", FIRST)
    assert run("renewal", SECOND, live=True).send == 2


def test_a_dry_run_shows_what_follows_from_the_planned_contacts(run):
    run("renewal", FIRST)
    assert run("renewal", SECOND).send == 0


def test_a_live_run_is_respected_by_a_dry_run(run):
    run("renewal", FIRST, live=True)
    assert run("renewal", SECOND).send == 0


def test_a_day_backfilled_live_reaches_nobody_a_second_time(run, rows):
    run("renewal", SECOND, live=True)
    assert run("renewal", FIRST, live=True).send == 0
    keys = [row[0] for row in rows(contact_event)]
    assert len(keys) == len(set(keys)) == 2


def test_a_person_held_out_is_so_once_and_for_all(nights, run, home, rows):
    """Two persons are held out on the first night and, for the same, not again on the second; Sara still is on the third, for her
    other account's term, when by hash nobody would be any more. By salt b Sara's hash is .548 of the range, Ali's .150."""
    file = nights[0].folder / "campaigns" / "renewal.yaml"

    def with_control(share: str) -> str:
        return RENEWAL.replace("{share: 0}", f"{{share: {share}, salt: b}}")

    try:
        file.write_text(with_control("0.9"), encoding="utf-8")
        first, second = run("renewal", FIRST, live=True), run("renewal", SECOND, live=True)
        file.write_text(with_control("0"), encoding="utf-8")
        third = run("renewal", THIRD, live=True)
    finally:
        file.write_text(RENEWAL, encoding="utf-8")
    assert [(done.send, done.holdout) for done in (first, second, third)] == [(0, 2), (0, 0), (0, 1)]
    assert rows(contact_event) == []


@pytest.mark.parametrize("live", [True, False])
def test_on_a_night_that_is_not_published_nobody_is_contacted(nights, tmp_path, live):
    """It was scored, and its audit refused it."""
    (tmp_path / "lake").symlink_to(nights[1])
    home = Home(tmp_path)
    hold(home, SECOND)
    with pytest.raises(BrokenTable, match=r"The night of 2025-03-31 is not in the warehouse\. Run `mandegar night"):
        campaign_stage(Night(nights[0], home, FIRST), "renewal", live)
    assert not home.lists("renewal", FIRST).exists()
    with warehouse(home.warehouse_url) as target, target.begin() as connection:
        assert connection.execute(sa.select(campaign_run)).all() == []


def test_a_night_whose_entities_are_gone_has_no_campaign(home, run):
    hold(home, date(2025, 3, 30))
    with pytest.raises(BrokenTable, match=r"The night of 2025-03-30 is not in the lake\. Run `mandegar night --as-of 2025-03-30` first\."):
        run("renewal", date(2025, 3, 30))


def test_a_campaign_is_for_whom_its_rule_admits(nights, home, run):
    """Of Sara, Ali and Mina, whose terms end, Mina wants no contact and only Ali is not called Sara."""
    company, _ = nights
    file = company.folder / "campaigns" / "renewal.yaml"
    file.write_text(RENEWAL + "audience: {all: [{field: value, at_least: 120}, {field: name, is_not: Sara}, {field: days, below: 30}]}\n")
    try:
        done = run("renewal")
    finally:
        file.write_text(RENEWAL)
    assert (done.send, done.suppressed) == (1, {"opt_out": 1})
    assert sent(home, "renewal", FIRST) == ["c2"]


def test_a_rule_with_an_unknown_field_is_refused_with_its_line(nights, home, run):
    company, _ = nights
    file = company.folder / "campaigns" / "renewal.yaml"
    file.write_text(RENEWAL + "audience:\n  all:\n    - {field: annual_worth, at_least: 100}\n")
    try:
        with pytest.raises(
            CampaignError, match=r"^campaigns/renewal\.yaml, line 13: audience\.all\.0\.field: there is no field 'annual_worth'\."
        ):
            run("renewal")
    finally:
        file.write_text(RENEWAL)


def test_who_did_not_answer_is_asked_once_more_by_the_other_channel(nights, home, run):
    """Sara and Ali get a mail on 31 March. Two days later Sara is asked by SMS; Ali has no telephone, and hears no more.

    The term of Sara's other account, c4, comes near that day; she is one person and hears of one thing."""
    company, _ = nights
    file = company.folder / "campaigns" / "renewal.yaml"
    file.write_text(RENEWAL.replace("contacts: 1", "contacts: 9") + "fallback_channel: sms\nfall_back_after_days: 2\n")
    try:
        first, between, then = (run("renewal", as_of, live=True) for as_of in (FIRST, SECOND, THIRD))
        assert [run.send for run in (first, between, then)] == [2, 0, 1]
        rows = (home.lists("renewal", THIRD) / "send.api.csv").read_text().splitlines()[1:]
    finally:
        file.write_text(RENEWAL)
    assert sorted(row.split(",")[4] + " " + row.split(",")[11] for row in rows) == ["c1 sms"]


def test_a_live_run_makes_no_dry_campaign_live(nights, home, run, rows):
    """The renewal campaign is a dry run and goes first; the nudge, which is live, does not drag it along."""
    company, _ = nights
    file = company.folder / "campaigns" / "renewal.yaml"
    file.write_text(RENEWAL.replace("dry_run: false\n", ""))
    try:
        run("nudge", live=True)
    finally:
        file.write_text(RENEWAL)
    assert {row[0] for row in rows(campaign_run)} == {"nudge"}


def test_the_sql_that_is_kept_names_no_customer(run: Run, home: Home, nights: tuple[Company, Path]) -> None:
    """The night after asks the same but for its days, so that little is compiled anew."""
    run("renewal", FIRST, live=True)
    kept = home.statements("campaigns")
    of_first = json.loads(kept.read_text(encoding="utf-8"))["texts"]
    run("renewal", SECOND, live=True)
    every = json.loads(kept.read_text(encoding="utf-8"))["texts"]
    assert len(of_first) > 10
    assert len(every.keys() - of_first.keys()) < 5
    personal = {cell for line in CUSTOMER.splitlines()[1:] for cell in line.split(",")[:5]} - {"", "2025-01-01"}
    assert len(personal) == 17
    literals = {literal for text in every.values() for literal in re.findall(r"'([^']*)'", text)}
    assert "email" in literals
    assert {
        literal for literal in literals if any(cell in literal.split() or (len(cell) > 5 and cell in literal) for cell in personal)
    } == set()
