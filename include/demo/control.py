"""`up`, `serve`, `doctor` and `down`: the stack in the background, its supervisor in the foreground, and its end."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from demo.company import Company
from demo.errors import StackError
from demo.layout import REPOSITORY, Layout
from demo.processes import MARKER, end_leftovers
from demo.record import StackRecord
from demo.services import Service
from demo.settings import ADMIN, airflow_environment
from demo.signals import Interrupted, interrupt_on_signals
from demo.stack import START_SECONDS, STOP_SECONDS, Stack

CUSTOMERS = 40
# The supervisor's own limits and what checking costs on a busy machine.
_UP_SECONDS = START_SECONDS + 30
_DOWN_SECONDS = STOP_SECONDS + 40

_FIRST_STEPS = """
To try first: log in and open the DAG "Custom Customer and Trello organization". It has run once by itself and is held:
a pair's first run writes nothing. The log of its task `reconcile` shows what it would do, `guard` names the plan.
Press Trigger, choose the action let_through and fill in that plan: now it writes. So do the other three DAGs, the
contacts after the customers. From then on each runs every quarter of an hour: edit something and watch it arrive."""


def up(home: Path, port: int | None = None) -> int:
    """Start the stack in the background, return when it is ready, and say where it is; 0 if it runs already."""
    layout = Layout(home.resolve())
    record = StackRecord.read(layout)
    if record and record.supervisor():
        print("It runs already." if record.ready else "It is starting already; ask again in a moment.")
        _print_access(layout, record)
        return 0
    layout.prepare()
    interrupt_on_signals()
    supervisor = Service("supervisor", _serve_command(layout, port), _environment(), layout.logs)
    supervisor.start()
    print(f"Starting; logs are in {layout.logs}", flush=True)
    try:
        record = _wait_until_ready(layout, supervisor)
    except Interrupted as interrupted:
        supervisor.ask_to_stop()  # before a word is said: there may be no terminal any more
        print(f"{interrupted}: ending what has started")
        _wait_for_end(psutil.Process(supervisor.session), _DOWN_SECONDS)
        return 128 + interrupted.number
    _print_access(layout, record)
    return 0


def serve(home: Path, port: int | None = None) -> int:
    """Run the stack in the foreground until Ctrl-C, SIGTERM, the terminal's end or that of one of its processes."""
    interrupt_on_signals()
    try:
        company = Company.open(Layout(home.resolve()), CUSTOMERS)
        with Stack(home, connections=company.connections, port=port) as stack:
            _print_access(stack.layout, StackRecord.read(stack.layout))
            stack.watch()
    except Interrupted as interrupted:
        print(f"{interrupted}: the stack has ended, and no process of it is left", flush=True)
    return 0


def down(*homes: Path) -> int:
    """End the stacks of these homes, whoever started them, and check that no process of them is left; 0."""
    ended = [_end(Layout(home.resolve())) for home in homes]
    print("Ended; no process is left." if any(ended) else "Nothing runs.")
    return 0


def _end(layout: Layout) -> bool:
    """End one stack; whether anything of it ran."""
    record = StackRecord.read(layout)
    supervisor = record.supervisor() if record else None
    if supervisor:
        print("Ending; a running task gets 20 seconds to finish.", flush=True)
        supervisor.terminate()
        _wait_for_end(supervisor, _DOWN_SECONDS)
    killed = end_leftovers(str(layout.home), record.sessions if record and record.of_this_boot else ())
    layout.state_file.unlink(missing_ok=True)
    for line in killed:
        print(f"was left and had to be killed: {line}")
    return bool(supervisor or killed)


def doctor(home: Path) -> int:
    """Examine the running stack with the package's own doctor, as one of its processes; the doctor's exit status.

    Raises:
        StackError: nothing runs.
    """
    layout = Layout(home.resolve())
    record = StackRecord.read(layout)
    if not (record and record.ready and record.supervisor()):
        raise StackError(f"nothing runs in {layout.home}; start it with `make up`")
    systems = {name: {"url": url} for name, url in record.systems.items()}
    connections = Company.open(layout, CUSTOMERS).connections(systems)
    environment = airflow_environment(layout, port=urlsplit(record.url).port or 80, connections=connections)
    command = [sys.executable, "-m", "customerp_trello.doctor"]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - the command is ours


def _serve_command(layout: Layout, port: int | None) -> list[str]:
    options = [] if port is None else ["--port", str(port)]
    return [sys.executable, "-m", "demo", "serve", "--home", str(layout.home), *options]


def _environment() -> dict[str, str]:
    # Without the marker: the supervisor must not count itself among the processes it has to end.
    kept = {name: value for name, value in os.environ.items() if name != MARKER}
    return kept | {"PYTHONPATH": str(REPOSITORY / "include"), "PYTHONUNBUFFERED": "1"}


def _wait_until_ready(layout: Layout, supervisor: Service) -> StackRecord:
    deadline = time.monotonic() + _UP_SECONDS
    while time.monotonic() < deadline:
        record = StackRecord.read(layout)
        if record and record.ready and record.pid == supervisor.session:
            return record
        if not supervisor.running:
            raise StackError(f"the stack did not start:\n{supervisor.tail(60)}")
        time.sleep(0.2)
    raise StackError(f"the stack is not ready after {_UP_SECONDS:.0f} s; `make down` ends it. Logs: {layout.logs}")


def _wait_for_end(process: psutil.Process, seconds: float) -> None:
    """Wait for the supervisor; one that does not end by itself is killed, and the caller looks for leftovers."""
    try:
        process.wait(seconds)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(5)


def _print_access(layout: Layout, record: StackRecord | None) -> None:
    if record is None or not record.ready:
        return
    print(f"Airflow   {record.url}   user {ADMIN}, password {layout.secrets()['admin_password']}")
    for system, url in record.systems.items():
        print(f"{system:<9} {url}")
    print(f"Logs      {layout.logs}\nEnd it    make down")
    print(_FIRST_STEPS, flush=True)
