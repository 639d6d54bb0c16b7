"""A real retailer, one invoice file and nothing else: six nights, held against SQL over the raw lines and against pandas."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from mandegar.config import company as companies
from mandegar.pipeline.nightly import run_night
from mandegar.pipeline.stages import Night
from mandegar.storage.home import Home

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "online_retail" / "company.yaml"
DATA = "online_retail_2009_2010.parquet"
STARTS = [date(2010, month, 1) for month in range(1, 13)]
NIGHTS = [date(2010, month + 1, 1) - timedelta(days=1) for month in (1, 3, 6, 10, 11)] + [date(2010, 12, 31)]
# The months from Bahman 1388 to Azar 1389, and the day after: from a printed calendar, 1389 has no 30 Esfand
JALALI = [
    date(2010, *day)
    for day in ((1, 21), (2, 20), (3, 21), (4, 21), (5, 22), (6, 22), (7, 23), (8, 23), (9, 23), (10, 23), (11, 22), (12, 22))
]
MONTHS = {"gregorian": [*STARTS, date(2011, 1, 1)], "jalali": JALALI}
COUNTS = ("customers_buying", "customers_start", "customers_end", "customers_churned")
FIGURES = (*COUNTS, "logo_churn_rate", "revenue")

# Straight from metrics.md: active at an instant is who bought in the 90 days before it; revenue is net of credit notes.
PLAIN_SQL = """
WITH invoices AS (
    SELECT Invoice, max("Customer ID") AS customer, min(InvoiceDate::TIMESTAMP) AS issued_at,
           sum(Quantity * Price::DECIMAL(18, 4)) AS net
    FROM (SELECT DISTINCT * FROM read_parquet(?)) WHERE "Customer ID" IS NOT NULL GROUP BY Invoice),
bought AS (SELECT * FROM invoices WHERE Invoice NOT LIKE 'C%' AND net > 0),
starts AS (SELECT unnest(?::DATE[]) AS opens),
months AS (SELECT * FROM (SELECT opens, lead(opens) OVER (ORDER BY opens) AS closes FROM starts) WHERE closes IS NOT NULL),
there AS (
    SELECT opens, customer,
           bool_or(issued_at >= opens - INTERVAL 90 DAY AND issued_at < opens) AS before,
           bool_or(issued_at >= closes - INTERVAL 90 DAY AND issued_at < closes) AS after,
           bool_or(issued_at >= opens AND issued_at < closes) AS buys
    FROM bought, months GROUP BY ALL),
customers AS (
    SELECT opens, count_if(buys) AS customers_buying, count_if(before) AS customers_start, count_if(after) AS customers_end,
           count_if(before AND NOT after) AS customers_churned
    FROM there GROUP BY opens),
