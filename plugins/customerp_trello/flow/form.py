"""The trigger form: what a person may ask of a run, and the sentence that refuses what makes no sense.

No pandas and no SQLAlchemy here: DAG files import this module when they are parsed.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from customerp_trello.errors import FormError

SYNC, PREVIEW, FULL_RESYNC, LET_THROUGH, UNDO = "sync", "preview", "full_resync", "let_through", "undo"
ACTIONS = (SYNC, PREVIEW, FULL_RESYNC, LET_THROUGH, UNDO)

DEFAULTS: dict[str, Any] = {
    "action": SYNC,
    "plan": "",
    "run": "",
    "keys": [],
    "changed_from": None,
    "changed_to": None,
    "limit": None,
}


@dataclass(frozen=True)
class Form:
    """What a run was asked to do.

    Attributes:
        action: one of :data:`ACTIONS`.
        plan: digest of the held plan to let through.
        keys: only records with one of these link keys or ids; empty for all.
        changed_from, changed_to: only records changed in ``[from, to)``; a backfill sets both.
        limit: write at most so many changes.
        run: the run to undo (with ``undo``, or ``preview`` of an undo): our id, its beginning, or Airflow's run id.
    """

    action: str = SYNC
    plan: str = ""
    keys: tuple[str, ...] = ()
    changed_from: datetime | None = None
    changed_to: datetime | None = None
    limit: int | None = None
    run: str = ""

    @property
    def windowed(self) -> bool:
        """Whether the run is confined to a window of time."""
        return self.changed_from is not None or self.changed_to is not None

    @property
    def partial(self) -> bool:
        """Whether the run looks at less than everything, so that it proves nothing about the rest."""
        return self.windowed or bool(self.keys) or self.limit is not None or bool(self.run)

    @property
    def dry(self) -> bool:
        """Whether nothing is to be written."""
        return self.action == PREVIEW

    def as_json(self) -> dict[str, Any]:
        """The form as JSON, for the run's row."""
        data = asdict(self) | {"keys": list(self.keys)}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in data.items()}


def read_form(conf: Mapping[str, Any], params: Mapping[str, Any]) -> Form:
    """Check what the trigger form (or the REST API, or the CLI) sent.

    Args:
        conf: the run's own configuration as it was sent; unknown keys are refused.
        params: the DAG's params with the configuration merged in.

    Raises:
        FormError: one sentence per thing that is wrong.
    """
    problems = [_unknown(key) for key in conf if key not in DEFAULTS]
    values = DEFAULTS | {key: value for key, value in params.items() if key in DEFAULTS}
    action = values["action"]
    if action not in ACTIONS:
        problems.append(f"action is {action!r}; valid: {', '.join(ACTIONS)}")
    plan, run = (str(values[name] or "").strip() for name in ("plan", "run"))
    keys = _texts(values["keys"], problems)
    start, end = (
        _moment("changed_from", values["changed_from"], problems),
        _moment("changed_to", values["changed_to"], problems),
    )
    limit = _limit(values["limit"], problems)
    if action == LET_THROUGH and not plan:
        problems.append("action let_through needs the digest of the held plan in `plan`; the held run's log names it")
    if plan and action != LET_THROUGH:
        problems.append(f"`plan` goes with action let_through only, not with {action}; leave it empty")
    if action == UNDO and not run:
        problems.append("action undo needs the run to undo in `run`; the last line of its report names it")
    if run and action not in (UNDO, PREVIEW):
        problems.append(f"`run` goes with action undo, or preview of an undo, not with {action}; leave it empty")
    if run and (start or end):
        problems.append("an undo is of one run, not of a window; leave changed_from and changed_to empty")
    if start and end and start >= end:
        problems.append(f"changed_from ({start:%F %T}) must be before changed_to ({end:%F %T})")
    if action in (FULL_RESYNC, LET_THROUGH) and (keys or start or end or limit is not None):
        problems.append(f"action {action} takes everything; leave keys, changed_from, changed_to and limit empty")
    if problems:
        raise FormError(
            "The trigger form cannot be carried out: " + "; ".join(problems) + ". Trigger again, corrected."
        )
    return Form(action, plan, keys, start, end, limit, run)


def form_of(data: Mapping[str, Any]) -> Form:
    """The form that :meth:`Form.as_json` wrote."""
    moments = {k: datetime.fromisoformat(data[k]) if data.get(k) else None for k in ("changed_from", "changed_to")}
    keys, run = tuple(data["keys"]), data.get("run", "")
    return Form(data["action"], data["plan"], keys, limit=data["limit"], run=run, **moments)


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, DEFAULTS, 1)
    hint = f", did you mean {near[0]}?" if near else ""
    return f"unknown key {key!r}{hint} (valid: {', '.join(DEFAULTS)})"


def _texts(value: Any, problems: list[str]) -> tuple[str, ...]:
    if value in (None, ""):
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        problems.append("keys must be a list of texts, one link key or record id a line")
        return ()
    return tuple(item.strip() for item in value if item.strip())


def _moment(name: str, value: Any, problems: list[str]) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        problems.append(f"{name} is {value!r}; valid: a date and time such as 2026-03-01T09:30:00+00:00")
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _limit(value: Any, problems: list[str]) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        problems.append(f"limit is {value!r}; valid: a whole number from 1")
        return None
    return value
