"""How an ERP is told who is asking. The secrets themselves are in the Airflow connection."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from customerp_trello.hooks.profile_parts import BodyPath, Status, Strict, holds


class NoAuth(Strict):
    """The ERP asks for no credentials."""

    kind: Literal["none"]


class BasicAuth(Strict):
    """User name and password: the connection's login and password."""

    kind: Literal["basic"]


class BearerAuth(Strict):
    """``Authorization: Bearer`` with the connection's password."""

    kind: Literal["bearer"]


class ApiKeyAuth(Strict):
    """A header with a key: *prefix*, then ``login:password`` if the connection has a login, else the password."""

    kind: Literal["api_key"]
    header: str = "Authorization"
    prefix: str = ""


class QueryKeyAuth(Strict):
    """A query parameter with the connection's password, for ERPs that know no better; it is masked everywhere."""

    kind: Literal["query_key"]
    parameter: str


class LoginAuth(Strict):
    """A call that gives a token or cookies, made again when they expire.

    Attributes:
        path: path of the call, below the connection's base URL.
        body: what is sent; may use ``{login}`` and ``{password}``.
        form: how the body is written.
        token: path of the token in the answer.
        cookies: names of the cookies that the answer sets and every request repeats.
        header: header that carries the token.
        prefix: what stands before the token there.
        lifetime_seconds: how long a token is good; it is renewed before that.
        expired: statuses that say that it is not good any more.
    """

    kind: Literal["login"]
    path: str
    body: Annotated[dict[str, Any], holds("login", "password", needed="password")]
    form: Literal["json", "form"] = "json"
    token: BodyPath | None = None
    cookies: tuple[str, ...] = ()
    header: str = "Authorization"
    prefix: str = "Bearer "
    lifetime_seconds: Annotated[int, Field(ge=1)] | None = None
    expired: tuple[Status, ...] = (401,)

    @model_validator(mode="after")
    def _gives_something(self) -> LoginAuth:
        if (self.token is None) == (not self.cookies):
            raise ValueError("needs either `token` (path in the answer) or `cookies` (names)")
        return self


class OAuth2Auth(Strict):
    """OAuth 2 client credentials: the connection's login is the client id, its password the client secret.

    Attributes:
        token_url: where tokens are given, absolute or below the base URL; the connection's extra ``token_url`` goes
            before it, since it often holds a tenant.
        scope: what is asked for.
        client: whether id and secret go into the body or an ``Authorization: Basic`` header.
        expired: statuses that say that a token is not good any more.
    """

    kind: Literal["oauth2"]
    token_url: str = ""
    scope: str = ""
    client: Literal["body", "basic"] = "body"
    expired: tuple[Status, ...] = (401,)


Auth = Annotated[
    NoAuth | BasicAuth | BearerAuth | ApiKeyAuth | QueryKeyAuth | LoginAuth | OAuth2Auth, Field(discriminator="kind")
]


class AccessCheck(Strict):
    """A request that shows something only to whom the ERP knows.

    For ERPs that answer strangers with empty lists and 404 instead of 401: asked after a listing, and before a record
    is taken for missing.

    Attributes:
        path: path of the request, a GET.
        shows: place in its answer that must be there.
    """

    path: str
    shows: BodyPath
