"""The ERP's entity that a mapping is proposed for: its profile, a sample of its records, what is taken already."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from customerp_trello.errors import ConfigurationError, SyncError
from customerp_trello.hooks.customerp import AS_WRITTEN, CustomERPHook
from customerp_trello.hooks.profile_writing import FieldDelete, SoftDelete
from customerp_trello.mapping.checks import did_you_mean
from customerp_trello.mapping.values import to_text
from customerp_trello.mapping_starter.choice import Choice, Wish, choose, choose_reference
from customerp_trello.mapping_starter.facts import MOST_OF, Facts, facts_of

SAMPLE, REFERRED = 200, 1000
"""How many records are read: of the entity itself, and of each one that it may refer to."""

_OURS = ("trello_id", "trello_url", "merged_into", "version")


class Source:
    """One entity of the ERP.

    Args:
        hook: speaks to the ERP.
        entity: a kind of record that the profile describes.
        asked: property -> field that a person has chosen.

    Attributes:
        count: how many records were read.

    Raises:
        ConfigurationError: no such entity in the profile, no record, or a chosen field that no record has.
        SyncError: the ERP cannot be read.
    """

    def __init__(self, hook: CustomERPHook, entity: str, asked: Mapping[str, str]) -> None:
        self.hook, self.entity, self._asked = hook, entity, dict(asked)
        entities = hook.profile.entities
        if entity not in entities:
            hint = did_you_mean(entity, entities)
            raise ConfigurationError(f"the profile has no entity {entity!r}; valid: {', '.join(entities)}.{hint}")
        self.kind = entities[entity]
        listed = islice(hook.list_records(entity), SAMPLE)
        self.records = [{name: one for name, one in record.items() if name != AS_WRITTEN} for record in listed]
        if not self.records:
            raise ConfigurationError(f"the ERP has no {entity} yet; a mapping is proposed from records, so make some")
        self.count, self.facts = len(self.records), facts_of(self.records)
        self._check_asked()
        taken = {*self._system(), *self._asked.values()}
        self._free = {name: one for name, one in self.facts.items() if name not in taken}
        self._looked_for: list[str] = []

    # -- choosing ----------------------------------------------------------------------------------------------

    def find(self, name: str, wish: Wish, known: str | None = None) -> Choice | None:
        """The field for the property *name*, which is taken from then on.

        Args:
            name: the property.
            wish: what to look for.
            known: the field that the profile names.
        """
        self._looked_for.append(name)
        if name in self._asked or known in self.facts:
            return self.take(Choice(self.facts[self._asked.get(name) or str(known)]))
        return self.take(choose(wish, self._free.values()))

    def find_reference(self, name: str, wish: Wish, entity: str) -> Choice | None:
        """The field that refers to records of *entity*."""
        self._looked_for.append(name)
        held = self._held(entity)
        if name in self._asked:
            field = self.facts[self._asked[name]]
            strange = held and field.filled and held[field.name] < MOST_OF
            return self.take(Choice(field, f"most of what it holds is no id of a {entity}" if strange else ""))
        return self.take(choose_reference(wish, self._free.values(), held))

    def take(self, choice: Choice | None) -> Choice | None:
        """No other property gets this field."""
        if choice:
            self._free.pop(choice.field.name, None)
        return choice

    def check_properties(self) -> None:
        """Say that a person has chosen a field for what the pair does not have.

        Raises:
            ConfigurationError: names the pair's properties.
        """
        for name in self._asked:
            if name not in self._looked_for:
                hint = did_you_mean(name, self._looked_for)
                valid = ", ".join(self._looked_for)
                raise ConfigurationError(f"--field {name}: no such property; valid for {self.entity}: {valid}.{hint}")

    @property
    def rest(self) -> list[Facts]:
        """Fields that nothing has taken."""
        return list(self._free.values())

    def lacking(self, name: str, does_what: str) -> ConfigurationError:
        """The error to raise where the pair cannot do without a property that no field fits."""
        free = ", ".join(str(field) for field in self.rest)
        return ConfigurationError(
            f"no field of {self.entity} {does_what}; name it with --field {name}=<field>; it has: {free or 'no other'}"
        )

    # -- what the profile says ---------------------------------------------------------------------------------

    @property
    def can_switch_off(self) -> bool:
        """Whether this ERP can switch a record off without destroying it."""
        delete = self.hook.profile.delete_of(self.kind)
        return self.kind.active is not None or isinstance(delete, FieldDelete | SoftDelete)

    def numbered(self, entity: str) -> bool:
        """Whether records of *entity* have a number that people know."""
        entities = self.hook.profile.entities
        return entity in entities and entities[entity].number is not None

    def _system(self) -> set[str]:
        kind, version = self.kind, getattr(self.hook.profile.concurrency, "field", None)
        named = (kind.id, kind.marker, kind.modified, kind.modified_by, kind.created, kind.active, version, *_OURS)
        return {name for name in named if name}

    def _check_asked(self) -> None:
        if len(set(self._asked.values())) < len(self._asked):
            raise ConfigurationError("--field: the same field is chosen twice; one field is one property")
        for name, field in self._asked.items():
            if field not in self.facts:
                valid = ", ".join(self.facts)
                hint = did_you_mean(field, self.facts)
                raise ConfigurationError(f"--field {name}={field}: no {self.entity} has it; valid: {valid}.{hint}")

    def _held(self, entity: str) -> dict[str, float]:
        """Field -> which part of its values are ids of *entity*; empty if not all of these could be read."""
        if entity not in self.hook.profile.entities:
            return {}
        try:
            found = list(islice(self.hook.list_records(entity), REFERRED + 1))
        except SyncError:
            return {}
        id_ = self.hook.profile.entities[entity].id
        ids = {to_text(record[id_]) for record in found}
        return {name: self._share(name, ids) for name in self.facts} if 0 < len(found) <= REFERRED else {}

    def _share(self, name: str, ids: set[str]) -> float:
        values: list[Any] = [record[name] for record in self.records if record.get(name) not in (None, "", [], {})]
        return sum(to_text(value) in ids for value in values) / len(values) if values else 0.0
