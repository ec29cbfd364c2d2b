"""The doctor: whether this Airflow can sync, and what is missing, in the order in which to put it right.

python -m customerp_trello.doctor [--pair custom_customer__trello_organizations]

It reads the two systems, the mappings and the state database, and writes nothing anywhere.
The exit status is 1 if anything is missing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator

# As Airflow's own commands do: this process may read the connections from Airflow's database.
os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")

from customerp_trello.doctor.connections import examine_connections
from customerp_trello.doctor.limits import examine_limits
from customerp_trello.doctor.mappings import examine_mappings
from customerp_trello.doctor.permissions import examine_permissions
from customerp_trello.doctor.scope import examine_scope
from customerp_trello.doctor.setup import Setup
from customerp_trello.doctor.state import examine_state, read_state
from customerp_trello.errors import SyncError
from customerp_trello.profile_doctor.findings import Finding, outline


def main(arguments: list[str] | None = None) -> int:
    """Examine the set-up and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m customerp_trello.doctor", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--pair", action="append", help="only this pair; may be given several times")
    options = parser.parse_args(arguments)
    try:
        setup = Setup(options.pair or [])
        findings = list(examine(setup))
    except SyncError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(outline(findings, width=min(120, shutil.get_terminal_size((110, 24)).columns)))
    missing = sum(one.verdict == "does not" for one in findings)
    print(f"\n{_verdict(missing)}\n{len(findings)} checks, {_requests(setup)}; nothing was written.")
    return 1 if missing else 0


def examine(setup: Setup) -> Iterator[Finding]:
    """Every check, each section building on the ones before it."""
    state = read_state({*setup.mappings, *(pair for mapping in setup.mappings.values() for pair in mapping.after)})
    yield from examine_connections(setup)
    yield from examine_permissions(setup, state)
    yield from examine_mappings(setup)
    yield from examine_scope(setup, state)
    yield from examine_limits(setup, state)
    yield from examine_state(state)


def _verdict(missing: int) -> str:
    if not missing:
        return "Nothing is missing."
    things = "One thing is" if missing == 1 else f"{missing} things are"
    return f"{things} missing, see `does not` above. Begin with the first one, then run this again."


def _requests(setup: Setup) -> str:
    erp, trello = setup.requests_made
    return f"{erp} requests to CustomERP, {trello} to Trello"


if __name__ == "__main__":
    sys.exit(main())
