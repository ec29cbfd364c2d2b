"""Trello's refusals, in its own words: mostly plain text, for limits JSON."""

from __future__ import annotations

from http import HTTPStatus

from sandbox_messages import Answer, json_answer, text_answer

_NAMES = {400: "BadRequestError", 401: "UnauthorizedError", 403: "ForbiddenError", 404: "NotFoundError"}


class Refusal(Exception):
    """A request that Trello turns down."""

    def __init__(self, status: int, message: str, error: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.error = status, message, error

    def answer(self) -> Answer:
        """The response: JSON where there is an error code, text otherwise."""
        if self.error:
            return json_answer({"message": self.message, "error": self.error}, self.status)
        return text_answer(self.message, self.status)

    def in_batch(self, style: str) -> dict[str, object]:
        """How a batch tells of it; Trello has used both styles."""
        if style == "status":
            return {str(self.status): self.message}
        name = _NAMES.get(self.status, HTTPStatus(self.status).phrase)
        return {"name": name, "message": self.message, "statusCode": self.status}


def invalid_id() -> Refusal:
    """An id that is no id."""
    return Refusal(400, "invalid id")


def invalid_value(name: str) -> Refusal:
    """A parameter that is not taken."""
    return Refusal(400, f"invalid value for {name}")


def no_such_model() -> Refusal:
    """An organization or a member that does not exist."""
    return Refusal(404, "model not found")


def no_such_resource() -> Refusal:
    """A board, list, card or action that does not exist."""
    return Refusal(404, "The requested resource was not found.")


def no_permission(what: str = "") -> Refusal:
    """Something that exists and is not for this token."""
    return Refusal(401, f"unauthorized {what} permission requested".replace("  ", " "))


def no_access_to_organization() -> Refusal:
    """A workspace that the token's member is not in."""
    return Refusal(401, "unauthorized organization")


GET_WITH_BODY = Answer(
    403,
    b"<!DOCTYPE HTML><HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>"
    b"<H1>403 ERROR</H1><H2>The request could not be satisfied.</H2>Bad request.</BODY></HTML>",
    "text/html",
)
