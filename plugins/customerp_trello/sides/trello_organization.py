"""Organizations (Workspaces) as customers (contract, section 8, custom_customer).

Requests: a listing takes one for all organizations, one for the token's member and one for the register card; a linked
organization that it lacks takes none, since it can only be suspended. Reading takes one; a change takes two, the second
to see what it replaced. When a property was changed takes a tenth per organization, and only where it is asked.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from customerp_trello.errors import ConfigurationError, RecordError, RecordMissing
from customerp_trello.hooks.trello import TrelloHook
from customerp_trello.mapping.frame import REASON, STATE, SUSPENDED, Record, Snapshot, bearing
from customerp_trello.mapping.model import TRELLO, Mapping
from customerp_trello.mapping.values import normalise_one, to_text
from customerp_trello.sides.base import UNSEEN, Reading
from customerp_trello.sides.rows import first_record, moment
from customerp_trello.sides.trello_rows import Found, trello_frame, trello_record
from customerp_trello.sides.trello_workspaces import Workspaces

_A_MOMENT = timedelta(seconds=2)
"""Trello's clock is known from its ``Date`` header, which has whole seconds."""

_WRITABLE = ("displayName", "desc", "name", "website")
_OUT_OF_SIGHT = "the token's member cannot see the organization (any more): removed from it, or it was deleted"


