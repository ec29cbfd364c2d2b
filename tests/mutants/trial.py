"""Plant the mutants of the workshop that this starts in, and try the room's tests on each.

python tests/mutants/trial.py ROOM MODULE [MUTANT ...]          MODULE is * for the whole room

mutmut plants. Its own way to try a mutant starts pytest anew each time, and most mutants die sooner than that is done.
Here pytest collects once, notes which test reaches which function, and every mutant gets a fork of that process.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pytest
from _pytest.runner import runtestprotocol
from mutmut.__main__ import create_mutants
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, setup_source_paths, walk_mutatable_files
from replay import Function, Recorder, answer
from workshop import PURE

SURVIVED, KILLED, NOT_REACHED = 0, 1, 33


def plant(chosen: str) -> list[SourceFileMutationData]:
    """Write the mutants of the modules that have changed since the last time, and say what is known of all mutants."""
    set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    setup_source_paths()
    create_mutants(1)
    modules = [SourceFileMutationData(path=path) for path in sorted(walk_mutatable_files()) if path.match(chosen)]
    for module in modules:
        module.load()
        module.meta_path = module.meta_path.absolute()
    return modules


@dataclass
class Lead:
    """Tests that may notice a mutant: always, or if it answers a recorded call differently."""

    tests: list[pytest.Item]
    given: bytes = b""
    answer: bytes | None = None


class Trial:
    """The pytest plugin that runs the tests once as they are and then against one mutant after the other."""

    def __init__(self, room: str, modules: list[SourceFileMutationData], names: list[str]) -> None:
        self.room = room
        self.modules = modules
        self.names = set(names)
        self.seconds: dict[pytest.Item, float] = {}
        self.reaching: dict[str, list[pytest.Item]] = defaultdict(list)
        self.recorder: Recorder | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Stand in for pytest's own loop."""
        if self.room in PURE:
            self.recorder = Recorder(f"customerp_trello.{self.room}")
        self._run_without_mutants(session)
        if session.testsfailed:
            raise session.Failed("the tests fail without any mutant")
        gc.collect()
        gc.freeze()
        for module in self.modules:
            self._try_module(module)
        return True

    def _run_without_mutants(self, session: pytest.Session) -> None:
        set_mutant_under_test("stats")
        for item, following in zip(session.items, [*session.items[1:], None], strict=True):
            state()._stats.clear()
            if self.recorder:
                self.recorder.test = item
            start = perf_counter()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self.seconds[item] = perf_counter() - start
            for function in state()._stats:
                self.reaching[function].append(item)
        set_mutant_under_test("")
        if self.recorder:
            self.recorder.stop()

    def _try_module(self, module: SourceFileMutationData) -> None:
        fates = module.exit_code_by_key
        names: dict[str, list[str]] = defaultdict(list)
        for name in fates:
            if not self.names or name in self.names:
                names[name.partition("__mutmut_")[0]].append(name)
        start = perf_counter()
        for function, mutants in names.items():
            leads = self._leads(function)
            for name in mutants:
                fates[name] = self._try(name, leads) if leads else NOT_REACHED
            module.save()
        tried = [fates[name] for mutants in names.values() for name in mutants]
        alive = sum(fate in (SURVIVED, NOT_REACHED) for fate in tried)
        print(f"{module.path}: {alive} of {len(tried)} alive after {perf_counter() - start:.0f} s", flush=True)

    def _leads(self, function: str) -> list[Lead]:
        calls = self.recorder.calls.get(function) if self.recorder else None
        if calls is None or not calls.tests:
            return [Lead([item]) for item in self._fastest_first(self.reaching[function])]
        original = calls.variants["_mutmut_orig"]
        seen = [
            Lead(self._fastest_first(tests), given, answer(original, given)) for given, tests in calls.tests.items()
        ]
        return [*seen, *(Lead([item]) for item in self._fastest_first(calls.unseen))]

    def _mutant(self, name: str) -> Function | None:
        calls = self.recorder and self.recorder.calls.get(name.partition("__mutmut_")[0])
        return calls.variants[name.rpartition(".")[2]] if calls else None

    def _fastest_first(self, items: Iterable[pytest.Item]) -> list[pytest.Item]:
        return sorted(items, key=self.seconds.__getitem__)

    def _try(self, name: str, leads: list[Lead]) -> int:
        """Try one mutant in a process of its own; the lead that killed it is the first one for the next mutant."""
        told, telling = os.pipe()
        child = os.fork()
        if not child:
            try:
                gc.disable()
                set_mutant_under_test(name)
                os.write(telling, str(self._killer(name, leads)).encode())
            finally:
                os._exit(0)
        os.close(telling)
        end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with os.fdopen(told) as pipe:
            killer = pipe.read()
        if killer not in ("", "0"):
            leads.insert(0, leads.pop(int(killer) - 1))
        return end or (SURVIVED if killer == "0" else KILLED)

    def _killer(self, name: str, leads: list[Lead]) -> int:
        """The number of the lead whose test fails, 0 if none does."""
        mutant = self._mutant(name)
        tried: set[pytest.Item] = set()
        for position, lead in enumerate(leads, start=1):
            signal.alarm(20)
            if lead.given and lead.answer and answer(mutant, lead.given) == lead.answer:
                continue
            for item in [item for item in lead.tests if item not in tried]:
                tried.add(item)
                signal.alarm(20 + 10 * round(self.seconds[item]))
                if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
                    return position
        return 0


def main(room: str, module: str, *names: str) -> int:
    """Plant, and try the mutants named, or all."""
    modules = plant(f"{module}.py")
    os.chdir("mutants")
    quickly = ["--tb=native", "--assert=plain", "-s", "-p", "no:logging"]
    tests = map(str, sorted(Path(f"tests/{room}").glob(f"test_{module.rstrip('*')}*.py")))
    here = ["--rootdir=.", "-k", "not loads_no_dataframes", *tests]  # that one asks a process of its own
    return int(pytest.main([*quickly, *here], plugins=[Trial(room, modules, list(names))]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
