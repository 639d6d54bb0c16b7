"""A live campaign's result, weeks later: each person by what became of them, worked out by hand, against those held out."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.nights_that_hold import hold

from mandegar.campaigns import approval
from mandegar.campaigns.file.load import load
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, campaign_stage, conform_stage, extract_stage, results_stage, score_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse
from mandegar.warehouse.tables import campaign_member

pytestmark = pytest.mark.slow

FIRST, LATER = date(2025, 3, 31), date(2025, 4, 20)
COMPANY = "name: Acme\ntime_zone: UTC\ncurrency: USD\nlocale: en\nchurn: {kind: contract}\n"
PEOPLE = [f"c{number}" for number in range(1, 13)]
STAYS = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"}  # the others' contracts end on 5 April
PAYS = {"c2", "c4", "c6", "c8", "c10", "c12"}  # 30 dollars on 9 April; all had a bill of 10 on 25 March
CAMPAIGN = """id: renewal
title: {en: Renewal, fa: تمدید}
owner: retention
dry_run: false
trigger: {before: renewal, days: [0, 30]}
consent: contract
channel: email
message: renewal_reminder
cost: {email: 0.5}
limits: {contacts: 9, days: 30, cool_down_days: 1}
control: {share: 0.4}
goal: {is: pays, days: 15}
"""


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[companies.Company, Path]:
    folder = tmp_path_factory.mktemp("result")
    (folder / "company" / "campaigns").mkdir(parents=True)
    customers = "customer_id,name,signed_up_at,email\n" + "".join(f"{c},Sara,2025-01-01,{c}@example.com\n" for c in PEOPLE)
    header = "subscription_id,valid_from,valid_to,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,"
    header += "started_at,renews_at\n"
    rows = [
        f"s{c},2025-01-01,{'' if c in STAYS else '2025-04-05'},{c},basic,1,10,USD,month,1,active,2025-01-01,2025-04-15\n" for c in PEOPLE
    ]
    ended = [f"s{c},2025-04-05,,{c},basic,1,10,USD,month,1,ended,2025-01-01,2025-04-15\n" for c in PEOPLE if c not in STAYS]
    bills = "invoice_id,customer_id,kind,issued_at,net_amount,currency\n" + "".join(
        f"a{c},{c},subscription,2025-03-25,10,USD\n" + (f"b{c},{c},subscription,2025-04-09,30,USD\n" if c in PAYS else "") for c in PEOPLE
    )
    paid = "payment_id,customer_id,attempted_at,amount,currency,status\n" + "".join(f"p{c},{c},2025-04-09,30,USD,succeeded\n" for c in PAYS)
    files = {"company.yaml": COMPANY, "customer.csv": customers, "subscription.csv": header + "".join(rows + ended)}
    for name, content in (files | {"invoice.csv": bills, "payment.csv": paid, "campaigns/renewal.yaml": CAMPAIGN}).items():
        (folder / "company" / name).write_text(content, encoding="utf-8")
    company = companies.load(folder / "company")
    for as_of in (FIRST, LATER):
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
    hold(made, FIRST, LATER)
    return made


@pytest.fixture
def ran(nights, home: Home) -> Callable[..., dict[str, dict]]:
    """The result on a later night, by measure of everyone, of the live run of 31 March that was answered so."""

    def run(answer: str | None = "approved", as_of: date = LATER) -> dict[str, dict]:
        company, _ = nights
        campaign_stage(Night(company, home, FIRST), "renewal", live=True)
        if answer:
            with warehouse(home.warehouse_url) as engine:
                approval.answer(engine, load(company, "renewal"), FIRST, answer, "ana", datetime(2025, 4, 1, 6))
        rows = results_stage(Night(company, home, as_of), ["renewal"])
        return {row["measure"]: row for row in rows if row["segment"] == "all"}

    return run


def sides(home: Home) -> tuple[set[str], set[str]]:
    """Who was sent to, and who was held out."""
    row = campaign_member.c
    with warehouse(home.warehouse_url) as engine, engine.begin() as connection:
        found = dict(connection.execute(sa.select(row.customer_id, row.decision)).all())
    return {one for one in found if found[one] == "send"}, {one for one in found if found[one] == "holdout"}


def share(of: set[str], within: set[str]) -> float:
    return len(of & within) / len(within)


def test_every_measure_is_that_of_the_people_on_each_side(ran, home):
    """Whoever paid had 30 dollars billed within the 15 days; what is worth 10 a month stays so, or is nothing."""
    found = ran()
    sent, held = sides(home)
    assert sent | held == set(PEOPLE)
    assert min(len(sent), len(held)) >= 2
    assert (found["goal"]["treated"], found["goal"]["control"]) == (len(sent), len(held))
    for measure, of in (("goal", PAYS), ("retention", STAYS)):
        row = found[measure]
        assert (row["mean_treated"], row["mean_control"]) == (pytest.approx(share(of, sent)), pytest.approx(share(of, held)))
    revenue = [30 * share(PAYS, side) for side in (sent, held)]
    assert found["revenue"]["effect"] == pytest.approx(revenue[0] - revenue[1])
    assert found["mrr"]["effect"] == pytest.approx(10 * (share(STAYS, sent) - share(STAYS, held)))


def test_cost_and_what_it_brought_back_stand_beside_revenue(ran, home):
    row = ran()["revenue"]
    sent, _ = sides(home)
    assert row["cost"] == pytest.approx(0.5 * len(sent))
    assert row["return_on_cost"] == pytest.approx((row["effect"] * len(sent) - row["cost"]) / row["cost"])


def test_so_few_have_no_interval(ran):
    assert {(row["low"], row["high_any"]) for row in ran().values()} == {(None, None)}


@pytest.mark.parametrize(("answer", "as_of"), [("rejected", LATER), ("approved", FIRST)])
def test_a_run_that_was_rejected_or_whose_time_is_not_over_has_no_result(ran, answer, as_of):
    assert ran(answer, as_of) == {}