money AS (SELECT opens, sum(net) AS revenue FROM invoices JOIN months ON issued_at >= opens AND issued_at < closes GROUP BY 1)
SELECT customers_buying, customers_start, customers_end, customers_churned, customers_churned / customers_start, revenue
FROM customers JOIN money USING (opens) ORDER BY opens
"""
# Reckoned once with pandas 3.1: drop_duplicates, groupby, sets of customers.
BY_PANDAS = {
    date(2010, 1, 1): (720, 955, 1338, 0, "530436.5120"),
    date(2010, 3, 1): (1057, 1712, 1803, 352, "633419.3110"),
    date(2010, 4, 1): (942, 1803, 1959, 202, "558007.8320"),  # the clocks went forward on 28 March
    date(2010, 11, 1): (1607, 2496, 2877, 233, "1129025.1620"),  # and back on 31 October
    date(2010, 12, 1): (573, 2877, 2564, 412, "303401.7200"),
}
# Likewise, by customer: four days with a purchase or more, the longest of the last ten gaps not over at the start; over at the end.
OWN_CYCLE = [(5, 1), (82, 16), (152, 27), (251, 45), (344, 46), (437, 63), (543, 63), (661, 98), (712, 69), (852, 66), (1029, 60)]

Figures = dict[date, dict[str, float]]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> tuple[Home, dict[date, Figures]]:
    """Where nights at six month ends of 2010 left their numbers, and what each of them had published when it was over."""
    folder = tmp_path_factory.mktemp("retail")
    (folder / "company.yaml").write_text(EXAMPLE.read_text(encoding="utf-8") + "\ncalendars: [jalali]\n", encoding="utf-8")
    (folder / DATA).symlink_to(real_data / DATA)
    company, home = companies.load(folder), Home(folder / "home")
    home.root.mkdir()
    warehouse = sa.create_engine(home.warehouse_url)
    said = {}
    for as_of in NIGHTS:
        assert run_night(Night(company, home, as_of), lambda line: None) == []
        with warehouse.connect() as connection:
            said[as_of] = published(connection)
    warehouse.dispose()
    return home, said


@pytest.fixture(scope="module")
def december(nights: tuple[Home, dict[date, Figures]]) -> Iterator[sa.Connection]:
    """The warehouse after the last night."""
    warehouse = sa.create_engine(nights[0].warehouse_url)
    with warehouse.connect() as connection:
        yield connection
    warehouse.dispose()


def published(connection: sa.Connection, before: date = date(2011, 1, 1), calendar: str = "gregorian") -> Figures:
    """The months that begin in 2010 and that a warehouse tells of: metric by metric."""
    found: Figures = {}
    for start, metric, value in connection.execute(
        sa.text(
            "SELECT period_start, metric, value FROM kpi_period WHERE calendar = :calendar AND period_kind = 'month'"
            " AND dimension = 'all' AND period_start >= '2010-01-01' AND period_start < :before"
        ),
        {"before": before.isoformat(), "calendar": calendar},
    ):
        if metric in FIGURES:
            found.setdefault(date.fromisoformat(start), {})[metric] = value
    return found


@pytest.mark.parametrize("calendar", MONTHS)
def test_every_month_is_what_plain_sql_finds_in_the_lines(december: sa.Connection, real_data: Path, calendar: str) -> None:
    *starts, _ = MONTHS[calendar]
    rows = duckdb.execute(PLAIN_SQL, [str(real_data / DATA), MONTHS[calendar]]).fetchall()
    assert len(rows) == len(starts) >= 11
    found = published(december, calendar=calendar)
    assert {start: [found[start][name] for name in COUNTS] for start in starts} == {
        start: [float(value) for value in row[:4]] for start, row in zip(starts, rows, strict=True)
    }
    for start, (*_, rate, revenue) in zip(starts, rows, strict=True):
        assert found[start]["logo_churn_rate"] == pytest.approx(rate, abs=1e-12)
        assert found[start]["revenue"] == pytest.approx(float(revenue), abs=0.00005)


@pytest.mark.parametrize("start", BY_PANDAS)
def test_months_are_what_pandas_found(december: sa.Connection, start: date) -> None:
    *counts, revenue = BY_PANDAS[start]
    found = published(december)[start]
    assert [found[name] for name in COUNTS] == counts
    assert Decimal(str(found["revenue"])) == Decimal(revenue)


def test_own_cycles_are_what_pandas_found(december: sa.Connection) -> None:
    query = (
        "SELECT denominator, numerator FROM kpi_period WHERE metric = 'own_cycle_churn_rate' AND period_kind = 'month'"
        " AND calendar = 'gregorian' AND period_start BETWEEN '2010-01-01' AND '2010-11-01' ORDER BY period_start"
    )
    assert [tuple(row) for row in december.execute(sa.text(query))] == OWN_CYCLE


def test_a_month_without_a_customer_lost_has_churn_0_and_one_without_customers_has_none(december: sa.Connection) -> None:
    """In December 2009 the data begins: nobody was there before, and 0 / 0 is not 0."""
    query = (
        "SELECT period_start, value FROM kpi_period WHERE metric = 'logo_churn_rate' AND period_kind = 'month' AND calendar = 'gregorian'"
    )
    rates = {row.period_start: row.value for row in december.execute(sa.text(query))}
    assert rates["2010-01-01"] == 0.0
    assert rates["2009-12-01"] is None


@pytest.mark.parametrize("as_of", NIGHTS[:-1])
def test_the_night_that_closed_a_month_said_what_december_says_of_it(
    nights: tuple[Home, dict[date, Figures]], december: sa.Connection, as_of: date
) -> None:
    """Nothing of later days is seen, and nothing of earlier months moves."""
    early = nights[1][as_of]
    assert sorted(early) == STARTS[: as_of.month]
    assert early == published(december, before=as_of)


def test_invoices_of_nobody_wait_in_quarantine_with_the_reason(december: sa.Connection, real_data: Path) -> None:
    query = "SELECT source, column_name, reason, count(*) FROM quarantined_row WHERE as_of = '2010-12-31' GROUP BY 1, 2, 3"
    assert december.execute(sa.text(query)).fetchall() == [("shop.invoice", "customer_id", "is empty; it is needed", 5226)]
    nobodys = "SELECT DISTINCT Invoice FROM read_parquet(?) WHERE \"Customer ID\" IS NULL AND Invoice NOT LIKE 'A%'"
    keys = {key for (key,) in december.execute(sa.text("SELECT key FROM quarantined_row WHERE as_of = '2010-12-31'"))}
    assert keys == {invoice for (invoice,) in duckdb.execute(nobodys, [str(real_data / DATA)]).fetchall()}


def test_bad_debt_written_off_is_no_revenue(december: sa.Connection) -> None:
    """A516228 of 19 July 2010, -44,031.79, is neither sold nor credited: it is in no table of the warehouse."""
    assert december.execute(sa.text("SELECT count(*) FROM quarantined_row WHERE key LIKE 'A%'")).scalar_one() == 0


def test_customers_bear_their_number_and_the_country_they_last_bought_from(december: sa.Connection) -> None:
    """4,383 customers; 12431 bought from Belgium until July and last, in December, from Australia; ids have no decimals."""
    assert december.execute(sa.text("SELECT count(*) FROM dim_customer")).scalar_one() == 4383
    found = december.execute(sa.text("SELECT customer_id, name FROM customer_contact WHERE customer_id = '13085'")).one()
    assert tuple(found) == ("13085", "13085")
    assert december.execute(sa.text("SELECT country FROM dim_customer WHERE customer_id = '12431'")).scalar_one() == "Australia"


def test_everybody_who_can_still_leave_has_a_risk(december: sa.Connection) -> None:
    assert december.execute(sa.text("SELECT count(*) FROM customer_risk WHERE as_of = '2010-12-31'")).scalar_one() == 2564
