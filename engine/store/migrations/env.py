"""Alembic's way into our schema: runs the migrations on the connection that `migrate` hands over."""

from alembic import context

from engine.store.tables.schema import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
    user_module_prefix="sqltypes.",
)
with context.begin_transaction():
    context.run_migrations()
