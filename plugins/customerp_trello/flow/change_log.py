"""What people read: one structured line per change, progress on long loads, personal data masked (mapping, `log`)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingABC
from contextlib import contextmanager

import pandas as pd
import structlog

from customerp_trello.flow.form import Form
from customerp_trello.flow.outcome import Write
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.plan import CREATE, MOVED, NOTES, STATE_ONLY, Change

log = structlog.get_logger("customerp_trello")

MASK = "***"
LONGEST = 80
"""Longer values are cut in the log; the plan's parquet and the history have them whole."""
PROGRESS_EVERY = 10.0
"""Seconds between two progress lines."""


class Masker:
    """Shows values as the mapping allows: properties marked personal are masked."""

    def __init__(self, mapping: Mapping) -> None:
        self.personal = mapping.personal
        # A property that the mapping does not have (any more) may be personal.
        self.shown = frozenset(mapping.names) - self.personal
        names = dict.fromkeys(name for key in mapping.link_keys for name in key.properties)
        # A key's text does not say which property it came from, so one personal key property masks them all.
        self.key_is_personal = any(name in self.personal for name in names)

    def key(self, text: str) -> str:
        """A link key as it may be shown."""
        return MASK if self.key_is_personal and text else text

    def value(self, name: str, text: str | None) -> str:
        """A value as it may be shown; unknown as ``?``, empty as ``-``."""
        if text is None or pd.isna(text):
            return "?"
        if text == "":
            return "-"
        if name not in self.shown:
            return MASK
        text = " / ".join(text.splitlines())
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"

    def properties(self, before: MappingABC[str, str | None], after: MappingABC[str, str]) -> dict[str, str]:
        """``property: before -> after`` for each written property."""
        return {
            name: f"{self.value(name, before.get(name))} -> {self.value(name, text)}" for name, text in after.items()
        }


class ChangeLog:
    """Writes the lines of one load."""

    def __init__(self, mapping: Mapping) -> None:
        self.mask = Masker(mapping)

    def done(self, write: Write) -> None:
        """One write that was carried out."""
        log.info(
            write.operation,
            side=write.side,
            key=self.mask.key(write.key),
            customerp_id=write.customerp_id,
            trello_id=write.trello_id,
            properties=self.mask.properties(write.before, write.sent),
            cause=", ".join(sorted(set(write.causes.values()))),
            **({"not_writable": ", ".join(write.not_taken)} if write.not_taken else {}),
        )

    def noted(self, change: Change) -> None:
        """One change that moved our own state, or told a person something, and wrote to neither system."""
        values = {name: self.mask.value(name, text) for name, text in change.column("customerp").items()}
        across = {name: self.mask.value(name, text) for name, text in change.column("trello").items()}
        log.info(
            change.operation,
            side=change.side or "state",
            key=self.mask.key(change.key),
            customerp_id=change.customerp_id,
            trello_id=change.trello_id,
            properties={name: f"CustomERP {text} | Trello {across[name]}" for name, text in values.items()},
            cause=change.cause,
            detail=change.detail,
        )

    def trouble(self, change: Change | Write, kind: str, reason: str) -> None:
        """One change that was put off or refused."""
        log.warning(
            kind,
            side=change.side,
            operation=change.operation,
            key=self.mask.key(change.key),
            customerp_id=change.customerp_id,
            trello_id=change.trello_id,
            reason=reason,
        )


class Progress:
    """Says how far a long load is, how fast it goes and how long it will take."""

    def __init__(self, total: int, side: str) -> None:
        self.total, self.side, self.done = total, side, 0
        self.started = self.told = time.monotonic()

    def step(self) -> None:
        """One change is through."""
        self.done += 1
        now = time.monotonic()
        if now - self.told >= PROGRESS_EVERY:
            self.told = now
            rate = self.done / (now - self.started)
            log.info(
                "progress",
                side=self.side,
                done=self.done,
                total=self.total,
                per_second=round(rate, 1),
                remaining_seconds=round((self.total - self.done) / rate),
            )


