"""The first schema.

Alembic runs a migration by itself, so it repeats what `tables` says instead of importing it: `tables` will move on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "invitation",
    "plan",
    "watermark",
    "history",
    "conflict",
    "open_work",
    "intent",
    "tombstone",
    "link",
    "run",
    "pair_lease",
)


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "conflict",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("link", NUMBER, nullable=False),
        sa.Column("property", sa.String(length=255), nullable=False),
        sa.Column("base_customerp", sa.Text(), nullable=True),
        sa.Column("base_trello", sa.Text(), nullable=True),
        sa.Column("customerp", sa.Text(), nullable=True),
        sa.Column("trello", sa.Text(), nullable=True),
        sa.Column("winner", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("answered_by", sa.String(length=255), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("run", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_conflict_link_property"), "conflict", ["link", "property"], unique=False)
    op.create_index(op.f("ix_conflict_pair_status"), "conflict", ["pair", "status"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("run", sa.String(length=255), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("link", NUMBER, nullable=True),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("change_key", sa.String(length=255), nullable=False),
        sa.Column("customerp_id", sa.String(length=255), nullable=False),
        sa.Column("trello_id", sa.String(length=255), nullable=False),
        sa.Column("property", sa.String(length=255), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("winner", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_history_pair_at"), "history", ["pair", "at"], unique=False)
    op.create_index(op.f("ix_history_pair_customerp_id"), "history", ["pair", "customerp_id"], unique=False)
    op.create_index(op.f("ix_history_pair_trello_id"), "history", ["pair", "trello_id"], unique=False)
    op.create_index(op.f("ix_history_run"), "history", ["run"], unique=False)
    op.create_table(
        "intent",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("run", sa.String(length=255), nullable=False),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("change_key", sa.String(length=255), nullable=False),
        sa.Column("customerp_id", sa.String(length=255), nullable=False),
        sa.Column("trello_id", sa.String(length=255), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_intent_pair_status"), "intent", ["pair", "status"], unique=False)
    op.create_index(op.f("ix_intent_run_status"), "intent", ["run", "status"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("member_id", sa.String(length=255), nullable=False),
        sa.Column("workspace_id", sa.String(length=255), nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("invited_at", MOMENT, nullable=False),
        sa.Column("run", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("email", "workspace_id", name=op.f("uq_invitation_email_workspace_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "link",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("customerp_id", sa.String(length=255), nullable=False),
        sa.Column("trello_id", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("base_customerp", sa.JSON(), nullable=False),
        sa.Column("base_trello", sa.JSON(), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("written_customerp", sa.Text(), server_default="", nullable=False),
        sa.Column("written_trello", sa.Text(), server_default="", nullable=False),
        sa.Column("created_run", sa.String(length=255), nullable=False),
        sa.Column("changed_run", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("pair", "customerp_id", name=op.f("uq_link_pair_customerp_id")),
        sa.UniqueConstraint("pair", "trello_id", name=op.f("uq_link_pair_trello_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "open_work",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("record_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("next_try_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_work")),
        sa.UniqueConstraint("pair", "side", "record_id", "kind", name=op.f("uq_open_work_pair_side_record_id_kind")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pair_lease",
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("owner_run", sa.String(length=255), nullable=True),
        sa.Column("run_fence", NUMBER, nullable=False),
        sa.Column("fence", NUMBER, nullable=False),
        sa.Column("acquired_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("pair", name=op.f("pk_pair_lease")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("dag_id", sa.String(length=255), nullable=False),
        sa.Column("airflow_run_id", sa.String(length=255), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=255), nullable=False),
        sa.Column("window_start", MOMENT, nullable=True),
        sa.Column("window_end", MOMENT, nullable=True),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("plan_digest", sa.Text(), server_default="", nullable=False),
        sa.Column("run_fence", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_pair_started_at"), "run", ["pair", "started_at"], unique=False)
    op.create_table(
        "tombstone",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("deleted_id", sa.String(length=255), nullable=False),
        sa.Column("surviving_id", sa.String(length=255), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("run", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_why", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstone")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_tombstone_pair_side_deleted_id"), "tombstone", ["pair", "side", "deleted_id"], unique=False
    )
    op.create_table(
        "watermark",
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("at", MOMENT, nullable=True),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("complete_at", MOMENT, nullable=True),
        sa.Column("listed", sa.Integer(), nullable=True),
        sa.Column("identity", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("run", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("pair", "side", name=op.f("pk_watermark")),
    )
    op.create_table(
        "plan",
        sa.Column("run", sa.String(length=255), nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=255), nullable=False),
        sa.Column("path", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("guarded", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("approved_by", sa.String(length=255), nullable=False),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_plan_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_plan")),
    )
    op.create_index(op.f("ix_plan_pair_status"), "plan", ["pair", "status"], unique=False)


def downgrade() -> None:
    """Drop all tables."""
    for table in TABLES:
        op.drop_table(table)
