"""Runs of a pair in processes of their own, each forked from one that has everything imported.

``ForkedRuns`` starts this file as a script and speaks with it line by line in JSON. The script stays single-threaded
and opens nothing itself, so that a fork is as good as a new process, without the seconds that importing takes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Ended:
    """How a process stands.

    Attributes:
        how: ``killed``, ``stopped`` or ``exited``.
        error: class of the exception that ended it, "" for none.
        reached: the task that it began last.
    """

    pid: int
    how: str
    error: str
    reached: str


class ForkedRuns:
    """Starts runs as processes; a context manager.

    Args:
        world: the company.
        scene: whose mapping they use.
    """

    def __init__(self, world, scene: str) -> None:
        paths = [HERE, HERE.parent / "flow", HERE.parents[1] / "include/sandbox", HERE.parents[1] / "plugins"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
        command = [sys.executable, __file__, scene, str(world.folder), str(world.engine.folder)]
        self._script = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def __enter__(self) -> ForkedRuns:
        return self

    def __exit__(self, *_) -> None:
        self._script.stdin.close()
        self._script.wait(timeout=30)
        self._script.stdout.close()

    def start(self, run: str, *, at: int = 0, stop: bool = False, begin: str = "", unfenced: bool = False) -> Ended:
        """Run until the end, or until the step *at*, where the process is killed (or stopped).

        Args:
            run: our run's id.
            at: step, counted from 1 and from *begin*; 0 for none.
            stop: SIGSTOP instead of SIGKILL.
            begin: the first task; by default the run's first.
            unfenced: without the check of the fencing number.
        """
        return self._ask(run=run, at=at, stop=stop, begin=begin, unfenced=unfenced)

    def go_on(self, stopped: Ended) -> Ended:
        """Let a stopped process go on until its end."""
        return self._ask(go_on=stopped.pid)

    def _ask(self, **wish) -> Ended:
        print(json.dumps(wish), file=self._script.stdin, flush=True)
        return Ended(**json.loads(self._script.stdout.readline()))


def serve(scene: str, folder: Path, runs: Path) -> None:
    """Do what is asked for, until nothing more comes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        wish = json.loads(line)
        if pid := wish.pop("go_on", 0):
            os.kill(pid, signal.SIGCONT)
        else:
            pid = os.fork()
            if pid == 0:
                _be_a_run(scene, folder, runs, **wish)
        print(json.dumps(_wait(pid, folder)), file=answers, flush=True)


def _wait(pid: int, folder: Path) -> dict[str, object]:
    _, status = os.waitpid(pid, os.WUNTRACED)
    how = "stopped" if os.WIFSTOPPED(status) else "killed" if os.WIFSIGNALED(status) else "exited"
    note = folder / f"process-{pid}"
    error, reached = note.read_text().split("\n") if note.exists() else ("", "")
    return {"pid": pid, "how": how, "error": error, "reached": reached}


def _be_a_run(scene: str, folder: Path, runs: Path, *, run: str, at: int, stop: bool, begin: str, unfenced: bool):
    """The forked process: one run, then the end."""
    note = folder / f"process-{os.getpid()}"
    tasks = None
    error = ""
    try:
        engine = Engine(runs, Store(f"sqlite:///{folder / 'state.db'}"), {}, "", "")
        SCENES[scene].widen(engine)
        if unfenced:
            lease._check = lambda row, fence, now: None
        pair = SCENES[scene].pair
        tasks = PairTasks(engine, pair, run, on_task=lambda task: note.write_text(f"\n{task}"))
        switch = KillSwitch(stop_here if stop else sigkill)
        switch.wire(setattr, runs)
        switch.arm(at)
        tasks.perform(TASKS[TASKS.index(begin or TASKS[0]) :])
    except Exception as caught:
        error = type(caught).__name__
        print(f"{error}: {caught}", file=sys.stderr)
    finally:
        note.write_text(f"{error}\n{tasks.reached if tasks else ''}")
        os._exit(0)


if __name__ == "__main__":
    from engine import Engine
    from kill_scenes import SCENES
    from kill_switch import KillSwitch, sigkill, stop_here
    from run_tasks import TASKS, PairTasks

    from customerp_trello.state import lease
    from customerp_trello.state.store import Store

    serve(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