def show_plan(plan: pd.DataFrame, mapping: Mapping, *, most: int = 200) -> None:
    """Show a plan to a person: one line per change, inside a foldable group of Airflow's log."""
    heads = plan.drop_duplicates("change")
    log.info(f"::group::Plan: {len(heads)} changes")
    show_lines(plan_lines(plan, mapping, most))
    if len(heads) > most:
        log.info(f"... and {len(heads) - most} more")
    log.info("::endgroup::")


def plan_lines(plan: pd.DataFrame, mapping: Mapping, most: int) -> Iterable[str]:
    """A plan's first changes as text, one line per change and one per property, masked as the mapping says."""
    heads = plan.drop_duplicates("change")
    for line in _lines(plan, heads.head(most), Masker(mapping)):
        yield " ".join(line.splitlines())


@contextmanager
def folded(title: str) -> Iterator[None]:
    """Lines that Airflow's page folds; open again at once where they end in an error, which follows them."""
    log.info(f"::group::{title}")
    try:
        yield
    finally:
        log.info("::endgroup::")


def show_lines(lines: Iterable[str]) -> None:
    """Show text line by line. Not by print: that reaches Airflow's log another way, in between its own lines."""
    for line in lines:
        log.info(line)


def show_window(form: Form, evidence: MappingABC[str, MappingABC[str, int]]) -> None:
    """Say which window a run was confined to, and what made a record belong to it; nothing where there is none."""
    if not evidence:
        return
    start, end = (f"{at:%F %T} UTC" if at else "any time" for at in (form.changed_from, form.changed_to))
    log.info(f"::group::Window: changed from {start} and before {end}")
    for side, found in evidence.items():
        log.info(
            f"{side}: {found['inside']} records lie in it by their own modification time, {found['outside']} do not; "
            f"of {found['unknown']} no time is known, so they belong to every window"
        )
    log.info("A record is looked at if one of its two sides belongs. What is written is what both sides show now.")
    log.info("::endgroup::")


def show_verdict(pair: str, verdict: MappingABC[str, object]) -> None:
    """Show what the guard says and, where it holds the plan, how to let it through; short lines, since none wraps."""
    log.info(f"Plan {verdict['digest']} of {pair}", go=str(verdict["go"]))
    show_lines(str(verdict["verdict"]).replace("; ", ";\n").replace(". ", ".\n").splitlines())


def show_notes(notes: list[dict[str, str]]) -> None:
    """Say what a side found that no record stands for: comments it could not take, amendments it refused."""
    for note in notes:
        log.warning("note", **note)


def _lines(plan: pd.DataFrame, heads: pd.DataFrame, mask: Masker) -> Iterable[str]:
    rows = plan[plan["change"].isin(heads["change"])]
    for _, group in rows.groupby("change", sort=True):
        first = group.iloc[0]
        where = f"in {first['side']}" if first["side"] else ""
        name = mask.key(first["key"])
        ids = f"CustomERP {first['customerp_id'] or '-'} | Trello {first['trello_id'] or '-'}"
        yield f"{first['operation']:<12} {where:<13} {name}  [{ids}]  {first['cause']}  {_why(first)}".rstrip()
        for row in group[group["property"].ne("")].to_dict("records"):
            name = row["property"]
            if first["operation"] == MOVED:
                wanted = f"{mask.value(name, row['before'])} -> {mask.value(name, row['after'])}"
                left, right = mask.value(name, row["customerp"]), mask.value(name, row["trello"])
                yield f"{'':<14}{name}: planned {wanted}; now CustomERP {left} | Trello {right}"
            elif first["operation"] in (*NOTES, *STATE_ONLY):
                left, right = mask.value(name, row["customerp"]), mask.value(name, row["trello"])
                yield f"{'':<14}{name}: CustomERP {left} | Trello {right}"
            else:
                before = "" if first["operation"] == CREATE else f"{mask.value(name, row['before'])} -> "
                yield f"{'':<14}{name}: {before}{mask.value(name, row['after'])}"


def _why(first: pd.Series) -> str:
    return f"({first['detail']})" if first["detail"] else ""
