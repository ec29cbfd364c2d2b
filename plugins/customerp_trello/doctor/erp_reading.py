"""The ERP's sample as a pair would read it: which records take part, which could not be read, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from customerp_trello.doctor.hooks import ExaminedERP, Sample
from customerp_trello.errors import ConfigurationError
from customerp_trello.mapping.checks import did_you_mean
from customerp_trello.mapping.convert import Reference
from customerp_trello.mapping.converters import ACTIVE
from customerp_trello.mapping.frame import HOLD, LIVE, PROBLEM, STATE
from customerp_trello.mapping.model import Mapping, Property
from customerp_trello.sides.customerp import CustomERPRecords
from customerp_trello.sides.customerp_reading import CustomERPReader


@dataclass(frozen=True)
class ERPReading:
    """A pair's records in CustomERP.

    Attributes:
        sample: what was read.
        missing: fields that the mapping names and no record has, each with a hint.
        frame: canonical frame of what takes part, without references by number: they would take more requests.
    """

    sample: Sample
    missing: list[str]
    frame: pd.DataFrame

    @property
    def live(self) -> pd.DataFrame:
        """Those that take part."""
        return self.frame[self.frame[STATE].eq(LIVE)]

    @property
    def creating(self) -> int:
        """How many may get a counterpart as far as they themselves are concerned."""
        return int((self.live[HOLD].eq("") & self.live[PROBLEM].eq("")).sum())

    @property
    def unreadable(self) -> pd.Series[Any]:
        """Why records cannot be read -> how many; the most frequent first."""
        problems = self.frame[PROBLEM]
        return problems[problems.ne("")].value_counts()


def read_erp(mapping: Mapping, hook: ExaminedERP) -> ERPReading:
    """Read the sample of *mapping*'s entity.

    Raises:
        ConfigurationError: the profile has no such entity, or a reference to what it does not number.
        SyncError: the entity cannot be listed.
    """
    CustomERPRecords(mapping, hook)  # says what the profile lacks
    _check_references(mapping, hook)
    sample = hook.sample(mapping.customerp.entity)
    plain = mapping.model_copy(update={"properties": tuple(prop for prop in mapping.properties if not _numbered(prop))})
    reader = CustomERPReader(plain, mapping.customerp, hook)
    return ERPReading(sample, _missing(mapping, sample), reader.frame(sample.records, {}, frozenset()))


def _numbered(prop: Property) -> bool:
    return isinstance(prop.convert, Reference) and prop.convert.by == "number"


def _check_references(mapping: Mapping, hook: ExaminedERP) -> None:
    entities = hook.profile.entities
    for position, prop in enumerate(mapping.properties):
        where = f"properties[{position}].convert.references"
        if prop.references and prop.references not in entities:
            raise ConfigurationError(
                f"{where}: the ERP's profile has no {prop.references!r}; valid: {', '.join(sorted(entities))}"
            )
        if prop.references and _numbered(prop) and entities[prop.references].number is None:
            raise ConfigurationError(
                f"{where}: the profile names no `number` of {prop.references!r}; name it there, or say `by: id`"
            )


def _missing(mapping: Mapping, sample: Sample) -> list[str]:
    there = {ACTIVE, *(field for record in sample.records for field in record)}
    return [f"{field!r}.{did_you_mean(field, there)}" for field in mapping.customerp_fields if field not in there]
