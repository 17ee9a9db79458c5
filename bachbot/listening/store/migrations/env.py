"""Alembic runs this module, over the connection that `bachbot.listening.store.database` opened."""

from alembic import context

from bachbot.listening.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can roll back changes to tables, which Alembic does not assume.
    transactional_ddl=True,
)
context.run_migrations()
