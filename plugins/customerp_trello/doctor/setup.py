"""What is being examined: the mappings, the connections that they name, and what of it has turned out not to work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from customerp_trello.doctor.erp_reading import ERPReading, read_erp
from customerp_trello.doctor.hooks import ExaminedERP, ExaminedTrello
from customerp_trello.errors import ConfigurationError
from customerp_trello.mapping.load import load_pair, mappings_folder
from customerp_trello.mapping.model import Mapping
from customerp_trello.profile_doctor.findings import Finding


class Setup:
    """A set-up under examination.

    Args:
        pairs: only these; all if there are none.

    Attributes:
        mappings: the valid ones by pair.
        invalid: pair -> what is wrong with its mapping.
        broken: connections that turned out not to work.
        unreadable: (CustomERP connection, entity) that turned out not to be readable.

    Raises:
        ConfigurationError: no folder of mappings, or no such pair.
    """

    def __init__(self, pairs: Iterable[str] = ()) -> None:
        self.mappings: dict[str, Mapping] = {}
        self.invalid: dict[str, ConfigurationError] = {}
        self.broken: set[str] = set()
        self.unreadable: set[tuple[str, str]] = set()
        self._erps: dict[str, ExaminedERP] = {}
        self._trellos: dict[str, ExaminedTrello] = {}
        self._readings: dict[str, ERPReading] = {}
        for pair in _chosen(list(pairs)):
            try:
                self.mappings[pair] = load_pair(pair)
            except ConfigurationError as error:
                self.invalid[pair] = error

    @cached_property
    def erps(self) -> list[str]:
        """The CustomERP connections that mappings name."""
        named = dict.fromkeys(mapping.customerp.connection for mapping in self.mappings.values())
        return list(named) or [ExaminedERP.default_conn_name]

    @cached_property
    def trellos(self) -> list[str]:
        """The Trello connections that mappings name."""
        named = dict.fromkeys(mapping.trello.connection for mapping in self.mappings.values())
        return list(named) or [ExaminedTrello.default_conn_name]

    def erp(self, connection: str) -> ExaminedERP:
        """The hook of a CustomERP connection, the same for all who ask."""
        return self._erps.setdefault(connection, ExaminedERP(connection))

    def trello(self, connection: str) -> ExaminedTrello:
        """The hook of a Trello connection, the same for all who ask."""
        return self._trellos.setdefault(connection, ExaminedTrello(connection))

    def entities(self, connection: str) -> list[str]:
        """What the mappings read by a CustomERP connection: records of the pairs and what they refer to."""
        own = [mapping for mapping in self.mappings.values() if mapping.customerp.connection == connection]
        found = [mapping.customerp.entity for mapping in own]
        for mapping in own:
            found += [prop.references for prop in mapping.properties if prop.references]
        return list(dict.fromkeys(found))

    def reading(self, mapping: Mapping) -> ERPReading | None:
        """The pair's records in CustomERP, None where they cannot be read.

        Raises:
            ConfigurationError: the mapping does not fit the profile.
        """
        connection = mapping.customerp.connection
        if connection in self.broken or (connection, mapping.customerp.entity) in self.unreadable:
            return None
        if mapping.pair not in self._readings:
            self._readings[mapping.pair] = read_erp(mapping, self.erp(connection))
        return self._readings[mapping.pair]

    def of_trello(self, connection: str) -> list[Mapping]:
        """The mappings that use a Trello connection."""
        return [mapping for mapping in self.mappings.values() if mapping.trello.connection == connection]

    def working(self, connections: Iterable[str]) -> list[str]:
        """Those of *connections* that have not turned out not to work."""
        return [one for one in connections if one not in self.broken]

    def waiting(self, section: str, connections: Iterable[str]) -> Iterator[Finding]:
        """One line for those that do not work, if there are any."""
        if away := [one for one in connections if one in self.broken]:
            yield Finding(section, ", ".join(away), "not tried", "the connection has to work first, see above")

    @property
    def requests_made(self) -> tuple[int, int]:
        """Requests to CustomERP and to Trello so far."""
        erp = sum(hook.requests_made for hook in self._erps.values())
        return erp, sum(hook.requests_made for hook in self._trellos.values())


def _chosen(pairs: list[str]) -> list[str]:
    folder = mappings_folder()
    there = sorted(path.stem for path in folder.glob("*.yaml"))
    if unknown := [pair for pair in pairs if pair not in there]:
        raise ConfigurationError(f"no mapping {unknown[0]!r} in {folder}; valid: {', '.join(there) or 'none'}")
    if not there:
        raise ConfigurationError(
            f"no mapping in {folder}; `python -m customerp_trello.mapping_starter` proposes one, or copy the shipped"
        )
    return pairs or there
