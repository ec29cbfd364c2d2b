"""Alembic's entry: migrates within the connection and transaction that `upgrade` hands over."""

from alembic import context

from customerp_trello.state.tables import metadata
from customerp_trello.state.upgrade import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
