"""The pairs that there are, and their mappings."""

from __future__ import annotations

from customerp_trello.errors import ConfigurationError
from customerp_trello.mapping.load import load_mapping, mappings_folder
from customerp_trello.mapping.model import Mapping


def pair_names() -> list[str]:
    """All pairs that have a mapping, those that others build on first, as far as the mappings can be read."""
    names = sorted(path.stem for path in mappings_folder().glob("*.yaml"))
    known = {name: mapping for name in names if (mapping := known_mapping(name))}
    return sorted(names, key=lambda name: (len(known[name].after) if name in known else 1, name))


def mapping_of(pair: str) -> Mapping:
    """A pair's mapping.

    Raises:
        ConfigurationError: what is wrong with it.
    """
    found = _mapping_or_error(pair)
    if isinstance(found, ConfigurationError):
        raise found
    return found


def known_mapping(pair: str) -> Mapping | None:
    """A pair's mapping; None where it cannot be read, so that a page shows what is known without it."""
    found = _mapping_or_error(pair)
    return None if isinstance(found, ConfigurationError) else found


def problem_of(pair: str) -> str:
    """What is wrong with a pair's mapping; "" if nothing is."""
    found = _mapping_or_error(pair)
    return str(found) if isinstance(found, ConfigurationError) else ""


def _mapping_or_error(pair: str) -> Mapping | ConfigurationError:
    # read anew when the file has changed
    path = mappings_folder() / f"{pair}.yaml"
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return ConfigurationError(f"Mapping {path}: there is no such file.")
    key = (str(path), changed)
    if _read.get(pair, (None, None))[0] != key:
        try:
            _read[pair] = (key, load_mapping(path))
        except ConfigurationError as error:
            _read[pair] = (key, error)
    return _read[pair][1]


_read: dict[str, tuple[tuple[str, int], Mapping | ConfigurationError]] = {}
