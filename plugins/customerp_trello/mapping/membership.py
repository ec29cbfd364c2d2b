"""The words of a membership, and what writing one does to somebody (contract, section 8)."""

ACTIVE, DEACTIVATED, NONE = MEMBERSHIPS = ("active", "deactivated", "none")
"""An open invitation counts as active."""
INVITES = (ACTIVE,)
SENDS_AWAY = (NONE, DEACTIVATED)
