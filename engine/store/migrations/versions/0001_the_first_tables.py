"""The first tables"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Against accidents only: whoever owns the database can take them away, and `verify` trusts none of them.
GUARDS = {
    "sqlite": (
        "CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event"
        " BEGIN SELECT RAISE(ABORT, 'the history only grows'); END",
        "CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event"
        " BEGIN SELECT RAISE(ABORT, 'the history only grows'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION event_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the history only grows'; END $$",
        "CREATE TRIGGER event_only_grows BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_refuse()",
        "CREATE TRIGGER event_is_not_emptied BEFORE TRUNCATE ON event"
        " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
    ),
}


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "alarm",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=True),
        sa.Column("text", sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("cleared_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_alarm")),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index(
            "ix_alarm_standing",
            ["district_id", "at"],
            unique=False,
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )

    op.create_table(
        "calendar_version",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("texts", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "digest", name=op.f("pk_calendar_version")),
    )
    with op.batch_alter_table("calendar_version", schema=None) as batch_op:
        batch_op.create_index(
            "ix_calendar_version_current",
            ["district_id", "id"],
            unique=True,
            sqlite_where=sa.text("current"),
            postgresql_where=sa.text("current"),
        )

    op.create_table(
        "chain",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_chain")),
    )
    op.create_table(
        "deployment",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("value", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "key", name=op.f("pk_deployment")),
    )
    op.create_table(
        "digest",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("day", sqltypes.AutoString(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "day", name=op.f("pk_digest")),
    )
    op.create_table(
        "duty",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqltypes.AutoString(), nullable=False),
        sa.Column("unit", sqltypes.AutoString(), nullable=False),
        sa.Column("post", sqltypes.AutoString(), nullable=False),
        sa.Column("since", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("until", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "role", "unit", "post", "since", name=op.f("pk_duty")),
    )
    op.create_table(
        "event",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("recorded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("timer_key", sqltypes.AutoString(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_index", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "matter_id", "seq", name=op.f("pk_event")),
        sa.UniqueConstraint("district_id", "timer_key", name=op.f("uq_event_district_id_timer_key")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_recorded", ["district_id", "recorded_at", "matter_id", "seq"], unique=False)

    op.create_table(
        "file",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=True),
        sa.Column("sha256", sqltypes.AutoString(), nullable=False),
        sa.Column("media_type", sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("name_ref", sqltypes.AutoString(), nullable=True),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_file")),
    )
    with op.batch_alter_table("file", schema=None) as batch_op:
        batch_op.create_index("ix_file_matter", ["district_id", "matter_id"], unique=False)

    op.create_table(
        "idempotency",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "actor", "key", name=op.f("pk_idempotency")),
    )
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.create_index("ix_idempotency_at", ["district_id", "at"], unique=False)

    op.create_table(
        "job",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("args", sa.LargeBinary(), nullable=False),
        sa.Column("progress", sa.LargeBinary(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("error", sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'stopped')", name=op.f("ck_job_state")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_job")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_state", ["district_id", "state"], unique=False)

    op.create_table(
        "matter",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("workflow", sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("level", sqltypes.AutoString(), nullable=True),
        sa.Column("outcome", sqltypes.AutoString(), nullable=True),
        sa.Column("holder_role", sqltypes.AutoString(), nullable=True),
        sa.Column("holder_unit", sqltypes.AutoString(), nullable=True),
        sa.Column("assignee", sqltypes.AutoString(), nullable=True),
        sa.Column("place", sqltypes.AutoString(), nullable=False),
        sa.Column("root", sqltypes.AutoString(), nullable=False),
        sa.Column("parent", sqltypes.AutoString(), nullable=True),
        sa.Column("klass", sqltypes.AutoString(), nullable=False),
        sa.Column("filed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("entered_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("supervised", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('demand', 'task', 'topic', 'ruling')", name=op.f("ck_matter_kind")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_matter")),
    )
    with op.batch_alter_table("matter", schema=None) as batch_op:
        batch_op.create_index("ix_matter_ended", ["district_id", "ended_at", "id"], unique=False)
        batch_op.create_index("ix_matter_filed", ["district_id", "filed_at", "id"], unique=False)
        batch_op.create_index(
            "ix_matter_open_due",
            ["district_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )
        batch_op.create_index(
            "ix_matter_open_holder",
            ["district_id", "holder_unit", "holder_role", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )
        batch_op.create_index(
            "ix_matter_open_place",
            ["district_id", "place", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )
        batch_op.create_index("ix_matter_parent", ["district_id", "parent"], unique=False)
        batch_op.create_index("ix_matter_root", ["district_id", "root"], unique=False)

    op.create_table(
        "message",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("post", sqltypes.AutoString(), nullable=True),
        sa.Column("role", sqltypes.AutoString(), nullable=True),
        sa.Column("unit", sqltypes.AutoString(), nullable=True),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=True),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("text", sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("read_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_message")),
        sa.UniqueConstraint("district_id", "key", name=op.f("uq_message_district_id_key")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_matter", ["district_id", "matter_id", "at"], unique=False)
        batch_op.create_index("ix_message_post", ["district_id", "post", "at"], unique=False)
        batch_op.create_index("ix_message_role", ["district_id", "unit", "role", "at"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("recipient_role", sqltypes.AutoString(), nullable=True),
        sa.Column("recipient_unit", sqltypes.AutoString(), nullable=True),
        sa.Column("recipient_post", sqltypes.AutoString(), nullable=True),
        sa.Column("channel", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("not_before", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("lease_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("sent_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("dead_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("error", sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("district_id", "key", name=op.f("uq_outbox_district_id_key")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_matter", ["district_id", "matter_id", "seq"], unique=False)
        batch_op.create_index(
            "ix_outbox_waiting",
            ["district_id", "next_attempt_at", "id"],
            unique=False,
            sqlite_where=sa.text("sent_at IS NULL AND dead_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND dead_at IS NULL"),
        )

    op.create_table(
        "post",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqltypes.AutoString(), nullable=False),
        sa.Column("unit", sqltypes.AutoString(), nullable=True),
        sa.Column("person", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("since", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("until", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_post")),
    )
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.create_index("ix_post_person", ["district_id", "person"], unique=False)
        batch_op.create_index("ix_post_seat", ["district_id", "unit", "role"], unique=False)

    op.create_table(
        "reporter",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sqltypes.AutoString(), nullable=True),
        sa.Column("name_ref", sqltypes.AutoString(), nullable=True),
        sa.Column("phone_ref", sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "matter_id", "n", name=op.f("pk_reporter")),
    )
    with op.batch_alter_table("reporter", schema=None) as batch_op:
        batch_op.create_index("ix_reporter_person", ["district_id", "person"], unique=False)

    op.create_table(
        "serial",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("series", sqltypes.AutoString(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "series", name=op.f("pk_serial")),
    )
    op.create_table(
        "timer",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=False),
        sa.Column("clock", sqltypes.AutoString(), nullable=False),
        sa.Column("rule", sqltypes.AutoString(), nullable=False),
        sa.Column("visit", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("fire_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("held_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("failed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("error", sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "matter_id", "clock", "rule", "visit", "slot", name=op.f("pk_timer")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("timer", schema=None) as batch_op:
        batch_op.create_index(
            "ix_timer_apart",
            ["district_id", "fire_at"],
            unique=False,
            sqlite_where=sa.text("failed_at IS NOT NULL OR held_until IS NOT NULL"),
            postgresql_where=sa.text("failed_at IS NOT NULL OR held_until IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_timer_due",
            ["district_id", "fire_at", "rank", "matter_id"],
            unique=False,
            sqlite_where=sa.text("failed_at IS NULL AND held_until IS NULL"),
            postgresql_where=sa.text("failed_at IS NULL AND held_until IS NULL"),
        )

    op.create_table(
        "unit",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("parent", sqltypes.AutoString(), nullable=True),
        sa.Column("path", sqltypes.AutoString(), nullable=False),
        sa.Column("serves", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('district', 'street', 'community', 'village', 'estate', 'grid', 'department')",
            name=op.f("ck_unit_kind"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_unit")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index("ix_unit_path", ["district_id", "path"], unique=False)

    op.create_table(
        "vault",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("ref", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("field", sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqltypes.AutoString(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("purpose", sqltypes.AutoString(), nullable=False),
        sa.Column("keep_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("key_id", sqltypes.AutoString(), nullable=True),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("erased_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "ref", name=op.f("pk_vault")),
    )
    with op.batch_alter_table("vault", schema=None) as batch_op:
        batch_op.create_index("ix_vault_keep_until", ["district_id", "keep_until"], unique=False)
        batch_op.create_index("ix_vault_matter", ["district_id", "matter_id", "seq"], unique=False)
        batch_op.create_index("ix_vault_subject", ["district_id", "subject"], unique=False)

    op.create_table(
        "workflow_version",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqltypes.AutoString(), nullable=False),
        sa.Column("id", sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("flow_text", sa.LargeBinary(), nullable=False),
        sa.Column("limits_text", sa.LargeBinary(), nullable=True),
        sa.Column("limits_version", sa.Integer(), nullable=True),
        sa.Column("beside", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("published_by", sqltypes.AutoString(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "digest", name=op.f("pk_workflow_version")),
        sa.UniqueConstraint(
            "district_id", "id", "version", "digest", name=op.f("uq_workflow_version_district_id_id_version_digest")
        ),
    )
    with op.batch_alter_table("workflow_version", schema=None) as batch_op:
        batch_op.create_index(
            "ix_workflow_version_current",
            ["district_id", "id"],
            unique=True,
            sqlite_where=sa.text("current"),
            postgresql_where=sa.text("current"),
        )

    op.create_table(
        "demand",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("matter_id", sqltypes.AutoString(), nullable=False),
        sa.Column("number", sqltypes.AutoString(), nullable=False),
        sa.Column("category", sqltypes.AutoString(), nullable=True),
        sa.Column("channel", sqltypes.AutoString(), nullable=False),
        sa.Column("external_number", sqltypes.AutoString(), nullable=True),
        sa.Column("external_due", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("receipt_code_hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["district_id", "matter_id"],
            ["matter.district_id", "matter.id"],
            name=op.f("fk_demand_district_id_matter_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "matter_id", name=op.f("pk_demand")),
        sa.UniqueConstraint("district_id", "number", name=op.f("uq_demand_district_id_number")),
    )
    with op.batch_alter_table("demand", schema=None) as batch_op:
        batch_op.create_index("ix_demand_category", ["district_id", "category", "matter_id"], unique=False)
        batch_op.create_index("ix_demand_external", ["district_id", "external_number"], unique=False)

    op.create_table(
        "vault_bigram",
        sa.Column("district_id", sqltypes.AutoString(), nullable=False),
        sa.Column("gram", sqltypes.AutoString(), nullable=False),
        sa.Column("ref", sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "ref"],
            ["vault.district_id", "vault.ref"],
            name=op.f("fk_vault_bigram_district_id_ref"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("district_id", "gram", "ref", name=op.f("pk_vault_bigram")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("vault_bigram", schema=None) as batch_op:
        batch_op.create_index("ix_vault_bigram_ref", ["district_id", "ref"], unique=False)
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER event_only_grows ON event; DROP TRIGGER event_is_not_emptied ON event;")
        op.execute("DROP FUNCTION event_refuse();")
    with op.batch_alter_table("vault_bigram", schema=None) as batch_op:
        batch_op.drop_index("ix_vault_bigram_ref")

    op.drop_table("vault_bigram")
    with op.batch_alter_table("demand", schema=None) as batch_op:
        batch_op.drop_index("ix_demand_external")
        batch_op.drop_index("ix_demand_category")

    op.drop_table("demand")
    with op.batch_alter_table("workflow_version", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_workflow_version_current", sqlite_where=sa.text("current"), postgresql_where=sa.text("current")
        )

    op.drop_table("workflow_version")
    with op.batch_alter_table("vault", schema=None) as batch_op:
        batch_op.drop_index("ix_vault_subject")
        batch_op.drop_index("ix_vault_matter")
        batch_op.drop_index("ix_vault_keep_until")

    op.drop_table("vault")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index("ix_unit_path")

    op.drop_table("unit")
    with op.batch_alter_table("timer", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_timer_due",
            sqlite_where=sa.text("failed_at IS NULL AND held_until IS NULL"),
            postgresql_where=sa.text("failed_at IS NULL AND held_until IS NULL"),
        )
        batch_op.drop_index(
            "ix_timer_apart",
            sqlite_where=sa.text("failed_at IS NOT NULL OR held_until IS NOT NULL"),
            postgresql_where=sa.text("failed_at IS NOT NULL OR held_until IS NOT NULL"),
        )

    op.drop_table("timer")
    op.drop_table("serial")
    with op.batch_alter_table("reporter", schema=None) as batch_op:
        batch_op.drop_index("ix_reporter_person")

    op.drop_table("reporter")
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.drop_index("ix_post_seat")
        batch_op.drop_index("ix_post_person")

    op.drop_table("post")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_waiting",
            sqlite_where=sa.text("sent_at IS NULL AND dead_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND dead_at IS NULL"),
        )
        batch_op.drop_index("ix_outbox_matter")

    op.drop_table("outbox")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("ix_message_role")
        batch_op.drop_index("ix_message_post")
        batch_op.drop_index("ix_message_matter")

    op.drop_table("message")
    with op.batch_alter_table("matter", schema=None) as batch_op:
        batch_op.drop_index("ix_matter_root")
        batch_op.drop_index("ix_matter_parent")
        batch_op.drop_index(
            "ix_matter_open_place", sqlite_where=sa.text("outcome IS NULL"), postgresql_where=sa.text("outcome IS NULL")
        )
        batch_op.drop_index(
            "ix_matter_open_holder",
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )
        batch_op.drop_index(
            "ix_matter_open_due", sqlite_where=sa.text("outcome IS NULL"), postgresql_where=sa.text("outcome IS NULL")
        )
        batch_op.drop_index("ix_matter_filed")
        batch_op.drop_index("ix_matter_ended")

    op.drop_table("matter")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_state")

    op.drop_table("job")
    with op.batch_alter_table("idempotency", schema=None) as batch_op:
        batch_op.drop_index("ix_idempotency_at")

    op.drop_table("idempotency")
    with op.batch_alter_table("file", schema=None) as batch_op:
        batch_op.drop_index("ix_file_matter")

    op.drop_table("file")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_recorded")

    op.drop_table("event")
    op.drop_table("duty")
    op.drop_table("digest")
    op.drop_table("deployment")
    op.drop_table("chain")
    with op.batch_alter_table("calendar_version", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_calendar_version_current", sqlite_where=sa.text("current"), postgresql_where=sa.text("current")
        )

    op.drop_table("calendar_version")
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_alarm_standing",
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )

    op.drop_table("alarm")
