"""One index of open matters serves lists by due instant and all counts; the one by level goes"""

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OPEN = text("outcome IS NULL")
BEFORE = ["district_id", "due_at", "id"]
SINCE = [*BEFORE, "kind", "level", "place", "state", "workflow", "supervised", "late", "outcome", "entered_at", "root"]
BY_LEVEL = ["district_id", "kind", "level", "due_at", "id", "place"]


def upgrade() -> None:
    """Bring the schema to this revision."""
    _drop("ix_matter_open_level")
    _drop("ix_matter_open_due")
    _create("ix_matter_open_due", SINCE)


def downgrade() -> None:
    """Go back to the revision before."""
    _drop("ix_matter_open_due")
    _create("ix_matter_open_due", BEFORE)
    _create("ix_matter_open_level", BY_LEVEL)


def _create(name: str, columns: list[str]) -> None:
    op.create_index(name, "matter", columns, sqlite_where=OPEN, postgresql_where=OPEN)


def _drop(name: str) -> None:
    op.drop_index(name, table_name="matter", sqlite_where=OPEN, postgresql_where=OPEN)
