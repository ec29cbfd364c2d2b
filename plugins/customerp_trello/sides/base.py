"""What every side offers to the flow: read many, read one, write one.

A side turns API records into canonical ones and back. It decides nothing: which change is right is reconcile's
business, when it may be written is the flow's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol, runtime_checkable

import pandas as pd

from customerp_trello.mapping.frame import Record, Snapshot

AUTHOR = "author"
"""``_touch`` of a record that another account made: writing it creates one of ours, which takes its place.

Behind it, and a space, stands the last amendment that ours is to include, if there is one.
"""

NOT_TAKEN = "_not_taken"
"""Key in an answer's meta: properties that the record could not take with the write, and what it has in their place.

None stands for what it had before.
"""

UNSEEN = "_overwritten"
"""Key in an answer's meta: canonical property -> value that our write replaced though we had read another one."""

INCLUDED = "_included"
"""Key in a comment's meta: the last amendment that it includes, as its ``_touch``."""


@dataclass(frozen=True)
class Known:
    """What our own state knows of a side before it is read.

    Attributes:
        ids: ids of this side's linked records.
        open_ids: ids with open work (deferred, ambiguous, waiting, quarantined, asked about), to be read whatever their
            age.
        invitations: frame of remembered invitations: email, member_id, workspace_id, full_name ("" if unknown), joined.
        workspace_customer: Trello workspace id -> CustomERP customer id, from the customer pair's links.
        staff_members: Trello member ids linked or tombstoned in the employee pair.
        consumed_sources: ids of comments that a create already holds, or whose place ours took, so they are chatter.
        numbers: of the linked projects, also of those whose comment is not there: whoever names one amends it.
        addresses: of linked members, in lower case -> ids of this side's records that showed it last.
        out: linked Trello ids of members of whom it is settled that they are in no workspace.
    """

    ids: frozenset[str] = frozenset()
    open_ids: frozenset[str] = frozenset()
    invitations: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["email", "member_id", "workspace_id", "full_name", "joined"])
    )
    workspace_customer: dict[str, str] = field(default_factory=dict)
    staff_members: frozenset[str] = frozenset()
    consumed_sources: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    addresses: dict[str, set[str]] = field(default_factory=dict)
    out: frozenset[str] = frozenset()

    @cached_property
    def workspaces(self) -> dict[str, str]:
        """CustomERP customer -> the workspace that is linked with it, by id the first one."""
        return {customer: workspace for workspace, customer in sorted(self.workspace_customer.items(), reverse=True)}

    @cached_property
    def invited(self) -> dict[str, list[tuple[str, str]]]:
        """Member -> workspace and address of each remembered invitation; looked up for each member that is read."""
        found: dict[str, list[tuple[str, str]]] = {}
        columns = (self.invitations[name] for name in ("member_id", "workspace_id", "email"))
        for member, workspace, email in zip(*columns, strict=True):
            found.setdefault(member, []).append((workspace, email))
        return found


@dataclass(frozen=True)
class Reading:
    """What to read: everything, or what changed since a moment (plus the open work)."""

    since: datetime | None
    known: Known


class Gate(Protocol):
    """Something that can be asked before every attempt of a write, with the seconds that it may take.

    Attributes:
        before_write: what is asked.
        rate_limited: requests so far that the system answered with 429, too many requests.
    """

    before_write: Callable[[float], None] | None
    rate_limited: int

    @property
    def writes_taken(self) -> int:
        """Writing requests of this thread that the system has confirmed so far."""


