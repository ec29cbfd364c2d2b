"""What the two systems themselves show, asked for over HTTP without any of our code."""

from __future__ import annotations

from collections import Counter
from typing import Any

import requests

TIMEOUT = 20


class BothSystems:
    """Both sandbox systems of one company."""

    def __init__(self, customerp: str, trello: str, register_card: str, staff: list[str]) -> None:
        self.customerp, self.trello, self.register_card, self.staff = customerp, trello, register_card, staff
        self._erp, self._trello = requests.Session(), requests.Session()
        self._erp.headers["Authorization"] = "Bearer sandbox-customerp-token"
        self._trello.headers["Authorization"] = self._as("sandbox-trello-token")

    @staticmethod
    def _as(token: str) -> str:
        return f'OAuth oauth_consumer_key="sandbox-trello-key", oauth_token="{token}"'

    # -- controls ----------------------------------------------------------------------------------------------

    def fault(self, match: str, kind: str, times: int = 1, after: int = 0) -> None:
        """Order a fault of Trello."""
        wish = {"match": match, "kind": kind, "times": times, "after": after}
        requests.post(f"{self.trello}/sandbox/faults", json=wish, timeout=TIMEOUT).raise_for_status()

    def requests_made(self) -> Counter[str]:
        """Method and route -> count, since the systems started."""
        counts: Counter[str] = Counter()
        for url in (self.customerp, self.trello):
            counts.update(requests.get(f"{url}/sandbox/requests", timeout=TIMEOUT).json()["requests"])
        return counts

    def writes_made(self) -> Counter[str]:
        """The requests that are no GET."""
        return Counter({route: count for route, count in self.requests_made().items() if not route.startswith("GET ")})

    # -- CustomERP ---------------------------------------------------------------------------------------------

    def records(self, plural: str) -> dict[int, dict[str, Any]]:
        """All records of an entity by id."""
        found: dict[int, dict[str, Any]] = {}
        cursor = ""
        while cursor is not None:
            query = {"limit": 100} | ({"cursor": cursor} if cursor else {})
            answer = self._erp.get(f"{self.customerp}/api/v1/{plural}", params=query, timeout=TIMEOUT)
            answer.raise_for_status()
            found |= {record["id"]: record for record in answer.json()["data"]}
            cursor = answer.json()["next_cursor"]
        return found

    def edit(self, plural: str, number: int, **fields: Any) -> None:
        url = f"{self.customerp}/api/v1/{plural}/{number}"
        version = self._erp.get(url, timeout=TIMEOUT).headers["ETag"]
        answer = self._erp.patch(url, json=fields, headers={"If-Match": version}, timeout=TIMEOUT)
        assert answer.ok, answer.text

    # -- Trello ------------------------------------------------------------------------------------------------

    def get(self, path: str, **query: Any) -> Any:
        answer = self._trello.get(f"{self.trello}/1{path}", params=query, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()

    def put(self, path: str, **fields: Any) -> Any:
        answer = self._trello.put(f"{self.trello}/1{path}", data=fields, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()

    def comment_as_anna(self, text: str) -> str:
        url = f"{self.trello}/1/cards/{self.register_card}/actions/comments"
        headers = {"Authorization": self._as("sandbox-token-anna")}
        answer = requests.post(url, data={"text": text}, headers=headers, timeout=TIMEOUT)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def organizations(self) -> list[dict[str, Any]]:
        return self.get("/members/me/organizations", fields="id,name,displayName,desc,website")

    def comments(self) -> dict[str, str]:
        """Our own comments on the register card: id -> text."""
        me = self.get("/members/me", fields="id")["id"]
        found: dict[str, str] = {}
        before: dict[str, str] = {}
        while True:
            page = self.get(
                f"/cards/{self.register_card}/actions", filter="commentCard", limit=1000, fields="all", **before
            )
            found |= {one["id"]: one["data"]["text"] for one in page if one["idMemberCreator"] == me}
            if len(page) < 1000:
                return found
            before = {"before": page[-1]["id"]}

    def memberships(self, workspace: str) -> list[dict[str, Any]]:
        fields = {"filter": "all", "member": "true", "member_fields": "fullName,username"}
        return self.get(f"/organizations/{workspace}/memberships", **fields)
