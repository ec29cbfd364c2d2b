"""The client against a small HTTP server that answers as Airflow's REST API does (shapes taken from a real one)."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from demo.airflow_api import AirflowApi
from demo.errors import AirflowApiError

RUN = {"dag_run_id": "manual__1", "queued_at": "2026-03-01T09:00:00Z", "end_date": "2026-03-01T09:00:12.500000Z"}


class Airflow(ThreadingHTTPServer):
    """Answers from `routes`: (method, path without query) to a list of (status, body); the last one stays."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes = {}
        self.seen = []
        self.tokens = 0
        self.valid = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def answer(self, method):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        path, _, query = self.path.partition("?")
        self.server.seen.append((method, path, query, body))
        self.reply(*self.result(method, path, body))

    def result(self, method, path, body):
        server = self.server
        if path == "/auth/token":
            if body["password"] != "right":
                return 401, {"detail": "Invalid credentials"}
            server.tokens += 1
            server.valid = f"Bearer token-{server.tokens}"
            return 201, {"access_token": f"token-{server.tokens}"}
        if path.startswith("/api/v2/dags") and self.headers.get("Authorization") != server.valid:
            return 401, {"detail": "Not authenticated"}
        answers = server.routes[method, path]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def reply(self, status, content):
        payload = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def airflow():
    server = Airflow()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def api(airflow):
    return AirflowApi(airflow.url, "admin", "right")


def tasks(*pairs):
    found = [{"task_id": task, "map_index": index, "state": state} for task, index, state in pairs]
    return 200, {"task_instances": found, "total_entries": len(found)}


def test_a_run_is_started_with_its_form_and_without_a_window(airflow, api):
    airflow.routes["POST", "/api/v2/dags/pair/dagRuns"] = [(200, RUN)]
    assert api.trigger("pair", {"action": "preview"}) == "manual__1"
    assert airflow.seen[-1][3] == {"conf": {"action": "preview"}, "logical_date": None}


def test_an_expired_token_is_fetched_anew(airflow, api):
    airflow.routes["GET", "/api/v2/dags"] = [(200, {"dags": [{"dag_id": "pair"}], "total_entries": 1})]
    assert api.dag_ids() == {"pair"}
    airflow.valid = None
    assert api.dag_ids() == {"pair"}
    assert airflow.tokens == 2


def test_a_wrong_password_is_an_error_without_the_password(airflow):
    with pytest.raises(AirflowApiError, match="401") as caught:
        AirflowApi(airflow.url, "admin", "wrong-password").dag_ids()
    assert "wrong-password" not in str(caught.value)


def test_all_pages_are_read(airflow, api):
    pages = [(200, {"dags": [{"dag_id": name}], "total_entries": 3}) for name in "abc"]
    airflow.routes["GET", "/api/v2/dags"] = pages
    assert api.dag_ids() == {"a", "b", "c"}
    assert [query for _, path, query, _ in airflow.seen if path == "/api/v2/dags"] == [
        "limit=100&offset=0",
        "limit=100&offset=1",
        "limit=100&offset=2",
    ]


def test_waiting_tells_how_the_run_ended_and_each_task(airflow, api):
    airflow.routes["GET", "/api/v2/dags/pair/dagRuns/manual__1"] = [
        (200, RUN | {"state": "running"}),
        (200, RUN | {"state": "failed"}),
    ]
    airflow.routes["GET", "/api/v2/dags/pair/dagRuns/manual__1/taskInstances"] = [
        tasks(("extract", -1, "success"), ("load", 0, "failed"), ("load", 1, None))
    ]
    result = api.wait("pair", "manual__1")
    assert result.state == "failed"
    assert result.tasks == {"extract": "success", "load[0]": "failed", "load[1]": "none"}
    assert result.seconds == 12.5


def test_a_run_that_does_not_end_is_an_error_with_its_tasks(airflow, api):
    airflow.routes["GET", "/api/v2/dags/pair/dagRuns/manual__1"] = [(200, RUN | {"state": "running"})]
    airflow.routes["GET", "/api/v2/dags/pair/dagRuns/manual__1/taskInstances"] = [tasks(("load", -1, "running"))]
    with pytest.raises(AirflowApiError, match=r"is running after 0 s \(load running\)"):
        api.wait("pair", "manual__1", seconds=0)


def test_a_run_id_is_quoted(airflow, api):
    path = "/api/v2/dags/pair/dagRuns/manual__2026-03-01T09%3A00%3A00%2B00%3A00"
    airflow.routes["GET", path] = [(200, RUN | {"state": "success"})]
    assert api.dag_run("pair", "manual__2026-03-01T09:00:00+00:00")["state"] == "success"


def test_a_missing_dag_is_told_with_the_import_errors(airflow, api):
    airflow.routes["GET", "/api/v2/dags"] = [(200, {"dags": [], "total_entries": 0})]
    error = {"filename": "pair.py", "stack_trace": "ConfigurationError: unknown key 'lable'"}
    airflow.routes["GET", "/api/v2/importErrors"] = [(200, {"import_errors": [error], "total_entries": 1})]
    with pytest.raises(AirflowApiError, match=r"no DAG pair(.|\n)*unknown key 'lable'"):
        api.wait_for_dags(["pair"], seconds=0)


def test_a_refusal_carries_airflows_own_words(airflow, api):
    airflow.routes["POST", "/api/v2/dags/pair/dagRuns"] = [(400, {"detail": "'everything' is not one of ..."})]
    with pytest.raises(AirflowApiError, match=r"POST /api/v2/dags/pair/dagRuns: 400 .*not one of"):
        api.trigger("pair", {"action": "everything"})


def test_waiting_stops_when_a_process_of_the_stack_has_ended(airflow):
    def check():
        raise RuntimeError("scheduler has ended")

    with pytest.raises(RuntimeError, match="scheduler has ended"):
        AirflowApi(airflow.url, "admin", "right", check=check).wait("pair", "manual__1")


def test_no_answer_is_an_error_that_names_the_request():
    with pytest.raises(AirflowApiError, match=r"GET /api/v2/monitor/health: no answer \(ConnectionError\)"):
        AirflowApi("http://127.0.0.1:1", "admin", "right").health()
