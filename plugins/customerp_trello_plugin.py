"""Registers the webhooks' address and the review page with Airflow's api-server; nothing else."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from customerp_trello.review import app as review
from customerp_trello.webhooks import endpoint as webhooks


class CustomERPTrelloPlugin(AirflowPlugin):
    """What the package adds to Airflow's web server."""

    name = "customerp_trello"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [
        {"name": "CustomERP and Trello webhooks", "app": webhooks.build_app(), "url_prefix": webhooks.PREFIX},
        {"name": "CustomERP and Trello review", "app": review.build_app(), "url_prefix": review.PREFIX},
    ]
    external_views: ClassVar[list[dict[str, Any]]] = [
        {
            "name": "Sync",
            "href": review.address("/"),
            "url_route": "customerp-trello",
            "destination": "nav",
            "icon": review.address("/static/icon.svg"),
            "icon_dark_mode": review.address("/static/icon-dark.svg"),
        }
    ]
