"""The two systems as anybody reaches them: plain requests with a credential, nothing of the package that syncs them.

The demo edits through these, and the check reads through them, so that neither can repeat a mistake of the package.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import requests

from demo.errors import SystemRefusal

CUSTOMERP_TOKEN = "sandbox-customerp-token"  # noqa: S105 - opens nothing but the sandbox
TRELLO_KEY = "sandbox-trello-key"
INTEGRATION_TOKEN = "sandbox-trello-token"  # noqa: S105
REQUEST_SECONDS = 15.0
PATIENCE = 15
"""How often a refusal for too many requests is waited out, a second each."""

_COMMENTS_A_PAGE = 1000


@dataclass(frozen=True)
class Writes:
    """How many writing requests a system has taken, and how many it has refused."""

    taken: int
    refused: int

    def __sub__(self, before: Self) -> "Writes":
        return Writes(self.taken - before.taken, self.refused - before.refused)


class _System:
    """A base URL, headers, and the sandbox's own controls."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update(headers)

    def send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **parts: Any) -> Any:
        """Send a request and return the JSON of its answer (None where it has none).

        Raises:
            SystemRefusal: the system refused, in its own words.
        """
        return _json(self._answer(method, path, headers, parts))

    def writes(self) -> Writes:
        """What the system has been asked to change since it started, by its own count."""
        counted = self.send("GET", "/sandbox/requests")
        sent = sum(count for route, count in counted["requests"].items() if not route.startswith("GET "))
        return Writes(counted["writes_taken"], sent - counted["writes_taken"])

    def _answer(
        self, method: str, path: str, headers: Mapping[str, str] | None, parts: Mapping[str, Any]
    ) -> requests.Response:
        for _ in range(PATIENCE):
            answer = self._session.request(method, self.url + path, headers=headers, timeout=REQUEST_SECONDS, **parts)
            if answer.status_code != requests.codes.too_many_requests:
                break
            time.sleep(1)
        if answer.ok:
            return answer
        raise SystemRefusal(f"{method} {path}: {answer.status_code} {answer.text[:500]}")


class CustomERP(_System):
    """The ERP's REST API."""

    def __init__(self, url: str, token: str = CUSTOMERP_TOKEN) -> None:
        super().__init__(url, {"Authorization": f"Bearer {token}"})

    def records(self, plural: str) -> Iterator[dict[str, Any]]:
        """All records of an entity, inactive ones included."""
        cursor = None
        while True:
            query = {"limit": "500"} | ({"cursor": cursor} if cursor else {})
            page = self.send("GET", f"/api/v1/{plural}", params=query)
            yield from page["data"]
            cursor = page["next_cursor"]
            if not cursor:
                return

    def create(self, plural: str, **fields: Any) -> dict[str, Any]:
        """Create a record and return it."""
        return dict(self.send("POST", f"/api/v1/{plural}", json=fields))

    def edit(self, plural: str, record_id: int, **fields: Any) -> None:
        """Change fields of a record as it is now."""
        path = f"/api/v1/{plural}/{record_id}"
        version = self.send("GET", path)["version"]
        self.send("PATCH", path, json=fields, headers={"If-Match": f'"{version}"'})

    def delete(self, plural: str, record_id: int) -> None:
        """Delete a record, which this ERP does by switching it off."""
        self.send("DELETE", f"/api/v1/{plural}/{record_id}")


class Trello(_System):
    """Trello's REST API as the owner of a token sees it."""

    def __init__(self, url: str, token: str = INTEGRATION_TOKEN) -> None:
        header = f'OAuth oauth_consumer_key="{TRELLO_KEY}", oauth_token="{token}"'
        super().__init__(url, {"Authorization": header})

    def organizations(self) -> list[dict[str, Any]]:
        """The workspaces of the token's member."""
        fields = {"fields": "name,displayName,desc,website"}
        return list(self.send("GET", "/1/members/me/organizations", params=fields))

    def memberships(self, organization: str) -> list[dict[str, Any]]:
        """Who is in a workspace, pending and deactivated members included, each with its profile as `member`."""
        query = {"filter": "all", "member": "true", "member_fields": "fullName,username,initials,bio"}
        return list(self.send("GET", f"/1/organizations/{organization}/memberships", params=query))

    def comments(self, card: str) -> Iterator[dict[str, Any]]:
        """All comments on a card, newest first."""
        query = {"filter": "commentCard", "limit": str(_COMMENTS_A_PAGE)}
        while True:
            found = self.send("GET", f"/1/cards/{card}/actions", params=query)
            yield from found
            if len(found) < _COMMENTS_A_PAGE:
                return
            query["before"] = found[-1]["date"]

    def comment(self, card: str, text: str) -> str:
        """Write a comment and return its id."""
        return str(self.send("POST", f"/1/cards/{card}/actions/comments", json={"text": text})["id"])


def _json(answer: requests.Response) -> Any:
    return answer.json() if answer.content else None
