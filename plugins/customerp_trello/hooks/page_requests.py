"""The requests of a listing: parameters, conditions, columns and the pager's step, put together as the profile says."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from customerp_trello.errors import ConfigurationError
from customerp_trello.hooks.answers import put
from customerp_trello.hooks.paging import Step
from customerp_trello.hooks.profile import Entity
from customerp_trello.hooks.profile_listing import Columns, Conditions, Listing, Sized
from customerp_trello.hooks.record_values import Codec
from customerp_trello.hooks.templates import fill, moment_values


@dataclass(frozen=True)
class PageRequest:
    """One request of a listing.

    Attributes:
        method: GET or POST.
        url: a path below the base URL, or an absolute URL of the same host.
        params: its query; a list is sent as a repeated parameter.
        headers: headers of this request.
        body: body of a POST, else None.
    """

    method: str
    url: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class PageRequests:
    """Makes the request of each page of one listing.

    Args:
        listing: how the profile says that lists work.
        entity: what is listed.
        codec: the entity's values.
        since: only what changed since this moment, if the ERP can be asked for that; less the profile's overlap.
        filters: field -> value that must be equal.
    """

    def __init__(
        self, listing: Listing, entity: Entity, codec: Codec, since: datetime | None, filters: Mapping[str, str]
    ) -> None:
        self._listing, self._entity, self._codec = listing, entity, codec
        self._path = fill(listing.path, {"path": entity.path})
        self._params: dict[str, Any] = {**listing.parameters, **columns_of(listing.columns, entity)}
        self._size: dict[str, Any] = {}
        self._headers: dict[str, str] = {}
        self._conditions: list[Any] = []
        if listing.conditions:
            self._conditions += [*listing.conditions.always, *entity.conditions]
        for name, value in filters.items():
            self._add_filter(name, value)
        if since and listing.since:
            self._add_since(since - timedelta(seconds=listing.since.overlap_seconds))
        if isinstance(listing.paging, Sized) and listing.paging.size_parameter:
            self._size[listing.paging.size_parameter] = listing.paging.size

    def at(self, step: Step) -> PageRequest:
        """The request for *step*."""
        headers = {**self._headers, **step.headers}
        if step.url:
            return PageRequest("GET", step.url, headers=headers)
        params = {**self._params, **({} if step.bare else self._size), **step.place}
        conditions = [*self._conditions, *self._after(step.after)]
        how = self._listing.conditions
        if how and conditions:
            params[how.parameter] = joined(how, conditions, plain=self._listing.method == "POST")
        if self._listing.method == "GET":
            return PageRequest("GET", self._path, params, headers)
        return PageRequest("POST", self._path, {}, headers, self._body(params))

    def _body(self, params: Mapping[str, Any]) -> Any:
        body = copy.deepcopy(fill(self._listing.body or {}, {"columns": list(self._entity.columns)}))
        for name, value in params.items():
            try:
                put(body, tuple(name.split(".")), value)
            except ValueError as error:
                raise ConfigurationError(
                    f"listing.body in the profile: {error}; correct the body or the parameter"
                ) from None
        return body

    def _after(self, id_: Any) -> list[Any]:
        how = self._listing.conditions
        if id_ == "" or how is None:
            return []
        return [fill(how.after, {"id": _quoted(how, id_) if how.form == "text" else id_})]

    def _add_filter(self, name: str, value: str) -> None:
        parameter = self._entity.filters[name]
        how = self._listing.conditions
        if how and how.equal is not None:
            quoted = _quoted(how, value) if how.form == "text" else value
            self._conditions.append(fill(how.equal, {"field": parameter, "value": quoted}))
        else:
            self._params[parameter] = value

    def _add_since(self, since: datetime) -> None:
        how = self._listing.since
        if how is None:
            return
        written = self._codec.moment(since)
        if how.header:
            self._headers[how.header] = how.value(since, written)
        elif how.parameter:
            self._params[how.parameter] = how.value(since, written)
        elif self._listing.conditions:
            self._conditions.append(fill(self._listing.conditions.since, moment_values(since, written)))


def columns_of(columns: Columns | None, entity: Entity) -> dict[str, Any]:
    """The parameter that asks for the entity's columns, if the ERP has to be told."""
    if columns is None or not entity.columns:
        return {}
    names = list(entity.columns)
    if columns.form == "repeat":
        return {columns.parameter: names}
    return {columns.parameter: json.dumps(names) if columns.form == "json" else ",".join(names)}


def joined(how: Conditions, conditions: list[Any], *, plain: bool) -> Any:
    """Several conditions as one value: text, or a JSON list, which a body takes as it is."""
    if how.form == "text":
        return how.join.join(str(one) for one in conditions)
    if plain and how.form == "json":
        return conditions
    text = json.dumps(conditions, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode() if how.form == "json_base64" else text


def _quoted(how: Conditions, value: Any) -> str:
    quotes = {"double": {"'": "''"}, "backslash": {"\\": "\\\\", "'": "\\'", '"': '\\"'}}[how.escape]
    return "".join(quotes.get(char, char) for char in str(value))
