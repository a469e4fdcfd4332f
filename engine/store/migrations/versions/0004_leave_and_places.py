"""Who is away and who acts meanwhile; venues and buildings"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "leave",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("post", sqltypes.AutoString(), nullable=False),
        sa.Column("since", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("substitute", sqltypes.AutoString(), nullable=True),
        sa.Column("reason", sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("reason IN ('holiday', 'training', 'away', 'other')", name=op.f("ck_leave_reason")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_leave")),
    )
    with op.batch_alter_table("leave", schema=None) as batch_op:
        batch_op.create_index("ix_leave_post", ["district_id", "post"], unique=False)

    op.create_table(
        "venue",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("unit", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("kind IN ('hall', 'pavilion', 'room', 'yard', 'station')", name=op.f("ck_venue_kind")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_venue")),
    )
    with op.batch_alter_table("venue", schema=None) as batch_op:
        batch_op.create_index("ix_venue_unit", ["district_id", "unit"], unique=False)

    op.create_table(
        "building",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("unit", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqltypes.AutoString(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("worker", sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_building")),
    )
    with op.batch_alter_table("building", schema=None) as batch_op:
        batch_op.create_index("ix_building_unit", ["district_id", "unit"], unique=False)


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table("building", schema=None) as batch_op:
        batch_op.drop_index("ix_building_unit")

    op.drop_table("building")
    with op.batch_alter_table("venue", schema=None) as batch_op:
        batch_op.drop_index("ix_venue_unit")

    op.drop_table("venue")
    with op.batch_alter_table("leave", schema=None) as batch_op:
        batch_op.drop_index("ix_leave_post")

    op.drop_table("leave")
