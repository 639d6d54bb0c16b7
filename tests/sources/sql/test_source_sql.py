"""SQL sources: the same table gives the same rows from SQLite and from PostgreSQL."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from mandegar.config import company as companies
from mandegar.errors import SourceError
from mandegar.sources.extract import describe

TABLES = (
    "CREATE TABLE clients (id INTEGER, full_name TEXT, since TIMESTAMP)",
    "INSERT INTO clients VALUES (1, 'Sara', '2025-01-01 09:30:00'), (2, 'علی', '2025-01-02 00:00:00')",
    "CREATE TABLE contracts (subscription_id TEXT, valid_from TIMESTAMP, customer_id TEXT, plan TEXT, quantity NUMERIC, "
    "unit_price NUMERIC(12, 2), currency TEXT, interval_unit TEXT, interval_count INTEGER, status TEXT, started_at TIMESTAMP)",
    "INSERT INTO contracts VALUES "
    "('s1', '2025-01-01 00:00:00', '1', 'basic', 1, 10.25, 'USD', 'month', 1, 'active', '2025-01-01 00:00:00')",
)
MORE = """sources:
  billing:
    kind: sql
    {reach}
    tables:
      customer:
        {taken}
        columns: {{customer_id: id, name: full_name, signed_up_at: since}}
      subscription: {{table: contracts}}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def reach(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with the tables above, and how company.yaml names it."""
    if request.param == "sqlite":
        (tmp_path / "company").mkdir()
        with sqlite3.connect(tmp_path / "company" / "billing.db") as connection:
            for statement in TABLES:
                connection.execute(statement)
        connection.close()
        return "url: sqlite:///billing.db"
    url = request.getfixturevalue("postgres_url")
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in TABLES:
            connection.execute(sa.text(statement))
    engine.dispose()
    monkeypatch.setenv("AIRFLOW_CONN_BILLING", url)
    return "connection: billing"


def test_a_table_gives_every_value_as_text(make_company, take, reach):
    folder = make_company({}, more=MORE.format(reach=reach, taken="table: clients"))
    assert take(folder, "billing.customer") == [
        {"id": "1", "full_name": "Sara", "since": "2025-01-01 09:30:00", "_row": 1},
        {"id": "2", "full_name": "علی", "since": "2025-01-02 00:00:00", "_row": 2},
    ]


def test_an_amount_keeps_its_digits(make_company, take, reach):
    folder = make_company({}, more=MORE.format(reach=reach, taken="table: clients"))
    assert take(folder, "billing.subscription")[0]["unit_price"] == "10.25"


def test_a_query_with_a_comment_and_a_semicolon_is_taken(make_company, take, reach):
    query = 'query: "SELECT id, full_name, since FROM clients WHERE id = 2 -- only Ali\\n;"'
    folder = make_company({}, more=MORE.format(reach=reach, taken=query))
    assert [row["full_name"] for row in take(folder, "billing.customer")] == ["علی"]


@pytest.mark.parametrize(
    ("taken", "message"),
    [
        ("table: customers", r"billing\.customer: the database has no table 'customers'\. Correct `table:` in company\.yaml\."),
        ("query: SELECT nothing FROM clients", r"billing\.customer: the database refuses the query \(.*nothing.*\)\. Correct `query:`"),
        (
            "table: clients\n        cursor: changed",
            r"billing\.customer: has no column 'changed', named as its cursor\. It has: id, full_name, since\.",
        ),
        ("query: SELECT id, full_name FROM clients", r"has no column 'since', needed for customer\.signed_up_at\. It has: id, full_name\."),
    ],
)
def test_what_the_database_does_not_have_is_named_with_the_mend(make_company, reach, taken, message):
    company = companies.load(make_company({}, more=MORE.format(reach=reach, taken=taken)))
    with pytest.raises(SourceError, match=message):
        describe(company, company.table("billing.customer"))


def test_a_database_that_stops_while_it_gives_rows_is_an_explained_error(make_company, take, reach):
    """The second row overflows, which no database notices before it computes it."""
    value = "abs(-9223372036854775807 - (id / 2))" if "sqlite" in reach else "1 / (2 - id)"
    query = f"query: SELECT {value} AS id, full_name, since FROM clients"
    folder = make_company({}, more=MORE.format(reach=reach, taken=query))
    with pytest.raises(SourceError, match=r"billing\.customer: the database stopped while it gave its rows"):
        take(folder, "billing.customer")


def test_a_connection_that_airflow_does_not_know_is_named_with_its_variable(make_company, take):
    folder = make_company({}, more=MORE.format(reach="connection: elsewhere", taken="table: clients"))
    with pytest.raises(SourceError, match=r"'elsewhere' is not known.*AIRFLOW_CONN_ELSEWHERE"):
        take(folder, "billing.customer")


@pytest.mark.parametrize("url", ["nonsense", "oracle9://host/db"])
def test_a_url_that_says_nothing_is_an_explained_error(make_company, take, url):
    folder = make_company({}, more=MORE.format(reach=f"url: {url}", taken="table: clients"))
    with pytest.raises(SourceError, match=r"billing\.customer: the database's URL cannot be used .*Correct the URL of source billing"):
        take(folder, "billing.customer")


def test_a_sqlite_file_that_is_not_there_is_not_made(make_company, take, tmp_path):
    folder = make_company({}, more=MORE.format(reach=f"url: sqlite:///{tmp_path}/gone.db", taken="table: clients"))
    with pytest.raises(SourceError, match=r"the database .*gone\.db is not there"):
        take(folder, "billing.customer")
    assert not (tmp_path / "gone.db").exists()
