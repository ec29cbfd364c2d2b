"""`TrelloHook`: the part of Trello's REST API that the four pairs need, as plain dicts."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from customerp_trello.errors import RecordError, UnknownOutcome
from customerp_trello.hooks.connection import texts, whole_number
from customerp_trello.hooks.http import Params
from customerp_trello.hooks.invitation import Invited, invited, members_in, open_membership
from customerp_trello.hooks.limits import Places
from customerp_trello.hooks.trello_requests import Fields, TrelloRequests, url_part

MEMBER_FIELDS = "id,username,fullName,initials,bio,url,confirmed,memberType,activityBlocked,idEnterprise,nonPublic"
ORGANIZATION_FIELDS = "id,name,displayName,desc,website,url,idEnterprise,memberships,prefs"
ACTION_FIELDS = "id,idMemberCreator,type,date,data"
_CARD_URL = re.compile(r"^https?://[^/]+/c/([A-Za-z0-9]+)")


def card_id(id_or_url: str) -> str:
    """The id or short link that stands for a card, also out of its URL."""
    match = _CARD_URL.match(id_or_url)
    return match.group(1) if match else id_or_url


class TrelloHook(TrelloRequests):
    """Organizations, memberships, members and comments.

    Args:
        conn_id: Airflow connection of type ``trello``: login = API key, password = token (without a login the password
            is an OAuth 2.0 bearer token); host only for another address than Trello's own. Extra: ``staff_workspaces``
            (ids or short names), ``register_card`` (id or URL), ``requests_per_10_seconds`` (100, as Trello allows),
            ``writes_in_flight`` (8), ``webhook_url`` and ``webhook_secret`` (the API key's secret) where webhooks are
            taken.
        places: where requests are counted with all others that use the token; None: for this hook alone.
    """

    default_conn_name = "trello_default"
    conn_type = "trello"
    hook_name = "Trello"
    default_host = "https://api.trello.com"
    extra_keys: ClassVar[tuple[str, ...]] = (
        "staff_workspaces",
        "register_card",
        "requests_per_10_seconds",
        "writes_in_flight",
    )

    def __init__(self, conn_id: str = default_conn_name, places: Places | None = None) -> None:
        super().__init__(conn_id, places)

    # -- who and where -----------------------------------------------------------------------------------------

    @cached_property
    def _me(self) -> Fields:
        return self._get("/members/me", {"fields": f"{MEMBER_FIELDS},email,limits"})

    def me(self) -> Fields:
        """Return the token's own member, with email and limits; read once per hook.

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

    @property
    def writes_in_flight(self) -> int:
        """How many records may be written at once, from the connection.

        A request is answered in a third of a second or so: eight at once use the limit of ten a second up.
        """
        return whole_number(self.settings, "writes_in_flight", 8)

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
        return self._get(f"/organizations/{url_part(id)}", {"fields": fields}, f"organization {id}")

    def create_organization(self, **fields: Any) -> Fields:
        """Create an organization; read ``name`` of the answer, Trello may have given another one.

        Raises:
            RecordError: refused.
            UnknownOutcome: it may exist.
        """
        return self._write("POST", "/organizations", fields, "new organization")

    def update_organization(self, id: str, **fields: Any) -> Fields:
        """Change an organization and return Trello's answer; an empty website goes as null, as its page says."""
        if fields.get("website") == "":
            fields["website"] = None
        return self._write("PUT", f"/organizations/{url_part(id)}", fields, f"organization {id}")

    def delete_organization(self, id: str) -> None:
        """Delete an organization and all its boards, for good."""
        self._delete(f"/organizations/{url_part(id)}", f"organization {id}")

    def organization_actions(self, id: str, filter: str, since: datetime | None = None) -> list[Fields]:
        """Return an organization's actions of the type *filter*, newest first."""
        path, name = f"/organizations/{url_part(id)}/actions", f"organization {id}"
        return list(self._actions(path, name, {"filter": filter, "fields": ACTION_FIELDS}, since))

    # -- members and memberships -------------------------------------------------------------------------------

    def memberships(self, id_org: str) -> list[Fields]:
        """Return all memberships, pending and deactivated ones too, each with its ``member``."""
        params: Params = {"filter": "all", "member": "true", "member_fields": MEMBER_FIELDS}
        return self._list(f"/organizations/{url_part(id_org)}/memberships", params, f"organization {id_org}")

    def invite(self, id_org: str, email: str, full_name: str, type: str = "normal", *, instead_of: str = "") -> Invited:
        """Invite an address, or add the account that has it, and return who that is.

        Repeating it does no harm: Trello knows an invitation by its address.

        Args:
            id_org: organization.
            email: address.
            full_name: name that a new pending member gets; Trello wants one, so without it the address's first half.
            type: ``normal`` or ``admin``.
            instead_of: member id that this invitation replaces, so certainly not the one that is asked for.

        Raises:
            RecordError: refused; or the account is a member already and Trello does not say which.
            UnknownOutcome: several people joined at the same time and names do not tell them apart.
        """
        full_name = full_name.strip() or email.partition("@")[0]
        before = {row["idMember"] for row in self.memberships(id_org)}
        fields = {"email": email, "fullName": full_name, "type": type}
        name = f"invitation to organization {id_org}"
        answer = self._tell("PUT", f"/organizations/{url_part(id_org)}/members", fields, name)
        told = members_in(answer)
        if len(told) == 1 and self.me()["id"] not in told:
            only = next(iter(told))  # the organization's own members would be two at least: it is the one invited
            return Invited(only, open_membership(answer, only))
        told.pop(instead_of, None)
        if id_member := invited(before, told, full_name):
            return Invited(id_member, open_membership(answer, id_member))
        members = members_in(self.memberships(id_org))
        members.pop(instead_of, None)
        if id_member := invited(before, members, full_name):
            return Invited(id_member)
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
        return self._get(f"/members/{url_part(id)}", {"fields": MEMBER_FIELDS}, f"member {id}")

    def update_member(self, id: str, **fields: Any) -> Fields:
        """Change a profile; Trello allows that to its owner only.

        Raises:
            RecordError: it is somebody else's profile, or a value is refused.
        """
        answer = self._write("PUT", f"/members/{url_part(id)}", fields, f"member {id}")
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
        return list(self._actions(f"/cards/{url_part(id_card)}/actions", f"card {id_card}", params, since))

    def post_comment(self, id_card: str, text: str) -> Fields:
        """Write a comment (1 to 16,384 characters) and return its action."""
        return self._write("POST", f"/cards/{url_part(id_card)}/actions/comments", {"text": text}, f"card {id_card}")

    def update_comment(self, id: str, text: str) -> Fields:
        """Replace a comment's text; only its author may."""
        return self._write("PUT", f"/actions/{url_part(id)}", {"text": text}, f"comment {id}")

    def delete_comment(self, id: str) -> None:
        """Delete a comment."""
        self._delete(f"/actions/{url_part(id)}", f"comment {id}")

    def get_action(self, id: str) -> Fields:
        """Return one action."""
        return self._get(f"/actions/{url_part(id)}", {"fields": ACTION_FIELDS}, f"action {id}")

    def get_card(self, id_or_url: str) -> Fields:
        """Return a card, with its ``board`` and the board's ``idOrganization``, by id, short link or URL."""
        id_card = card_id(id_or_url)
        params = {
            "fields": "id,name,shortLink,idBoard,closed,url",
            "board": "true",
            "board_fields": "id,name,closed,idOrganization",
        }
        card = self._get(f"/cards/{url_part(id_card)}", params, f"card {id_card}")
        if "board" not in card:
            card["board"] = self._get(
                f"/boards/{url_part(card['idBoard'])}", {"fields": params["board_fields"]}, f"board {card['idBoard']}"
            )
        return card

    # -- webhooks ----------------------------------------------------------------------------------------------

    def webhooks(self) -> list[Fields]:
        """Return all webhooks of the tokens of the token's member, other programs' included.

        ``GET /tokens/{token}/webhooks`` would put the token into a URL.
        """
        tokens = self._list("/members/me/tokens", {"webhooks": "true"})
        return [webhook for token in tokens for webhook in token.get("webhooks") or []]

    def create_webhook(self, id_model: str, callback_url: str, description: str) -> Fields:
        """Have every action on a model told to *callback_url*, which Trello asks first (HEAD, 200).

        Raises:
            RecordError: the address did not answer so, there is such a webhook, or the model is not to be seen.
            UnknownOutcome: it may exist.
        """
        fields = {"idModel": id_model, "callbackURL": callback_url, "description": description, "active": True}
        return self._write("POST", "/webhooks/", fields, f"webhook of {id_model}")

    def update_webhook(self, id: str, **fields: Any) -> Fields:
        """Change a webhook; ``active=True`` wakes one that Trello has put to sleep after many failures."""
        return self._write("PUT", f"/webhooks/{url_part(id)}", fields, f"webhook {id}")

    def delete_webhook(self, id: str) -> None:
        """Remove a webhook."""
        self._delete(f"/webhooks/{url_part(id)}", f"webhook {id}")

    def _greeting(self) -> str:
        return f"Trello answers at {self.settings.base_url} and knows us as @{self.me()['username']}."


def _membership(id_org: str, id_member: str) -> str:
    return f"/organizations/{url_part(id_org)}/members/{url_part(id_member)}"
