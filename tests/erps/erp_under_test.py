"""What the contract tests need to know of an ERP: where it is, what it lacks, and how to do things in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from faulty_proxy import FaultyProxy

from customerp_trello.hooks.customerp import CustomERPHook

SHIPPED = Path(__file__).resolve().parents[2] / "include" / "customerp"
OWN = Path(__file__).parent / "profiles"


@dataclass(frozen=True)
class Erp:
    """One ERP as a test sees it.

    Attributes:
        name: for test ids.
        url: base URL.
        profile: name of its profile, shipped or below ``profiles``.
        login, password: of the connection.
        expire: makes the current credentials worthless; None where there are none to expire.
        restore: makes them good again; does no harm where they are.
        renews: whether the profile can get new ones by itself.
        since: whether it can be asked for changes.
        versions: who notices a stale write: ``server``, ``us`` (just before the write) or ``nobody``.
        deletes: ``hard`` or ``soft``.
        refuses: fields that it takes for nobody; None where it takes anything.
        unknown: an id that no record has.
        name_field, other_field: two text fields of the entity.
        key_field: a text field by which it can be looked up.
        changes: what differs from the profile's file, for tests of other ways to speak with the same server.
        naive_loses: whether a plain loop over its pages loses a record when another one is deleted meanwhile.
    """

    name: str
    url: str
    profile: str
    login: str = ""
    password: str = ""
    expire: Callable[[], None] | None = None
    restore: Callable[[], None] | None = None
    renews: bool = False
    since: bool = True
    versions: str = "us"
    deletes: str = "hard"
    refuses: dict[str, Any] | None = None
    unknown: str = "987654"
    entity: str = "customer"
    name_field: str = "name"
    other_field: str = "website"
    key_field: str = "name"
    changes: dict[str, Any] = field(default_factory=dict)
    naive_loses: bool = False

    def speaking(self, name: str, *, naive_loses: bool = False, **changes: Any) -> Erp:
        """The same server, spoken to in another way; *changes* are merged into the profile."""
        return replace(self, name=f"{self.name}-{name}", changes=changes, naive_loses=naive_loses)


def merged(content: Any, changes: Any) -> Any:
    """*content* with *changes* on top; a mapping with a ``kind`` replaces the one that is there."""
    if not isinstance(content, dict) or not isinstance(changes, dict) or "kind" in changes:
        return changes
    both = {**content, **{name: merged(content.get(name), value) for name, value in changes.items()}}
    return {name: value for name, value in both.items() if value is not ...}


class Desk:
    """An ERP with the hook under test, a colleague who works in it, and a proxy in between that can fail."""

    def __init__(self, erp: Erp, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.erp, self._folder, self._patch = erp, folder, monkeypatch
        self.proxy = FaultyProxy(erp.url)
        monkeypatch.setenv("CUSTOMERP_TRELLO_PROFILES", str(folder))
        self.colleague = self.hook("colleague", through_proxy=False, page=100)
        self.made: list[str] = []

    def content(self, page: int | None = None, **changes: Any) -> dict[str, Any]:
        """The profile as a test wants it."""
        file = next(
            found for found in (folder / f"{self.erp.profile}.yaml" for folder in (OWN, SHIPPED)) if found.is_file()
        )
        content = merged(merged(yaml.safe_load(file.read_text()), self.erp.changes), changes)
        paging = content["listing"]["paging"]
        if page and (paging.get("size_parameter") or paging["kind"] == "range"):
            paging["size"] = page
        return content

    def hook(
        self, conn_id: str = "customerp_default", *, through_proxy: bool = True, page: int = 3, **changes: Any
    ) -> CustomERPHook:
        """A hook with a profile of its own; *page* is the size of a page."""
        (self._folder / f"{conn_id}.yaml").write_text(yaml.safe_dump(self.content(page, **changes)))
        path = self.erp.url.partition("//")[2].partition("/")[2]
        host = f"{self.proxy.url}/{path}".rstrip("/") if through_proxy else self.erp.url
        connection = {
            "conn_type": "customerp",
            "host": host,
            "login": self.erp.login,
            "password": self.erp.password,
            "extra": {"profile": conn_id},
        }
        self._patch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
        return CustomERPHook(conn_id)

    def add(self, *names: str) -> list[str]:
        """The colleague creates records; their ids, in the order in which the ERP lists them."""
        ids = []
        for name in names:
            record, _ = self.colleague.create_record(self.erp.entity, {self.erp.name_field: name})
            ids.append(self.id_of(record))
        self.made += ids
        order = [self.id_of(record) for record in self.colleague.list_records(self.erp.entity)]
        return sorted(ids, key=order.index)

    def edit(self, id_: str, **fields: Any) -> None:
        """The colleague changes a record."""
        _, version = self.colleague.get_record(self.erp.entity, id_)
        self.colleague.update_record(self.erp.entity, id_, fields, version)

    def remove(self, id_: str) -> None:
        """The colleague deletes a record."""
        self.colleague.delete_record(self.erp.entity, id_)

    def id_of(self, record: dict[str, Any]) -> str:
        return str(record[self.colleague.profile.entities[self.erp.entity].id])

    def ids(self, records: Any) -> list[str]:
        return [self.id_of(record) for record in records]

    def clear(self) -> None:
        """Remove what is in the entity."""
        if self.erp.deletes == "hard":
            for record in list(self.colleague.list_records(self.erp.entity)):
                self.remove(self.id_of(record))

    def named(self, hook: CustomERPHook, name: str) -> list[dict[str, Any]]:
        """The records with a name."""
        return [record for record in hook.list_records(self.erp.entity) if record[self.erp.name_field] == name]

    def close(self) -> None:
        self.proxy.close()
