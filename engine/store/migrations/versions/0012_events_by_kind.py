"""Events of one kind by time: when rules acted, and the audit's search by kind, without reading the whole log"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = ["district_id", "type", "recorded_at", "matter_id", "seq"]


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_index("ix_event_type", "event", COLUMNS)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_event_type", table_name="event")
