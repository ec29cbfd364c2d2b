"""The stack as a whole: a real Airflow with throw-away DAGs, and two stand-ins for the sandbox systems."""

import socket
import subprocess
import textwrap
import time

import psutil
import pytest
import requests

from demo.errors import AirflowApiError, StackError
from demo.processes import MARKER
from demo.stack import Stack

DAGS = """
    '''Throw-away airflow dags of the stack's own test.'''
    import json, os, signal, subprocess, sys, time
    from airflow.sdk import DAG, task
    from airflow.sdk.bases.hook import BaseHook

    with DAG("works", schedule=None):
        @task
        def read(params=None, dag_run=None):
            print("asked to", dag_run.conf["action"])
            return BaseHook.get_connection("trello_default").host

        @task
        def again(host):
            return host

        again(read())

    with DAG("breaks", schedule=None):
        @task
        def refuse():
            raise ValueError("no such record")

        refuse()

    with DAG("lingers", schedule=None):
        @task
        def linger():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
            time.sleep(600)

        linger()
"""
SYSTEM = """
    import http.server, json, sys
    port = int(sys.argv[sys.argv.index("--port") + 1])
    server = http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler)
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    server.serve_forever()
"""


@pytest.fixture
def make_stack(tmp_path):
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "throw_away.py").write_text(textwrap.dedent(DAGS))
    (dags / "broken.py").write_text("'''airflow dag'''\nraise RuntimeError('misspelt key: lable')\n")
    (tmp_path / "plugins").mkdir()
    scripts = {}
    for system in ("customerp", "trello"):
        scripts[system] = tmp_path / f"{system}.py"
        scripts[system].write_text(textwrap.dedent(SYSTEM))

    def make(**options):
        settings = {"dags": dags, "plugins": tmp_path / "plugins", "sandbox": scripts} | options
        return Stack(tmp_path / "home", **settings)

    return make


def marked(home):
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == str(home):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


@pytest.mark.airflow
def test_a_real_airflow_runs_dags_is_watched_and_leaves_nothing(make_stack, tmp_path):
    stack = make_stack()
    with stack:
        airflow = stack.airflow()
        airflow.wait_for_dags(["works", "breaks", "lingers"])
        check_runs(stack, airflow)
        check_reachable_on_loopback_only(stack)
        lingering = airflow.trigger("lingers")
        wait_for(lambda: airflow.task_states("lingers", lingering) == {"linger": "running"})
        kill_scheduler()
        with pytest.raises(StackError, match="scheduler has ended by itself"):
            airflow.wait("lingers", lingering)
        stopped = stack.stop()
    assert any("import time; time.sleep(600)" in line for line in stopped.killed)
    assert marked(tmp_path / "home") == []
    with pytest.raises(requests.ConnectionError):
        requests.get(stack.url, timeout=5)


def check_runs(stack, airflow):
    run = airflow.trigger("works", {"action": "preview"})
    result = airflow.wait("works", run)
    assert (result.state, result.tasks) == ("success", {"read": "success", "again": "success"})
    assert airflow.xcom("works", run, "again") == stack.systems["trello"]["url"]
    assert any("asked to preview" in line["event"] for line in airflow.log("works", run, "read"))
    failed = airflow.trigger("breaks")
    assert airflow.wait("breaks", failed).state == "failed"
    assert [error["dag_run_id"] for error in airflow.dag_runs("breaks")] == [failed]
    with pytest.raises(AirflowApiError, match="404"):
        airflow.xcom("breaks", failed, "refuse")
    (trace,) = airflow.import_errors().values()
    assert "misspelt key: lable" in trace
    assert "works" in stack.run_airflow("dags", "list")


def check_reachable_on_loopback_only(stack):
    own = set(marked(stack.layout.home))
    listening = {
        found.laddr for found in psutil.net_connections("inet") if found.status == "LISTEN" and found.pid in own
    }
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert len(listening) == 3


def kill_scheduler():
    for process in psutil.Process().children():
        if process.cmdline()[-2:] == ["scheduler", "--skip-serve-logs"]:
            process.kill()


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_system_that_cannot_start_ends_the_stack_and_shows_its_log(make_stack, tmp_path):
    broken = tmp_path / "broken_system.py"
    broken.write_text("raise SystemExit('database is of another version')")
    with pytest.raises(StackError, match=r"customerp has ended by itself(.|\n)*database is of another version"):
        make_stack(sandbox={"customerp": broken}).start()
    assert marked(tmp_path / "home") == []


def test_a_taken_port_is_told_before_airflow_starts(make_stack, tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port}"):
            make_stack(port=port).start()
    assert marked(tmp_path / "home") == []


def test_a_second_stack_in_the_same_home_is_refused_and_the_first_left_alone(make_stack, tmp_path):
    first = make_stack()
    first.layout.prepare()
    claim = first.layout.lock()
    sleeper = subprocess.Popen(["/bin/sleep", "60"], env={MARKER: str(tmp_path / "home")})
    wait_for(lambda: marked(tmp_path / "home") == [sleeper.pid])  # Linux shows no environment while a program is loaded
    with pytest.raises(StackError, match="already runs"):
        make_stack().start()
    assert marked(tmp_path / "home") == [sleeper.pid]
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()
    claim.close()
