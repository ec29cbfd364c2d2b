"""The mapping starter: reads some records of the ERP and proposes a mapping for one of the four pairs.

python -m customerp_trello.mapping_starter customerp_employee__trello_members [--entity employee]
    [--connection customerp_default] [--field email=mail_1] [--output include/mappings]

It writes to standard output, or to a file that does not exist yet. It reads CustomERP alone and changes nothing there.
Lines with `decide` are questions to a person. No value of a record is shown but the codes of a status.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

# As Airflow's own commands do: this process may read the connections from Airflow's database.
os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")

import yaml
from pydantic import ValidationError

from customerp_trello.errors import ConfigurationError, FatalError, SyncError
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.mapping.explain import explain
from customerp_trello.mapping.model import Mapping
from customerp_trello.mapping_starter.document import Proposed, fill, remark
from customerp_trello.mapping_starter.people import contacts, employees
from customerp_trello.mapping_starter.source import Source
from customerp_trello.mapping_starter.things import customers, projects

Propose = Callable[[Source], tuple[list[Proposed], dict[str, str]]]

PAIRS: dict[str, tuple[str, Propose]] = {
    "custom_customer__trello_organizations": ("customer", customers),
    "customerp_employee__trello_members": ("employee", employees),
    "custom_contact__trello_members": ("contact", contacts),
    "custom_project__trello_actions": ("project", projects),
}


def main(arguments: list[str] | None = None) -> int:
    """Propose a mapping; 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m customerp_trello.mapping_starter", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("pair", choices=PAIRS, metavar="pair", help=f"one of: {', '.join(PAIRS)}")
    parser.add_argument("--entity", help="the kind of record in the ERP's profile; default: the pair's own")
    parser.add_argument("--connection", default=CustomERPHook.default_conn_name, help="default: %(default)s")
    parser.add_argument("--field", action="append", default=[], metavar="PROPERTY=FIELD", help="a field that you know")
    parser.add_argument("--output", type=Path, help="a new file, or a folder for one; default: standard output")
    options = parser.parse_args(arguments)
    try:
        file = _new_file(options.output, options.pair) if options.output else None
        text = propose(options.pair, options.connection, options.entity, _asked(options.field))
        if file is None:
            print(text, end="")
        else:
            _write(file, text)
    except SyncError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def propose(pair: str, connection: str, entity: str | None = None, asked: dict[str, str] | None = None) -> str:
    """The text of a mapping for *pair*, which is valid by the mapping's own rules.

    Args:
        pair: one of :data:`PAIRS`.
        connection: Airflow connection of the ERP.
        entity: kind of record; None for the pair's own.
        asked: property -> field that a person has chosen.

    Raises:
        ConfigurationError: connection or profile are wrong, or the records lack what the pair cannot do without.
        SyncError: the ERP cannot be read.
    """
    default, make = PAIRS[pair]
    source = Source(CustomERPHook(connection), entity or default, asked or {})
    properties, parts = make(source)
    source.check_properties()
    parts |= {"entity": source.entity, "connection": connection, "rest": _rest(source)}
    parts["origin"] = f"# Proposed from {source.count} {source.entity} records; lines with `decide` ask you something."
    text = fill(pair, properties, **parts)
    _check(text)
    return text


def _rest(source: Source) -> str:
    """The fields that no property has, for whoever misses one."""
    named = ", ".join(f"{field.name} ({field.kind})" for field in source.rest)
    return "\n".join(remark(f"Fields of the ERP that nothing here uses: {named or 'none'}."))


def _check(text: str) -> None:
    """See that a proposal is a mapping; anything else is a defect of ours."""
    data = yaml.safe_load(text)
    try:
        Mapping.model_validate(data)
    except ValidationError as error:
        said = "; ".join(explain(error, data))
        raise FatalError(f"the proposal is no valid mapping, please report this: {said}") from None


def _asked(fields: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in fields]
    if wrong := [name for name, equals, field in pairs if not (name and equals and field)]:
        raise ConfigurationError(f"--field {wrong[0]}: valid: PROPERTY=FIELD, such as email=mail_1")
    return {name: field for name, _, field in pairs}


def _new_file(output: Path, pair: str) -> Path:
    file = output / f"{pair}.yaml" if output.is_dir() else output
    if file.exists():
        raise ConfigurationError(f"{file} exists and is never overwritten; name another file, or remove it first")
    if file.name != f"{pair}.yaml":
        raise ConfigurationError(f"{file}: a mapping's file is named after its pair; valid: {pair}.yaml")
    return file


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}; name another file") from None
    print(f"{file}: read it, answer what it asks, then look at what would follow: trigger the DAG with action preview.")


if __name__ == "__main__":
    sys.exit(main())
