"""Reading a mapping from its YAML file; everything wrong with it is said in one ConfigurationError.

Each line of the error names the path inside the file, what was found there, what would be valid and the likeliest
spelling. Nothing of an unknown key's value is repeated: it may be a secret that stands in the wrong file.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from customerp_trello.errors import ConfigurationError
from customerp_trello.mapping.checks import did_you_mean
from customerp_trello.mapping.explain import explain
from customerp_trello.mapping.model import Mapping

CUSTOMERP_ENTITIES = ("contact", "customer", "project", "employee")
FOLDER_VARIABLE = "CUSTOMERP_TRELLO_MAPPINGS"
PROFILES_VARIABLE = "CUSTOMERP_TRELLO_PROFILES"


class _Loader(yaml.CSafeLoader):
    """Safe, fast, and strict about keys that occur twice (YAML itself lets the last one win in silence)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key = (key_node.tag, key_node.value) if isinstance(key_node, yaml.ScalarNode) else id(key_node)
            line = key_node.start_mark.line + 1
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None,
                    None,
                    f"key {key_node.value!r} stands here again, first in line {seen[key]}",
                    key_node.start_mark,
                )
            seen[key] = line
        return super().construct_mapping(node, deep=deep)


def load_mapping(path: Path | str) -> Mapping:
    """Read one mapping file.

    Raises:
        ConfigurationError: the file cannot be read, is no YAML, or does not describe a pair; lists all that is wrong.
    """
    path = Path(path)
    data = _read(path)
    try:
        mapping = Mapping.model_validate(data)
    except ValidationError as error:
        lines = explain(error, data)
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        text = "\n".join(f"  - {line}" for line in lines)
        raise ConfigurationError(
            f"Mapping {path} has {count}:\n{text}\nCorrect the file; nothing was synced."
        ) from None
    if mapping.pair != path.stem:
        raise ConfigurationError(
            f"Mapping {path}: pair: found {mapping.pair!r}, but a file is named after its pair. "
            f"Valid: {path.stem!r}, or rename the file to {mapping.pair}{path.suffix}."
        )
    _check_entities(path, mapping)
    return mapping


def _check_entities(path: Path, mapping: Mapping) -> None:
    """Refuse an ERP entity that neither an ordinary ERP has nor any profile describes."""
    named = {"customerp.entity": mapping.customerp.entity}
    for position, prop in enumerate(mapping.properties):
        if prop.references:
            named[f"properties[{position}].convert.references"] = prop.references
    if set(named.values()) <= set(CUSTOMERP_ENTITIES):
        return
    folder = _profiles_folder(path)
    valid = dict.fromkeys((*CUSTOMERP_ENTITIES, *_profile_entities(folder)))
    for where, entity in named.items():
        if entity not in valid:
            raise ConfigurationError(
                f"Mapping {path}: {where}: found {entity!r}, which no profile describes. Valid: {', '.join(valid)}."
                f"{did_you_mean(entity, valid)} Correct it, or add the entity to the profile in {folder}."
            )


def _profiles_folder(mapping: Path) -> Path:
    # Which profile a connection names is not known here, and the hooks' own finder is not this room's to import.
    if named := os.environ.get(PROFILES_VARIABLE):
        return Path(named)
    beside = mapping.resolve().parent.parent / "customerp"
    return beside if beside.is_dir() else Path(__file__).resolve().parents[3] / "include" / "customerp"


def _profile_entities(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.yaml")):
        entities = _read(path).get("entities")
        if isinstance(entities, dict | list):
            yield from (str(entity) for entity in entities)


def load_pair(pair: str, folder: Path | None = None) -> Mapping:
    """Read the mapping of *pair* from *folder* (default: :func:`mappings_folder`).

    Raises:
        ConfigurationError: as :func:`load_mapping`; also if there is no such file, or if a pair that the
            mapping names (``after``, ``staff_pairs``) has none beside it.
    """
    folder = Path(folder) if folder is not None else mappings_folder()
    mapping = load_mapping(_file(folder, pair))
    for where, named in (("after", mapping.after), ("trello.scope.staff_pairs", mapping.trello.scope.staff_pairs)):
        for position, name in enumerate(named):
            if not (folder / f"{name}.yaml").is_file():
                raise ConfigurationError(
                    f"Mapping {folder / pair}.yaml: {where}[{position}]: found {name!r}, which has no mapping beside "
                    f"it. Valid: {_names(folder)}."
                )
    return mapping


def mappings_folder() -> Path:
    """Where the mappings are: ``$CUSTOMERP_TRELLO_MAPPINGS``, else ``include/mappings`` of the project.

    The project is looked for around the DAGs folder, in the Airflow home and around this package, in this order.

    Raises:
        ConfigurationError: there is no such folder; lists where it was looked for.
    """
    if named := os.environ.get(FOLDER_VARIABLE):
        if not Path(named).is_dir():
            raise ConfigurationError(
                f"Mappings: {FOLDER_VARIABLE} is {named!r}, which is no folder. Set it to the folder that holds the "
                "pairs' YAML files, or unset it to use include/mappings of the project."
            )
        return Path(named)
    tried = list(dict.fromkeys(project / "include" / "mappings" for project in _projects()))
    for folder in tried:
        if folder.is_dir():
            return folder
    raise ConfigurationError(
        f"Mappings: no folder include/mappings. Looked for: {', '.join(map(str, tried))}. "
        f"Create one of them, or set {FOLDER_VARIABLE} to the folder that holds the pairs' YAML files."
    )


def _projects() -> Iterator[Path]:
    # Airflow's own variables are read instead of its configuration: this room does not import airflow.
    if dags := os.environ.get("AIRFLOW__CORE__DAGS_FOLDER"):
        yield Path(dags).resolve().parent
    if home := os.environ.get("AIRFLOW_HOME"):
        yield Path(home).resolve()
    yield Path(__file__).resolve().parents[3]


def _file(folder: Path, pair: str) -> Path:
    path = folder / f"{pair}.yaml"
    if path.is_file():
        return path
    where = f"Mappings folder {folder}"
    if not folder.is_dir():
        raise ConfigurationError(f"{where}: there is no such folder. Create it, or set {FOLDER_VARIABLE}.")
    raise ConfigurationError(
        f"{where}: no file {pair}.yaml for the pair {pair!r}. Valid: {_names(folder)}. "
        "Add the file or correct the name."
    )


def _names(folder: Path) -> str:
    return ", ".join(sorted(path.stem for path in folder.glob("*.yaml"))) or "none, the folder holds no .yaml file"


def _read(path: Path) -> Any:
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise ConfigurationError(f"Mapping {path}: there is no such file. Create it or correct the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"Mapping {path}: cannot be read: {reason}. Make it a readable UTF-8 file.") from None
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of CSafeLoader
    except (yaml.YAMLError, ValueError) as error:  # a value error of a day that no month has
        raise ConfigurationError(
            f"Mapping {path}: {_yaml_problem(error)}. Correct the file; nothing was synced."
        ) from None
    if not isinstance(data, dict):
        found = "nothing" if data is None else f"a {type(data).__name__}"
        raise ConfigurationError(
            f"Mapping {path}: found {found} where the keys of a pair should be. Valid keys: "
            f"{', '.join(Mapping.model_fields)}."
        )
    return data


def _yaml_problem(error: yaml.YAMLError | ValueError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "is no valid YAML" if isinstance(error, yaml.YAMLError) else f"is no valid YAML: {error}"
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
