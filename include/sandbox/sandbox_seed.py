"""Fill both databases with the data that a real company has, before the servers start.

``python include/sandbox/sandbox_seed.py --customers 200 --customerp-database F --trello-database F [--seed 7]
[--no-caps]`` prints a summary as JSON: how much there is, and which records are deliberately special.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any

from customerp_entities import SCHEMA as CUSTOMERP_SCHEMA
from sandbox_database import SandboxDatabase
from seed_customerp import SeedERP
from seed_names import Names
from seed_records import Past
from seed_special import SMALLEST, SeedSpecial
from seed_trello import REGISTER_LINK, STAFF_WORKSPACES, SeedTrello
from trello_schema import SCHEMA as TRELLO_SCHEMA
from trello_settings import ANNA, INTEGRATION, ORGANIZATIONS

_TRELLO_TABLES = ("members", "organizations", "memberships", "boards", "cards", "actions")


def seed(
    customerp_database: str | Path, trello_database: str | Path, customers: int, seed: int = 7, *, caps: bool = True
) -> dict[str, Any]:
    """Write both databases; the same arguments give the same data, and where Trello's is there, both are whole.

    Args:
        customerp_database: SQLite file, new or empty.
        trello_database: likewise.
        customers: how many; about 1.5 contacts, 0.6 projects and 0.4 employees come with each.
        seed: of the random generator.
        caps: keep within Trello's limits (else every tenth customer has a workspace, however many that are).

    Raises:
        ValueError: too few customers for all that is special, or a database that holds records already.
    """
    if customers < SMALLEST:
        raise ValueError(
            f"--customers must be at least {SMALLEST}, so that every special case has its own; it was {customers}"
        )
    chance = random.Random(seed)  # noqa: S311 (data, not secrets)
    past = Past(chance)
    names = Names(chance)
    erp, trello = SeedERP(chance, names, past), SeedTrello(chance, names, past)
    erp.employees(max(10, customers * 4 // 10))
    erp.customers(customers)
    erp.contacts(customers * 3 // 2)
    erp.projects(max(5, customers * 6 // 10))
    trello.accounts()
    special = SeedSpecial(erp, trello)
    special.broken()
    special.ambiguous()
    special.crowd()
    special.merged()
    special.namesakes()
    staff = trello.staff(erp.tables["employees"].rows)
    special.workspaces(caps)
    special.comments()
    _write_both(Path(customerp_database), Path(trello_database), erp, trello)
    return {
        "seed": seed,
        "caps": caps,
        "customerp": {plural: len(table.rows) for plural, table in erp.tables.items()},
        "trello": {name: len(getattr(trello, name).rows) for name in _TRELLO_TABLES},
        "staff": {"short_names": [name for name, _ in STAFF_WORKSPACES], **staff},
        "register_card": {"id": trello.register["card"], "short_link": REGISTER_LINK},
        "token_member": {"id": INTEGRATION.id, "username": INTEGRATION.username},
        "employee_with_account": {"number": erp.tables["employees"].rows[0]["employee_number"], "member": ANNA.id},
        "special": special.found,
    }


def _write_both(of_erp: Path, of_trello: Path, erp: SeedERP, trello: SeedTrello) -> None:
    """Write beside the files and rename at the end, so that a seed which was killed can be repeated."""
    _refuse_records(of_erp, CUSTOMERP_SCHEMA, "customers")
    _refuse_records(of_trello, TRELLO_SCHEMA, "members")
    written_erp = _written_beside(of_erp, CUSTOMERP_SCHEMA, erp)
    written_trello = _written_beside(of_trello, TRELLO_SCHEMA, trello)
    _remove(of_erp)
    written_erp.replace(of_erp)
    _remove(of_trello)
    written_trello.replace(of_trello)  # the last: that it is there says that both are done


def _refuse_records(file: Path, schema: str, table: str) -> None:
    if not file.exists():
        return
    database = SandboxDatabase(file, schema)
    try:
        if database.value(f"SELECT 1 FROM {table}"):  # noqa: S608
            raise ValueError(f"{file} holds records already; name a new file, or delete this one")
    finally:
        database.close()


def _remove(file: Path) -> None:
    """With its log: SQLite would play an earlier file's into the one that takes its name."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)


def _written_beside(file: Path, schema: str, rows: SeedERP | SeedTrello) -> Path:
    scratch = file.with_name(f"{file.name}.new")
    _remove(scratch)
    database = SandboxDatabase(scratch, schema)
    try:
        database.connection.execute("PRAGMA foreign_keys=OFF")  # rows refer to later ones
        with database.transaction():
            rows.write(database)
        broken = database.rows("PRAGMA foreign_key_check")
        if broken:
            raise RuntimeError(f"The seed broke {len(broken)} references, the first in {broken[0][0]}")
    finally:
        database.close()
    return scratch


def main() -> None:
    """Read the options, write, print the summary."""
    parser = argparse.ArgumentParser(description="Fill the sandbox's databases.")
    parser.add_argument("--customers", type=int, default=200, help="how many customers (default: %(default)s)")
    parser.add_argument("--customerp-database", required=True, help="SQLite file of the CustomERP")
    parser.add_argument("--trello-database", required=True, help="SQLite file of the imitated Trello")
    parser.add_argument("--seed", type=int, default=7, help="random seed (default: %(default)s)")
    parser.add_argument("--no-caps", action="store_true", help="more workspaces than the real Trello allows")
    options = parser.parse_args()
    if options.customers > ORGANIZATIONS and not options.no_caps:
        print(
            f"WARNING: a Trello member can have {ORGANIZATIONS} organizations; {options.customers} customers do not all"
            " fit. Use --no-caps here and with serve_trello.py to lift Trello's limits.",
            file=sys.stderr,
        )
    try:
        files = (options.customerp_database, options.trello_database)
        summary = seed(*files, options.customers, options.seed, caps=not options.no_caps)
    except ValueError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    print(json.dumps(summary, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
