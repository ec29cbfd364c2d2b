"""Airflow's simple auth manager with rights to single DAGs, as FAB and others have them."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow_here import PEOPLE, RUNNERS


class OneDagAuthManager(SimpleAuthManager):
    """Whoever is confined to some DAGs has no right to any other, nor to one that does not exist."""

    def is_authorized_dag(self, *, method: Any, user: Any, access_entity: Any = None, details: Any = None) -> bool:
        """As the simple one, but for people who are confined."""
        _, only = PEOPLE.get(user.get_name(), (None, None))
        if method != "GET":
            only = RUNNERS.get(user.get_name(), only)
        if only is not None and (details is None or details.id not in only):
            return False
        return super().is_authorized_dag(method=method, user=user, access_entity=access_entity, details=details)
