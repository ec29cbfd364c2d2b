"""Under which name somebody was invited, so that an acceptance by another account is recognised."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of invitations sent before, nobody knows the name any more."""
    op.add_column("invitation", sa.Column("full_name", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Forget the names."""
    with op.batch_alter_table("invitation") as table:
        table.drop_column("full_name")
