"""Creating, migrating, opening: alone, together and where it cannot work."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text
from sqlalchemy.exc import StatementError

from customerp_trello.errors import ConfigurationError, FatalError, RetriableError
from customerp_trello.state import upgrade as upgrading
from customerp_trello.state.bases import load_links
from customerp_trello.state.history import Entry, append_history
from customerp_trello.state.links import NewLink, add_links, suspend
from customerp_trello.state.runs import Watermark, load_watermarks, save_watermark
from customerp_trello.state.store import Store
from customerp_trello.state.tables import invitation, metadata, open_work


def test_migrations_make_what_the_tables_say(store):
    with store.read() as tx:
        context = MigrationContext.configure(tx.connection, opts={"version_table": upgrading.VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        assert upgrading.revision_of(tx.connection) == upgrading.HEAD


def test_head_is_alembics_head():
    assert ScriptDirectory.from_config(upgrading.alembic_config()).get_current_head() == upgrading.HEAD


def test_a_migration_can_be_taken_back(store):
    from alembic import command

    with store.begin() as tx:
        command.downgrade(upgrading.alembic_config(tx.connection), "base")
    store.upgrade()
    with store.read() as tx:
        assert upgrading.revision_of(tx.connection) == upgrading.HEAD


def test_links_that_were_suspended_before_are_told_which_side_is_away(store):
    from alembic import command

    with store.begin() as tx:
        told, forgotten, linked = add_links(tx, "pair", [NewLink(f"c{n}", f"t{n}") for n in range(3)], run="r")
        suspend(tx, [told, forgotten], "out of sight", away="customerp", run="r")
        append_history(tx, "pair", "r", [Entry(side, "suspended", "1", link=told) for side in ("customerp", "trello")])
    with store.begin() as tx:
        command.downgrade(upgrading.alembic_config(tx.connection), "0007")
    store.upgrade()
    with store.read() as tx:
        links = load_links(tx, "pair", ())
    assert links.set_index("link")["away"].to_dict() == {told: "trello", forgotten: "customerp", linked: ""}


def test_an_up_to_date_database_is_only_asked(store, written, monkeypatch):
    monkeypatch.setattr(upgrading, "_migrate", lambda _connection: pytest.fail("nothing to migrate"))
    store.upgrade()
    assert written == []


def test_processes_that_start_together_migrate_once(empty_url, start_together):
    start_together(*[("upgrade", empty_url)] * 3)
    with Store(empty_url) as store, store.read() as tx:
        assert upgrading.revision_of(tx.connection) == upgrading.HEAD


def test_a_failed_migration_leaves_nothing_behind(empty_url, monkeypatch):
    from alembic import command

    whole = command.upgrade

    def fails_at_the_end(config, revision):
        whole(config, revision)
        raise OSError("the machine goes down")

    monkeypatch.setattr(command, "upgrade", fails_at_the_end)
    with Store(empty_url) as store:
        with pytest.raises(OSError, match="goes down"):
            store.upgrade()
        with store.read() as tx:
            assert upgrading.revision_of(tx.connection) is None
        monkeypatch.undo()
        store.upgrade()
        with store.read() as tx:
            assert upgrading.revision_of(tx.connection) == upgrading.HEAD


def test_a_database_of_a_newer_version_is_refused(store):
    with store.begin() as tx:
        tx.execute(text(f"UPDATE {upgrading.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match=r"newer\s+version.*update the package"):
        store.upgrade()


def test_sqlite_is_set_up_for_several_processes(tmp_path):
    path = tmp_path / "new" / "folder" / "state.db"
    with Store(f"sqlite:///{path}") as store:
        store.upgrade()
        with store.read() as tx:
            asked = ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
            answers = [tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked]
    assert answers == ["wal", 30_000, 1, 2]


def test_a_reader_does_not_wait_for_a_writer_and_sees_one_moment(store):
    with store.read() as reader:
        assert load_watermarks(reader, "pair") == {}
        with store.begin() as tx:
            save_watermark(tx, "pair", "trello", Watermark(None, tx.now, None, 1))
        if store.engine.dialect.name == "sqlite":
            assert load_watermarks(reader, "pair") == {}
    with store.read() as reader:
        assert load_watermarks(reader, "pair")["trello"].listed == 1


def test_an_exception_takes_everything_back(store):
    def interrupted():
        with store.begin() as tx:
            save_watermark(tx, "pair", "trello", Watermark(None, tx.now, None, 1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with store.read() as tx:
        assert load_watermarks(tx, "pair") == {}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("no url at all", "valid: sqlite"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("nosuchdatabase://user:secret@host/x", "no driver"),
    ],
)
def test_a_url_that_cannot_work_is_a_configuration_error(url, says):
    with pytest.raises(ConfigurationError, match=says) as caught:
        Store(url)
    assert "secret" not in str(caught.value)


def test_airflows_way_to_write_postgres_is_understood():
    from customerp_trello.state.database import parse_url

    assert parse_url("postgres://u:p@h/d").get_backend_name() == "postgresql"


def test_a_folder_that_cannot_be_made_is_a_configuration_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="cannot create the folder"):
        Store(f"sqlite:///{tmp_path}/file/state.db").upgrade()


def test_a_database_that_cannot_be_opened_is_retriable(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/nowhere/state.db")
    with pytest.raises(RetriableError, match="running, reachable"), store.read() as tx:
        tx.execute(text("SELECT 1"))


def test_a_refused_statement_shows_no_values(store):
    row = {
        "email": "anna@example.com",
        "workspace_id": "w",
        "member_id": "m",
        "pair": "p",
        "status": "open",
        "run": "r",
    }

    def twice():
        with store.begin() as tx:
            for _ in range(2):
                tx.execute(insert(invitation).values(**row, invited_at=tx.now))

    with pytest.raises(FatalError, match="refused a statement") as caught:
        twice()
    shown = f"{caught.value} {caught.value.__cause__}"
    assert "anna" not in shown
    assert caught.value.__suppress_context__


def test_moments_come_back_in_utc_and_sort_in_time(store, clock):
    oslo = timezone(timedelta(hours=2))
    moments = [
        datetime(2026, 3, 1, 12, 0, tzinfo=oslo),
        datetime(2026, 3, 1, 10, 0, 0, 5, tzinfo=UTC),
        datetime(2026, 3, 1, 10, 30, tzinfo=UTC),
        datetime(2026, 3, 1, 13, 0, tzinfo=oslo),
    ]
    row = {"pair": "p", "side": "trello", "kind": "waiting", "attempts": 0, "first_seen": clock(), "last_seen": clock()}
    rows = [row | {"record_id": str(place), "next_try_at": at} for place, at in enumerate(moments)]
    with store.begin() as tx:
        tx.execute_many(insert(open_work), rows[::-1])
        sorted_ids = tx.execute(select(open_work.c.record_id).order_by(open_work.c.next_try_at)).scalars().all()
        later = select(open_work.c.record_id).where(open_work.c.next_try_at > moments[1])
        found = set(tx.execute(later).scalars())
        back = tx.execute(select(open_work.c.next_try_at).where(open_work.c.record_id == "0")).scalar_one()
    assert sorted_ids == ["0", "1", "2", "3"]
    assert found == {"2", "3"}
    assert (back, back.utcoffset()) == (moments[0], timedelta(0))


def test_a_naive_moment_is_refused(store):
    def naive():
        with store.begin() as tx:
            save_watermark(tx, "pair", "trello", Watermark(datetime(2026, 3, 1), tx.now, None, 1))  # noqa: DTZ001

    with pytest.raises(StatementError, match="needs a time zone"):
        naive()
