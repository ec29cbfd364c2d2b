"""The profile doctor: what of an ERP profile works with a connection, and what to change.

python -m customerp_trello.profile_doctor [--connection customerp_default] [--entity customer] [--write '{"name": "x"}']

It only reads. With --write it also creates one record of the given fields in the named entity, changes it and removes
it again.
The exit status is 1 if anything does not work.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator

# As Airflow's own commands do: this process may read the connections from Airflow's database.
os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")

from customerp_trello.errors import ConfigurationError, SyncError
from customerp_trello.hooks.customerp import CustomERPHook
from customerp_trello.profile_doctor.findings import Finding, failed, table
from customerp_trello.profile_doctor.reading import examine_connection, examine_entity
from customerp_trello.profile_doctor.writing import examine_writing


def main(arguments: list[str] | None = None) -> int:
    """Examine a profile and print the table."""
    parser = argparse.ArgumentParser(prog="python -m customerp_trello.profile_doctor", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--connection", default=CustomERPHook.default_conn_name, help="default: %(default)s")
    parser.add_argument("--entity", action="append", help="only this kind of record; may be given several times")
    parser.add_argument(
        "--write", metavar="JSON", help="create, change and remove a record of these fields; one --entity"
    )
    options = parser.parse_args(arguments)
    try:
        findings = list(examine(options.connection, options.entity or [], options.write))
    except SyncError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(table(findings))
    return 1 if any(one.verdict == "does not" for one in findings) else 0


def examine(connection: str, entities: list[str], write: str | None = None) -> Iterator[Finding]:
    """Everything that can be tried.

    Raises:
        ConfigurationError: no such connection or profile, an entity that it lacks, or fields that are no JSON object.
    """
    profile = CustomERPHook(connection).profile
    if unknown := sorted(set(entities) - set(profile.entities)):
        raise ConfigurationError(f"no entity {unknown[0]!r} in the profile; valid: {', '.join(profile.entities)}")
    fields = _fields(write, entities) if write is not None else None
    failures = 0
    for finding in examine_connection(lambda: CustomERPHook(connection)):
        failures += finding.capability == "credentials" and finding.verdict == "does not"
        yield finding
    if failures:
        return
    for entity in entities or list(profile.entities):
        yield from examine_entity(lambda: CustomERPHook(connection), entity)
        if fields is not None:
            try:
                yield from examine_writing(CustomERPHook(connection), entity, fields)
            except SyncError as error:
                yield failed(entity, "writing", error)


def _fields(text: str, entities: list[str]) -> dict[str, object]:
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or not any(isinstance(value, str) for value in fields.values()):
        raise ConfigurationError('--write takes a JSON object with a text in it, such as {"name": "Doctor"}')
    if len(entities) != 1:
        raise ConfigurationError("--write needs exactly one --entity")
    return fields


if __name__ == "__main__":
    sys.exit(main())
