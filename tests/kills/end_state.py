"""What both systems and the state hold at the end, in a form that two runs of the same story share.

Ids, numbers and user names that a server gave during the run become words about the record that has them; times,
run ids and retry counters are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

Rows = list[sqlite3.Row]

_ENTITIES = ("contacts", "customers", "projects", "employees")
_TRELLO_IDS = ("members", "organizations", "memberships", "boards", "lists", "cards", "actions")
_TIMES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?")
_IDS = re.compile(r"(?<![0-9a-f])[0-9a-f]{24}(?![0-9a-f])")
_RANDOM = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])|\buser\d{8}\w+|\d+\.\d+")
_SERVER_GIVEN = {"id", "created_at", "modified_at", "version", "number", "employee_number"}


def end_state(folder: Path, before: Path, pair: str) -> list[str]:
    """The state of everything, one line per fact, sorted.

    Args:
        folder: databases now.
        before: databases as they were before the run.
        pair: whose state is of interest.
    """
    names = _Names(before, folder)
    lines = [*_customerp(folder, names), *_trello(folder, names), *_state(folder, names, pair)]
    return sorted(names.plain(json.dumps(line, ensure_ascii=False, sort_keys=True)) for line in lines)


def history(folder: Path, before: Path, pair: str) -> list[str]:
    """What the history tells of writes, without times, runs and reasons: one line per write and property."""
    names, entity = _Names(before, folder), _entity(pair)
    columns = "side, operation, customerp_id, trello_id, property, after"
    told = _rows(folder, "state", f"SELECT DISTINCT {columns} FROM history WHERE pair = ? AND side != ''", pair)
    lines = [[row[0], row[1], names.erp(entity, row[2]), *row[3:]] for row in told]
    return sorted(names.plain(json.dumps(line, ensure_ascii=False)) for line in lines)


def left_behind(folder: Path, before: Path, *more: str) -> str:
    """A digest of all that the databases hold, and of *more*; times and what was named at random are left out."""
    lines = [f"{database} {table} {tuple(row)}" for database, table, row in _everything(folder)]
    return _digest([*lines, *more], before, folder)


def _digest(lines: Iterable[str], before: Path, folder: Path) -> str:
    known = {id_ for table in _TRELLO_IDS for (id_,) in _rows(before, "trello", f"SELECT id FROM {table}")}
    text = _TIMES.sub("some time", _Names(before, folder).plain("\n".join(lines)))
    text = _IDS.sub(lambda found: found[0] if found[0] in known else "new", text)
    return hashlib.sha256(_RANDOM.sub("random", text).encode()).hexdigest()


def ahead(folder: Path, before: Path) -> str:
    """A digest of all that later runs go by, whichever way led there.

    Left out is what only tells of the past: runs, plans, history, who had the lease, and writes with an outcome (but
    for those that a born project's comment is known by). Times and names given at random count as in `left_behind`.
    """
    past = {"run", "plan", "history", "pair_lease", "intent", "conflict", "sqlite_sequence"}
    lines = [f"{database} {table} {tuple(row)}" for database, table, row in _everything(folder) if table not in past]
    for query in (_STANDING, _ASKED, "SELECT pair FROM pair_lease WHERE owner_run != ''"):
        lines += [f"{query} {tuple(row)}" for row in _rows(folder, "state", query)]
    return _digest(lines, before, folder)


_STANDING = """SELECT pair, side, operation, customerp_id, trello_id, before, after, source, status, opened_at
    FROM intent WHERE status IN ('open', 'planned') OR source != '' ORDER BY id"""
_ASKED = """SELECT conflict.*, run.status = 'success' FROM conflict LEFT JOIN run ON run.id = conflict.run
    ORDER BY conflict.id"""


def _everything(folder: Path) -> Iterator[tuple[str, str, sqlite3.Row]]:
    for database in ("customerp", "trello", "state"):
        tables = "SELECT name, sql LIKE '%WITHOUT ROWID%' FROM sqlite_master WHERE type = 'table' ORDER BY name"
        for table, by_key in _rows(folder, database, tables):
            order = "" if by_key else " ORDER BY rowid"
            for row in _rows(folder, database, f"SELECT * FROM {table}{order}"):
                yield database, table, row


def differences(expected: list[str], found: list[str]) -> str:
    """Lines that are only in one of the two, empty if there are none."""
    missing, extra = list(expected), []
    for line in found:
        missing.remove(line) if line in missing else extra.append(line)
    return "\n".join([*(f"- {line}" for line in missing), *(f"+ {line}" for line in extra)])


class _Names:
    """Words for what a server named during the run."""

    def __init__(self, before: Path, now: Path) -> None:
        self.words: dict[str, str] = {}
        self.new: dict[tuple[str, int], str] = {}
        for entity in _ENTITIES:
            known = {row["id"] for row in _rows(before, "customerp", f"SELECT id FROM {entity}")}
            for row in _rows(now, "customerp", f"SELECT * FROM {entity}"):
                if row["id"] not in known:
                    self._name_customerp(entity, row)
        self._name_trello(before, now, "members", "email")
        self._name_trello(before, now, "organizations", "display_name")

    def _name_customerp(self, entity: str, row: sqlite3.Row) -> None:
        word = f"new of {entity}: {row['name' if 'name' in row.keys() else 'last_name']}"  # noqa: SIM118
        self.new[entity, row["id"]] = word
        for column in ("number", "employee_number"):
            if column in row.keys() and row[column]:  # noqa: SIM118
                self.words[row[column]] = f"number of {word}"

    def _name_trello(self, before: Path, now: Path, table: str, column: str) -> None:
        known = {row["id"] for row in _rows(before, "trello", f"SELECT id FROM {table}")}
        for row in _rows(now, "trello", f"SELECT id, {column} FROM {table}"):
            if row["id"] not in known:
                self.words[row["id"]] = f"new of {table}: {row[column]}"
        comments = "SELECT id, json_extract(data, '$.text') AS text FROM actions WHERE type = 'commentCard'"
        known = {row["id"] for row in _rows(before, "trello", comments)}
        for row in _rows(now, "trello", comments):
            if row["id"] not in known:
                self.words[row["id"]] = f"new comment: {row['text'].splitlines()[0]}"

    def erp(self, entity: str, record: Any) -> str:
        """An ERP record's id, or the words for it."""
        return self.new.get((entity, int(record)), str(record)) if str(record).isdigit() else str(record)

    def plain(self, text: str) -> str:
        """The text without what a server named."""
        for (entity, number), word in self.new.items():
            if entity == "projects":
                text = re.sub(rf"project {number}\b", f"project {word}", text)
        for token in sorted(self.words, key=len, reverse=True):
            if token in text:
                text = re.sub(rf"(?<![\w]){re.escape(token)}(?![\w])", self.words[token].replace("\\", ""), text)
        return text


def _customerp(folder: Path, names: _Names) -> Iterator[Any]:
    for entity in _ENTITIES:
        for row in _rows(folder, "customerp", f"SELECT * FROM {entity}"):
            shown = {key: row[key] for key in row.keys() if key not in _SERVER_GIVEN}  # noqa: SIM118
            yield [entity, names.erp(entity, row["id"]), shown]


def _trello(folder: Path, names: _Names) -> Iterator[Any]:
    known = {word.removeprefix("new of members: ") for word in names.words.values()}
    for row in _rows(folder, "trello", "SELECT * FROM members"):
        username = "given" if row["email"] in known else row["username"]
        yield ["member", row["id"], username, row["full_name"], row["initials"], row["bio"], row["confirmed"]]
    for row in _rows(folder, "trello", "SELECT id, name, display_name, desc, website FROM organizations"):
        yield ["organization", *row]
    for row in _rows(folder, "trello", "SELECT id_organization, id_member, admin, deactivated FROM memberships"):
        yield ["membership", *row]
    comments = "SELECT id, id_card, id_member_creator, data FROM actions WHERE type = 'commentCard'"
    for row in _rows(folder, "trello", comments):
        yield ["comment", row["id"], row["id_card"], row["id_member_creator"], json.loads(row["data"])["text"]]


def _state(folder: Path, names: _Names, pair: str) -> Iterator[Any]:
    entity = _entity(pair)
    links = {}
    query = "SELECT * FROM link WHERE pair = ?"
    for row in _rows(folder, "state", query, pair):
        links[row["id"]] = ids = [names.erp(entity, row["customerp_id"]), row["trello_id"]]
        bases = [json.loads(row[column]) for column in ("base_customerp", "base_trello", "marks")]
        yield ["link", *ids, row["status"], row["reason"], *bases]
    for row in _rows(folder, "state", "SELECT * FROM tombstone WHERE pair = ?", pair):
        yield ["tombstone", row["side"], row["deleted_id"], row["surviving_id"], row["keys"], bool(row["lifted_at"])]
    for row in _rows(folder, "state", "SELECT * FROM open_work WHERE pair = ?", pair):
        yield ["open work", row["side"], names.erp(entity, row["record_id"]), row["kind"], row["reason"]]
    columns = "link, property, customerp, trello, winner, reason, status, answer"
    for row in _rows(folder, "state", f"SELECT {columns} FROM conflict WHERE pair = ?", pair):
        yield ["conflict", links.get(row["link"], "an ended link"), *row[1:]]
    for row in _rows(folder, "state", "SELECT email, workspace_id, member_id, status FROM invitation"):
        yield ["invitation", *row]
    for row in _rows(folder, "state", "SELECT side, at, fingerprint, identity FROM watermark WHERE pair = ?", pair):
        yield ["watermark", row["side"], bool(row["at"]), row["fingerprint"], row["identity"]]
    waiting = "SELECT side, operation, status FROM intent WHERE pair = ? AND status IN ('open', 'planned')"
    for row in _rows(folder, "state", waiting, pair):
        yield ["intent without an outcome", *row]
    for row in _rows(folder, "state", "SELECT owner_run FROM pair_lease WHERE pair = ? AND owner_run != ''", pair):
        yield ["held lease", bool(row["owner_run"])]


def _entity(pair: str) -> str:
    """The ERP's plural for the pair's records."""
    return next(entity for entity in _ENTITIES if f"_{entity[:-1]}__" in pair)


def _rows(folder: Path, database: str, query: str, *values: Any) -> Rows:
    with closing(sqlite3.connect(folder / f"{database}.db", timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(query, values).fetchall()
