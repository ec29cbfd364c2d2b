"""The trigger form: what a person may ask of a run, and the sentence that refuses what makes no sense.

What the form shows is in :mod:`customerp_trello.flow.form_fields`; what may be combined is checked here and nowhere
else, by the run's first task, before any request goes out: Airflow itself checks little.

No pandas and no SQLAlchemy here: DAG files import this module when they are parsed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from customerp_trello.errors import FormError

PREVIEW, SYNC, FULL_RESYNC, RELINK = "preview", "sync", "full_resync", "relink"
LET_THROUGH, APPLY_PLAN, UNDO = "let_through", "apply_plan", "undo"
ACTIONS = (PREVIEW, SYNC, FULL_RESYNC, RELINK, LET_THROUGH, APPLY_PLAN, UNDO)

BY_HAND = "manual"
"""Airflow's word for a run that a person started, by the form, the REST API or the command line."""
BACKFILL = "backfill"

DEFAULTS: dict[str, Any] = {
    "action": PREVIEW,
    "plan": "",
    "run": "",
    "keys": [],
    "changed_from": None,
    "changed_to": None,
    "limit": None,
}
"""The form as it opens: whoever just presses the button has a look and writes nothing."""

_PART = {"plan": "plan", "run": "run", "keys": "keys", "changed_from": "window", "changed_to": "window"}
_PART["limit"] = "limit"
_TAKES = {
    PREVIEW: {"run", "keys", "window", "limit"},
    SYNC: {"keys", "window", "limit"},
    FULL_RESYNC: set(),
    RELINK: set(),
    LET_THROUGH: {"plan"},
    APPLY_PLAN: {"plan"},
    UNDO: {"run", "keys", "limit"},
}
"""What each action can be confined to, or told."""
_NEEDS = {
    LET_THROUGH: ("plan", "the digest of the held plan in `plan`; the held run's log names it"),
    APPLY_PLAN: ("plan", "the digest of the plan in `plan`; the log of its preview names it"),
    UNDO: ("run", "the run to undo in `run`; the last line of its report names it"),
}


def way_through(action: str) -> str:
    """Return the action that lets a held plan of a run with this *action* through."""
    return APPLY_PLAN if action == APPLY_PLAN else LET_THROUGH


@dataclass(frozen=True)
class Form:
    """What a run was asked to do.

    Attributes:
        action: one of :data:`ACTIONS`.
        plan: digest of the held plan to let through, or of the plan to apply.
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
        confined = self.windowed or bool(self.keys) or self.limit is not None
        return confined or bool(self.run) or self.action == APPLY_PLAN

    @property
    def dry(self) -> bool:
        """Whether nothing is to be written."""
        return self.action == PREVIEW

    def as_json(self) -> dict[str, Any]:
        """The form as JSON, for the run's row."""
        data = asdict(self) | {"keys": list(self.keys)}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in data.items()}


def asked(
    run_type: str, conf: Mapping[str, Any], params: Mapping[str, Any], interval: tuple[datetime, datetime] | None = None
) -> Form:
    """What a run was asked for, by who or what started it (contract, section 2).

    A person's run does what the form says, which opens as a preview. A run that nobody started by hand (schedule,
    asset, backfill, another DAG) has no form: it is a sync, unless its own configuration says otherwise. Only a
    backfill is confined to its data interval; whether a run has one says nothing, since the form gives it one too.

    Args:
        run_type: Airflow's, such as ``manual``, ``scheduled``, ``asset_triggered``, ``backfill``.
        conf: the run's own configuration as it was sent.
        params: the DAG's params with the configuration merged in.
        interval: the run's data interval, if it has one.

    Raises:
        FormError: one sentence per thing that is wrong.
    """
    values = dict(params)
    if run_type != BY_HAND and "action" not in conf:
        values["action"] = SYNC
    if run_type == BACKFILL and interval:
        if any(values.get(name) for name in ("changed_from", "changed_to")):
            raise FormError(
                "A backfill's windows are its intervals; leave changed_from and changed_to empty, or trigger one run "
                "with them instead of a backfill."
            )
        values |= {"changed_from": interval[0].isoformat(), "changed_to": interval[1].isoformat()}
    return read_form(conf, values)


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
    form = Form(
        action=str(values["action"]),
        plan=_digest(values["plan"], problems),
        run=str(values["run"] or "").strip(),
        keys=_texts(values["keys"], problems),
        changed_from=_moment("changed_from", values["changed_from"], problems),
        changed_to=_moment("changed_to", values["changed_to"], problems),
        limit=_limit(values["limit"], problems),
    )
    problems += _combination(form)
    if problems:
        raise FormError(
            "The trigger form cannot be carried out: " + "; ".join(problems) + ". Trigger again, corrected."
        )
    return form


def form_of(data: Mapping[str, Any]) -> Form:
    """The form that :meth:`Form.as_json` wrote."""
    moments = {k: datetime.fromisoformat(data[k]) if data.get(k) else None for k in ("changed_from", "changed_to")}
    keys, run = tuple(data["keys"]), data.get("run", "")
    return Form(data["action"], data["plan"], keys, limit=data["limit"], run=run, **moments)


def _combination(form: Form) -> list[str]:
    """What is wrong with fields that are right one by one."""
    if form.action not in ACTIONS:
        return [f"action is {form.action!r}; valid: {', '.join(ACTIONS)}"]
    problems = []
    needed, where = _NEEDS.get(form.action, ("", ""))
    if needed and not getattr(form, needed):
        problems.append(f"action {form.action} needs {where}")
    for name, part in _PART.items():
        if getattr(form, name) not in ("", (), None) and part not in _TAKES[form.action]:
            able = ", ".join(action for action in ACTIONS if part in _TAKES[action])
            problems.append(f"`{name}` goes with {able}, not with {form.action}; leave it empty")
    if form.run and form.windowed and form.action == PREVIEW:
        problems.append("an undo is of one run, not of a window; leave changed_from and changed_to empty")
    if form.changed_from and form.changed_to and form.changed_from >= form.changed_to:
        problems.append(f"changed_from ({form.changed_from:%F %T}) must be before changed_to ({form.changed_to:%F %T})")
    if form.changed_from and form.changed_from > datetime.now(UTC):
        problems.append(f"changed_from ({form.changed_from:%F %T}) is in the future; nothing has changed since")
    return problems


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, DEFAULTS, 1)
    hint = f", did you mean {near[0]}?" if near else ""
    return f"unknown key {key!r}{hint} (valid: {', '.join(DEFAULTS)})"


def _digest(value: Any, problems: list[str]) -> str:
    text = str(value or "").strip()
    if not re.fullmatch("[0-9a-f]{0,16}", text):
        problems.append(f"plan is {text[:40]!r}; valid: the plan's sixteen digits (0-9, a-f), or their beginning")
        return ""
    return text


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
