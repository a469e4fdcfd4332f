"""Receipts are looked up by the hash of their code"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_index("ix_demand_receipt", "demand", ["district_id", "receipt_code_hash"], unique=True)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_index("ix_demand_receipt", "demand")
