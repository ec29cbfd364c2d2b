"""Which amendment Trello's comment includes, so that one posted again takes no later one for included."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it is filled when a comment is written the next time."""
    op.add_column("link", sa.Column("included", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("link") as table:
        table.drop_column("included")
