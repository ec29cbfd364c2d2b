"""Plant mutants in a room, run the room's tests against each, and write the page about the survivors.

python tests/mutants/run.py                         both rooms, everything again
python tests/mutants/run.py mapping --survivors     only those that were not killed last time
python tests/mutants/run.py --page                  run nothing, write the page
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from findings import changes, findings
from page import figures, summary, write
from workshop import PROJECT, ROOMS, WORKSHOPS, open_workshop, parts_of

TRIAL = Path(__file__).with_name("trial.py")
PAGE = PROJECT / "docs" / "mutants.md"
LEAST = 0.9
"""The share of mutants that the tests of each room have to kill."""


def main() -> int:
    """Do as the command line says; 1 if a room stays below :data:`LEAST` or a survivor is not judged."""
    wish = _arguments()
    for room in () if wish.page else wish.rooms or ROOMS:
        if not wish.survivors:
            shutil.rmtree(WORKSHOPS / room, ignore_errors=True)
        folder = open_workshop(room)
        for part in parts_of(room):
            _try(folder, part, again=wish.survivors)
    folders = {room: WORKSHOPS / room for room in ROOMS if (WORKSHOPS / room).is_dir()}
    found = {room: findings(folder) for room, folder in folders.items()}
    alive = {
        room: [mutant for mutant in mutants if not _dead(mutant.fate) and mutant.fate != "not run"]
        for room, mutants in found.items()
    }
    changed = {name: both for room, folder in folders.items() for name, both in changes(folder, alive[room]).items()}
    page = _page(list(folders))
    unjudged = write(page, found, changed)
    print("\n".join(figures(found)), summary(found), sep="\n\n")
    print(f"Survivors: {page.relative_to(PROJECT)}" + (f", {unjudged} to be judged." if unjudged else ", all judged."))
    shares = [1 - len(alive[room]) / len(mutants) for room, mutants in found.items() if mutants]
    return int(unjudged > 0 or min(shares, default=0) < LEAST)


def _page(rooms: list[str]) -> Path:
    """The page; a copy of it where not all rooms have been tried here, so that the others' judgements stay."""
    if set(rooms) == set(ROOMS):
        return PAGE
    return Path(shutil.copy(PAGE, WORKSHOPS / PAGE.name))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", choices=[[], *ROOMS], metavar="room", help=" or ".join(ROOMS))
    parser.add_argument("--survivors", action="store_true", help="run only those again that were not killed")
    parser.add_argument("--page", action="store_true", help="run nothing, only write the page")
    return parser.parse_args()


def _dead(fate: str) -> bool:
    return fate in ("killed", "timeout")


def _try(folder: Path, part: str, *, again: bool) -> None:
    """Plant and try mutants of one or all modules in a workshop; what is said on the way goes to a file beside it.

    Raises:
        SystemExit: it could not begin (the tests fail without any mutant, for instance).
    """
    found = [mutant for mutant in findings(folder) if part in ("*", mutant.module)] if again else []
    names = [mutant.name for mutant in found if not _dead(mutant.fate)]
    if again and found and not names:
        return
    log = WORKSHOPS / f"{folder.name}.{part.replace('*', 'all')}.log"
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    print(f"{folder.name}/{part}: {len(names) or 'all'} mutants ...", flush=True)
    with log.open("w", encoding="utf-8") as out:
        command = [sys.executable, TRIAL, folder.name, part, *names]
        code = subprocess.run(command, cwd=folder, env=environment, stdout=out, stderr=out, check=False).returncode
    if code:
        tail = log.read_text(encoding="utf-8").splitlines()[-20:]
        raise SystemExit("\n".join([*tail, f"The trial ended with {code}; the whole of it: {log}"]))


if __name__ == "__main__":
    sys.exit(main())
