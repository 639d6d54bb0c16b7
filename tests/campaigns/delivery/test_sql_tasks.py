"""Tasks in a table of the company's own, on SQLite and PostgreSQL: one row each, also after a crash; what is wrong is told."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.settings import SqlTasks
from mandegar.campaigns.delivery.sql_tasks import Sql
from mandegar.errors import SourceError

DUE = datetime(2025, 4, 2, 12)
NOW = datetime(2025, 4, 1, 8, tzinfo=UTC)
COLUMNS = {"id": "mandegar_id", "subject": "what", "text": "details", "owner": "who", "customer_id": "account", "due_at": "until"}


@pytest.fixture
def database(warehouse_url: str, monkeypatch) -> sa.Engine:
    url = warehouse_url.replace("postgresql://", "postgresql+psycopg://")
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"password": "s3cret", "extra": {"url": url}}))
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    make_table(engine)
    return engine


def make_table(database: sa.Engine, name: str = "task", key: str = "TEXT UNIQUE", until: str = "TIMESTAMP") -> None:
    number = "INTEGER" if database.dialect.name == "sqlite" else "SERIAL"
    columns = f"number {number} PRIMARY KEY, mandegar_id {key}, what TEXT NOT NULL, details TEXT, who TEXT, account TEXT, until {until}"
    with database.begin() as connection:
        connection.execute(sa.text(f"CREATE TABLE {name} ({columns})"))


def rows(database: sa.Engine) -> list[tuple]:
    with database.begin() as connection:
        table = sa.Table("task", sa.MetaData(), autoload_with=connection)
        return [tuple(row)[1:] for row in connection.execute(sa.select(table).order_by(table.c.number))]


def channel(**other: object) -> Sql:
    settings = {"gateway": "sql", "connection": "crm", "table": "task", "columns": COLUMNS} | other
    return Sql(SqlTasks.model_validate(settings), lambda: NOW)


def test_a_task_is_a_row_once(database, a_message):
    task = a_message(channel="task", address="Ali", due_at=DUE, subject="با سارا تماس بگیرید", text="نارضایتی؛ 'DROP TABLE task'")
    for _ in range(2):
        assert channel(mapping={"Ali": "u-7"}).send(task, lambda: None) == task.message_id
    assert rows(database) == [(task.message_id, "با سارا تماس بگیرید", "نارضایتی؛ 'DROP TABLE task'", "u-7", "c1", DUE)]


def test_two_senders_at_once_write_a_task_once(database, a_message):
    senders = [channel() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for number in range(1, 11):
            task = a_message(number, channel="task")
            told = list(pool.map(lambda sender, task=task: sender.send(task, lambda: None), senders))
            assert told == [task.message_id] * 4
    assert sorted(row[0] for row in rows(database)) == [f"{number:040x}" for number in range(1, 11)]


def test_a_key_that_could_stand_there_twice_is_refused_before_anything_is_written(database, a_message):
    make_table(database, "loose", key="TEXT")
    with pytest.raises(Refused, match=r"loose\.mandegar_id is not unique, .*ALTER TABLE loose ADD UNIQUE \(mandegar_id\)"):
        channel(table="loose").send(a_message(channel="task"), lambda: None)


@pytest.mark.parametrize(
    "index", ["CREATE UNIQUE INDEX known ON loose (mandegar_id)", "CREATE UNIQUE INDEX known ON loose (mandegar_id, who)"]
)
def test_a_unique_index_of_the_key_alone_is_enough(database, a_message, index):
    make_table(database, "loose", key="TEXT")
    with database.begin() as connection:
        connection.execute(sa.text(index))
    if "who" in index:
        with pytest.raises(Refused, match="is not unique"):
            channel(table="loose").send(a_message(channel="task"), lambda: None)
    else:
        assert channel(table="loose").send(a_message(channel="task"), lambda: None) == f"{1:040x}"


def test_an_index_of_some_rows_is_not_enough(database, a_message):
    make_table(database, "loose", key="TEXT")
    with database.begin() as connection:
        connection.execute(sa.text("CREATE UNIQUE INDEX known ON loose (mandegar_id) WHERE who = 'Ali'"))
    with pytest.raises(Refused, match="is not unique"):
        channel(table="loose").send(a_message(channel="task"), lambda: None)


def test_a_table_of_a_schema_is_written_into(postgres_url, a_message, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CRM", postgres_url)  # as Airflow writes a connection to PostgreSQL
    engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text('CREATE SCHEMA crm; CREATE TABLE crm.tasks ("select" TEXT PRIMARY KEY, "Until When" DATE)'))
    task = a_message(channel="task", due_at=DUE)
    for _ in range(2):
        channel(table="crm.tasks", columns={"id": "select", "due_at": "Until When"}).send(task, lambda: None)
    with engine.begin() as connection:
        found = [tuple(row) for row in connection.execute(sa.text("SELECT * FROM crm.tasks"))]
    assert found == [(task.message_id, DUE.date())]


def test_times_go_into_a_column_of_text_too(database, a_message):
    make_table(database, "worded", until="TEXT")
    channel(table="worded").send(a_message(channel="task", due_at=DUE), lambda: None)
    with database.begin() as connection:
        assert connection.execute(sa.text("SELECT until FROM worded")).scalar() == "2025-04-02 12:00:00"


@pytest.mark.parametrize("url", ["no url s3cret-word", "oracle+s3cret-word://h/x"])
def test_a_connection_that_is_no_database_is_told_without_what_it_holds(monkeypatch, url):
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"extra": {"url": url}}))
    with pytest.raises(SourceError, match=r"delivery\.yaml: task: the connection 'crm' names no database that can be used") as found:
        channel()
    assert "s3cret" not in str(found.value)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"table": "tasks"}, "there is no table tasks. Write its name under `table:`"),
        ({"columns": {"id": "mandegar_id", "subject": "title"}}, "task has no column title; it has number, mandegar_id, what"),
        ({"columns": {"id": "mandegar_id"}}, "task: "),  # `what` may not be empty
    ],
)
def test_what_does_not_fit_is_told(database, a_message, other, told):
    with pytest.raises(Refused, match=told):
        channel(**other).send(a_message(channel="task"), lambda: None)
    assert rows(database) == []


def test_a_database_that_does_not_answer_is_asked_again(a_message, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"extra": {"url": "postgresql+psycopg://acme:s3cret@127.0.0.1:9/crm"}}))
    with pytest.raises(Failed, match="the database does not answer") as found:
        channel().send(a_message(channel="task"), lambda: None)
    assert "s3cret" not in str(found.value)
