"""Alembic's entry: the connection is handed over by `mandegar.warehouse.connect.migrate`."""

from alembic import context

from mandegar.warehouse.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_type=True, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