class TrelloOrganizations:
    """All organizations of the token's member but the staff's and the register card's.

    Raises:
        ConfigurationError: a staff workspace or the register card cannot be read.
    """

    repeatable_creates = False
    hides_deleted = True
    replaces_sources = False

    def __init__(self, mapping: Mapping, hook: TrelloHook) -> None:
        self.mapping, self.hook = mapping, hook
        self._workspaces = Workspaces(mapping, hook)
        self._fields = ",".join(dict.fromkeys(["id", "name", *mapping.trello_fields]))

    @property
    def requests_made(self) -> int:
        """Requests sent so far."""
        return self.hook.requests_made

    @property
    def writes_in_flight(self) -> int:
        """As many as the connection allows."""
        return self.hook.writes_in_flight

    def identity(self) -> dict[str, str]:
        """Base URL, token's member, staff workspaces, register card."""
        return self.hook.identity()

    # -- reading -----------------------------------------------------------------------------------------------

    def extract(self, reading: Reading) -> Snapshot:
        """List all organizations, whatever the window: Trello knows no modification time."""
        organizations = self.hook.my_organizations(fields=self._fields)
        seen = {str(one["id"]): one for one in organizations}
        apart = dict.fromkeys(self._staff(organizations), "a staff workspace")
        if register := self._workspaces.of_the_register:
            apart[register] = "the register card's workspace"
        found = [Found(id_, one) for id_, one in seen.items() if id_ not in apart]
        for id_ in sorted(reading.known.ids - {one.id for one in found}):
            found.append(Found(id_, {}, {STATE: SUSPENDED, REASON: apart.get(id_, _OUT_OF_SIGHT)}))
        facts: dict[str, Any] = {
            "identity": self.identity(),
            "clock_offset": self.hook.clock_offset,
            "capacity": {"": self._workspaces.more(len(seen))},
        }
        return Snapshot(trello_frame(self.mapping, found, reading.known.ids), complete=True, facts=facts)

    def read(self, record_id: str) -> Record | None:
        """Read one organization now; one out of sight is suspended, never proved gone."""
        try:
            return self._record(self.hook.get_organization(record_id, fields=self._fields))
        except RecordMissing:
            return trello_record(self.mapping, Found(record_id, {}, {STATE: SUSPENDED, REASON: _OUT_OF_SIGHT}))

    def change_times(self, ids: list[str]) -> dict[str, dict[str, datetime]]:
        """When each property was last changed, from ``data.old`` of the organizations' actions."""
        query = "filter=updateOrganization&limit=100&fields=date,data"
        answers = self.hook.batch([f"/organizations/{id_}/actions?{query}" for id_ in ids])
        by_field = {prop.trello: prop.name for prop in self.mapping.properties}
        times: dict[str, dict[str, datetime]] = {}
        for id_, actions in zip(ids, answers, strict=True):
            for action in actions if isinstance(actions, list) else ():
                at = moment(action.get("date"), self.hook.clock_offset)
                for field in (action.get("data") or {}).get("old") or {}:
                    if at and field in by_field:
                        known = times.setdefault(id_, {})
                        known[by_field[field]] = max(at, known.get(by_field[field], at))
        return times

    def find(self, values: dict[str, str], *, marker: str) -> list[Record]:
        """Organizations with the keys that we gave; a short name may have become another one, so it cannot exclude."""
        names = [name for key in self.mapping.link_keys if not key.with_second for name in key.properties]
        wanted = {name: values[name] for name in names if values.get(name)}
        if not wanted:
            return []
        listed = [Found(str(one["id"]), one) for one in self.hook.my_organizations(fields=self._fields)]
        frame = trello_frame(self.mapping, listed, frozenset(one.id for one in listed))
        frame = frame[bearing(frame, wanted, self.mapping.folded)]
        return [first_record(frame.iloc[place:], self.mapping.names) for place in range(len(frame))]

    # -- writing -----------------------------------------------------------------------------------------------

    def create(self, values: dict[str, str], *, marker: str, labels: dict[str, str], source: str = "") -> Record:
        """Create an organization; Trello may give it another short name, which the answer shows."""
        fields = {field: text for field, text in self._sent(values, creating=True).items() if text}
        return self._record(self.hook.create_organization(**fields))

    def update(self, record: Record, values: dict[str, str], *, labels: dict[str, str], touch: str = "") -> Record:
        """Change an organization.

        The answer's meta has ``_overwritten`` where the write replaced something else than what was read just before:
        somebody was faster by one request (contract, section 7, lost updates).
        """
        fields = self._sent(values, creating=False)
        if not fields:
            return record
        begun = self._trello_time()
        answer = self._record(self.hook.update_organization(record.id, **fields))
        if lost := self._replaced(record, fields, begun):
            answer.meta[UNSEEN] = lost
        return answer

    def move(self, record: Record, values: dict[str, str], *, labels: dict[str, str]) -> Record:
        """An organization keeps its id whatever changes."""
        return self.update(record, values, labels=labels)

    def delete(self, record: Record) -> None:
        """Delete an organization with all its boards, for good; one that is not there is deleted."""
        try:
            self.hook.delete_organization(record.id)
        except RecordMissing:
            return

    def deactivate(self, record: Record) -> None:
        """An organization cannot be switched off."""
        raise ConfigurationError(
            f"mapping {self.mapping.pair}, trello.on_gone: an organization cannot be deactivated; "
            "valid: delete, unlink, restore, ignore"
        )

    def restore(
        self, record_id: str, values: dict[str, str], *, labels: dict[str, str], marker: str = "", touch: str = ""
    ) -> Record:
        """Create the organization anew; its boards are lost."""
        return self.create(values, marker=marker, labels=labels)

    # -- between the two ---------------------------------------------------------------------------------------

    def _staff(self, organizations: list[dict[str, Any]]) -> list[str]:
        """The staff workspaces, found in the listing that was made anyway."""
        self._workspaces.__dict__.setdefault("mine", {str(one["id"]): one for one in organizations})
        return self._workspaces.staff

    def _record(self, organization: dict[str, Any]) -> Record:
        return trello_record(self.mapping, Found(str(organization["id"]), organization))

    def _sent(self, values: dict[str, str], *, creating: bool) -> dict[str, str]:
        fields: dict[str, str] = {}
        for prop in self.mapping.properties:
            wanted = prop.name in values and prop.trello in _WRITABLE
            if wanted and (prop.to(TRELLO) and (creating or not prop.create_only)):
                fields[prop.trello] = values[prop.name]
        if creating and not fields.get("displayName"):
            raise RecordError(
                "an organization needs a display name; give the customer a name", fields={"displayName": ""}
            )
        return fields

    def _trello_time(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.hook.clock_offset)

    def _replaced(self, record: Record, fields: dict[str, str], begun: datetime) -> dict[str, str]:
        """Values that our write replaced although another one had been read; {} if all is well or cannot be told."""
        query = "filter=updateOrganization&limit=50&fields=date,data,idMemberCreator"
        (answer,) = self.hook.batch([f"/organizations/{record.id}/actions?{query}"])
        actions, me = answer if isinstance(answer, list) else [], self.hook.me()["id"]
        # Our newest; somebody may have edited since.
        action: dict[str, Any] = next((one for one in actions if one.get("idMemberCreator") == me), {})
        at = moment(action.get("date"))
        # A younger action than now was written before Trello's clock was set back.
        ours = at is not None and begun - _A_MOMENT <= at <= self._trello_time() + _A_MOMENT
        if not ours:
            return {}
        old = (action.get("data") or {}).get("old") or {}
        lost: dict[str, str] = {}
        for prop in self.mapping.properties:
            if prop.trello in fields and prop.trello in old:
                text = normalise_one(to_text(old[prop.trello]), prop.type, prop.allowed) or ""
                if record.values.get(prop.name) not in (None, text):
                    lost[prop.name] = text
        return lost
