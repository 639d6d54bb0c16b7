"""The night under a real Airflow with a scheduler: a partition triggers the campaigns, and days are backfilled (in `make chaos` a week).

The company has four customers. Worked out by hand for the night of 2025-10-11 (Asia/Tehran):
- ann's yearly term ends on 2025-10-31, in 20 days: stage d30; she is reachable by mail.
- bob's term ends on 2025-10-14, in 3 days: stage d7; he wants no contact.
- cyd left on 2025-09-20, 21 days ago, opted in: win back.
- dan pays monthly and stays: on no list.
"""

import csv
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from airflow_environment import ROOT
from airflow_server import Airflow
from mandegar.config.company import load
from mandegar.pipeline.nightly import run_night
from mandegar.pipeline.stages import Night, campaign_stage
from mandegar.storage.home import Home

pytestmark = pytest.mark.slow

CUSTOMERS = """customer_id,name,kind,email,signed_up_at,email_opt_in,do_not_contact
ann,Ann Arden,person,ann@example.com,2023-10-31,yes,
bob,Bob Birch,person,bob@example.com,2023-10-14,yes,yes
cyd,Cyd Cole,person,cyd@example.com,2024-01-10,yes,
dan,Dan Dale,person,dan@example.com,2024-05-05,yes,
"""
COLUMNS = (
    "subscription_id,valid_from,valid_to,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,"
    "status,started_at,renews_at,auto_renew,ended_at,ended_reason"
)
SUBSCRIPTIONS = f"""{COLUMNS}
s1,2024-10-31 09:00,,ann,team,1,1200,USD,year,1,active,2023-10-31 09:00,2025-10-31 09:00,no,,
s2,2024-10-14 09:00,,bob,team,1,600,USD,year,1,active,2023-10-14 09:00,2025-10-14 09:00,no,,
s3,2024-01-10 09:00,,cyd,solo,1,30,USD,month,1,ended,2024-01-10 09:00,,,2025-09-20 09:00,cancelled
s4,2024-05-05 09:00,,dan,solo,1,30,USD,month,1,active,2024-05-05 09:00,,yes,,
"""
NIGHT = "2025-10-11"
BEFORE = 7 if os.environ.get("MANDEGAR_CHAOS") == "all" else 3  # days
DAYS = [date(2025, 10, 11) - timedelta(days=days) for days in range(BEFORE, 0, -1)]
CAMPAIGNS = ("renewal_reminder", "win_back")
DONE = ("success", "failed")
PER_NIGHT = (
    "customer_risk",
    "customer_segment",
    "data_quality_result",
    "quarantined_row",
    "campaign_run",
    "campaign_member",
    "contact_event",
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    (folder / "company.yaml").write_text("name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nchurn: {kind: contract}\n")
    (folder / "customer.csv").write_text(CUSTOMERS)
    (folder / "subscription.csv").write_text(SUBSCRIPTIONS)
    return folder


@pytest.fixture(scope="module")
def airflow(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Airflow with every DAG unpaused; stopped when the module is done."""
    home = tmp_path_factory.mktemp("home")
    with Airflow(home, company) as server:
        server.unpause(server.dags(3))
        yield server
    assert server.process.poll() is not None


@pytest.fixture(scope="module")
def night(airflow: Airflow) -> Airflow:
    """The night of 2025-10-11, triggered by its partition; its campaigns have followed by themselves."""
    airflow.trigger("nightly", NIGHT)
    airflow.until("done with the night", lambda: airflow.runs("nightly").get(NIGHT) in DONE, 180)
    for campaign in CAMPAIGNS:
        airflow.until(f"done with {campaign}", lambda campaign=campaign: airflow.runs(f"campaign_{campaign}").get(NIGHT) in DONE, 90)
    return airflow


@pytest.fixture(scope="module")
def backfilled(night: Airflow) -> Airflow:
    """The days before, backfilled after the night."""
    command = [ROOT / ".venv/bin/airflow", "backfill", "create", "--dag-id", "nightly"]
    command += ["--from-date", DAYS[0].isoformat(), "--to-date", f"{DAYS[-1].isoformat()}T23:59:59", "--max-active-runs", "1"]
    subprocess.run(command, env=night.env, check=True, capture_output=True)
    for dag_id in ("nightly", *(f"campaign_{campaign}" for campaign in CAMPAIGNS)):
        night.until(
            f"done with the days of {dag_id}",
            lambda dag_id=dag_id: all(night.runs(dag_id).get(day.isoformat()) in DONE for day in DAYS),
            400,
        )
    return night


@pytest.fixture(scope="module")
def same_nights(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same days, night after night, without Airflow."""
    home = Home(tmp_path_factory.mktemp("nights"))
    for day in DAYS:
        this = Night(load(company), home, day)
        assert run_night(this, lambda text: None) == []
        for campaign in CAMPAIGNS:
            campaign_stage(this, campaign)
    return home


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def listed(home: Path, campaign: str, day: str = NIGHT) -> dict[str, list[str]]:
    """Who is on which list, held out or not (the control group is drawn by hash)."""
    folder = home / "lists" / campaign / day
    found = {
        decision: [row["account_id"] for row in rows_of(folder, f"{decision}.api.csv")] for decision in ("send", "holdout", "suppressed")
    }
    return {"considered": sorted(found["send"] + found["holdout"]), "suppressed": found["suppressed"]}


def table(url: str, name: str, days: list[date]) -> list[tuple]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        # the audit speaks of the warehouse as it found it: of a backfilled night it cannot compare the tables of the present
        audited = "AND source NOT LIKE 'warehouse.%'" if name == "data_quality_result" else ""
        query = sa.text(f"SELECT * FROM {name} WHERE as_of BETWEEN :first AND :last {audited}")
        rows = [tuple(row) for row in connection.execute(query, {"first": str(days[0]), "last": str(days[-1])})]
    engine.dispose()
    return sorted(rows, key=str)


def test_the_partition_triggers_the_campaigns_and_all_succeed(night: Airflow) -> None:
    states = {dag_id: night.runs(dag_id)[NIGHT] for dag_id in ("nightly", "campaign_renewal_reminder", "campaign_win_back")}
    assert set(states.values()) == {"success"}
    assert night.failed_tasks("nightly") == []


def test_the_renewal_list_names_ann_and_leaves_bob_alone(night: Airflow) -> None:
    assert listed(night.home, "renewal_reminder") == {"considered": ["ann"], "suppressed": ["bob"]}


def test_the_win_back_list_names_cyd(night: Airflow) -> None:
    assert listed(night.home, "win_back") == {"considered": ["cyd"], "suppressed": []}


def test_the_manifest_counts_the_rows(night: Airflow) -> None:
    manifest = json.loads((night.home / "lists" / "renewal_reminder" / NIGHT / "manifest.json").read_text())
    assert (manifest["as_of"], manifest["mode"], manifest["rows"]["suppressed"]) == (NIGHT, "dry_run", 1)


def test_the_night_is_published(night: Airflow) -> None:
    """September: ann 100.00 + bob 50.00 + dan 30.00 a month at its end; cyd left.

    A closed month, since the scheduler runs yesterday's night by itself, and on that one the terms of ann and bob are over.
    """
    engine = sa.create_engine(Home(night.home).warehouse_url)
    with engine.connect() as connection:
        query = sa.text("SELECT mrr_end, customers_churned FROM kpi_monthly WHERE period_start = '2025-09-01'")
        assert connection.execute(query).one() == (180.0, 1.0)
    engine.dispose()


def test_every_backfilled_day_has_its_night(backfilled: Airflow) -> None:
    runs = backfilled.runs("nightly")
    assert {day.isoformat(): runs[day.isoformat()] for day in DAYS} == {day.isoformat(): "success" for day in DAYS}


@pytest.mark.parametrize("name", PER_NIGHT)
def test_backfilled_days_give_the_rows_of_nights_in_order(backfilled: Airflow, same_nights: Home, name: str) -> None:
    found = table(Home(backfilled.home).warehouse_url, name, DAYS)
    assert found == table(same_nights.warehouse_url, name, DAYS)
    assert found or name == "quarantined_row"


def test_backfilled_days_give_the_lists_of_nights_in_order(backfilled: Airflow, same_nights: Home) -> None:
    def files(home: Path) -> dict[str, bytes]:
        wanted = [home / "lists" / campaign / day.isoformat() for campaign in CAMPAIGNS for day in DAYS]
        return {str(file.relative_to(home)): file.read_bytes() for folder in wanted for file in sorted(folder.iterdir())}

    found = files(backfilled.home)
    assert len(found) == 2 * BEFORE * 10  # campaigns, nights, nine lists and a manifest
    assert found == files(same_nights.root)


def test_a_backfill_leaves_the_present_alone(backfilled: Airflow) -> None:
    """The current truth is of nights later than those (the scheduler also runs yesterday's by itself)."""
    engine = sa.create_engine(Home(backfilled.home).warehouse_url)
    with engine.connect() as connection:
        nights = [date.fromisoformat(str(day)) for (day,) in connection.execute(sa.text("SELECT DISTINCT as_of FROM kpi_period"))]
    engine.dispose()
    assert nights
    assert min(nights) > DAYS[-1]
