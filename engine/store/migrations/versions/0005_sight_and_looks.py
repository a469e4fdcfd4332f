"""The unit a task was given to, as a column; and who looked at who reported a matter"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

GIVEN = sa.text("department IS NOT NULL")
# The whole matter lies in its snapshot; what is stored there before this revision is read from it once.
FROM_SNAPSHOT = {
    "sqlite": "UPDATE matter SET department = json_extract(CAST(snapshot AS TEXT), '$.department')",
    "postgresql": "UPDATE matter SET department = convert_from(snapshot, 'UTF8')::json ->> 'department'",
}


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column("matter", sa.Column("department", sqltypes.AutoString(), nullable=True))
    op.execute(FROM_SNAPSHOT[op.get_bind().dialect.name])
    op.create_index(
        "ix_matter_department",
        "matter",
        ["district_id", "department", "root"],
        unique=False,
        sqlite_where=GIVEN,
        postgresql_where=GIVEN,
    )
    op.create_table(
        "look",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=False),
        sa.Column("person", sqltypes.AutoString(), nullable=False),
        sa.Column("post", sqltypes.AutoString(), nullable=False),
        sa.Column("fields", sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_look")),
    )
    with op.batch_alter_table("look", schema=None) as batch_op:
        batch_op.create_index("ix_look_at", ["district_id", "at", "id"], unique=False)
        batch_op.create_index("ix_look_person", ["district_id", "person", "at"], unique=False)
        batch_op.create_index("ix_look_matter", ["district_id", "matter_id", "at"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("look")
    op.drop_index("ix_matter_department", table_name="matter", sqlite_where=GIVEN, postgresql_where=GIVEN)
    op.drop_column("matter", "department")
