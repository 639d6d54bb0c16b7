"""Migrations: what Alembic makes is what tables.py describes, in SQLite and in PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from mandegar.warehouse.connect import _migrations, migrate, open_warehouse
from mandegar.warehouse.tables import metadata

NAMES = {
    "campaign_member",
    "campaign_run",
    "churn_driver",
    "contact_event",
    "customer_contact",
    "customer_risk",
    "customer_segment",
    "data_quality_result",
    "dim_customer",
    "dim_date",
    "fct_customer_period",
    "fct_mrr_movement",
    "kpi_period",
    "pipeline_run",
    "published_night",
    "quarantined_row",
}


def test_the_migrations_make_exactly_the_tables_described(target):
    with target.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert set(sa.inspect(connection).get_table_names()) >= NAMES


def test_every_table_and_every_column_is_described():
    assert {table.name for table in metadata.sorted_tables} >= NAMES
    bare = [table.name for table in metadata.sorted_tables if not table.comment]
    bare += [str(column) for table in metadata.sorted_tables for column in table.columns if not column.comment]
    assert bare == []


def test_postgresql_knows_the_descriptions(target):
    if target.dialect.name == "sqlite":
        return  # SQLite keeps no comments
    inspector = sa.inspect(target)
    assert inspector.get_table_comment("dim_customer")["text"] == "What is known of each customer without saying who it is"
    columns = {column["name"]: column["comment"] for column in inspector.get_columns("customer_risk")}
    assert columns["health_score"] == "0 (worst) to 100"


def test_migrating_twice_changes_nothing(published, everything):
    before = everything(published)
    assert len(before["dim_customer"]) == 3
    migrate(published)
    assert everything(published) == before


def test_two_processes_may_open_an_empty_warehouse_at_once(warehouse_url):
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(open_warehouse, [warehouse_url] * 4))
    assert {frozenset(sa.inspect(engine).get_table_names()) >= NAMES for engine in engines} == {True}
    for engine in engines:
        engine.dispose()


def test_who_began_a_journey_under_a_key_with_its_midnight_does_not_begin_again(target):
    steps = metadata.tables["journey_step"]
    made = {column.name: None for column in steps.columns} | {"campaign_id": "welcome", "mode": "live", "step": "first"}
    made |= {"as_of": date(2026, 10, 1), "state": "waiting", "entered_on": date(2026, 10, 1), "file_version": "1", "facts": "{}"}
    keys = ["anniversary 2 2026-09-30 00:00:00", "s1 2026-09-30", "at 00:00:00 2026-09-30"]
    with target.begin() as connection:
        command.downgrade(_of(connection), "0010")
        for number, key in enumerate(keys):
            connection.execute(steps.insert(), made | {"entry_key": key, "customer_id": f"c{number}", "due_on": date(2026, 10, 2)})
        command.upgrade(_of(connection), "head")
        found = connection.execute(sa.select(steps.c.entry_key).order_by(steps.c.customer_id)).scalars().all()
    assert found == ["anniversary 2 2026-09-30", "s1 2026-09-30", "at 00:00:00 2026-09-30"]


def _of(connection: sa.Connection) -> Config:
    config = _migrations()
    config.attributes["connection"] = connection
    return config
