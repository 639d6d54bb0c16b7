"""Migrations: what Alembic makes is what tables.py describes, in SQLite and in PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mandegar.warehouse.connect import migrate, open_warehouse
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
