"""The schema of the state database; `migrations/` brings a real database to it.

Only what SQLite and PostgreSQL do alike is used. Texts that are compared or unique have a length, moments are UTC,
and ids are never used again (history names links that are long gone).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

Side = Literal["customerp", "trello"]
CUSTOMERP: Side = "customerp"
TRELLO: Side = "trello"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC with microseconds; naive datetimes are refused.

    SQLite keeps it as text of one width, so its order as text is its order in time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; SQLite stores no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment in the state database needs a time zone; pass an aware datetime.")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
_JSON = JSON(none_as_null=True)
_BYTEWISE = String(100).with_variant(String(100, collation="C"), "postgresql")
"""Ordered by its bytes, as SQLite does by itself: what begins alike stands together."""


def _id() -> Column[int]:
    return Column("id", _NUMBER, primary_key=True, autoincrement=True)


def _key(name: str, length: int = 255, **options: Any) -> Column[str]:
    return Column(name, String(length), nullable=False, **options)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _json(name: str) -> Column[Any]:
    return Column(name, _JSON, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Moment, nullable=nullable)


pair_lease = Table(
    "pair_lease",
    metadata,
    _key("pair", primary_key=True),
    Column("owner_run", String(255)),
    Column("run_fence", _NUMBER, nullable=False),
    Column("fence", _NUMBER, nullable=False),
    _moment("acquired_at"),
    _moment("expires_at"),
)

run = Table(
    "run",
    metadata,
    _key("id", primary_key=True),
    _key("pair"),
    _key("dag_id"),
    _key("airflow_run_id"),
    Column("attempt", Integer, nullable=False),
    _key("action"),
    _moment("window_start", nullable=True),
    _moment("window_end", nullable=True),
    _json("form"),
    _moment("started_at"),
    _moment("ended_at", nullable=True),
    _key("status", 32),
    _json("counts"),
    _text("plan_digest"),
    Column("run_fence", _NUMBER),
    _text("started_by"),
    Index(None, "pair", "started_at"),
)

link = Table(
    "link",
    metadata,
    _id(),
    _key("pair"),
    _key("customerp_id"),
    _key("trello_id"),
    _key("status", 32),
    _text("reason"),
    _text("away"),
    _json("base_customerp"),
    _json("base_trello"),
    _json("marks"),
    _text("written_customerp"),
    _text("written_trello"),
    _text("included"),
    _key("created_run"),
    _key("changed_run"),
    _moment("not_writable_since", nullable=True),
    UniqueConstraint("pair", "customerp_id"),
    UniqueConstraint("pair", "trello_id"),
    Index(None, "pair", "status", "not_writable_since"),
    sqlite_autoincrement=True,
)

tombstone = Table(
    "tombstone",
    metadata,
    _id(),
    _key("pair"),
    _key("side", 16),
    _key("deleted_id"),
    _key("surviving_id"),
    _json("keys"),
    _key("run"),
    _moment("created_at"),
    _moment("lifted_at", nullable=True),
    _text("lifted_why"),
    Index(None, "pair", "side", "deleted_id"),
    sqlite_autoincrement=True,
)

intent = Table(
    "intent",
    metadata,
    _id(),
    _key("pair"),
    _key("run"),
    Column("fence", _NUMBER, nullable=False),
    _key("side", 16),
    _key("operation", 32),
    _key("change_key"),
    _key("customerp_id"),
    _key("trello_id"),
    _json("before"),
    _json("after"),
    _key("source"),
    _key("status", 32),
    _moment("opened_at"),
    _moment("closed_at", nullable=True),
    Column("outcome", _JSON),
    Index(None, "closed_at"),
    Index(None, "pair", "status"),
    Index(None, "run", "status"),
    sqlite_autoincrement=True,
)

open_work = Table(
    "open_work",
    metadata,
    _id(),
    _key("pair"),
    _key("side", 16),
    _key("record_id"),
    _key("kind", 32),
    _text("reason"),
    Column("attempts", Integer, nullable=False),
    _moment("first_seen"),
    _moment("last_seen"),
    _moment("next_try_at", nullable=True),
    UniqueConstraint("pair", "side", "record_id", "kind"),
    Index(None, "pair", "kind", "first_seen"),
    sqlite_autoincrement=True,
)

conflict = Table(
    "conflict",
    metadata,
    _id(),
    _key("pair"),
    Column("link", _NUMBER, nullable=False),
    _key("property"),
    Column("base_customerp", Text),
    Column("base_trello", Text),
    Column("customerp", Text),
    Column("trello", Text),
    _key("winner", 16),
    _text("reason"),
    _key("status", 32),
    _key("answer", 16),
    _key("answered_by"),
    _moment("answered_at", nullable=True),
    _key("run"),
    _moment("created_at"),
    Index(None, "pair", "status"),
    Index(None, "link", "property"),
    sqlite_autoincrement=True,
)

history = Table(
    "history",
    metadata,
    _id(),
    _key("pair"),
    _key("run"),
    _moment("at"),
    Column("link", _NUMBER),
    _key("side", 16),
    _key("operation", 32),
    _key("change_key"),
    _key("customerp_id"),
    _key("trello_id"),
    _key("property"),
    Column("before", Text),
    Column("after", Text),
    _text("cause"),
    _key("winner", 16),
    _text("actor"),
    Index(None, "pair", "at"),
    Index(None, "pair", "customerp_id"),
    Index(None, "pair", "trello_id"),
    Index(None, "link"),
    Index(None, "run", "id"),
    sqlite_autoincrement=True,
)

watermark = Table(
    "watermark",
    metadata,
    _key("pair", primary_key=True),
    _key("side", 16, primary_key=True),
    _moment("at", nullable=True),
    _moment("read_at"),
    _moment("complete_at", nullable=True),
    Column("listed", Integer),
    _json("identity"),
    _text("fingerprint"),
    _key("run"),
)

plan = Table(
    "plan",
    metadata,
    Column("run", String(255), ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    _key("pair"),
    _key("digest"),
    _text("path"),
    _key("status", 32),
    _json("reasons"),
    _json("guarded"),
    _json("counts"),
    _key("approved_by"),
    _moment("approved_at", nullable=True),
    _moment("created_at"),
    Index(None, "pair", "status"),
)

invitation = Table(
    "invitation",
    metadata,
    _id(),
    _key("email", 320),
    _key("member_id"),
    _key("workspace_id"),
    _key("pair"),
    _key("status", 32),
    _moment("invited_at"),
    _key("run"),
    _text("full_name"),
    UniqueConstraint("email", "workspace_id"),
    sqlite_autoincrement=True,
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    _key("connection"),
    _key("delivery_id"),
    _key("pair"),
    _key("model"),
    _key("kind"),
    _moment("received_at"),
    _key("run"),
    _moment("taken_at", nullable=True),
    UniqueConstraint("connection", "delivery_id", "pair"),
    Index(None, "pair", "run"),
    sqlite_autoincrement=True,
)

question = Table(
    "question",
    metadata,
    _id(),
    _key("pair"),
    _key("kind", 16),
    _key("about", 600),
    _json("subjects"),
    _key("asked_in"),
    _moment("asked_at"),
    _moment("rests_until"),
    _key("answer", 32),
    _key("answered_by"),
    _moment("answered_at", nullable=True),
    UniqueConstraint("pair", "kind", "about"),
    Index(None, "asked_in"),
    sqlite_autoincrement=True,
)

search_scope = Table(
    "search_scope",
    metadata,
    _id(),
    _key("pair"),
    _json("properties"),
    Column("indexed_to", _NUMBER),
    UniqueConstraint("pair"),
    sqlite_autoincrement=True,
)

search_word = Table(
    "search_word",
    metadata,
    Column("scope", _NUMBER, primary_key=True, autoincrement=False),
    Column("word", _BYTEWISE, primary_key=True),
    Column("link", _NUMBER, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
