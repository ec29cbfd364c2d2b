"""Plain words for what the software calls by a short name, and for moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

SIDES: Mapping[str, str] = {"customerp": "CustomERP", "trello": "Trello", "": "our state"}

OPERATIONS: Mapping[str, str] = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "move": "moved",
    "restore": "brought back",
    "undo": "put back",
    "link": "linked",
    "relink": "link moved",
    "unlink": "unlinked",
    "adopt": "found equal",
    "conflict": "conflict",
    "quarantine": "quarantined",
    "not_writable": "not writable",
    "suspended": "suspended",
    "waiting": "waiting",
    "kept": "kept",
    "answer": "answered",
    "retry": "try again asked for",
    "rejoin": "may find each other again",
    "renew": "counts as new again",
}

PLANNED: Mapping[str, str] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "move": "move",
    "link": "link",
    "relink": "move link",
    "unlink": "unlink",
    "adopt": "note as equal",
}

CAUSES: Mapping[str, str] = {
    "edited_in_customerp": "edited in CustomERP",
    "edited_in_trello": "edited in Trello",
    "new_in_customerp": "new in CustomERP",
    "new_in_trello": "new in Trello",
    "born_in_trello": "new in Trello; what CustomERP gave it is written back",
    "gone_in_customerp": "gone in CustomERP",
    "gone_in_trello": "gone in Trello",
    "gone_on_both": "gone on both sides",
    "first_link": "first comparison after linking",
    "first_link_fill": "first comparison: an empty side was filled",
    "key": "same link key",
    "lives_again": "the deleted record is back",
    "resumed": "in sight again",
    "rebound": "another account has accepted the invitation",
    "put_back": "edited on the side that only receives; put back",
    "not_put_back": "edited on the side that only receives; reported only",
    "touch": "the comment is written anew",
    "writable_again": "the target takes it by now",
    "out_of_scope": "left the scope",
    "not_seen": "cannot be seen any more",
    "equal": "both sides show the same",
    "noted": "only CustomERP shows it; kept to find the record by",
    "recovered": "found after an interruption",
    "answered": "a person decided",
    "manual": "a person has to decide",
    "undone": "a run was undone; a person has to decide",
    "undo": "a run was undone",
    "not_readable": "the record is gone, out of sight, unreadable or suspended now",
    "edited_since": "it does not show the run's value any more",
    "unknown_before": "what it showed before is not known",
    "invitation": "an invitation that was sent cannot be taken back",
    "irreversible": "what was deleted, switched off, moved or posted again cannot be taken back",
    "latest": "the latest edit wins",
    "latest_by_estimate": "the latest edit wins, by estimate",
    "latest_tie": "edited at the same moment",
    "policy_customerp": "CustomERP wins by policy",
    "policy_trello": "Trello wins by policy",
    "superseded": "edited before it was decided; asked anew",
    "overwritten": "a write of ours replaced an edit that nobody had read",
    "edit_wins": "deleted here, edited there: the edit wins",
    "restore": "deleted; made again",
    "ambiguous": "the link keys fit several records",
    "counterpart_held": "it fits a record that has to wait",
    "leaver": "it fits somebody who has left",
    "possible_duplicate": "a linked record has the same key",
    "tombstone": "one of the two was deleted",
    "condition": "gets no counterpart for now",
    "link_only": "waits until a fitting record appears",
    "incomplete_listing": "the listing was not complete",
    "apart": "a person took it and its counterpart apart",
    "unlinked": "its link has ended",
    "merge": "it is gone, and several others have its key",
    "required": "a required value is missing",
    "not_linked": "not linked",
    "cap": "Trello has no place left",
    "unreadable": "cannot be read",
    "held": "rests until its next try",
    "by hand": "by hand",
}

MARKS: Mapping[str, str] = {
    "normalised": "the target writes it its own way",
    "not_writable:customerp": "CustomERP does not take it",
    "not_writable:trello": "Trello does not take it",
    "undone": "put back by an undo",
}

STATUSES: Mapping[str, tuple[str, str]] = {
    "success": ("done", "good"),
    "failed": ("failed", "bad"),
    "held": ("held", "warn"),
    "preview": ("preview", "calm"),
    "running": ("running", "calm"),
}
"""Status of a run -> word and tone."""

ACTIONS: Mapping[str, str] = {
    "sync": "sync",
    "preview": "preview",
    "full_resync": "full resync",
    "relink": "re-link",
    "let_through": "let a plan through",
    "apply_plan": "apply a plan",
    "undo": "undo",
}


def operation(name: str) -> str:
    """What was done, in a word."""
    return OPERATIONS.get(name, name.replace("_", " "))


def planned(name: str) -> str:
    """What a plan means to do, in a word."""
    return PLANNED.get(name) or operation(name)


def cause(text: str) -> str:
    """Why, in words; what follows the cause's name is kept, unless it says the same."""
    name, colon, detail = text.partition(": ")
    known = CAUSES.get(name)
    if known is None:
        return text if detail else text.replace("_", " ")
    return known if detail in ("", known) else f"{known}{colon}{detail}"


def figure(name: str) -> str:
    """A figure of a run's report, with the systems' own names."""
    for side, system in SIDES.items():
        if side and name.endswith(f" in {side}"):
            return name.removesuffix(side) + system
    return name


def mark(text: str) -> str:
    """A standing difference, in words."""
    return MARKS.get(text, text.replace("_", " "))


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that says enough: ``4 min ago``; ``in 4 min`` for what is to come."""
    seconds = (now - moment).total_seconds()
    text = _length(abs(seconds))
    if text == "0 s":
        return "just now"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def lasting(since: datetime, now: datetime) -> str:
    """For how long: ``for 4 min``."""
    return f"for {_length(max(0.0, (now - since).total_seconds()))}"


def _length(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}"
    return f"{int(seconds)} s"


def moment(at: datetime) -> str:
    """A moment in UTC to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
