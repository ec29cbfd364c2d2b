"""History says who made an edit and a run who started it; a record's history is found by its link as well."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for what happened before."""
    op.add_column("history", sa.Column("actor", sa.Text(), server_default="", nullable=False))
    op.add_column("run", sa.Column("started_by", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_history_link"), "history", ["link"], unique=False)


def downgrade() -> None:
    """Forget them."""
    op.drop_index(op.f("ix_history_link"), table_name="history")
    op.drop_column("run", "started_by")
    op.drop_column("history", "actor")
