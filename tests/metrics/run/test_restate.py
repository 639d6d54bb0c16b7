"""Restatements: which published figure moved, and because of which rows, told figure by figure; what settles later is none."""

from datetime import date
from pathlib import Path

import pytest

from mandegar.compute import engine
from mandegar.config import company as companies
from mandegar.metrics.run import marts
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, measure_stage, validate_stage
from mandegar.storage.home import Home

pytestmark = pytest.mark.slow

FIRST, SECOND = date(2026, 3, 31), date(2026, 4, 1)
COMPANY = """name: Acme
time_zone: UTC
currency: USD
churn: {kind: KIND}
periods: [month]
dimensions: [region]
"""
CUSTOMER = """customer_id,name,signed_up_at,region
a,A,2026-01-02,north
b,B,2026-01-02,south
c,C,2026-01-02,south
"""
SUBSCRIPTION_HEAD = (
    "subscription_id,valid_from,valid_to,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,status,started_at"
)
SUBSCRIPTION = f"""{SUBSCRIPTION_HEAD}
a,2026-01-05,,a,basic,1,100,USD,month,1,active,2026-01-05
b,2026-01-05,,b,basic,1,100,USD,month,1,active,2026-01-05
"""
INVOICE = """invoice_id,customer_id,kind,issued_at,net_amount,currency
1,a,one_off,2026-01-10,100,USD
2,b,one_off,2026-02-10,100,USD
3,c,one_off,2026-03-10,100,USD
"""
TICKET = """ticket_id,customer_id,opened_at,first_response_at,solved_at
t1,a,2026-02-03,2026-02-03,
t2,b,2026-03-03,2026-03-03,2026-03-04
"""
SPEND = "day,channel,amount,currency\n2026-01-01,ads,90,USD\n"
FILES = {"customer": CUSTOMER, "subscription": SUBSCRIPTION, "invoice": INVOICE, "ticket": TICKET}
Moved = dict[tuple[str, str, str], tuple[float | None, float | None, str]]
LATE = {
    "invoice": "4,a,one_off,2026-02-20,70,USD\n5,b,one_off,2026-02-21,30,USD\n6,b,one_off,2026-03-20,30,USD\n"
    "7,a,one_off,2026-04-01,5,USD\n",
    "subscription": "c,2026-01-20,2026-02-20,c,basic,1,50,USD,month,1,active,2026-01-20\n",
    "ticket": "t3,a,2026-02-09,2026-02-09,\n",
    "spend": "2026-03-02,ads,50,USD\n",
}


def restated(
    folder: Path,
    kind: str,
    settings: str,
    replaced: dict[str, tuple[str, str]],
    more: dict[str, str],
    others: dict[str, str] | None = None,
) -> Moved:
    """What the second night says of the first one's figures after some files (company.yaml is one) have got more lines, or others in
    their place. others: files that there are besides, or instead.

    By metric, first day of the period and region (`all`): value before, after, and because of what.
    """
    churn = {"contract": "contract", "inactivity": "inactivity, days: 40", "estimated": "inactivity, days: estimated"}[kind]
    files = {name: text for name, text in (FILES | (others or {})).items() if kind == "contract" or name != "subscription"}
    for as_of in (FIRST, SECOND):
        told = COMPANY.replace("KIND", churn) + settings
        told = told.replace(*replaced.get("company", ("", ""))) if as_of == SECOND else told
        (folder / "company.yaml").write_text(told, encoding="utf-8")
        for name, text in files.items():
            later = text.replace(*replaced.get(name, ("", ""))) + more.get(name, "")
            (folder / f"{name}.csv").write_text(later if as_of == SECOND else text, encoding="utf-8")
        night = Night(companies.load(folder), Home(folder / "home"), as_of)
        for table in map(str, night.company.tables()):
            extract_stage(night, table)
            validate_stage(night, table)
        conform_stage(night)
        measure_stage(night)
    with engine.start() as computing:
        rows = computing.arrow(marts.earlier(night.lake, computing, "restatement", SECOND)).to_pylist()
    found = {
        (row["metric"], str(row["period_start"]), row["dimension_value"]): (row["value_before"], row["value_after"], row["because"])
        for row in rows
    }
    assert len(found) == len(rows), "a figure is told twice"
    return found


