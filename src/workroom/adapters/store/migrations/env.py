"""Run by Alembic: carries the migrations out on the connection that ``upgrade_connection`` gave."""

from __future__ import annotations

from alembic import context

from workroom.adapters.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # Changing a column on SQLite means copying its table.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
