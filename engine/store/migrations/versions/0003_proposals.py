"""Proposed limits texts"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "proposal",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("flow", sqltypes.AutoString(), nullable=False),
        sa.Column("base", sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqltypes.AutoString(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.Column("author_post", sqltypes.AutoString(), nullable=False),
        sa.Column("author_person", sqltypes.AutoString(), nullable=True),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("effective_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("dry_run", sa.LargeBinary(), nullable=True),
        sa.Column("decided_post", sqltypes.AutoString(), nullable=True),
        sa.Column("decided_person", sqltypes.AutoString(), nullable=True),
        sa.Column("decided_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("decided_reason", sqltypes.AutoString(), nullable=True),
        sa.Column("in_effect_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("moved_at", sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'waiting', 'approved', 'refused', 'withdrawn', 'in_effect', 'lapsed')",
            name=op.f("ck_proposal_state"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_proposal")),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index("ix_proposal_state", ["district_id", "state", "effective_at"], unique=False)
        batch_op.create_index("ix_proposal_flow", ["district_id", "flow", "made_at"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("proposal")
