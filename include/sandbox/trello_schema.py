"""Trello's tables, and ids as Trello makes them."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from sandbox_clock import SandboxClock

SCHEMA = """
CREATE TABLE IF NOT EXISTS members (
  id TEXT PRIMARY KEY, username TEXT UNIQUE NOT NULL, full_name TEXT NOT NULL, initials TEXT NOT NULL,
  bio TEXT NOT NULL DEFAULT '', email TEXT COLLATE NOCASE UNIQUE, confirmed INTEGER NOT NULL, avatar_url TEXT
);
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, id TEXT NOT NULL, api_key TEXT NOT NULL, id_member TEXT NOT NULL REFERENCES members(id),
  identifier TEXT NOT NULL, date_created TEXT NOT NULL, date_expires TEXT
);
CREATE TABLE IF NOT EXISTS token_scopes (token TEXT PRIMARY KEY, scopes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS organizations (
  id TEXT PRIMARY KEY, name TEXT UNIQUE NOT NULL, display_name TEXT NOT NULL, desc TEXT NOT NULL DEFAULT '',
  website TEXT, date_last_activity TEXT NOT NULL, paid INTEGER NOT NULL DEFAULT 0, id_member_creator TEXT
);
CREATE TABLE IF NOT EXISTS memberships (
  id TEXT PRIMARY KEY, id_organization TEXT NOT NULL REFERENCES organizations(id) ON DELETE CASCADE,
  id_member TEXT NOT NULL REFERENCES members(id), admin INTEGER NOT NULL DEFAULT 0,
  deactivated INTEGER NOT NULL DEFAULT 0, UNIQUE (id_organization, id_member)
);
CREATE INDEX IF NOT EXISTS memberships_member ON memberships (id_member);
CREATE TABLE IF NOT EXISTS boards (
  id TEXT PRIMARY KEY, id_organization TEXT NOT NULL REFERENCES organizations(id) ON DELETE CASCADE,
  name TEXT NOT NULL, desc TEXT NOT NULL DEFAULT '', closed INTEGER NOT NULL DEFAULT 0, short_link TEXT UNIQUE NOT NULL
);
CREATE INDEX IF NOT EXISTS boards_organization ON boards (id_organization);
CREATE TABLE IF NOT EXISTS lists (
  id TEXT PRIMARY KEY, id_board TEXT NOT NULL REFERENCES boards(id) ON DELETE CASCADE,
  name TEXT NOT NULL, closed INTEGER NOT NULL DEFAULT 0, pos INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS lists_board ON lists (id_board);
CREATE TABLE IF NOT EXISTS cards (
  id TEXT PRIMARY KEY, id_list TEXT NOT NULL REFERENCES lists(id) ON DELETE CASCADE, name TEXT NOT NULL,
  desc TEXT NOT NULL DEFAULT '', closed INTEGER NOT NULL DEFAULT 0, short_link TEXT UNIQUE NOT NULL,
  id_short INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS cards_list ON cards (id_list);
CREATE TABLE IF NOT EXISTS actions (
  id TEXT PRIMARY KEY, type TEXT NOT NULL, date TEXT NOT NULL, id_member_creator TEXT NOT NULL, data TEXT NOT NULL,
  id_organization TEXT REFERENCES organizations(id) ON DELETE CASCADE,
  id_board TEXT REFERENCES boards(id) ON DELETE CASCADE, id_list TEXT,
  id_card TEXT REFERENCES cards(id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS actions_card ON actions (id_card, date);
CREATE INDEX IF NOT EXISTS actions_board ON actions (id_board, date);
CREATE INDEX IF NOT EXISTS actions_organization ON actions (id_organization, date);
"""

_ID = re.compile(r"[0-9a-f]{24}")


class TrelloIds:
    """24 hex digits: unix second, the process, a counter."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._process = secrets.token_hex(5)
        self._counter = secrets.randbelow(1 << 20)

    def new(self) -> str:
        """The next id."""
        self._counter = (self._counter + 1) % (1 << 24)
        return f"{int(self._clock.now().timestamp()):08x}{self._process}{self._counter:06x}"


def is_id(text: str) -> bool:
    """Whether the text has the form of an id."""
    return bool(_ID.fullmatch(text))


def moment_of(identifier: str) -> datetime:
    """The second in which the id was made."""
    return datetime.fromtimestamp(int(identifier[:8], 16), UTC)


def initials_of(full_name: str) -> str:
    """The initials that Trello gives a new member."""
    words = full_name.split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words))[:4].upper() or "?"
