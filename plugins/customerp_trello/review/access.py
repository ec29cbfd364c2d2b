"""Who is calling, and what they may see and do: Airflow's own login, and its rights to the pair's DAG.

Works with every auth manager, since it asks Airflow's own functions. They are imported when they are asked.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, HTTPException, Path, Request
from fastapi.security import HTTPBearer

_bearer = HTTPBearer(auto_error=False)


async def caller(request: Request) -> Any:
    """The user of Airflow who is calling, by bearer token or by the cookie of its UI.

    Raises:
        HTTPException: 401 without a login, 403 with a token that is not Airflow's.
    """
    from airflow.api_fastapi.core_api.security import get_user

    return await get_user(request, None, await _bearer(request))


Caller = Annotated[Any, Depends(caller)]
PairName = Annotated[str, Path(pattern="^[a-z0-9_]+$", max_length=255, description="A pair, which is its DAG's id")]


def may_read(pair: PairName, request: Request, user: Caller) -> str:
    """The pair, if the caller may see its DAG.

    Raises:
        HTTPException: 403 without the right, whether there is such a pair or not; 404 if there is none.
    """
    _require(pair, request, user, "GET")
    return _existing(pair)


def may_act(pair: PairName, request: Request, user: Caller) -> str:
    """The pair, if the caller may start runs of its DAG.

    Raises:
        HTTPException: as :func:`may_read`.
    """
    _require(pair, request, user, "GET")
    _require(pair, request, user, "POST")
    return _existing(pair)


def readable(pairs: list[str], request: Request, user: Any) -> list[str]:
    """Those of the pairs whose DAG the caller may see."""
    return [pair for pair in pairs if _allowed(pair, request, user, "GET")]


def acts(pair: str, request: Request, user: Any) -> bool:
    """Whether the caller may start runs of a pair's DAG."""
    return _allowed(pair, request, user, "POST")


def _allowed(pair: str, request: Request, user: Any, method: str) -> bool:
    try:
        _require(pair, request, user, method)
    except HTTPException:
        return False
    return True


def _require(pair: str, request: Request, user: Any, method: str) -> None:
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag

    entity = None if method == "GET" else DagAccessEntity.RUN
    # A route of ours has no `dag_id`; without one Airflow would ask for a right to any DAG at all.
    requires_access_dag(method, entity, param_dag_id=pair)(request, user)  # type: ignore[arg-type]


def _existing(pair: str) -> str:
    from customerp_trello.review.pairs import pair_names

    if pair not in pair_names():
        raise HTTPException(404, "There is no such pair.")
    return pair


ReadablePair = Annotated[str, Depends(may_read)]
ActionablePair = Annotated[str, Depends(may_act)]
