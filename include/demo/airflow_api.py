"""A small client of Airflow's REST API (v2): trigger runs, wait for their end, read logs, XComs and import errors.

Written against https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html; tokens as in the
"Security > API" page (POST /auth/token).
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from demo.errors import AirflowApiError

FINISHED = frozenset({"success", "failed"})
POLL_SECONDS = 0.3
REQUEST_SECONDS = 60.0
PAGE = 100


@dataclass(frozen=True)
class RunResult:
    """How a DAG run ended.

    Attributes:
        dag_id: the DAG.
        run_id: the run.
        state: `success` or `failed`.
        tasks: task id to its state; mapped tasks as `task[0]`, `task[1]`, ...
        seconds: from the moment that Airflow accepted the run to its end, by Airflow's clock.
    """

    dag_id: str
    run_id: str
    state: str
    tasks: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class AirflowApi:
    """Airflow's REST API, logged in on first use and again when the token has expired.

    Args:
        url: base URL of the api-server.
        username: user of the auth manager.
        password: the user's password.
        check: called before every request; raises when waiting has become pointless (a process has ended).
    """

    def __init__(self, url: str, username: str, password: str, *, check: Callable[[], None] | None = None) -> None:
        self.url = url.rstrip("/")
        self._login = {"username": username, "password": password}
        self._check = check or (lambda: None)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc between this process and loopback

    def retry_reads(self, times: int) -> None:
        """Ask again, up to so often, where a GET finds nobody or a 5xx: no poll of a run of hours shall end it."""
        retry = Retry(
            times,
            backoff_factor=1,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods={"GET"},
            raise_on_status=False,
        )
        self._session.mount(self.url, HTTPAdapter(max_retries=retry))

    def health(self) -> dict[str, str]:
        """Return component name to its state (`healthy`, `unhealthy`); needs no login."""
        answer = self._send("GET", "/monitor/health", authenticated=False)
        return {name: part["status"] for name, part in answer.items() if part and part.get("status")}

    def warm_up(self) -> None:
        """Let the api-server build the part that tasks talk to; it answers after that."""
        _content(self._request("GET", "/execution/health", None, None))

    def dag_ids(self) -> set[str]:
        """Return the ids of all active DAGs."""
        return {dag["dag_id"] for dag in self._pages("/dags", "dags")}

    def import_errors(self) -> dict[str, str]:
        """Return DAG file name to the traceback of its import error."""
        return {error["filename"]: error["stack_trace"] for error in self._pages("/importErrors", "import_errors")}

    def wait_for_dags(self, dag_ids: Iterable[str], seconds: float = 60) -> None:
        """Wait until all the DAGs can be triggered.

        Raises:
            AirflowApiError: some are missing after `seconds`; the message holds the import errors.
        """
        wanted = set(dag_ids)
        for _ in _polls(seconds):
            missing = wanted - self.dag_ids()
            if not missing:
                return
        errors = "\n".join(f"{file}:\n{trace}" for file, trace in sorted(self.import_errors().items())) or "none"
        names = ", ".join(sorted(missing))
        raise AirflowApiError(f"Airflow knows no DAG {names} after {seconds:.0f} s; import errors: {errors}")

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """Pause a DAG, or let it run: a paused one starts neither its schedule nor runs triggered by hand."""
        self._send("PATCH", _path("dags", dag_id), body={"is_paused": paused})

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None, *, logical_date: str | None = None) -> str:
        """Start a run by hand and return its run id.

        Args:
            dag_id: the DAG.
            conf: values of the trigger form.
            logical_date: RFC 3339; without one the run has no data interval.
        """
        body = {"conf": dict(conf or {}), "logical_date": logical_date}
        return str(self._send("POST", _path("dags", dag_id, "dagRuns"), body=body)["dag_run_id"])

    def dag_run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return a run as Airflow describes it."""
        return self._send("GET", _path("dags", dag_id, "dagRuns", run_id))

    def dag_runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return all runs of a DAG, scheduled and backfilled ones included."""
        return list(self._pages(_path("dags", dag_id, "dagRuns"), "dag_runs"))

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the run's task instances as Airflow describes them."""
        return list(self._pages(_path("dags", dag_id, "dagRuns", run_id, "taskInstances"), "task_instances"))

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return task id to its state; mapped tasks carry their index."""
        return {_label(task): task["state"] or "none" for task in self.task_instances(dag_id, run_id)}

    def wait(self, dag_id: str, run_id: str, seconds: float = 300) -> RunResult:
        """Wait for the end of a run, whichever it is.

        Raises:
            AirflowApiError: it is still going on after `seconds`; the message holds the tasks' states.
        """
        for _ in _polls(seconds):
            run = self.dag_run(dag_id, run_id)
            if run["state"] in FINISHED:
                return RunResult(dag_id, run_id, run["state"], self.task_states(dag_id, run_id), _duration(run))
        states = ", ".join(f"{task} {state}" for task, state in sorted(self.task_states(dag_id, run_id).items()))
        raise AirflowApiError(f"{dag_id} {run_id} is {run['state']} after {seconds:.0f} s ({states})")

    def log(
        self, dag_id: str, run_id: str, task_id: str, *, attempt: int = 1, map_index: int = -1
    ) -> list[dict[str, Any]]:
        """Return the lines of one attempt of a task: each a dict with `event` and the line's own fields."""
        path = _path("dags", dag_id, "dagRuns", run_id, "taskInstances", task_id, "logs", str(attempt))
        answer = self._send("GET", path, query={"full_content": "true", "map_index": str(map_index)})
        return [line if isinstance(line, dict) else {"event": line} for line in answer["content"]]

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return a task's XCom value.

        Raises:
            AirflowApiError: there is none.
        """
        path = _path("dags", dag_id, "dagRuns", run_id, "taskInstances", task_id, "xcomEntries", key)
        return self._send("GET", path, query={"deserialize": "true"})["value"]

    def _pages(self, path: str, key: str) -> Iterable[dict[str, Any]]:
        offset = 0
        while True:
            answer = self._send("GET", path, query={"limit": str(PAGE), "offset": str(offset)})
            yield from answer[key]
            offset += len(answer[key])
            if not answer[key] or offset >= answer["total_entries"]:
                return

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        authenticated: bool = True,
    ) -> dict[str, Any]:
        self._check()
        if authenticated and "Authorization" not in self._session.headers:
            self._log_in()
        answer = self._request(method, f"/api/v2{path}", query, body)
        if authenticated and answer.status_code == requests.codes.unauthorized:
            self._log_in()
            answer = self._request(method, f"/api/v2{path}", query, body)
        return _content(answer)

    def _log_in(self) -> None:
        self._session.headers.pop("Authorization", None)
        token = _content(self._request("POST", "/auth/token", None, self._login))["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _request(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                self.url + path,
                params=query,
                json=body,
                timeout=REQUEST_SECONDS,
                headers={"Accept": "application/json"},
            )
        except requests.RequestException as error:
            raise AirflowApiError(f"{method} {path}: no answer ({type(error).__name__})") from error


def _polls(seconds: float) -> Iterable[int]:
    """Yield at least once, then every POLL_SECONDS until `seconds` have passed."""
    deadline = time.monotonic() + seconds
    count = 0
    while count == 0 or time.monotonic() < deadline:
        yield count
        count += 1
        time.sleep(POLL_SECONDS)


def _path(*parts: str) -> str:
    # A run id holds colons and plus signs.
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def _label(task: Mapping[str, Any]) -> str:
    index = task["map_index"]
    return str(task["task_id"]) if index < 0 else f"{task['task_id']}[{index}]"


def _duration(run: Mapping[str, Any]) -> float:
    begin, end = (datetime.fromisoformat(run[name]) for name in ("queued_at", "end_date"))
    return (end - begin).total_seconds()


def _content(answer: requests.Response) -> dict[str, Any]:
    if answer.ok:
        content: dict[str, Any] = answer.json()
        return content
    path = answer.request.path_url
    raise AirflowApiError(f"{answer.request.method} {path}: {answer.status_code} {answer.text[:2000]}")
