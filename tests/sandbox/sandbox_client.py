"""Clients without any cleverness, so that a test sees what the servers say."""

from __future__ import annotations

from typing import Any

import requests


class Trello:
    """Speaks to Trello as one account."""

    def __init__(self, server: Any, token: str = "") -> None:
        self.server, self.token = server, token or server.token
        self.session = requests.Session()
        self.session.headers["Authorization"] = f'OAuth oauth_consumer_key="{server.key}", oauth_token="{self.token}"'

    def as_(self, token: str) -> Trello:
        """The same server, another account."""
        return Trello(self.server, token)

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, f"{self.server.url}/1{path}", timeout=10, **more)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self("GET", path, params=params)

    def put(self, path: str, **fields: Any) -> requests.Response:
        return self("PUT", path, data=fields)

    def post(self, path: str, **fields: Any) -> requests.Response:
        return self("POST", path, data=fields)

    def delete(self, path: str) -> requests.Response:
        return self("DELETE", path)

    def organization(self, display_name: str, **fields: Any) -> dict[str, Any]:
        answer = self.post("/organizations", displayName=display_name, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def invite(self, organization: str, email: str, **fields: Any) -> requests.Response:
        return self.put(f"/organizations/{organization}/members", email=email, **fields)

    def memberships(self, organization: str) -> dict[str, dict[str, Any]]:
        fields = {"filter": "all", "member": "true", "member_fields": "fullName,username,confirmed,memberType"}
        listed = self.get(f"/organizations/{organization}/memberships", **fields).json()
        return {one["idMember"]: one for one in listed}

    def actions(self, path: str, **params: Any) -> list[dict[str, Any]]:
        return self.get(f"{path}/actions", **params).json()

    def card(self) -> str:
        """A card in a new workspace."""
        organization = self.organization("Staff")
        board = self.post("/boards", name="Register", idOrganization=organization["id"]).json()
        column = self.get(f"/boards/{board['id']}/lists").json()[0]
        return self.post("/cards", name="Project register", idList=column["id"]).json()["id"]

    def comment(self, card: str, text: str) -> dict[str, Any]:
        answer = self.post(f"/cards/{card}/actions/comments", text=text)
        assert answer.status_code == 200, answer.text
        return answer.json()
