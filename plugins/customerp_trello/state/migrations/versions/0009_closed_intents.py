"""Closed intents are found by their age, so that each run forgets without reading all of them."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_intent_closed_at", "intent", ["closed_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_intent_closed_at", "intent")
