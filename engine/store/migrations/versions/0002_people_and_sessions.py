"""People, their sessions, and the counters of failed sign-ins"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OFFICES = "'system_admin', 'security_admin', 'auditor'"
_HOLDS_OFFICE = "EXISTS (SELECT 1 FROM person WHERE district_id = NEW.district_id AND id = NEW.person"
_HOLDS_POST = "EXISTS (SELECT 1 FROM post WHERE district_id = NEW.district_id AND person = NEW.id)"
_APART = "an office and a post are not held by one person"
_NO_POST = "an office is no post"

# A foreign key cannot say «not in the other table», and rows of posts may come before their people.
GUARDS = {
    "sqlite": (
        *(
            f"CREATE TRIGGER post_is_no_office_{verb} BEFORE {verb} ON post WHEN NEW.role IN ({_OFFICES})"
            f" BEGIN SELECT RAISE(ABORT, '{_NO_POST}'); END"
            for verb in ("insert", "update")
        ),
        *(
            f"CREATE TRIGGER post_apart_{verb} BEFORE {verb} ON post WHEN {_HOLDS_OFFICE} AND office IS NOT NULL)"
            f" BEGIN SELECT RAISE(ABORT, '{_APART}'); END"
            for verb in ("insert", "update")
        ),
        *(
            f"CREATE TRIGGER office_apart_{verb} BEFORE {verb} ON person WHEN NEW.office IS NOT NULL AND {_HOLDS_POST}"
            f" BEGIN SELECT RAISE(ABORT, '{_APART}'); END"
            for verb in ("insert", "update")
        ),
    ),
    # Both sides take the same lock, so that neither overlooks what the other has not committed yet.
    "postgresql": (
        "CREATE FUNCTION post_apart() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NEW.role IN ({_OFFICES}) THEN RAISE check_violation USING MESSAGE = '{_NO_POST}'; END IF;"
        " PERFORM pg_advisory_xact_lock(7301002, hashtext(NEW.district_id || '/' || NEW.person));"
        f" IF {_HOLDS_OFFICE} AND office IS NOT NULL) THEN"
        f" RAISE check_violation USING MESSAGE = '{_APART}'; END IF;"
        " RETURN NEW; END $$",
        "CREATE TRIGGER post_apart BEFORE INSERT OR UPDATE ON post FOR EACH ROW EXECUTE FUNCTION post_apart()",
        "CREATE FUNCTION office_apart() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.office IS NULL THEN RETURN NEW; END IF;"
        " PERFORM pg_advisory_xact_lock(7301002, hashtext(NEW.district_id || '/' || NEW.id));"
        f" IF {_HOLDS_POST} THEN RAISE check_violation USING MESSAGE = '{_APART}'; END IF;"
        " RETURN NEW; END $$",
        "CREATE TRIGGER office_apart BEFORE INSERT OR UPDATE ON person FOR EACH ROW EXECUTE FUNCTION office_apart()",
    ),
}


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "person",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("login", sqltypes.AutoString(), nullable=True),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("phone", sqltypes.AutoString(), nullable=True),
        sa.Column("password_hash", sqltypes.AutoString(), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("office", sqltypes.AutoString(), nullable=True),
        sa.Column("disabled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint(f"office IN ({_OFFICES})", name=op.f("ck_person_office")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_person")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index("ix_person_login", ["district_id", "login"], unique=True)

    op.create_table(
        "session",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("token_hash", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("person", sqltypes.AutoString(), nullable=False),
        sa.Column("post", sqltypes.AutoString(), nullable=True),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("agent", sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("seen_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("expires_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("fresh_until", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('office', 'phone')", name=op.f("ck_session_kind")),
        sa.PrimaryKeyConstraint("district_id", "token_hash", name=op.f("pk_session")),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index("ix_session_person", ["district_id", "person"], unique=False)

    op.create_table(
        "sign_in_try",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("scope", sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqltypes.AutoString(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("scope IN ('account', 'address', 'pair')", name=op.f("ck_sign_in_try_scope")),
        sa.PrimaryKeyConstraint("district_id", "scope", "subject", name=op.f("pk_sign_in_try")),
    )
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Go back to the revision before."""
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("post_is_no_office", "post_apart"):
            for verb in ("insert", "update"):
                op.execute(f"DROP TRIGGER {trigger}_{verb}")
    else:
        op.execute("DROP TRIGGER post_apart ON post")
    op.drop_table("sign_in_try")
    op.drop_table("session")
    op.drop_table("person")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION post_apart()")
        op.execute("DROP FUNCTION office_apart()")
