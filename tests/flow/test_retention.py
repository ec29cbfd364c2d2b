"""What is old and closed is forgotten, frames with it; what is open stays."""

from datetime import UTC, datetime, timedelta

from engine import CUSTOMERS

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
