"""Desks, counts by place and level, and what rings today are read from an index alone"""

from alembic import op
from sqlalchemy import text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OPEN = text("outcome IS NULL")
RINGS = text("failed_at IS NULL AND held_until IS NULL")
# By index: its table, its condition, its columns before and since.
CHANGED = {
    "ix_matter_open_holder": (
        "matter", OPEN, ["district_id", "holder_unit", "holder_role", "due_at", "id"],
        ["district_id", "holder_unit", "holder_role", "due_at", "id", "workflow", "state", "outcome"],
    ),
    "ix_matter_open_place": (
        "matter", OPEN, ["district_id", "place", "due_at", "id"],
        ["district_id", "place", "level", "due_at", "id", "kind", "workflow", "state", "supervised", "outcome"],
    ),
    "ix_timer_due": (
        "timer", RINGS, ["district_id", "fire_at", "rank", "matter_id"],
        ["district_id", "fire_at", "rank", "matter_id", "failed_at", "held_until"],
    ),
}  # fmt: skip


def upgrade() -> None:
    """Bring the schema to this revision."""
    for name, (table, condition, _before, since) in CHANGED.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, since, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    for name, (table, condition, before, _since) in CHANGED.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, before, sqlite_where=condition, postgresql_where=condition)
