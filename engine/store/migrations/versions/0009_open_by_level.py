"""Open matters by level: what the board counts and lists by"""

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = text("outcome IS NULL")


def upgrade() -> None:
    """Add the index that the board counts and lists by."""
    op.create_index(
        "ix_matter_open_level",
        "matter",
        ["district_id", "kind", "level", "due_at", "id", "place"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_matter_open_level", table_name="matter", sqlite_where=OPEN, postgresql_where=OPEN)
