"""`TrelloHook`: the part of Trello's REST API that the four pairs need, as plain dicts.

Key and token go out in the ``Authorization`` header only, long texts and addresses in the body only: URLs end up in
logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import quote

from requests.auth import AuthBase

from customerp_trello.errors import (
    ConfigurationError,
    FatalError,
    RecordError,
    RecordMissing,
    RetriableError,
    UnknownOutcome,
)
from customerp_trello.hooks.answers import Answer
from customerp_trello.hooks.connection import texts, whole_number
from customerp_trello.hooks.failures import RETRIABLE, Call, ErrorShape
from customerp_trello.hooks.http import Params, SyncHttpHook
from customerp_trello.hooks.invitation import invited, members_in
from customerp_trello.hooks.limits import TrelloLimits
from customerp_trello.hooks.session import HeaderAuth
from customerp_trello.hooks.trello_paging import ActionPager

Fields = dict[str, Any]

MEMBER_FIELDS = "id,username,fullName,initials,bio,url,confirmed,memberType,activityBlocked,idEnterprise,nonPublic"
ORGANIZATION_FIELDS = "id,name,displayName,desc,website,url,idEnterprise,memberships,prefs"
ACTION_FIELDS = "id,idMemberCreator,type,date,data"
BATCH_SIZE = 10
_CARD_URL = re.compile(r"^https?://[^/]+/c/([A-Za-z0-9]+)")


class TrelloHook(SyncHttpHook):
    """Organizations, memberships, members and comments.

    Args:
        conn_id: Airflow connection of type ``trello``: login = API key, password = token (without a login the password
            is an OAuth 2.0 bearer token); host only for another address than Trello's own. Extra: ``staff_workspaces``
            (ids or short names), ``register_card`` (id or URL), ``requests_per_10_seconds`` (100, as Trello allows).
    """

    default_conn_name = "trello_default"
    conn_type = "trello"
    hook_name = "Trello"
    default_host = "https://api.trello.com"
    extra_keys: ClassVar[tuple[str, ...]] = ("staff_workspaces", "register_card", "requests_per_10_seconds")

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__(conn_id)

    # -- who and where -----------------------------------------------------------------------------------------

    @cached_property
    def _me(self) -> Fields:
        return self._get("/members/me", {"fields": f"{MEMBER_FIELDS},email"})

    def me(self) -> Fields:
        """Return the token's own member, with email; read once per hook.

        ``GET /tokens/{token}`` would tell more and put the token into a URL.

        Raises:
            ConfigurationError: key or token are not valid (any more).
        """
        return self._me

    @property
    def staff_workspaces(self) -> list[str]:
        """Ids or short names of the staff's workspaces, from the connection; empty if it names none."""
        return texts(self.settings, "staff_workspaces")

    @property
    def register_card(self) -> str:
        """Id or URL of the card on which projects are comments, from the connection; "" if it names none."""
        return str(self.settings.extra.get("register_card", ""))

    def identity(self) -> dict[str, str]:
        """Who and where this is: base URL, token's member, staff workspaces, register card; nothing secret."""
        return {
            "base_url": self.settings.base_url,
            "member": str(self.me()["id"]),
            "staff_workspaces": ",".join(sorted(self.staff_workspaces)),
            "register_card": self.register_card,
        }

    # -- organizations -----------------------------------------------------------------------------------------

    def my_organizations(self, fields: str = ORGANIZATION_FIELDS) -> list[Fields]:
        """Return all organizations of the token's member, in one request."""
        return self._list("/members/me/organizations", {"fields": fields})

    def get_organization(self, id: str, fields: str = ORGANIZATION_FIELDS) -> Fields:
        """Return one organization by id or short name.

        Raises:
            RecordMissing: it is not there, or not to be seen with this token.
        """
        return self._get(f"/organizations/{_part(id)}", {"fields": fields}, f"organization {id}")

    def create_organization(self, **fields: Any) -> Fields:
        """Create an organization; read ``name`` of the answer, Trello may have given another one.

        Raises:
            RecordError: refused.
            UnknownOutcome: it may exist.
        """
        return self._write("POST", "/organizations", fields, "new organization")

    def update_organization(self, id: str, **fields: Any) -> Fields:
        """Change an organization and return Trello's answer."""
        return self._write("PUT", f"/organizations/{_part(id)}", fields, f"organization {id}")

    def delete_organization(self, id: str) -> None:
        """Delete an organization and all its boards, for good."""
        self._delete(f"/organizations/{_part(id)}", f"organization {id}")

    def organization_actions(self, id: str, filter: str, since: datetime | None = None) -> list[Fields]:
        """Return an organization's actions of the type *filter*, newest first."""
        path, name = f"/organizations/{_part(id)}/actions", f"organization {id}"
        return list(self._actions(path, name, {"filter": filter, "fields": ACTION_FIELDS}, since))

    # -- members and memberships -------------------------------------------------------------------------------

    def memberships(self, id_org: str) -> list[Fields]:
        """Return all memberships, pending and deactivated ones too, each with its ``member``."""
        params: Params = {"filter": "all", "member": "true", "member_fields": MEMBER_FIELDS}
        return self._list(f"/organizations/{_part(id_org)}/memberships", params, f"organization {id_org}")

    def invite(self, id_org: str, email: str, full_name: str, type: str = "normal") -> str:
        """Invite an address, or add the account that has it, and return the member's id.

        Repeating it does no harm: Trello knows an invitation by its address.

        Args:
            id_org: organization.
            email: address.
            full_name: name that a new pending member gets.
            type: ``normal`` or ``admin``.

        Raises:
            RecordError: refused; or the account is a member already and Trello does not say which.
            UnknownOutcome: several people joined at the same time and names do not tell them apart.
        """
        before = {row["idMember"] for row in self.memberships(id_org)}
        fields = {"email": email, "fullName": full_name, "type": type}
        name = f"invitation to organization {id_org}"
        answer = self._tell("PUT", f"/organizations/{_part(id_org)}/members", fields, name)
        if id_member := invited(before, members_in(answer), full_name):
            return id_member
        members = members_in(self.memberships(id_org))
        if id_member := invited(before, members, full_name):
            return id_member
        if set(members) <= before:
            raise RecordError(
                f"{self.conn_id}: the address is a member of organization {id_org} already under another name, and "
                "Trello does not say which; link the record by hand."
            )
        raise UnknownOutcome(f"{self.conn_id}: invited to organization {id_org}; Trello does not say who; look again.")

    def set_member_type(self, id_org: str, id_member: str, type: str) -> None:
        """Make a member ``normal`` or ``admin``."""
        self._tell("PUT", _membership(id_org, id_member), {"type": type}, f"member {id_member}")

    def deactivate_member(self, id_org: str, id_member: str, value: bool) -> None:
        """Deactivate a member (True) or let them in again (False)."""
        self._tell("PUT", f"{_membership(id_org, id_member)}/deactivated", {"value": value}, f"member {id_member}")

    def remove_member(self, id_org: str, id_member: str) -> None:
        """Remove a member, or withdraw an invitation."""
        self._delete(_membership(id_org, id_member), f"member {id_member}")

    def get_member(self, id: str) -> Fields:
        """Return one member's profile. Trello allows 100 such requests in 15 minutes: prefer `memberships`."""
        return self._get(f"/members/{_part(id)}", {"fields": MEMBER_FIELDS}, f"member {id}")

    def update_member(self, id: str, **fields: Any) -> Fields:
        """Change a profile; Trello allows that to its owner only.

        Raises:
            RecordError: it is somebody else's profile, or a value is refused.
        """
        answer = self._write("PUT", f"/members/{_part(id)}", fields, f"member {id}")
        self.__dict__.pop("_me", None)
        return answer

    # -- comments ----------------------------------------------------------------------------------------------

    def comments(self, id_card: str, since: datetime | None = None) -> list[Fields]:
        """Return a card's comments, newest first, any number of them; edited ones only with their latest text.

        *since* is about the comments' own dates: Trello does not list edits, so an edited old comment is missed.
        """
        params: dict[str, str | int] = {
            "filter": "commentCard",
            "fields": ACTION_FIELDS,
            "memberCreator_fields": "id,username,fullName",
        }
        return list(self._actions(f"/cards/{_part(id_card)}/actions", f"card {id_card}", params, since))

    def post_comment(self, id_card: str, text: str) -> Fields:
        """Write a comment (1 to 16,384 characters) and return its action."""
        return self._write("POST", f"/cards/{_part(id_card)}/actions/comments", {"text": text}, f"card {id_card}")

    def update_comment(self, id: str, text: str) -> Fields:
        """Replace a comment's text; only its author may."""
        return self._write("PUT", f"/actions/{_part(id)}", {"text": text}, f"comment {id}")

    def delete_comment(self, id: str) -> None:
        """Delete a comment."""
        self._delete(f"/actions/{_part(id)}", f"comment {id}")

    def get_action(self, id: str) -> Fields:
        """Return one action."""
        return self._get(f"/actions/{_part(id)}", {"fields": ACTION_FIELDS}, f"action {id}")

    def get_card(self, id_or_url: str) -> Fields:
        """Return a card, with its ``board`` and the board's ``idOrganization``, by id, short link or URL."""
        match = _CARD_URL.match(id_or_url)
        id_card = match.group(1) if match else id_or_url
        params = {
            "fields": "id,name,shortLink,idBoard,closed,url",
            "board": "true",
            "board_fields": "id,name,closed,idOrganization",
        }
        return self._get(f"/cards/{_part(id_card)}", params, f"card {id_card}")

    # -- several at once ---------------------------------------------------------------------------------------

    def batch(self, paths: Iterable[str]) -> list[Any]:
        """Read several routes, ten in a request.

        Args:
            paths: GET routes below ``/1`` with their queries, encoded, such as ``/organizations/abc?fields=id``.

        Returns:
            For each path, in order, its JSON, or a `RecordError` (not raised) with Trello's message.
        """
        routes = list(paths)
        results: list[Any] = []
        for start in range(0, len(routes), BATCH_SIZE):
            results.extend(self._batch(routes[start : start + BATCH_SIZE]))
        return results

    def _batch(self, routes: list[str]) -> list[Any]:
        urls = ",".join(route.replace(",", "%2C") for route in routes)
        rows = self._list("/batch", {"urls": urls})
        if len(rows) != len(routes):
            raise FatalError(f"{self.conn_id}: a batch of {len(routes)} routes brought {len(rows)} answers.")
        return [self._batched(route, row) for route, row in zip(routes, rows, strict=True)]

    def _batched(self, route: str, row: Any) -> Any:
        if isinstance(row, dict) and "200" in row:
            return row["200"]
        code, detail = next(iter(row.items())) if isinstance(row, dict) and len(row) == 1 else ("", row)
        status = int(code) if str(code).isdecimal() else int(detail.get("statusCode", 0))
        message = detail.get("message", "") if isinstance(detail, dict) else str(detail)
        said = f"{self.conn_id}: {route.partition('?')[0]}: HTTP {status}: {self.redactor.text(str(message))}"
        if status in RETRIABLE:
            raise RetriableError(said)
        return RecordMissing(said) if status == 404 else RecordError(said)

    # -- requests ----------------------------------------------------------------------------------------------

    def _get(self, path: str, params: Params, record: str = "") -> Fields:
        return self._object(self.request("GET", f"/1{path}", params=params, record=record))

    def _list(self, path: str, params: Params, record: str = "") -> list[Fields]:
        answer = self.request("GET", f"/1{path}", params=params, record=record)
        body = self.json_of(answer)
        if not isinstance(body, list):
            raise FatalError(f"{self.conn_id}: {path} answered no list; Trello's API may have changed.")
        return body

    def _tell(self, method: str, path: str, fields: Mapping[str, Any], record: str) -> Any:
        """Write where Trello's answer has no fixed shape; None if it has no JSON body."""
        answer = self.request(method, f"/1{path}", body=dict(fields), record=record)
        try:
            return answer.json()
        except ValueError:
            return None

    def _write(self, method: str, path: str, fields: Mapping[str, Any], record: str) -> Fields:
        answer = self.request(method, f"/1{path}", body=dict(fields), record=record)
        try:
            return self._object(answer)
        except FatalError as error:
            raise UnknownOutcome(f"{error} The write was accepted: look before writing again.") from None

    def _delete(self, path: str, record: str) -> None:
        self.request("DELETE", f"/1{path}", record=record)

    def _object(self, answer: Answer) -> Fields:
        body = self.json_of(answer)
        if not isinstance(body, dict):
            raise FatalError(f"{self.conn_id}: {answer.url.partition('?')[0]} answered no object.")
        return body

    def _actions(
        self, path: str, record: str, params: dict[str, str | int], since: datetime | None
    ) -> Iterator[Fields]:
        pager = ActionPager(f"{self.conn_id}: {path}", params, since)
        query: dict[str, str | int] | None = pager.first()
        while query:
            fresh = pager.fresh(self._list(path, query, record))
            yield from fresh
            query = pager.following(fresh)

    # -- what SyncHttpHook asks --------------------------------------------------------------------------------

    @cached_property
    def _limits(self) -> TrelloLimits:
        settings = self.settings
        limit = whole_number(settings, "requests_per_10_seconds", 100)
        return TrelloLimits(settings.base_url, settings.login, settings.password, limit)

    def _before_attempt(self, call: Call) -> None:
        with self._lock:
            limits = self._limits
        limits.acquire(call.path)

    def _after_answer(self, call: Call, answer: Answer) -> None:
        scopes = ("key", "token")
        self._limits.obey({scope: answer.headers.get(f"x-rate-limit-api-{scope}-remaining") for scope in scopes})

    def close(self) -> None:
        """Close the kept connections and the files of the limits."""
        super().close()
        if "_limits" in self.__dict__:
            self.__dict__.pop("_limits").close()

    def _auth(self) -> AuthBase:
        key, token = self.settings.login, self.settings.password
        if not token:
            raise ConfigurationError(
                f"connection {self.conn_id}: no token; put the API key into Login and the token into Password"
            )
        value = f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"' if key else f"Bearer {token}"
        return HeaderAuth("Authorization", value)

    def _headers(self) -> Mapping[str, str]:
        return {"X-Trello-Client-Identifier": "customerp-trello"}

    def _error_shape(self) -> ErrorShape:
        return _ERRORS

    def _secrets(self) -> list[str]:
        return [self.settings.login, self.settings.password]

    def _greeting(self) -> str:
        return f"Trello answers at {self.settings.base_url} and knows us as @{self.me()['username']}."


_ERRORS = ErrorShape(
    messages=(("message",), ("originalMessage",), ("error",)),
    missing=frozenset({404, 410}),
    refused=frozenset({401, 403}),
    wrong_credentials=("invalid key", "invalid token", "invalid app token", "expired token", "token expired"),
)


def _part(text: str) -> str:
    return quote(text, safe="")


def _membership(id_org: str, id_member: str) -> str:
    return f"/organizations/{_part(id_org)}/members/{_part(id_member)}"
