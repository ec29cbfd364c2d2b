"""Airflow's own database and auth manager in this process, for an app that asks them who is calling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HOST = "http://airflow.test"
PEOPLE = {
    "anna": ("ADMIN", None),
    "vera": ("VIEWER", None),
    "ulf": ("USER", None),
    "nora": (None, None),
    "olga": ("USER", ["custom_customer__trello_organizations"]),
    "rita": ("USER", None),
}
"""Name -> role, and the only DAGs that the person may see (None for all)."""

RUNNERS = {"rita": ["custom_customer__trello_organizations"]}
"""People who may do more than look with these DAGs alone."""


@contextmanager
def airflow_here(folder: Path) -> Iterator[None]:
    """Point Airflow at a database in *folder*, with what asking for rights reads from it."""
    with pytest.MonkeyPatch.context() as patch:
        settings_of = {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
            "AIRFLOW__API_AUTH__JWT_SECRET": "only-for-tests-" * 6,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
                f"{name}:{role}" for name, (role, _) in PEOPLE.items()
            ),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
            "AIRFLOW__CORE__AUTH_MANAGER": "one_dag_auth_manager.OneDagAuthManager",
        }
        for name, value in settings_of.items():
            patch.setenv(name, value)
        (folder / "passwords.json").write_text(json.dumps(dict.fromkeys(PEOPLE, "secret")))
        from airflow.api_fastapi import app as airflow_app
        from airflow.models.base import Base
        from airflow.utils.db import import_all_models

        from airflow import settings

        settings.configure_vars()
        settings.configure_orm()
        import_all_models()
        Base.metadata.create_all(settings.engine)
        airflow_app.init_auth_manager()
        yield
        airflow_app.purge_cached_app()
    settings.dispose_orm()
    settings.configure_vars()
    settings.configure_orm()


def token_of(name: str) -> str:
    """What Airflow's login gives this person."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    role, _ = PEOPLE[name]
    return get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role))
