"""Which side of a suspended link is away, so that CustomERP's is still away when a listing by change leaves it out."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; links that are suspended already have it from their history.

    Where that is forgotten it is CustomERP's: the next complete listing puts it right, and nothing is written until
    then.
    """
    op.add_column("link", sa.Column("away", sa.Text(), nullable=False, server_default=""))
    op.execute(
        "UPDATE link SET away = coalesce((SELECT side FROM history WHERE history.link = link.id "
        "AND operation = 'suspended' AND side <> '' ORDER BY history.id DESC LIMIT 1), 'customerp') "
        "WHERE status = 'suspended'"
    )


def downgrade() -> None:
    """Forget it."""
    with op.batch_alter_table("link") as table:
        table.drop_column("away")
