"""Who came by whose code: counted by person, whatever account it is, and never by one's own."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mandegar.campaigns import goals
from mandegar.campaigns.audience.tonight import Tonight, tonight
from mandegar.campaigns.file.words import Goal
from mandegar.campaigns.messages.facts import referral_code
from mandegar.campaigns.results.referrals import counted
from mandegar.compute import engine
from mandegar.config import company as companies
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, score_stage, validate_stage
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse

pytestmark = pytest.mark.slow

FIRST, LATER = date(2025, 3, 31), date(2025, 4, 20)
COMPANY = "name: Acme\ntime_zone: UTC\ncurrency: USD\nlocale: en\nchurn: {kind: contract}\n"
HEADER = "customer_id,name,signed_up_at,email,attributes\n"
SARA = "c1,Sara,2025-01-01,sara@example.com,\nc2,Sara again,2025-02-01,Sara@Example.com,\nc3,Ali,2025-01-01,ali@example.com,\n"
SUBSCRIPTION = """subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at
s1,2025-01-01,c1,basic,1,10,USD,month,1,active,2025-01-01
"""


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory):
    """20 April: Mina (c4, and c5 a day later) came by Sara's code, Reza (c6) too; Sara opened a third account by her own (c7).

    c8 came by a code that nobody has, c9 by Ali's, but before the night after which his campaign counts.
    """
    folder = tmp_path_factory.mktemp("referrals")
    (folder / "company").mkdir()
    for name, content in {"company.yaml": COMPANY, "customer.csv": HEADER + SARA, "subscription.csv": SUBSCRIPTION}.items():
        (folder / "company" / name).write_text(content, encoding="utf-8")
    company = companies.load(folder / "company")
    night(company, folder, FIRST)
    with warehouse(Home(folder).warehouse_url) as target, engine.start("duckdb", folder / "scratch") as computing:
        known = tonight(company, Night(company, Home(folder), FIRST).lake, computing, target, FIRST).persons
        keys = {row["customer_id"]: row["person_key"] for row in computing.arrow(known).to_pylist()}
    assert keys["c1"] == keys["c2"]
    by_sara, by_ali = (referral_code(keys[one]) for one in ("c1", "c3"))
    came = [
        ("c4", "mina", "2025-04-02", by_sara),
        ("c5", "mina", "2025-04-03", f" {by_sara.lower()} "),
        ("c6", "reza", "2025-04-10", by_sara),
    ]
    came += [("c7", "sara", "2025-04-05", by_sara), ("c8", "nobody", "2025-04-05", "XXXXXXXX"), ("c9", "zari", "2025-03-20", by_ali)]
    rows = "".join(f'{one},New,{day},{mail}@example.com,"{{""referred_by"": ""{code}""}}"\n' for one, mail, day, code in came)
    (folder / "company" / "customer.csv").write_text(HEADER + SARA + rows, encoding="utf-8")
    night(company, folder, LATER)
    with warehouse(Home(folder).warehouse_url) as target, engine.start("duckdb", folder / "scratch") as computing:
        yield tonight(company, Night(company, Home(folder), LATER).lake, computing, target, LATER), by_sara, by_ali


def night(company: companies.Company, folder: Path, as_of: date) -> None:
    this = Night(company, Home(folder), as_of)
    for table in map(str, company.tables()):
        extract_stage(this, table)
        validate_stage(this, table)
    conform_stage(this)
    score_stage(this)


def test_people_are_counted_once_and_nobody_brings_themselves(later: tuple[Tonight, str, str]):
    shared, by_sara, by_ali = later
    assert counted(shared) == [
        {"referrer": "c1", "code": by_sara, "people": 2, "last_at": datetime(2025, 4, 10, tzinfo=UTC)},
        {"referrer": "c3", "code": by_ali, "people": 1, "last_at": datetime(2025, 3, 20, tzinfo=UTC)},
    ]


def test_who_was_asked_by_their_other_account_has_come_to_the_goal_all_the_same(later: tuple[Tonight, str, str]):
    assert goals.reached(later[0], Goal(**{"is": "refers"}), {"c2": FIRST, "c3": FIRST, "c6": FIRST}) == {"c2"}
