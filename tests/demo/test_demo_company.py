"""The company that the demo plays with, and what it prints."""

import pytest
import sandbox_seed
import yaml

from demo.company import NEVER, Company, unscheduled_mappings
from demo.errors import StackError
from demo.layout import REPOSITORY
from demo.page import Page
from demo.story import _news


def test_a_home_is_seeded_once(layout):
    company = Company.open(layout, 24)
    before = layout.database("trello").stat().st_mtime_ns
    assert Company.open(layout, 99) == company
    assert layout.database("trello").stat().st_mtime_ns == before
    assert company.summary["customerp"]["customers"] == 24


def test_a_seed_that_refuses_says_why(layout):
    with pytest.raises(StackError, match="at least 24"):
        Company.open(layout, 3)
    assert not (layout.home / "company.json").exists()


def test_what_an_interrupted_seed_has_left_is_seeded_anew(layout):
    company = Company.open(layout, 24)
    (layout.home / "company.json").unlink()
    layout.database("trello").unlink()
    assert Company.open(layout, 24) == company
    assert layout.database("trello").exists()


def test_a_home_in_use_is_not_seeded(layout):
    layout.database("customerp").touch()
    with layout.lock(), pytest.raises(StackError, match="already runs"):
        Company.open(layout, 24)
    assert layout.database("customerp").exists()


def test_a_seed_that_is_ended_in_the_middle_leaves_no_database_and_can_be_repeated(layout, monkeypatch):
    def end(rows, database):
        raise KeyboardInterrupt

    files = layout.database("customerp"), layout.database("trello")
    with monkeypatch.context() as patched:
        patched.setattr(sandbox_seed.SeedTrello, "write", end)
        with pytest.raises(KeyboardInterrupt):
            sandbox_seed.seed(*files, 24)
    assert [file.exists() for file in files] == [False, False]
    files[1].with_name("trello.db-wal").write_bytes(b"of an earlier one")
    sandbox_seed.seed(*files, 24)
    assert sorted(file.name for file in layout.home.glob("*.db*")) == ["customerp.db", "trello.db"]


def test_the_connection_names_staff_workspaces_and_register_card(layout):
    company = Company.open(layout, 24)
    found = company.connections({"customerp": {"url": "http://a"}, "trello": {"url": "http://b"}})
    assert found["trello_default"]["extra"] == {
        "staff_workspaces": ["staff_north", "staff_south"],
        "register_card": company.card,
    }
    assert found["customerp_default"]["extra"] == {"profile": "default"}
    assert company.connections({}) == {}


def test_only_the_schedule_of_the_mappings_differs(layout):
    copies = {file.name: yaml.safe_load(file.read_text()) for file in unscheduled_mappings(layout).glob("*.yaml")}
    assert len(copies) == 4
    for name, copy in copies.items():
        original = yaml.safe_load((REPOSITORY / "include" / "mappings" / name).read_text())
        assert original | {"schedule": NEVER} == copy
        assert original["schedule"] != NEVER


def test_figures_stand_side_by_side_in_their_own_order(capsys):
    Page().table({"one": {"linked": "1", "seconds": "2.0"}, "two": {"linked": "3", "created": "4", "seconds": "5.0"}})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["one", "two"],
        ["linked", "1", "3"],
        ["created", "4"],
        ["seconds", "2.0", "5.0"],
    ]


def test_a_plan_is_shown_without_what_waits_and_what_was_told_before():
    plan = ["update c1", "   name: a -> b", "waiting c2", "   why", "not_writable c3", "   told", "unlink c4"]
    assert _news(plan, {"not_writable c3"}) == ["update c1", "   name: a -> b", "unlink c4"]
