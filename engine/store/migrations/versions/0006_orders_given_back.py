"""Which work orders were given back to the upper platform, and how far"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "order_out",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("export", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "export", "matter_id", name=op.f("pk_order_out")),
    )
    op.create_index("ix_order_out_matter", "order_out", ["district_id", "matter_id", "seq"], unique=False)


def downgrade() -> None:
    """Undo this revision."""
    op.drop_index("ix_order_out_matter", table_name="order_out")
    op.drop_table("order_out")
