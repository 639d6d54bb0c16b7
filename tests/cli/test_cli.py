"""The command line, for a company that is a folder with company.yaml, customer.csv and subscription.csv."""

import csv
import re
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from mandegar.cli.main import main
from mandegar.warehouse.tables import metadata

COMPANY = "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\ncalendar: gregorian\nlocale: en\nchurn: {kind: contract}\n"
COMPANY += "conventions: [default, stripe]\n"
CUSTOMER = "customer_id,name,signed_up_at,email\nc1,Sara Karimi,2025-01-15,sara@example.com\nc2,Ali Ahmadi,2025-02-10,ali@example.com\n"
# c1 pays 10.00 a month since January, c2 two seats at 10.00 since February: 30.00 together
SUBSCRIPTION = """\
subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at,renews_at
s1,2025-01-15,c1,basic,1,10.00,USD,month,1,active,2025-01-15,2025-04-20
s2,2025-02-10,c2,basic,2,10.00,USD,month,1,active,2025-02-10,2025-12-31
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    for name, content in {"company.yaml": COMPANY, "customer.csv": CUSTOMER, "subscription.csv": SUBSCRIPTION}.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


Tables = dict[str, list[tuple]]


def tables(folder: Path) -> Tables:
    """Every table of the warehouse except pipeline_run, which tells the time of the clock."""
    engine = sa.create_engine(f"sqlite:///{folder / 'home' / 'warehouse.db'}")
    with engine.connect() as connection:
        found = {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
            if table.name != "pipeline_run"
        }
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def nights(folder: Path) -> tuple[Result, Tables, dict[str, bytes], Result]:
    """The night of 31 March 2025 run, its tables and lists, and the same night run again."""

    def night() -> Result:
        return run("night", "--company", str(folder), "--home", str(folder / "home"), "--as-of", "2025-03-31")

    first = night()
    lists = {str(file.relative_to(folder)): file.read_bytes() for file in (folder / "home" / "lists").rglob("*") if file.is_file()}
    return first, tables(folder), lists, night()


def commands() -> list[tuple[str, ...]]:
    groups = {name: main.commands[name] for name in ("campaigns", "outbox", "quarantine")}
    inner = [(group, name) for group, found in groups.items() for name in found.commands]
    return [(), *((name,) for name in main.commands), *inner]


def test_the_commands_are_those_that_are_promised():
    assert {
        ("sample",),
        ("check",),
        ("night",),
        ("summary",),
        ("bridge",),
        ("segments",),
        ("campaigns",),
        ("campaigns", "list"),
        ("campaigns", "run"),
        ("quarantine",),
        ("quarantine", "list"),
        ("quarantine", "show"),
        ("quarantine", "replay"),
    } <= set(commands())


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_helps(command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    shown: click.Command = main
    for name in command:
        assert isinstance(shown, click.Group)
        shown = shown.commands[name]
    assert shown.get_short_help_str()


def test_a_command_that_is_not_there_is_refused():
    result = run("fly")
    assert result.exit_code == 2
    assert "No such command 'fly'" in result.stderr


def test_check_tells_what_it_found(folder):
    result = run("check", "--company", str(folder))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Acme: gregorian calendar, Asia/Tehran, USD, churn by contract"
    assert [line.split()[:3] for line in lines[1:3]] == [["ok", "files.customer", "customer"], ["ok", "files.subscription", "subscription"]]
    assert lines[1].endswith(f"{folder}/customer.csv (4 columns)")
    assert lines[3].strip() == "ok      campaigns: renewal_reminder, win_back"
    assert lines[4].strip().startswith("ok      segments: key_feature_unused, looked_at_prices, ")


def test_check_fails_where_a_source_cannot_be_read(make_company):
    folder = make_company({"customer.csv": "customer_id,name\nc1,Sara\n", "subscription.csv": SUBSCRIPTION})
    result = run("check", "--company", str(folder))
    assert result.exit_code == 1
    [line] = [line for line in result.stdout.splitlines() if line.startswith("  broken")]
    assert "customer.csv: has no column 'signed_up_at', needed for customer.signed_up_at. It has: customer_id, name." in line
    assert result.stderr == "error: 1 of 2 source tables cannot be read; see above.\n"


def test_a_night_of_two_customers_gives_figures_that_can_be_counted(nights, folder):
    result = nights[0]
    assert result.exit_code == 0, result.output
    engine = sa.create_engine(f"sqlite:///{folder / 'home' / 'warehouse.db'}")
    with engine.connect() as connection:
        figures = "customers_end, mrr_end, new_mrr, churned_mrr, logo_churn_rate"
        query = f"SELECT {figures} FROM kpi_monthly WHERE convention = 'default' ORDER BY period_start"
        found = [tuple(row) for row in connection.execute(sa.text(query))]
    engine.dispose()
    assert found == [(1, 10.0, 10.0, 0.0, None), (2, 30.0, 20.0, 0.0, 0.0), (2, 30.0, 0.0, 0.0, 0.0)]


def test_a_night_shows_its_summary_and_where_it_is(nights, folder):
    shown = nights[0].stdout
    assert [line.split()[1::2] for line in shown.splitlines() if line.startswith("│ MRR")] == [["MRR", "10", "30", "30"]]
    report = folder / "home" / "reports" / "night-2025-03-31.txt"
    assert "Acme  2025-03-31" in report.read_text(encoding="utf-8")
    assert f"This summary is in {report}; the tables are in {folder}/home/warehouse.db." in shown


def test_a_night_tells_its_stages_as_it_goes(nights):
    told = [line.split(" ", 1)[1] for line in nights[0].stderr.splitlines()]
    assert told == [
        "extracting files.customer",
        "validating files.customer",
        "extracting files.subscription",
        "validating files.subscription",
        "conforming",
        "measuring",
        "scoring",
        "publishing and auditing",
        "judging campaigns",
        "alerting",
        "campaign renewal_reminder",
        "campaign win_back",
    ]


def test_a_night_writes_the_lists_of_its_campaigns(nights, folder):
    """s1 ends on 20 April, 20 days after the night; s2 in December. A tenth is held out, so look in both lists."""
    at = folder / "home" / "lists" / "renewal_reminder" / "2025-03-31"
    rows = [row for name in ("send", "holdout") for row in csv.DictReader((at / f"{name}.api.csv").read_text().splitlines())]
    assert [(row["account_id"], row["reason_code"], row["renewal_date"], row["amount"]) for row in rows] == [
        ("c1", "d30", "2025-04-20", "10.00")
    ]


def test_running_the_night_again_gives_equal_tables_and_the_same_lists(nights, folder):
    _, before, lists, again = nights
    assert again.exit_code == 0
    assert (len(before["dim_customer"]), len(before["kpi_period"]) > 50, len(lists)) == (2, True, 20)
    assert tables(folder) == before
    assert {name: (folder / name).read_bytes() for name in lists} == lists


def test_the_summary_can_be_shown_again(nights, folder):
    result = run("summary", "--company", str(folder), "--home", str(folder / "home"), "--as-of", "2025-03-31")
    assert result.exit_code == 0
    assert "Renewal reminder (dry run)" in result.stdout


def test_check_refuses_segments_that_cannot_be_right(make_company):
    folder = make_company({"customer.csv": CUSTOMER, "subscription.csv": SUBSCRIPTION, "segments.yaml": "version: s1\nmatrx: {}\n"})
    result = run("check", "--company", str(folder))
    assert result.exit_code == 1
    assert "error: segments.yaml, line 2: matrx: there is no such key. Did you mean `matrix`?" in result.stderr.splitlines()


def test_the_segments_of_a_night_can_be_shown(nights, folder):
    """c2 pays twice what c1 pays, 240 a year: high value, by the rule of that role too."""
    result = run("segments", "--company", str(folder), "--home", str(folder / "home"), "--as-of", "2025-03-31")
    assert result.exit_code == 0, result.output
    shown = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│" in line]
    assert ["Low risk, high value (low_risk_high_value)", "1", "240", "protect"] in shown
    assert ["Low risk, low value (low_risk_low_value)", "1", "120", "watch"] in shown
    assert ["High value (high_value)", "1", "240", "protect"] in shown
    assert ["Has fallen silent (silent)", "0", "0", "win_back"] in shown
    assert len(shown) == 9 + 9 + 5 + 1


def test_segments_of_a_night_that_was_not_run_are_refused(nights, folder):
    result = run("segments", "--company", str(folder), "--home", str(folder / "home"), "--as-of", "2025-03-30")
    assert result.exit_code == 1
    assert "The night of 2025-03-30 is not in the warehouse." in result.stderr


def test_campaigns_are_listed_in_the_order_in_which_they_contact(folder):
    lines = run("campaigns", "list", "--company", str(folder)).stdout.splitlines()
    assert [line.split()[:3] for line in lines[:2]] == [["renewal_reminder", "renewal", "email"], ["win_back", "departure", "email"]]
    assert len(lines) == 19
    assert all("resting" in line for line in lines[2:])


def test_a_campaign_that_rests_can_be_run_when_it_is_named(nights, folder):
    home = str(folder / "home")
    result = run("campaigns", "run", "--company", str(folder), "--home", home, "--as-of", "2025-03-31", "--campaign", "yalda")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "yalda: 0 to send, 0 held out, 0 suppressed (none)"


def test_a_preview_writes_nothing_and_why_tells_what_decided(nights, folder):
    home = ("--home", str(folder / "home"))
    before = tables(folder)
    shown = run("campaigns", "preview", "--company", str(folder), *home, "--as-of", "2025-03-31", "renewal_reminder")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[0] == "renewal_reminder: Renewal reminder; night of 2025-03-31, would be sent on 2025-04-01"
    assert "\nc1 would read (d30, email, en):\n    Your term ends on 20 April 2025\n\n    Dear Sara,\n" in shown.stdout
    assert tables(folder) == before
    nobody = run("campaigns", "why", *home, "nobody")
    assert nobody.stdout.startswith("No campaign has considered nobody")
    [customer] = {row[2] for row in before["campaign_member"]} or {None}
    told = run("campaigns", "why", *home, customer).stdout
    assert f"2025-03-31 {before['campaign_member'][0][0]} (dry_run" in told
    assert "opt_out" in told


def test_a_preview_of_a_campaign_that_reaches_nobody_says_so(nights, folder):
    shown = run("campaigns", "preview", "--company", str(folder), "--home", str(folder / "home"), "--as-of", "2025-03-31", "yalda")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.splitlines()[1] == "0 to send, 0 held out, 0 suppressed (none); cost 0.00 USD"


def test_one_campaign_can_be_run_for_a_night_that_was_run(nights, folder):
    home = str(folder / "home")
    result = run("campaigns", "run", "--company", str(folder), "--home", home, "--as-of", "2025-03-31", "--campaign", "win_back")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "win_back: 0 to send, 0 held out, 0 suppressed (none)",
        f"  {home}/lists/win_back/2025-03-31",
    ]


def test_a_campaign_that_is_not_there_is_refused(nights, folder):
    arguments = ["campaigns", "run", "--company", str(folder), "--home", str(folder / "home"), "--as-of", "2025-03-31", "--campaign", "x"]
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: There is no campaign 'x'. Known: ")


def test_the_bridge_tells_policy_by_policy_and_writes_every_customer(nights, folder, tmp_path):
    """To Maxio, who waits until a subscription ends is late; here nobody asked to leave, so both give the same."""
    where = ("--company", str(folder), "--home", str(folder / "home"), "--as-of", "2025-03-31")
    result = run("bridge", *where, "--from", "maxio", "--metric", "mrr_end", "--out", str(tmp_path / "changes.csv"))
    assert result.exit_code == 0, result.stderr
    assert "From maxio to default: month of 2025-03-01" in result.stdout
    rows = [line for line in result.stdout.splitlines() if line.startswith("│")]
    assert [row.split("│")[1].strip() for row in rows] == ["maxio", "default"]
    assert (tmp_path / "changes.csv").read_text(encoding="utf-8").startswith("policy,from,to,metric,customer_id,")


def test_the_bridge_is_run_as_the_summary_says(nights):
    [command] = re.findall(r"mandegar (bridge .*)$", nights[0].stdout, re.MULTILINE)
    result = run(*command.split())
    assert result.exit_code == 0, result.stderr
    assert "From stripe to default: month of 2025-03-01" in result.stdout


def test_the_bridge_names_the_conventions_that_there_are(nights, folder):
    result = run("bridge", "--company", str(folder), "--home", str(folder / "home"), "--as-of", "2025-03-31", "--from", "strype")
    assert result.exit_code == 1
    assert "there is no convention 'strype'. Write one of default, chartmogul, stripe" in result.stderr


HEALTH = """version: mine
bands: {high: 50, medium: 75}
signals:
  renewal_open: {feature: days_to_renewal, weight: 60, good: 60, bad: 10, action: renew, reason: {en: "x", fa: "x"}}