DATA_FROM = "data_from: 2026-01-01\n"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """Late: two invoices of February and one of March, a contract of January and February, a ticket of February, spend of March.
    Tonight's own: an invoice, and the solution of a ticket of March."""
    solved = {"ticket": ("2026-03-04", "2026-04-01")}
    return restated(tmp_path_factory.mktemp("late"), "contract", DATA_FROM, solved, LATE, {"spend": SPEND})


def test_nothing_late_restates_nothing(tmp_path: Path) -> None:
    """An invoice of the second night's own day, and a ticket of February that is solved on it, which settles later."""
    tonight = {"invoice": "4,a,one_off,2026-04-01,70,USD\n"}
    solved = {"ticket": ("2026-02-03,\n", "2026-02-03,2026-04-01\n")}
    assert restated(tmp_path, "contract", DATA_FROM, solved, tonight) == {}


def test_late_invoices_are_told_where_they_lie_and_nowhere_else(moved: Moved) -> None:
    assert moved["revenue", "2026-02-01", "all"] == (100, 200, "2 invoices (4; 5)")
    assert moved["revenue", "2026-03-01", "all"] == (100, 130, "1 invoice (6)")
    assert {day for metric, day, _ in moved if metric == "revenue"} == {"2026-02-01", "2026-03-01"}


def test_each_region_is_told_its_own_rows(moved: Moved) -> None:
    assert moved["revenue", "2026-02-01", "north"] == (0, 70, "1 invoice (4)")
    assert moved["revenue", "2026-02-01", "south"] == (100, 130, "1 invoice (5)")
    assert ("revenue", "2026-03-01", "north") not in moved


def test_a_late_contract_is_told_as_one(moved: Moved) -> None:
    because = "1 subscription version (c 2026-01-20 00:00)"
    assert moved["mrr_end", "2026-01-01", "all"] == (200, 250, because)
    assert moved["churned_mrr", "2026-02-01", "south"] == (0, 50, because)
    assert ("churned_mrr", "2026-02-01", "north") not in moved
    assert not any(metric in ("mrr_start", "mrr_end") for metric, day, _ in moved if day == "2026-03-01")


def test_a_late_ticket_moves_what_settles_later_and_is_told(moved: Moved) -> None:
    """One ticket more of February; that of March that is solved tonight only settles."""
    assert moved["tickets_opened", "2026-02-01", "all"] == (1, 2, "1 ticket (t3)")
    assert moved["tickets_opened", "2026-02-01", "north"] == (1, 2, "1 ticket (t3)")
    assert not any(day == "2026-03-01" and metric.startswith("resolution") for metric, day, _ in moved)


def test_what_it_cost_to_win_customers_is_told_once_and_by_its_own_rows(moved: Moved) -> None:
    """90 for the two of January, three as is known late, though a cohort of January moved too; of March there was no spend before."""
    assert moved["cac", "2026-01-01", "all"] == (45, 30, "1 subscription version (c 2026-01-20 00:00)")
    assert moved["cac", "2026-01-01", "(none)"][2] == "1 subscription version (c 2026-01-20 00:00)"
    assert moved["cac", "2026-03-01", "ads"] == (None, None, "1 row of spend (2026-03-02 ads)")


def test_a_late_customer_moves_its_cohort(moved: Moved) -> None:
    before, after, because = moved["cohort first_payment month n_day 1", "2026-01-01", "all"]
    assert (before, after) == (1.0, pytest.approx(2 / 3))
    assert because == "1 subscription version (c 2026-01-20 00:00)"


