"""Plant the mutants of the workshop that this starts in, and try the room's tests on each.

python tests/mutants/trial.py ROOM [MUTANT ...]

mutmut plants. Its own way to try a mutant starts pytest anew each time, and most mutants die sooner than that is done.
Here pytest collects once, notes which test reaches which function, and every mutant gets a fork of that process.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import Counter, defaultdict
from pathlib import Path
from time import perf_counter

import pytest
from _pytest.runner import runtestprotocol
from mutmut.__main__ import create_mutants
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, setup_source_paths, walk_mutatable_files
from workshop import OWN_TESTS_ONLY

SURVIVED, KILLED, NOT_REACHED = 0, 1, 33
_MANY = 255
"""The highest exit status, and how a mutant ends that was killed by the 255th test or a later one."""


def plant() -> list[SourceFileMutationData]:
    """Write the mutants of the modules that have changed since the last time, and say what is known of all mutants."""
    set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    setup_source_paths()
    create_mutants(1)
    modules = [SourceFileMutationData(path=path) for path in sorted(walk_mutatable_files())]
    for module in modules:
        module.load()
        module.meta_path = module.meta_path.absolute()
    return modules


class Trial:
    """The pytest plugin that runs the tests once as they are and then against one mutant after the other."""

    def __init__(self, room: str, modules: list[SourceFileMutationData], names: list[str]) -> None:
        self.room = room
        self.modules = modules
        self.names = set(names)
        self.reaching: dict[str, list[pytest.Item]] = defaultdict(list)
        self.seconds: dict[pytest.Item, float] = {}
        self.kills: dict[str, Counter[pytest.Item]] = defaultdict(Counter)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Stand in for pytest's own loop."""
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
            start = perf_counter()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self.seconds[item] = perf_counter() - start
            for function in state()._stats:
                self.reaching[function].append(item)
        set_mutant_under_test("")

    def _try_module(self, module: SourceFileMutationData) -> None:
        known, stem = module.exit_code_by_key, Path(module.path).stem
        names = [name for name in known if not self.names or name in self.names]
        start = perf_counter()
        for name in names:
            known[name] = self._try(name, stem)
        module.save()
        alive = sum(known[name] in (SURVIVED, NOT_REACHED) for name in names)
        print(f"{stem}: {alive} of {len(names)} alive after {perf_counter() - start:.0f} s", flush=True)

    def _try(self, name: str, module: str) -> int:
        function = name.partition("__mutmut_")[0]
        items = self.reaching[function]
        if self.room in OWN_TESTS_ONLY:
            items = [item for item in items if item.path.stem == f"test_{module}"] or items
        kills = self.kills[function]
        items = sorted(items, key=lambda item: (-kills[item], self.seconds[item]))
        if not items:
            return NOT_REACHED
        end = self._end(name, items)
        if 0 < end < _MANY:
            kills[items[end - 1]] += 1
        return KILLED if end > 0 else end

    def _end(self, name: str, items: list[pytest.Item]) -> int:
        """0 if the mutant lives, the number of the test that killed it, or minus the signal that ended the process."""
        child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        killer = _MANY
        try:
            gc.disable()
            set_mutant_under_test(name)
            killer = self._killer(items)
        finally:
            os._exit(min(killer, _MANY))

    def _killer(self, items: list[pytest.Item]) -> int:
        for number, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True), start=1):
            signal.alarm(10 + 10 * round(self.seconds[item]))
            if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
                return number
        return 0


def main(room: str, *names: str) -> int:
    """Plant, and try the mutants named, or all."""
    modules = plant()
    os.chdir("mutants")
    quickly = ["--tb=native", "--assert=plain", "-s", "-p", "no:logging"]
    here = ["--rootdir=.", "-k", "not loads_no_dataframes", f"tests/{room}"]  # that one asks a process of its own
    return int(pytest.main([*quickly, *here], plugins=[Trial(room, modules, list(names))]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
