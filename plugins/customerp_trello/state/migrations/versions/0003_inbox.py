"""Deliveries of webhooks wait in an inbox until a run of their pair begins to read."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("connection", sa.String(length=255), nullable=False),
        sa.Column("delivery_id", sa.String(length=255), nullable=False),
        sa.Column("pair", sa.String(length=255), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=255), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run", sa.String(length=255), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("connection", "delivery_id", "pair", name=op.f("uq_delivery_connection_delivery_id_pair")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_delivery_pair_run"), "delivery", ["pair", "run"], unique=False)


def downgrade() -> None:
    """Forget what waits; the schedule finds it."""
    op.drop_index(op.f("ix_delivery_pair_run"), table_name="delivery")
    op.drop_table("delivery")
