"""Wishes to erase; a photo that was erased leaves no row, for its name ends with the hash of its bytes"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "erasure",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=False),
        sa.Column("parts", sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("asked_post", sqltypes.AutoString(), nullable=False),
        sa.Column("asked_role", sqltypes.AutoString(), nullable=False),
        sa.Column("asked_unit", sqltypes.AutoString(), nullable=True),
        sa.Column("asked_person", sqltypes.AutoString(), nullable=False),
        sa.Column("asked_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("decided_post", sqltypes.AutoString(), nullable=True),
        sa.Column("decided_person", sqltypes.AutoString(), nullable=True),
        sa.Column("decided_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("erased", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('requested', 'withdrawn', 'achieved', 'expired', 'unlawful')", name=op.f("ck_erasure_reason")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'refused', 'withdrawn')", name=op.f("ck_erasure_state")
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_erasure")),
    )
    op.create_index(
        "ix_erasure_waiting", "erasure", ["district_id", "matter_id"],
        unique=True, sqlite_where=WAITING, postgresql_where=WAITING,
    )  # fmt: skip
    op.create_index("ix_erasure_asked", "erasure", ["district_id", "asked_at", "id"])
    op.execute("DELETE FROM file WHERE bytes IS NULL")


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_index("ix_erasure_asked", table_name="erasure")
    op.drop_index("ix_erasure_waiting", table_name="erasure")
    op.drop_table("erasure")
