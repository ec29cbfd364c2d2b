"""How an ERP words its errors, and what they mean where the status does not tell."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from customerp_trello.hooks.failures import Case, ErrorShape
from customerp_trello.hooks.profile_parts import BodyPath, Strict


class FieldErrors(Strict):
    """Where the messages per field are: a list of objects with *field* and *message*, or a map of field to message."""

    path: BodyPath
    field: str = "field"
    message: str = "message"


class ErrorCase(Strict):
    """What an answer means whose status alone does not say it.

    Attributes:
        means: the record is ``missing``; it is ``stale`` (changed meanwhile); it is ``refused``; the ``credentials``
            are wrong; the request may go through ``later``.
        status: status of the answer; any, if it is left out.
        at: place in the body; empty: the whole text.
        matches: regular expression that is found there.
    """

    means: Literal["missing", "stale", "refused", "credentials", "later"]
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    at: BodyPath = ()
    matches: str = ""

    @field_validator("matches")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return pattern


class Errors(Strict):
    """How the ERP words its errors.

    Attributes:
        messages: paths where the message may be; the first one with a text counts. A text on the way that is itself
            JSON is looked into. Leave out places with tracebacks.
        fields: where the messages per field are.
        missing: statuses that say that a record is not there.
        refused: statuses of 401 and 403 by which this ERP refuses one record, not the credentials.
        in_body: place that only an error has, for ERPs that answer errors with 200.
        cases: what certain answers mean, looked through before everything else.
    """

    messages: tuple[BodyPath, ...] = (("detail",), ("message",), ("error", "message"), ("error",), ("title",))
    fields: FieldErrors | None = None
    missing: tuple[Annotated[int, Field(ge=400, le=499)], ...] = (404, 410)
    refused: tuple[Literal[401, 403], ...] = ()
    in_body: BodyPath | None = None
    cases: tuple[ErrorCase, ...] = ()

    def shape(self) -> ErrorShape:
        """The same as the failure table wants it."""
        fields = self.fields or FieldErrors(path=())
        return ErrorShape(
            messages=self.messages,
            fields=None if self.fields is None else self.fields.path,
            missing=frozenset(self.missing),
            refused=frozenset(self.refused),
            field_key=fields.field,
            message_key=fields.message,
            in_body=self.in_body,
            cases=tuple(Case(one.means, one.status, one.at, re.compile(one.matches)) for one in self.cases),
        )
