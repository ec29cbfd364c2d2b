"""Customers, contacts and Trello kept in sync by a loop that sends one request after another, on standard input's word.

The yardstick of :mod:`benchmarks.scenario`, and what many a company would write: both lists are read, what is new is
made, what was edited is written after a look at the record. What it knows is in a dictionary: it stops at the first
error, and once it has stopped it knows nothing. Each line on standard input is a pass; `{}` says that it is ready.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import requests

TEXTS = {"name": "displayName", "description": "desc", "website": "website"}


class Plain:
    """Both systems, and what each linked record showed last.

    Args:
        environment: with the connections to both.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        erp, trello = (json.loads(environment[f"AIRFLOW_CONN_{name}_DEFAULT"]) for name in ("CUSTOMERP", "TRELLO"))
        self.urls = f"{erp['host']}/api/v1", f"{trello['host']}/1"
        self.erp, self.trello = requests.Session(), requests.Session()
        self.erp.headers["Authorization"] = f"Bearer {erp['password']}"
        key, token = trello["login"], trello["password"]
        self.trello.headers["Authorization"] = f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"'
        self.workspaces: dict[int, str] = {}
        self.customers: dict[int, dict[str, str]] = {}
        self.contacts: dict[int, tuple[str, str, str]] = {}

    def pass_over(self) -> dict[str, int]:
        """One pass over both lists of both pairs; how many writes it took."""
        return {"customers": self._customers(), "contacts": self._contacts()}

    def _customers(self) -> int:
        writes = 0
        fields = {"fields": "name,displayName,desc,website"}
        there = {one["id"]: one for one in self.ask_trello("GET", "/members/me/organizations", params=fields)}
        for row in self.listed("customers"):
            here = {name: row[name] or "" for name in TEXTS}
            workspace = there.get(self.workspaces.get(row["id"], ""))
            if workspace is None:
                sent = {field: here[name] for name, field in TEXTS.items() if here[name]}
                sent["name"] = row["number"].lower().replace("-", "")
                self.workspaces[row["id"]] = self.ask_trello("POST", "/organizations", json=sent)["id"]
                self.customers[row["id"]] = here
                writes += 1
                continue
            known, seen = self.customers[row["id"]], {n: workspace[f] or "" for n, f in TEXTS.items()}
            to_trello = {TEXTS[name]: here[name] for name in TEXTS if here[name] != known[name]}
            to_erp = {name: seen[name] for name in TEXTS if here[name] == known[name] != seen[name]}
            if to_trello:
                self.ask_trello("GET", f"/organizations/{workspace['id']}", params=fields)
                self.ask_trello("PUT", f"/organizations/{workspace['id']}", json=to_trello)
            if to_erp:
                self.change_in_erp("customers", row["id"], to_erp)
            self.customers[row["id"]] = here | to_erp
            writes += bool(to_trello) + bool(to_erp)
        return writes

    def _contacts(self) -> int:
        writes = 0
        rosters: dict[str, dict[str, str]] = {}
        all_of_them = list(self.workspaces.values())
        for ten in (all_of_them[start : start + 10] for start in range(0, len(all_of_them), 10)):
            for workspace, members in zip(ten, self._memberships(ten), strict=True):
                rosters[workspace] = {one["idMember"]: one["memberType"] for one in members}
        for row in self.listed("contacts"):
            workspace, role = self.workspaces[row["customer_id"]], row["trello_role"] or "normal"
            if row["id"] not in self.contacts:
                before = {one["idMember"] for one in self.ask_trello("GET", f"/organizations/{workspace}/memberships")}
                sent = {"email": row["email"], "fullName": f"{row['first_name']} {row['last_name']}", "type": role}
                answer = self.ask_trello("PUT", f"/organizations/{workspace}/members", json=sent)
                (member,) = {one["idMember"] for one in answer["memberships"]} - before
                self.contacts[row["id"]] = workspace, member, role
                writes += 1
                continue
            _, member, known = self.contacts[row["id"]]
            if role != known:
                self._memberships([workspace])
                self.ask_trello("PUT", f"/organizations/{workspace}/members/{member}", json={"type": role})
            elif rosters[workspace][member] != known:
                role = rosters[workspace][member]
                self.change_in_erp("contacts", row["id"], {"trello_role": role})
            writes += role != known
            self.contacts[row["id"]] = workspace, member, role
        return writes

    def _memberships(self, workspaces: Any) -> list[list[dict[str, Any]]]:
        query = "filter=all&member=true&member_fields=fullName,username,initials,bio"
        urls = ",".join(f"/organizations/{id_}/memberships?{query}".replace(",", "%2C") for id_ in workspaces)
        return [answer["200"] for answer in self.ask_trello("GET", "/batch", params={"urls": urls})]

    def change_in_erp(self, entity: str, id_: int, values: dict[str, str]) -> None:
        """Write values over the record as it is now."""
        url = f"{self.urls[0]}/{entity}/{id_}"
        now = self.erp.get(url, timeout=60)
        now.raise_for_status()
        version = f'"{now.json()["version"]}"'
        self.erp.patch(url, json=values, headers={"If-Match": version}, timeout=60).raise_for_status()

    def listed(self, entity: str) -> Iterator[dict[str, Any]]:
        """All records of an entity."""
        cursor: dict[str, str] = {}
        while True:
            answer = self.erp.get(f"{self.urls[0]}/{entity}", params={"limit": 500, **cursor}, timeout=60)
            answer.raise_for_status()
            yield from answer.json()["data"]
            if not answer.json()["next_cursor"]:
                return
            cursor = {"cursor": answer.json()["next_cursor"]}

    def ask_trello(self, method: str, path: str, **parts: Any) -> Any:
        """A request to Trello and its answer."""
        answer = self.trello.request(method, f"{self.urls[1]}{path}", timeout=600, **parts)
        answer.raise_for_status()
        return answer.json()


if __name__ == "__main__":
    plain = Plain(os.environ)
    print("{}", flush=True)
    for _ in sys.stdin:
        print(json.dumps(plain.pass_over()), flush=True)
