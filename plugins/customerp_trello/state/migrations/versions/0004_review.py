"""What the review page asks for: since when a link is not writable, words to search by, indexes for lists."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.String(length=100).with_variant(sa.String(length=100, collation="C"), "postgresql")


def upgrade() -> None:
    """Add them; marks that stand already count from the run that changed their link last."""
    op.add_column("link", sa.Column("not_writable_since", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE link SET not_writable_since = coalesce("
        "(SELECT started_at FROM run WHERE run.id = link.changed_run), CURRENT_TIMESTAMP) "
        "WHERE CAST(marks AS TEXT) LIKE '%\"not_writable%'"
    )
    op.create_index(
        op.f("ix_link_pair_status_not_writable_since"), "link", ["pair", "status", "not_writable_since"], unique=False
    )
    op.create_index(
        op.f("ix_open_work_pair_kind_first_seen"), "open_work", ["pair", "kind", "first_seen"], unique=False
    )
    op.drop_index(op.f("ix_history_run"), table_name="history")
    op.create_index(op.f("ix_history_run_id"), "history", ["run", "id"], unique=False)
    op.create_table(
        "search_scope",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("indexed_to", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_scope")),
        sa.UniqueConstraint("pair", name=op.f("uq_search_scope_pair")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "search_word",
        sa.Column("scope", NUMBER, autoincrement=False, nullable=False),
        sa.Column("word", BYTEWISE, nullable=False),
        sa.Column("link", NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("scope", "word", "link", name=op.f("pk_search_word")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take them away; all of it can be made again."""
    op.drop_table("search_word")
    op.drop_table("search_scope")
    op.drop_index(op.f("ix_history_run_id"), table_name="history")
    op.create_index(op.f("ix_history_run"), "history", ["run"], unique=False)
    op.drop_index(op.f("ix_open_work_pair_kind_first_seen"), table_name="open_work")
    op.drop_index(op.f("ix_link_pair_status_not_writable_since"), table_name="link")
    op.drop_column("link", "not_writable_since")
