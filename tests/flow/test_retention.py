"""What is old and closed is forgotten, frames with it; what is open stays."""

from datetime import UTC, datetime, timedelta

from engine import CUSTOMERS
from sqlalchemy import event

from customerp_trello.flow.retention import forget
from customerp_trello.state.history import history_of_run
from customerp_trello.state.runs import get_run
from customerp_trello.state.store import Store


def test_old_runs_are_forgotten_with_their_frames_and_new_ones_stay(engine, tmp_path):
    old = engine.let_through(CUSTOMERS)
    url = engine.store.url.render_as_string(hide_password=False)
    later = Store(url, clock=lambda: datetime.now(UTC) + timedelta(days=100))
    assert forget(engine.store, tmp_path / "runs" / CUSTOMERS, 90) == 0
    assert old.run.folder.exists()
    assert forget(later, tmp_path / "runs" / CUSTOMERS, 90) >= 1
    later.close()
    assert not old.run.folder.exists()
    with engine.store.read() as tx:
        assert get_run(tx, old.run.id) is None
        assert history_of_run(tx, old.run.id).empty
    assert engine.run(CUSTOMERS).writes() == []


def test_many_folders_are_looked_up_at_once_and_those_that_a_run_has_stay(engine, tmp_path):
    folder = tmp_path / "runs" / CUSTOMERS
    of_runs = {engine.run(CUSTOMERS).run.id for _ in range(2)}
    for number in range(20):
        (folder / f"lost{number}").mkdir()
    asked = []
    event.listen(engine.store.engine, "before_cursor_execute", lambda _c, _d, text, *_: asked.append(text))
    assert forget(engine.store, folder, 90) == 20
    assert {one.name for one in folder.iterdir()} == of_runs
    assert sum(text.startswith("SELECT") and "FROM run" in text for text in asked) == 1
