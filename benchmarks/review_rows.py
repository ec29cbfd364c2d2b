"""A state database as large as a company's may get, filled past our own functions: links, history, words, open work."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert

from customerp_trello.mapping.load import load_pair
from customerp_trello.state.search import entries_of
from customerp_trello.state.store import Store
from customerp_trello.state.tables import metadata, search_scope

PAIR = "custom_customer__trello_organizations"
FIRST_RUN = f"{0:032x}"
"""The run that made all links: it has a fifth of the history."""
RUNS_A_DAY, DAYS = 96, 90
_ADJECTIVES = ("Nordic", "Alpine", "Baltic", "Central", "Eastern", "Global", "Iberian", "Modern", "Royal", "United")
_NOUNS = ("Bakery", "Bikes", "Cables", "Dairy", "Energy", "Foods", "Glass", "Homes", "Logistics", "Tools")


def name_of(number: int) -> str:
    """What customer *number* is called."""
    return f"{_ADJECTIVES[number % 10]} {_NOUNS[number // 10 % 10]} {number} GmbH"


def fill(store: Store, links: int, lines: int) -> None:
    """Make a pair of *links* links with *lines* lines of history; one in ten not writable, few in trouble."""
    store.upgrade()
    now = datetime.now(UTC)
    searched = load_pair(PAIR).searched
    with store.begin() as tx:
        scope = tx.execute(
            insert(search_scope)
            .values(pair=PAIR, properties=list(searched), indexed_to=None)
            .returning(search_scope.c.id)
        ).scalar_one()
    _bulk(store, "run", _runs(now))
    _bulk(store, "link", (_link(n, now) for n in range(links)))
    _bulk(store, "search_word", (row for n in range(links) for row in _words(n, int(scope), searched)))
    _bulk(store, "history", _history(links, lines, now))
    _bulk(store, "open_work", (_work(n, now) for n in range(0, links, 200)))
    _bulk(store, "conflict", (_conflict(n, now) for n in range(1, links, 500)))
    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("ANALYZE" if store.engine.dialect.name == "sqlite" else "VACUUM ANALYZE")


def _base(number: int) -> dict[str, str]:
    website = f"https://www.customer{number}.example"
    return {"number": f"c{number}", "name": name_of(number), "website": website, "description": "Delivers on Tuesdays."}


def _runs(now: datetime) -> Iterator[dict[str, Any]]:
    counts = {"linked": 1, "created in trello": 3, "updated in customerp": 7, "conflicts": 1, "seconds": 12.5}
    every = timedelta(days=1) / RUNS_A_DAY
    for n in range(RUNS_A_DAY * DAYS):
        at = now - timedelta(days=DAYS) + every * n
        yield {
            "id": f"{n:032x}", "pair": PAIR, "dag_id": PAIR, "airflow_run_id": f"scheduled__{n}", "attempt": 1,
            "action": "sync", "form": {}, "started_at": at, "ended_at": at + timedelta(seconds=12), "counts": counts,
            "status": "failed" if n % 97 == 5 else "success", "plan_digest": "", "started_by": "",
        }  # fmt: skip


def _link(n: int, now: datetime) -> dict[str, Any]:
    marked = n % 10 == 3
    return {
        "id": n + 1, "pair": PAIR, "customerp_id": f"{n}", "trello_id": f"t{n}", "reason": "",
        "status": "suspended" if n % 1000 == 7 else "linked", "base_customerp": _base(n), "base_trello": _base(n),
        "marks": {"name": "not_writable:trello"} if marked else {}, "written_customerp": "", "written_trello": "",
        "created_run": FIRST_RUN, "changed_run": FIRST_RUN,
        "not_writable_since": now - timedelta(seconds=n) if marked else None,
    }  # fmt: skip


def _words(n: int, scope: int, searched: Sequence[str]) -> Iterator[dict[str, Any]]:
    return ({"scope": scope, "word": word, "link": n + 1} for word in entries_of([_base(n)], searched))


def _history(links: int, lines: int, now: datetime) -> Iterator[dict[str, Any]]:
    each = lines // links
    for line in range(lines):
        n, later = line % links, line // links
        run = 0 if later == 0 else 1 + (line * 7919) % (RUNS_A_DAY * DAYS - 1)
        yield {
            "pair": PAIR, "run": f"{run:032x}", "at": now - timedelta(days=DAYS) * (1 - later / each), "link": n + 1,
            "side": "trello", "operation": "create" if later == 0 else "update", "change_key": f"{line}",
            "customerp_id": f"{n}", "trello_id": f"t{n}", "property": "name", "before": name_of(n),
            "after": name_of(n + later), "cause": "edited_in_customerp", "winner": "", "actor": "",
        }  # fmt: skip


def _work(n: int, now: datetime) -> dict[str, Any]:
    kind = ("quarantined", "waiting")[n // 200 % 2]
    return {
        "pair": PAIR, "side": "customerp", "record_id": f"{n}", "kind": kind, "reason": "ambiguous: several fit",
        "attempts": 1, "first_seen": now - timedelta(seconds=n), "last_seen": now, "next_try_at": None,
    }  # fmt: skip


def _conflict(n: int, now: datetime) -> dict[str, Any]:
    values = dict.fromkeys(("base_customerp", "base_trello", "customerp", "trello"), name_of(n))
    return values | {
        "pair": PAIR, "link": n + 1, "property": "name", "winner": "", "reason": "manual", "status": "open",
        "answer": "", "answered_by": "", "answered_at": None, "run": FIRST_RUN, "created_at": now,
    }  # fmt: skip


def _bulk(store: Store, table: str, rows: Iterable[dict[str, Any]], size: int = 200_000) -> None:
    rows = iter(rows)
    postgres = store.engine.dialect.name == "postgresql"
    while part := list(islice(rows, size)):
        with store.begin() as tx:
            if postgres:
                _copy(tx.connection.connection.driver_connection, table, part)
            else:
                # What is being made here need not survive a crash, and words come in no order.
                tx.connection.exec_driver_sql("PRAGMA cache_size = -1000000")
                tx.connection.execute(insert(metadata.tables[table]), part)


def _copy(connection: Any, table: str, rows: list[dict[str, Any]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(_quoted(rows[0]))}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([json.dumps(value) if isinstance(value, dict) else value for value in row.values()])


def _quoted(row: dict[str, Any]) -> Iterator[str]:
    return (f'"{name}"' for name in row)
