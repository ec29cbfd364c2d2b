import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from demo import control
from demo.__main__ import main
from demo.boot import boot_id
from demo.errors import StackError
from demo.layout import REPOSITORY
from demo.processes import MARKER, end_leftovers, members
from demo.record import StackRecord
from demo.services import Service, ServiceGroup

# Leaves a grandchild behind: in a session of its own, without its parent, deaf to SIGTERM.
ORPHAN_MAKER = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
"""
# The same, its environment overwritten, so that only the session tells where it belongs.
STRIPPED_CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env={}, process_group=0)
time.sleep(600)
"""
# `serve` with a process that sleeps in place of all the others.
STAND_IN = """
import sys
from pathlib import Path
from demo import control
from demo.services import Service
from demo.settings import base_environment

class StandIn(control.Stack):
    def _start_systems(self):
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        self._services.start(Service("sleeper", command, base_environment(self.layout), self.layout.logs))

    def _start_airflow(self): pass

    def _healthy(self): return True

control.Stack = StandIn
sys.exit(control.serve(Path(sys.argv[1])))
"""


@pytest.fixture
def serving(layout):
    """Starts `serve` in a home and returns its process when the stack is ready."""
    started = []

    def start(*before):
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "include")}
        command = [*before, sys.executable, "-c", STAND_IN, str(layout.home)]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True))
        wait_for(lambda: (record := StackRecord.read(layout)) and record.ready, 60)
        return started[0]

    yield start
    for process in started:
        process.kill()
        process.wait()
    end_leftovers(str(layout.home))


@pytest.fixture
def service(layout):
    def make(code, name="worker"):
        environment = os.environ | {MARKER: str(layout.home)}
        return Service(name, [sys.executable, "-c", code], environment, layout.logs)

    yield make
    end_leftovers(str(layout.home))


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def killed_leader(layout, service):
    """A leader that has left a child behind which only its session tells."""
    leader = service(STRIPPED_CHILD)
    leader.start()
    home = str(layout.home)
    # Until it is another program, the child still shows its parent's environment.
    wait_for(lambda: len(members(home, [leader.session])) == 2 and len(members(home)) == 1)
    os.kill(leader.session, signal.SIGKILL)
    wait_for(lambda: leader.exit_code is not None)
    return leader


def test_an_orphan_in_a_session_of_its_own_is_found_and_ended(layout, service):
    maker = service(ORPHAN_MAKER)
    maker.start()
    wait_for(lambda: maker.exit_code == 0 and members(str(layout.home)))
    killed = end_leftovers(str(layout.home))
    assert len(killed) == 1
    assert members(str(layout.home)) == []


def test_a_child_without_the_marker_is_found_by_its_session(layout, service):
    parent = killed_leader(layout, service)
    assert members(str(layout.home)) == []
    assert len(end_leftovers(str(layout.home), [parent.session])) == 1


def test_processes_of_another_home_are_left_alone(layout, service, tmp_path):
    sleeper = service("import time; time.sleep(600)")
    sleeper.start()
    assert end_leftovers(str(tmp_path / "other")) == ()
    assert sleeper.running


def test_a_process_that_may_not_be_killed_is_told_at_the_end(layout, service, monkeypatch):
    def refuse(process):
        raise psutil.AccessDenied(process.pid)

    service("import time; time.sleep(600)").start()
    wait_for(lambda: members(str(layout.home)))
    with monkeypatch.context() as patched:
        patched.setattr(psutil.Process, "kill", refuse)
        with pytest.raises(StackError, match="are left after SIGKILL"):
            end_leftovers(str(layout.home), seconds=0.1)


def test_asked_to_stop_a_service_ends_and_nothing_is_killed(layout, service):
    group = ServiceGroup(lambda: None)
    group.start(service("import time; time.sleep(600)"))
    group.stop(["worker", "never-started"], seconds=10)
    assert end_leftovers(str(layout.home), group.sessions) == ()


def test_a_service_that_ends_by_itself_is_told_with_the_end_of_its_log(service):
    group = ServiceGroup(lambda: None)
    crashing = service("import sys; print('no such table'); sys.exit(3)")
    group.start(crashing)
    wait_for(lambda: crashing.exit_code is not None)
    with pytest.raises(StackError, match=r"worker has ended by itself \(exit code 3\)(.|\n)*no such table"):
        group.check()


def test_waiting_ends_at_the_deadline_with_every_log(service):
    group = ServiceGroup(lambda: None)
    loading = service("import time; print('still loading', flush=True); time.sleep(600)")
    group.start(loading)
    wait_for(lambda: "still loading" in loading.tail())
    with pytest.raises(StackError, match=r"in vain for the moon(.|\n)*still loading"):
        group.wait_for(lambda: False, "the moon", time.monotonic() + 0.2)
    group.stop(["worker"], seconds=10)


def test_down_without_a_stack_says_so(layout, capsys):
    assert control.down(layout.home) == 0
    assert capsys.readouterr().out == "Nothing runs.\n"


def test_down_ends_what_a_killed_supervisor_has_left(layout, service, capsys):
    sleeper = service("import time; time.sleep(600)")
    sleeper.start()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    StackRecord(dead.pid, created=1.0, ready=True, sessions=[sleeper.session]).write(layout)
    assert control.down(layout.home) == 0
    wait_for(lambda: not sleeper.running)
    assert "was left and had to be killed" in capsys.readouterr().out
    assert StackRecord.read(layout) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end_in_whichever_way_serve_leaves_nothing(layout, serving, number):
    supervisor = serving()
    assert members(str(layout.home))
    supervisor.send_signal(number)
    assert supervisor.wait(20) == 0
    assert members(str(layout.home)) == []


def test_under_nohup_the_end_of_the_terminal_ends_nothing(layout, serving):
    supervisor = serving("nohup")
    supervisor.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert supervisor.poll() is None
    assert members(str(layout.home))
    supervisor.terminate()
    assert supervisor.wait(20) == 0


def test_down_ends_demo_and_checklist_as_well(layout, service, monkeypatch, tmp_path, capsys):
    sleeper = service("import time; time.sleep(600)")
    for name in ("DEFAULT_HOME", "DEMO_HOME", "QA_HOME"):
        monkeypatch.setattr(f"demo.__main__.{name}", layout.home if name == "QA_HOME" else tmp_path / name)
    monkeypatch.setattr(sys, "argv", ["demo", "down"])
    sleeper.start()
    wait_for(lambda: members(str(layout.home)))
    assert main() == 0
    wait_for(lambda: not sleeper.running)
    assert capsys.readouterr().out.endswith("Ended; no process is left.\n")


def test_down_leaves_a_stranger_alone_whose_session_has_the_number_of_an_earlier_one(layout, capsys):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    try:
        StackRecord(os.getpid(), created=-1.0, sessions=[stranger.pid], boot=boot_id()).write(layout)
        assert control.down(layout.home) == 0
        assert (stranger.poll(), capsys.readouterr().out) == (None, "Nothing runs.\n")
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize(("boot", "ended"), [(boot_id(), 1), ("another", 0)])
def test_down_ends_a_session_without_its_leader_unless_the_machine_was_started_anew(layout, service, boot, ended):
    leader = killed_leader(layout, service)
    StackRecord(os.getpid(), created=-1.0, sessions=[leader.session], boot=boot).write(layout)
    assert control.down(layout.home) == 0
    assert len(end_leftovers(str(layout.home), [leader.session])) == 1 - ended