class Side(Protocol):
    """One entity type of one system.

    All methods raise the errors of :mod:`customerp_trello.errors`; a refused record is a ``RecordError``, a lost
    answer to a write an ``UnknownOutcome``.
    """

    @property
    def requests_made(self) -> int:
        """Requests sent so far, repeated ones counted."""

    @property
    def writes_in_flight(self) -> int:
        """How many records may be written at once; 1 where one write has to see what the other one did."""

    @property
    def repeatable_creates(self) -> bool:
        """Whether creating twice makes one record only (an invitation, keyed by its email)."""

    @property
    def hides_deleted(self) -> bool:
        """Whether a deleted record looks to us like one that we were shut out of (a workspace)."""

    @property
    def replaces_sources(self) -> bool:
        """Whether a record here that gave birth to one across is replaced by one of ours (a project's comment)."""

    @property
    def hook(self) -> Gate:
        """What sends the side's requests."""

    def identity(self) -> dict[str, str]:
        """Who and what this side is (base URL, token's member, card, staff workspaces), for the guard; no secret."""

    def extract(self, reading: Reading) -> Snapshot:
        """Read the records of the scope.

        Linked ids that are no longer listed are looked up one by one (or below their parent) and reported as rows
        with ``_state`` ``gone`` or ``suspended``; absence alone proves nothing.
        """

    def read(self, record_id: str) -> Record | None:
        """Read one record now; None when it is proved gone."""

    def create(self, values: dict[str, str], *, marker: str, labels: dict[str, str], source: str = "") -> Record:
        """Create a record from canonical values.

        Args:
            values: canonical property -> text; empty properties may be left out.
            marker: the counterpart's id, kept where the system has a place for it.
            labels: reference value -> human name, for sides that render references.
            source: id of the record on *this* side that the new one replaces (a project born as a comment).
        """

    def update(self, record: Record, values: dict[str, str], *, labels: dict[str, str], touch: str = "") -> Record:
        """Write only *values* on top of *record* (as read just before) and return the system's own answer to it.

        Args:
            record: as read just before; its version makes the write conditional where the system can.
            values: what changes; may be empty when only *touch* calls for the write.
            labels: reference value -> human name.
            touch: the ``_touch`` that the plan saw, so that nothing newer is taken as included.
        """

    def move(self, record: Record, values: dict[str, str], *, labels: dict[str, str]) -> Record:
        """Write values that give the record another id (another workspace, another invitation)."""

    def delete(self, record: Record) -> None:
        """Delete for good."""

    def deactivate(self, record: Record) -> None:
        """Switch off without destroying."""

    def restore(
        self, record_id: str, values: dict[str, str], *, labels: dict[str, str], marker: str = "", touch: str = ""
    ) -> Record:
        """Bring a gone record back; it may get another id, and *marker* is kept as in :meth:`create`.

        Args:
            record_id: the record that is gone.
            values: canonical property -> text.
            labels: reference value -> human name.
            marker: the counterpart's id.
            touch: the ``_touch`` up to which the record's amendments are included: what the gone record said, or the
                side's fact ``read_up_to`` of the plan's listing where that is not known.
        """

    def find(self, values: dict[str, str], *, marker: str) -> list[Record]:
        """Look for records that an interrupted create may have left: by marker, else by the keys we gave."""


@runtime_checkable
class Directory(Protocol):
    """A side that can list what references point to."""

    def directory(self, entity: str) -> pd.DataFrame:
        """All records of *entity*: id, number (the reference's value), label (its human name); str columns."""


@runtime_checkable
class ChangeTimes(Protocol):
    """A side whose system remembers when single properties were changed."""

    def change_times(self, ids: list[str]) -> dict[str, dict[str, datetime]]:
        """Per record id and canonical property, when it was last changed (UTC, by our clock); unknown ones left out."""


@runtime_checkable
class Alike(Protocol):
    """A side on which a create can be such that no key finds it again."""

    def find_alike(self, values: dict[str, str], *, marker: str) -> list[Record]:
        """Records that show all of *values*, if neither the *marker* nor a key of these can be looked up."""


@runtime_checkable
class Movable(Protocol):
    """A side whose records get another id by some updates, in more than one request (an invitation's new address)."""

    def finish_move(self, record_id: str, values: dict[str, str]) -> Record | None:
        """Do the rest of an update that was interrupted when the record had left its old place already.

        None where the record is still there: then nothing needs to be finished, the update can be decided anew.
        """
