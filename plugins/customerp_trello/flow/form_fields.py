"""The trigger form as the Airflow UI shows it: titles, help, valid values, sections.

Each field is a :class:`airflow.sdk.Param` (docs: "Params", "Use Params to Provide a Trigger UI Form"). What Airflow can
check of it is said here; what only makes sense together is checked by :mod:`customerp_trello.flow.form`.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from customerp_trello.flow.form import (
    ACTIONS,
    APPLY_PLAN,
    DEFAULTS,
    FULL_RESYNC,
    LET_THROUGH,
    PREVIEW,
    RELINK,
    SYNC,
    UNDO,
)

_WORDS = {
    PREVIEW: "Preview: make and show the plan, write nothing",
    SYNC: "Sync: carry out what has changed since the last run",
    FULL_RESYNC: "Full resync: compare every record of both sides",
    RELINK: "Re-link: only find out who is who, after a change of the mapping",
    LET_THROUGH: "Let a held plan through",
    APPLY_PLAN: "Apply exactly this plan",
    UNDO: "Undo a run",
}

_HELP = """\
- **preview** reads both sides and shows the plan in the log of `reconcile`; nothing is written. With *Run to undo* it
  shows what an undo would do.
- **sync** is what the schedule does: everything since the last run, and all open work.
- **full_resync** lists both sides completely and compares every record.
- **relink** lists both sides completely and links what recognises each other by the mapping as it is now. Neither
  system is written; what would follow is held as a plan for a person to let through.
- **let_through** is a sync that the guard lets pass, if its plan asks for no more than the one named below.
- **apply_plan** does what the plan named below says wherever both sides still show the same values, lists the rest as
  *moved*, and does nothing else.
- **undo** puts back what a run wrote, where it still stands."""

_PLAN, _RECORDS, _WINDOW = "A plan or a run", "Only these records", "Only changes in a window of time"


def form_params() -> dict[str, Param]:
    """The fields by name, in the order in which the form shows them."""
    return {
        "action": Param(
            DEFAULTS["action"],
            type="string",
            enum=list(ACTIONS),
            values_display=_WORDS,
            title="Action",
            description_md=_HELP,
        ),
        "plan": Param(
            DEFAULTS["plan"],
            type=["null", "string"],
            pattern="^[0-9a-f]{0,16}$",
            title="Plan",
            description="The sixteen digits that name a plan: the log of a held run, or of a preview, ends with them. "
            "With let_through and apply_plan only.",
            section=_PLAN,
        ),
        "run": Param(
            DEFAULTS["run"],
            type=["null", "string"],
            title="Run to undo",
            description="The run's id as the last line of its report names it, or Airflow's run id. With undo, or with "
            "preview to see what an undo would do.",
            section=_PLAN,
        ),
        "keys": Param(
            DEFAULTS["keys"],
            type=["null", "array"],
            items={"type": "string"},
            title="Link keys or ids",
            description="Link keys (a customer number, an email, a project number) or record ids of either side, one a "
            "line. Empty: all. With preview, sync and undo.",
            section=_RECORDS,
        ),
        "limit": Param(
            DEFAULTS["limit"],
            type=["null", "integer"],
            minimum=1,
            title="At most so many writes",
            description="The rest is left to later runs. Empty: no limit. With preview, sync and undo.",
            section=_RECORDS,
        ),
        "changed_from": _moment("Changed from", "Only records changed at or after this moment."),
        "changed_to": _moment("Changed before", "Only records changed before this moment."),
    }


def _moment(title: str, what: str) -> Param:
    kind: dict[str, Any] = {"type": ["null", "string"], "format": "date-time"}
    more = "UTC unless it says otherwise. What is written is what both sides show now. With preview and sync."
    return Param(None, **kind, title=title, description=f"{what} {more}", section=_WINDOW)
