"""Links from Airflow's own pages to the review page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import BaseOperatorLink

PAGES = "/plugin/customerp-trello/customerp-trello/review"
"""Where Airflow shows the review page: the route of its menu entry, then the address within the api-server."""


def run_page(pair: str, run_id: str) -> str:
    """The page of one of our runs: its records, its plan, what became of it. Below Airflow's own address."""
    from airflow.sdk.configuration import conf

    below = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return f"{below}{PAGES}/pair/{pair}/run/{run_id}"


class RunPageLink(BaseOperatorLink):
    """The button on a task's page that leads to the page of its run; it is there once the task has ended."""

    name = "Records of this run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address, asked for by Airflow in the task's own process; "" if the run never got its turn."""
        run_id = ti_key.xcom_pull(task_ids="acquire_lease")
        return run_page(ti_key.dag_id, run_id) if run_id else ""