def test_without_contracts_a_late_invoice_moves_the_customers_and_is_told_as_an_invoice(tmp_path: Path) -> None:
    """a bought on 10 January and, as is known late, on 20 February: 40 days later it is still a customer, on 31 March."""
    late = {"invoice": "4,a,one_off,2026-02-20,70,USD\n"}
    moved = restated(tmp_path, "inactivity", DATA_FROM, {"customer": ("c,C,", "c,Cecil,")}, late)
    assert moved["customers_end", "2026-03-01", "all"] == (1, 2, "1 invoice (4)")
    assert moved["revenue", "2026-02-01", "north"][2] == "1 invoice (4)"


def test_a_month_that_newly_appears_is_told_whole(tmp_path: Path) -> None:
    """A contract of December, before all that was known: every figure of the month is new, those without a value too."""
    early = {"subscription": "c,2025-12-05,2025-12-20,c,basic,1,50,USD,month,1,active,2025-12-05\n"}
    moved = restated(tmp_path, "contract", "", {}, early)
    december = {metric: told[:2] for (metric, day, value), told in moved.items() if (day, value) == ("2025-12-01", "all")}
    assert december["customers_new_and_gone"] == (None, 1)
    assert december["churn_point_customers"] == december["churn_point_worth"] == (None, None)
    assert len(december) > 30


def test_other_settings_are_told_as_such(tmp_path: Path) -> None:
    """a bought on 10 January: on the 31st a customer after 40 days, none after 20; c, of 10 March, likewise at the end of March."""
    moved = restated(tmp_path, "inactivity", DATA_FROM, {"company": ("days: 40", "days: 20")}, {})
    of_all = {(metric, day): told for (metric, day, value), told in moved.items() if value == "all" and metric == "customers_end"}
    assert of_all == {
        ("customers_end", "2026-01-01"): (1, 0, "the company's settings"),
        ("customers_end", "2026-03-01"): (1, 0, "the company's settings"),
    }
    assert not any(metric == "revenue" for metric, _, _ in moved)


def test_what_a_new_dimension_brings_is_no_restatement(tmp_path: Path) -> None:
    late = {"invoice": "4,a,one_off,2026-02-20,70,USD\n"}
    moved = restated(tmp_path, "inactivity", DATA_FROM, {"company": ("[region]", "[region, tenure]")}, late)
    assert moved["revenue", "2026-02-01", "north"] == (0, 70, "the company's settings; 1 invoice (4)")
    assert {value for _, _, value in moved} <= {"all", "north", "south"}


ESTIMATED = """invoice_id,customer_id,kind,issued_at,net_amount,currency
1,a,one_off,2026-01-01,10,USD
2,a,one_off,2026-01-11,10,USD
3,a,one_off,2026-01-21,10,USD
4,b,one_off,2026-01-01,10,USD
5,b,one_off,2026-01-11,10,USD
"""


@pytest.mark.parametrize(
    ("locale", "because"),
    [
        ("en", "a customer counts as lost after 20 days, after 10 before; 1 invoice (6)"),
        ("fa", "مشتری پس از ۲۰ روز از دست رفته شمرده می‌شود، پیش‌تر پس از ۱۰ روز؛ ۱ صورت‌حساب (\u20686\u2069)"),
    ],
)
def test_days_that_are_estimated_otherwise_are_told(tmp_path: Path, locale: str, because: str) -> None:
    """Three gaps of ten days, then one of twenty: who bought since 12 January is a customer at its end (a and b), before since the 22nd."""
    late = {"invoice": "6,b,one_off,2026-01-31,10,USD\n"}
    settings = f"{DATA_FROM}locale: {locale}\nrepurchase: {{minimum_gaps: 3}}\n"
    moved = restated(tmp_path, "estimated", settings, {}, late, {"invoice": ESTIMATED})
    assert moved["customers_end", "2026-01-01", "all"] == (0, 2, because)
    assert moved["revenue", "2026-01-01", "all"] == (50, 60, because.replace("؛", ";").split("; ")[1])
