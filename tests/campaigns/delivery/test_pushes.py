"""A run on its way into a marketing tool: only when it was let go, once, without who refused since, and seen in list_push."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.campaigns.delivery.let_go import CAMPAIGN, LISTS, NIGHT, NOW, PEOPLE

from mandegar.campaigns.delivery import push_record
from mandegar.cli.main import main
from mandegar.pipeline import stages
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import channel_refusal, list_push, person_account


def test_an_approved_run_is_handed_over_once(approved):
    assert approved.push() == {"done": 1}
    assert set(approved.fake.people) == {f"{one}@example.com" for one in PEOPLE}
    assert approved.fake.people["c1@example.com"]["merge_fields"] == {"FNAME": "سارا", "LNAME": "کریمی"}
    called = len(approved.fake.calls)
    assert approved.push() == {}
    assert (len(approved.fake.calls), approved.state()) == (called, [("mailchimp", "done", 3, 1)])


@pytest.mark.parametrize("said", [None, "rejected", "expired"])
def test_what_nobody_agreed_to_stays_in_the_house(house, said):
    house.run()
    if said:
        house.answer(said)
    assert (house.push(), house.fake.calls) == ({}, [])


def test_a_dry_run_stays_in_the_house(house):
    house.run(live=False)
    assert (house.push(), house.fake.calls) == ({}, [])


def test_who_refused_since_is_left_out(approved):
    [key] = [key for customer, key in approved.rows(person_account.c.customer_id, person_account.c.person_key) if customer == "c2"]
    with warehouse(approved.home.warehouse_url) as target, target.begin() as connection:
        row = {"person_key": key, "channel": "email", "kind": "unsubscribed", "occurred_at": datetime(2025, 4, 1, 7)}
        connection.execute(channel_refusal.insert(), row)
    assert approved.push() == {"done": 1}
    assert set(approved.fake.people) == {"c1@example.com", "c3@example.com"}


def test_who_the_house_writes_to_itself_is_not_handed_over_too(approved):
    mail = {"email": {"connection": "mail", "sender": "Acme <hello@acme.example>"}}
    assert approved.push(file=LISTS | mail) == {"done": 1}
    assert approved.fake.people == {}


def test_what_broke_off_is_tried_again_and_then_given_up_until_a_person_says_so(approved):
    approved.fake.fail_at = dict.fromkeys([*range(2, 6), *range(8, 12)], 503)  # all tries of two calls
    assert approved.push() == {"waiting": 1}
    assert approved.push(NOW + timedelta(seconds=59)) == {}
    assert approved.push(NOW + timedelta(seconds=60)) == {"dead": 1}
    assert approved.push(NOW + timedelta(hours=9)) == {}
    with warehouse(approved.home.warehouse_url) as target:
        assert push_record.push_again(target, "renewal", NIGHT, "mailchimp") == 1
    assert approved.push(NOW + timedelta(hours=9)) == {"done": 1}
    assert set(approved.fake.people) == {f"{one}@example.com" for one in PEOPLE}
    assert approved.fake.tags["renewal"] == set(approved.fake.people)


def test_what_is_too_late_is_not_handed_over(approved):
    assert approved.push(NOW + timedelta(days=8)) == {}


def test_files_of_an_approved_run_go_where_they_are_fetched(house, tmp_path):
    house.run()
    there = {"files": {"to": f"file://{tmp_path}/there"}}
    assert house.push(file=there) == {}
    house.answer("approved")
    assert house.push(file=there) == {"done": 1}
    fetched = tmp_path / "there" / "renewal" / "2025-03-31"
    assert (fetched / "send.csv").read_bytes() == (house.home.lists("renewal", NIGHT) / "send.csv").read_bytes()
    assert (fetched / "manifest.json").is_file()


def test_a_run_that_gives_tasks_goes_to_no_tool_but_its_files_are_fetched(house, tmp_path):
    task = CAMPAIGN.replace("channel: email\nmessage: renewal_reminder", "channel: task\nmessage: win_back_task")
    assert "win_back_task" in task
    (house.company.folder / "campaigns" / "renewal.yaml").write_text(task, encoding="utf-8")
    house.run()
    house.answer("approved")
    assert house.push(file=LISTS | {"files": {"to": f"file://{tmp_path}/there"}}) == {"done": 1}
    assert (house.fake.calls, (tmp_path / "there" / "renewal" / "2025-03-31" / "manifest.json").is_file()) == ([], True)


def test_whom_a_tool_does_not_take_is_told_by_their_number(approved):
    approved.fake.refuses = {"c2@example.com"}
    assert approved.push() == {"done": 1}
    assert approved.state() == [("mailchimp", "done", 2, 1)]
    assert approved.told() == [("done", 1, "did not take 1 of 3 (1: ERROR_GENERIC … looks fake)")]


def test_a_tool_that_takes_nobody_has_refused(approved):
    approved.fake.refuses = {f"{one}@example.com" for one in PEOPLE}
    assert approved.push() == {"dead": 1}
    assert approved.told() == [("dead", 1, "took none of 3 (3: ERROR_GENERIC … looks fake)")]


def test_a_tool_that_asks_for_an_hour_is_asked_after_an_hour(approved):
    approved.fake.fail_at, approved.fake.with_it = {2: 429}, {"Retry-After": "3600"}
    assert approved.push() == {"waiting": 1}
    assert approved.push(NOW + timedelta(minutes=59)) == {}
    assert approved.push(NOW + timedelta(minutes=60)) == {"done": 1}


def test_a_connection_that_is_not_there_is_told_and_keeps_no_other_target_back(approved, tmp_path, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_TOOL")
    assert approved.push(file=LISTS | {"files": {"to": f"file://{tmp_path}/there"}}) == {"waiting": 1, "done": 1}
    [(_, _, told)] = [row for row in approved.told() if row[0] == "waiting"]
    assert "the connection 'tool' is not known. Make it in Airflow" in told


def test_other_lists_than_those_agreed_to_stay_in_the_approved(approved):
    manifest = approved.home.lists("renewal", NIGHT) / "manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(told | {"list_version": "other"}), encoding="utf-8")
    assert (approved.push(), approved.fake.calls, approved.state()) == ({}, [], [])


def test_two_at_once_hand_a_run_over_once(approved):
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: approved.push(), range(2)))
    assert sorted(found, key=len) == [{}, {"done": 1}]
    assert (approved.fake.lots, approved.state()) == ([3], [("mailchimp", "done", 3, 1)])


def test_a_push_is_in_one_hand_until_that_is_silent_for_half_an_hour(engine):
    push, at = push_record.Push("renewal", NIGHT, "brevo"), datetime(2025, 4, 1, 8)
    with ThreadPoolExecutor(8) as pool:
        found = [one for one in pool.map(lambda _: push_record.claim(engine, push, at, 6), range(8)) if one is not None]
    assert [one.attempt for one in found] == [1]
    first = found[0]
    first.keep(at + timedelta(minutes=20))
    assert push_record.claim(engine, push, at + timedelta(minutes=49), 6) is None
    second = push_record.claim(engine, push, at + timedelta(minutes=50), 6)
    assert second is not None
    with pytest.raises(push_record.Lost):
        first.keep(at + timedelta(minutes=51))
    first.end("dead", 0, at, "too late to say so")
    second.end("done", 5, at + timedelta(minutes=52), None)
    with engine.begin() as connection:
        [row] = connection.execute(sa.select(list_push.c.state, list_push.c.rows, list_push.c.attempts, list_push.c.reason))
    assert tuple(row) == ("done", 5, 2, None)


def test_what_the_dag_does_every_quarter_of_an_hour_hands_runs_over(approved, tmp_path, monkeypatch):
    class At(datetime):
        now = classmethod(lambda cls, zone=None: NOW)  # type: ignore[assignment]

    monkeypatch.setattr(stages, "datetime", At)
    lists = f"audiences: {{mailchimp: {{connection: tool, list: abc123}}}}\nfiles: {{to: 'file://{tmp_path}/there'}}\n"
    (approved.company.folder / "delivery.yaml").write_text(lists, encoding="utf-8")
    done = CliRunner().invoke(main, ["outbox", "send", "--company", str(approved.company.folder), "--home", str(approved.home.root)])
    assert (done.exit_code, done.output.strip()) == (0, "pushed: done 2")
    assert {row[:3] for row in approved.state()} == {("mailchimp", "done", 3), ("files", "done", 10)}


def test_what_stands_where_can_be_seen(approved):
    approved.fake.refuses = {"c2@example.com"}
    approved.push()
    said = CliRunner().invoke(main, ["outbox", "pushes", "--home", str(approved.home.root)]).output
    assert " ".join(said.split()) == "2025-03-31 renewal mailchimp done 2 1 attempts: did not take 1 of 3 (1: ERROR_GENERIC … looks fake)"
