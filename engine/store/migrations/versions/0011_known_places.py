"""Places from which an account was signed in lately"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "known_place",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqltypes.AutoString(), nullable=False),
        sa.Column("seen_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "subject", name=op.f("pk_known_place")),
    )


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("known_place")
