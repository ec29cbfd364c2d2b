"""The guard: refuse a plan that looks like an accident, with figures and the way to let it through (section 6)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from customerp_trello.mapping.membership import INVITES, SENDS_AWAY
from customerp_trello.mapping.model import Mapping
from customerp_trello.reconcile.plan import CREATE, DELETE, MOVE, SIDES, SUSPENDED, UNLINK, UPDATE

# A listing that was cut short shows as many records out of sight at once, so suspending counts like deleting.
_CLASSES = {CREATE: "create", UPDATE: "update", MOVE: "update", DELETE: "delete", UNLINK: "delete", SUSPENDED: "delete"}

BY_MEMBERSHIP = {"create": INVITES, "delete": SENDS_AWAY}
"""Class -> memberships that count as it once written: who gets one is invited, who loses it is deleted there."""


@dataclass(frozen=True)
class Reason:
    """One thing that stopped the plan.

    Attributes:
        code: ``first_run``, ``creates``, ``updates``, ``deletes``, ``empty_listing``, ``identity``, ``mapping``,
            ``relink``.
        text: a sentence with the figures, for a person.
    """

    code: str
    text: str


@dataclass(frozen=True)
class Situation:
    """What the guard knows besides the plan.

    Attributes:
        linked: number of links that the pair has.
        first_run: the pair has never been let through, or its links are lost.
        recent: writes of the last 24 hours as ``side.class`` -> number (class: create, update, delete).
        listed: per side, records in this run's complete listing (None if it was not complete).
        listed_before: per side, records in the previous complete listing (None if there was none).
        moved: what changed about mapping or systems since the last run, in words per code.
        relinked: records were linked anew, and no plan has been let through since.
    """

    linked: int
    first_run: bool
    recent: dict[str, int]
    listed: dict[str, int | None]
    listed_before: dict[str, int | None]
    moved: tuple[Reason, ...] = ()
    relinked: bool = False


def guarded_changes(plan: pd.DataFrame, reasons: list[Reason], memberships: Collection[str] = ()) -> set[str]:
    """The plan's changes that need a person's leave, each by a key of what it does to whom.

    Too many creates guard the creates alone; every other reason guards all writes. An approval also passes a later
    plan whose guarded changes are a subset of these.

    Args:
        plan: the plan.
        reasons: why it is held.
        memberships: properties that say whether somebody is in a workspace.
    """
    classes = set(_CLASSES.values())
    codes = {reason.code.removesuffix("s") for reason in reasons}
    if codes <= classes:
        classes = codes
    heads = plan[_classes(plan, memberships).isin(classes)].fillna({"after": "\x00"})
    if heads.empty:
        return set()
    body = heads.groupby("change", sort=False).agg(
        side=("side", "first"),
        operation=("operation", "first"),
        customerp_id=("customerp_id", "first"),
        trello_id=("trello_id", "first"),
        what=("property", "\x1f".join),
        after=("after", "\x1f".join),
    )
    texts = body["side"].str.cat(body.drop(columns="side"), sep="\x1e")
    return {hashlib.sha256(text.encode()).hexdigest()[:20] for text in texts}


def judge(plan: pd.DataFrame, mapping: Mapping, situation: Situation) -> list[Reason]:
    """Every reason why the plan must not be applied without a person's leave; empty if there is none."""
    reasons = list(situation.moved)
    reasons += _listings(situation)
    heads = plan.assign(kind=_classes(plan, mapping.memberships)).drop_duplicates("change")
    writes = heads[heads["operation"].isin(_CLASSES)]
    if situation.first_run and len(heads) and mapping.first_run == "hold":
        reasons.append(
            Reason(
                "first_run",
                f"this is the pair's first run: {len(writes)} changes and "
                f"{int(heads['operation'].eq('link').sum())} new links are shown as a preview",
            )
        )
    if situation.relinked and len(writes):
        text = f"the records were linked anew and nobody has let a plan through since: {len(writes)} changes"
        reasons.append(Reason("relink", text))
    destroyed = heads["side"].eq("trello") & heads["operation"].eq(DELETE) & heads["detail"].eq("delete")
    if mapping.trello.entity == "organization" and destroyed.any():
        text = f"{int(destroyed.sum())} workspaces would be deleted with all their boards, for good"
        reasons.append(Reason("deletes", text))
    if not situation.first_run:
        reasons += _shares(writes, mapping, situation)
    return reasons


def _classes(plan: pd.DataFrame, memberships: Collection[str]) -> pd.Series:
    """Each row's class, by its change."""
    classes = plan["operation"].map(_CLASSES)
    about = plan["property"].isin(memberships) & classes.eq("update")
    for kind, words in BY_MEMBERSHIP.items():
        members = plan.loc[about & plan["after"].isin(words), "change"]
        classes = classes.mask(plan["change"].isin(members), kind)
    return classes


def _shares(writes: pd.DataFrame, mapping: Mapping, situation: Situation) -> list[Reason]:
    guard = mapping.guard
    limits = {
        "create": (guard.create_share, guard.create_count),
        "update": (guard.update_share, guard.update_count),
        "delete": (guard.delete_share, guard.delete_count),
    }
    reasons = []
    # An unlink writes to neither side and is counted with the deletes of both.
    for side in SIDES:
        for kind, (share, count) in limits.items():
            mine = writes["kind"].eq(kind) & (writes["side"].eq(side) | writes["operation"].eq(UNLINK))
            here = int(mine.sum())
            before = situation.recent.get(f"{side}.{kind}", 0)
            total = here + before
            if here and total > count and total > share * situation.linked:
                reasons.append(
                    Reason(
                        f"{kind}s",
                        f"{total} {kind}s in {side} (of which {before} in the last 24 hours), with {situation.linked} "
                        f"linked records: more than {count} and more than {share:.0%}",
                    )
                )
    return reasons


def _listings(situation: Situation) -> list[Reason]:
    reasons = []
    for side in SIDES:
        now, before = situation.listed.get(side), situation.listed_before.get(side)
        if now == 0 and before:
            reasons.append(Reason("empty_listing", f"{side} listed no record at all, the last listing had {before}"))
    return reasons
