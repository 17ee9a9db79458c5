"""Alembic runs this: the steps go over the connection that `bachbot.listening.store.database` opened."""

from alembic import context

from bachbot.listening.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can undo changes to tables; Alembic has to be told.
    transactional_ddl=True,
)
context.run_migrations()
