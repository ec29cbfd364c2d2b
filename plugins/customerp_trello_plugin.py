"""Registers the webhooks' address with Airflow's api-server; nothing else."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from customerp_trello.webhooks.endpoint import PREFIX, build_app


class CustomERPTrelloPlugin(AirflowPlugin):
    """What the package adds to Airflow's web server."""

    name = "customerp_trello"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [
        {"name": "CustomERP and Trello webhooks", "app": build_app(), "url_prefix": PREFIX}
    ]
