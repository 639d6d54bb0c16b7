"""Tasks in a table of the company's own, on SQLite and PostgreSQL: one row each, also after a crash; what is wrong is told."""

import json
from datetime import datetime

import pytest
import sqlalchemy as sa

from mandegar.campaigns.delivery.channel import Failed, Refused
from mandegar.campaigns.delivery.settings import SqlTasks
from mandegar.campaigns.delivery.sql_tasks import Sql

DUE = datetime(2025, 4, 2, 12)
COLUMNS = {"id": "mandegar_id", "subject": "what", "text": "details", "owner": "who", "customer_id": "account", "due_at": "until"}


@pytest.fixture
def database(warehouse_url: str, monkeypatch) -> sa.Engine:
    url = warehouse_url.replace("postgresql://", "postgresql+psycopg://")
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"password": "s3cret", "extra": {"url": url}}))
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    number = "INTEGER" if engine.dialect.name == "sqlite" else "SERIAL"
    columns = f"number {number} PRIMARY KEY, mandegar_id TEXT, what TEXT NOT NULL, details TEXT, who TEXT, account TEXT, until TIMESTAMP"
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE TABLE task ({columns})"))
    return engine


def rows(database: sa.Engine) -> list[tuple]:
    with database.begin() as connection:
        table = sa.Table("task", sa.MetaData(), autoload_with=connection)
        return [tuple(row)[1:] for row in connection.execute(sa.select(table).order_by(table.c.number))]


def channel(**other: object) -> Sql:
    return Sql(SqlTasks.model_validate({"gateway": "sql", "connection": "crm", "table": "task", "columns": COLUMNS} | other))


def test_a_task_is_a_row_once(database, a_message):
    task = a_message(channel="task", address="Ali", due_at=DUE, subject="با سارا تماس بگیرید", text="نارضایتی؛ 'DROP TABLE task'")
    for _ in range(2):
        assert channel(mapping={"Ali": "u-7"}).send(task, lambda: None) == task.message_id
    assert rows(database) == [(task.message_id, "با سارا تماس بگیرید", "نارضایتی؛ 'DROP TABLE task'", "u-7", "c1", DUE)]


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