"""


def health(folder: Path, *more: str) -> Result:
    return run("health", "--company", str(folder), "--home", str(folder / "home"), *more)


def test_health_shows_the_bands_of_the_last_night(nights, folder):
    """Sara pays 120 a year, Ali 240; nothing is known that speaks against either."""
    told = health(folder)
    assert told.exit_code == 0, told.output
    assert told.output.startswith("Acme, night of 2025-03-31: 2 customers\n")
    assert "  low              2 customers, worth              360 USD a year\n" in told.output


def test_a_changed_health_file_is_shown_before_it_is_used(nights, folder, tmp_path):
    """Slow answers from the first hour on, and nobody asked: nobody moves. A signal that is no feature is refused with its line."""
    (tmp_path / "wrong.yaml").write_text(HEALTH, encoding="utf-8")
    refused = health(folder, "--preview", str(tmp_path / "wrong.yaml"))
    assert refused.exit_code == 1
    assert "wrong.yaml, line 4: signals.renewal_open.feature: found 'days_to_renewal'" in refused.output
    changed = HEALTH.replace("days_to_renewal", "price_rise_percent").replace("good: 60, bad: 10", "good: -1, bad: 1")
    (tmp_path / "changed.yaml").write_text(changed, encoding="utf-8")
    told = health(folder, "--preview", str(tmp_path / "changed.yaml"), "--csv", str(tmp_path / "moved.csv"))
    assert told.exit_code == 0, told.output
    # a price that has not risen lies half way between -1 and 1: 30 of 60 points, so 70, and both go from low to medium
    assert "  renewal_open              0.00 -> 30.00\n" in told.output
    assert "2 move band; the most valuable:\n  c2 " in told.output
    rows = (tmp_path / "moved.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[:3] for row in rows[1:]] == [['"c2"', '"low"', '"medium"'], ['"c1"', '"low"', '"medium"']]
    assert not (folder / "health.yaml").exists()


def test_without_a_model_no_weights_are_proposed(nights, folder, tmp_path):
    refused = health(folder, "--propose", str(tmp_path / "proposed.yaml"))
    assert refused.exit_code == 1
    assert "No model scores the night of 2025-03-31" in refused.output
    assert not (tmp_path / "proposed.yaml").exists()
